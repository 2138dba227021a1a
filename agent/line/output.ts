// What a command gave, as it is reported: text, digest and gzip body from the device's raw bytes, and what the
// platform says about it - the parser's own errors and the end marks that prove it whole.
import { isUtf8 } from 'node:buffer';
import { createHash, hash } from 'node:crypto';
import { promisify } from 'node:util';
import { constants, gzip, gzipSync, type ZlibOptions } from 'node:zlib';
import { Output, type Proof } from '../../proto/gen/netsweep/v1/model.js';
import { clean, firstLines, lastLines, quote, toText } from '../text.js';
import type { Rules } from './platform.js';
import { LINE_WITHIN } from './screen.js';
import type { Raw } from './settled.js';

const FAST = { level: constants.Z_BEST_SPEED };
/** Up to so many bytes a window of that size loses nothing. */
const SMALL = 1 << 14;
/** Larger ones are compressed beside the event loop. */
const LARGE = 1 << 20;
/** The parser complains at once: only these first lines that are not blank are looked at. */
const ERROR_LINES = 5;
const gzipLater = promisify(gzip);

export interface Spoken {
  command: string;
  durationMs: number;
  exitStatus?: number;
  stderr?: Buffer;
}

/** The record of an output; `proof` judges it by how it begins and how it ends, which of a small one are the same. */
export async function recordOutput(
  spoken: Spoken,
  raw: Raw,
  proof: (beginning: string, end: string) => Proof,
): Promise<Output> {
  const record = raw.settled === null ? recordSmall(raw.rest, proof) : recordLarge(raw, proof);
  return outputOf(spoken, record instanceof Promise ? await record : record);
}

function outputOf(spoken: Spoken, record: Recorded): Output {
  return Output.create({
    command: spoken.command,
    durationMs: Math.round(spoken.durationMs),
    exitStatus: spoken.exitStatus,
    stderr: spoken.stderr && toText(spoken.stderr).bytes.toString('utf8'),
    ...record,
  });
}

/** A small output at once. */
function recordSmall(
  raw: Buffer,
  proof: (beginning: string, end: string) => Proof,
): Recorded | Promise<Recorded> {
  const { bytes, encoding } = toText(raw);
  const record = {
    proof: proof(firstLines(bytes, ERROR_LINES), lastLines(bytes)),
    encoding,
    bytes: bytes.length,
    sha256: hash('sha256', bytes, 'buffer'),
  };
  if (bytes.length > LARGE) return gzipLater(bytes, FAST).then((body) => ({ ...record, body }));
  return { ...record, body: gzipSync(bytes, fastFor(bytes.length)) };
}

/** What a compression takes of memory costs more than the compression of a small output. */
function fastFor(length: number): ZlibOptions {
  const chunkSize = Math.max(1024, length >> 2);
  return length > SMALL ? { ...FAST, chunkSize } : { ...FAST, chunkSize, windowBits: 14, memLevel: 7 };
}

/** A large one piece by piece, each in a turn of its own: other sessions go on meanwhile. */
async function recordLarge(
  { settled, rest }: Raw,
  proof: (beginning: string, end: string) => Proof,
): Promise<Recorded> {
  const pieces = function* () {
    if (settled) yield* settled.pieces();
    yield rest;
  };
  const utf8 = settled?.utf8 !== false && isUtf8(rest);
  const sha256 = createHash('sha256');
  const body: Buffer[] = [];
  let beginning: string | null = null;
  let last = '';
  let length = 0;
  for (const piece of pieces()) {
    const text = clean(piece.toString(utf8 ? 'utf8' : 'latin1'));
    const bytes = Buffer.from(text, 'utf8');
    sha256.update(bytes);
    length += bytes.length;
    // Members of gzip, one after the other, are gzip.
    body.push(await gzipLater(bytes, FAST));
    beginning ??= text;
    if (text.trim() !== '') last = text;
  }
  return {
    proof: proof(beginning ?? '', last),
    encoding: utf8 ? 'utf-8' : 'latin-1',
    bytes: length,
    sha256: sha256.digest(),
    body: Buffer.concat(body),
  };
}

type Recorded = Pick<Output, 'proof' | 'encoding' | 'bytes' | 'sha256' | 'body'>;

/** The line in which the device's parser refused the command; null when it did not. */
export function parserError(rules: Rules, text: string): string | null {
  if (rules.errors.length === 0) return null;
  let seen = 0;
  for (let start = 0; start < text.length && seen < ERROR_LINES; ) {
    const end = text.indexOf('\n', start);
    const line = text.slice(start, Math.min(end < 0 ? text.length : end, start + LINE_WITHIN));
    start = end < 0 ? text.length : end + 1;
    if (line.trim() === '') continue;
    seen++;
    if (rules.errors.some((error) => startsWith(error, line))) return quote(line);
  }
  return null;
}

/** Whether the output ends as the platform says that this command's outputs end. */
export function endsWhole(rules: Rules, command: string, text: string): boolean {
  const mark = rules.endMarks.find(({ command: which }) => which.test(command.trim()));
  return mark === undefined || mark.last.test(lastLine(text));
}

function startsWith(error: RegExp, line: string): boolean {
  return error.exec(line)?.index === 0;
}

function lastLine(text: string): string {
  const trimmed = text.trimEnd();
  return trimmed.slice(trimmed.lastIndexOf('\n') + 1);
}
