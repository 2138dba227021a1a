// The files of an audit log: numbered in the order in which they were begun, each beginning with a record `file` that
// says which one it follows and where that one ended.
import {
  closeSync,
  createReadStream,
  existsSync,
  fstatSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
} from 'node:fs';
import { join } from 'node:path';
import { readHead } from './head.js';
import { chained, type Line, type Place, readLine } from './line.js';

export const FOLDER = 'auditlog';
/** The newest head, beside the files; written after each commit. */
export const HEAD_FILE = 'head';
const NAME = /^\d{6,}\.jsonl$/;
export const FORMAT = 1;
/** So much of a file's end is looked at first. */
const END_BYTES = 256 * 1024;

/** The record that a file begins with. */
export interface Beginning {
  at: string;
  format: number;
  store: string;
  /** The file before and where it ended; null: this is the first. */
  follows: (Place & { file: string; bytes: number }) | null;
  /** Records there that the store does not know: begun and never committed, or lost with a store that was put back. */
  unknown?: { from: number; to: number };
  /** The store knew of more than the log had: up to here. */
  gap?: Place;
}

/** Oldest first. */
export function logFiles(directory: string): string[] {
  if (!existsSync(directory)) return [];
  const names = readdirSync(directory).filter((name) => NAME.test(name));
  return names.sort((one, other) => Number.parseInt(one, 10) - Number.parseInt(other, 10));
}

export function nameAfter(file: string | undefined): string {
  return `${String(Number.parseInt(file ?? '0', 10) + 1).padStart(6, '0')}.jsonl`;
}

/** Null where the line is none, or not as this version writes it. */
export function readBeginning(line: Line): Beginning | null {
  if (line.act !== 'file') return null;
  try {
    const said = JSON.parse(`${line.text}}`) as Partial<Beginning>; // what is missing is looked for below
    const isWhole = typeof said.store === 'string' && said.follows !== undefined && said.format === FORMAT;
    return isWhole ? (said as Beginning) : null;
  } catch {
    return null;
  }
}

/** Where a file ends: behind its last head. */
export interface End extends Place {
  /** Up to the end of that head's line. */
  bytes: number;
  size: number;
  store: string;
  /** Unix ms. */
  begunMs: number;
  key: string;
  /** Earlier places that can be told, newest first. */
  before: Place[];
}

/** Null: there is no head in it. `whole`: all earlier places are wanted, not only those near its end. */
export function endOf(directory: string, file: string, whole = false): End | null {
  const path = join(directory, file);
  const { first, size, tail, from } = readEnds(path);
  const begun = first === null ? null : readBeginning(first);
  if (begun === null) return null;
  const seen = (whole ? null : lastHead(tail, from)) ?? lastHead(readFileSync(path), 0);
  if (seen === null) return null;
  const before = [...seen.before, ...(begun.follows === null ? [] : [begun.follows])];
  return { ...seen, before, size, store: begun.store, begunMs: Date.parse(begun.at) };
}

/** When a file was begun, in Unix ms; 0: it does not say. */
export function begunAt(directory: string, file: string): number {
  const { first } = readEnds(join(directory, file));
  const begun = first === null ? null : readBeginning(first);
  return begun === null ? 0 : Date.parse(begun.at);
}

function readEnds(path: string): { first: Line | null; size: number; tail: Buffer; from: number } {
  const handle = openSync(path, 'r');
  try {
    const { size } = fstatSync(handle);
    const read = (from: number, to: number) => {
      const bytes = Buffer.alloc(Math.max(0, to - from));
      return bytes.subarray(0, readSync(handle, bytes, 0, bytes.length, from));
    };
    const start = read(0, Math.min(size, END_BYTES));
    const ending = start.indexOf('\n');
    const first = ending < 0 ? null : readLine(start.toString('utf8', 0, ending));
    const from = Math.max(0, size - END_BYTES);
    return { first, size, from, tail: from === 0 ? start : read(from, size) };
  } finally {
    closeSync(handle);
  }
}

type Seen = Omit<End, 'store' | 'size' | 'begunMs'>;

/** The last head whose chain goes on from the line before it. */
function lastHead(bytes: Buffer, from: number): Seen | null {
  let found: Seen | null = null;
  let last: Line | null = null;
  const before: Place[] = [];
  for (let at = 0; at < bytes.length; ) {
    const ending = bytes.indexOf('\n', at);
    if (ending < 0) break;
    const line = readLine(bytes.toString('utf8', at, ending));
    at = ending + 1;
    const isNext = line !== null && last !== null && line.chain === chained(last.chain, line.text);
    const head = line !== null && isNext ? readHead(line) : null;
    if (line !== null && head !== null) {
      const { n, chain } = line;
      found = { n, chain, bytes: from + at, key: head.key, before: [] };
      before.unshift({ n, chain });
    }
    last = line;
  }
  return found && { ...found, before };
}

/** A line of a file, with the place where it ends; `isWhole`: its end is there. */
export interface TextLine {
  text: string;
  /** From 1. */
  number: number;
  end: number;
  isWhole: boolean;
}

/** A file that is empty has one line, which is not whole. */
export async function* textLines(path: string): AsyncGenerator<TextLine> {
  let rest: Buffer = Buffer.alloc(0);
  let number = 0;
  let end = 0;
  for await (const chunk of createReadStream(path, { highWaterMark: END_BYTES }) as AsyncIterable<Buffer>) {
    const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    let at = 0;
    for (let ending = bytes.indexOf(10); ending >= 0; ending = bytes.indexOf(10, at)) {
      end += ending + 1 - at;
      yield { text: bytes.toString('utf8', at, ending), number: ++number, end, isWhole: true };
      at = ending + 1;
    }
    rest = bytes.subarray(at);
  }
  if (rest.length > 0 || number === 0)
    yield { text: rest.toString('utf8'), number: number + 1, end: end + rest.length, isWhole: false };
}
