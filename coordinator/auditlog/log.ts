// The audit log as the store's thread writes it: the records of a group of commits and a signed head are one write,
// made before the group is committed. Until the file is synced, once a second, the store holds that text too, in the same
// commit: so an fsync does for both, and after a power cut the file is given back what it has lost. Nothing is in the
// store that is not in the log; what is in the log alone was begun and never committed, and nobody was told of it.
// Whatever else is not as it should be at the start is left as it is and said in the first record of a new file.

import type { KeyObject } from 'node:crypto';
import {
  closeSync,
  constants,
  fdatasyncSync,
  fsyncSync,
  ftruncateSync,
  openSync,
  renameSync,
  rmSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { makeDirectory } from '../../proto/directory.js';
import {
  type Beginning,
  begunAt,
  type End,
  endOf,
  FOLDER,
  FORMAT,
  HEAD_FILE,
  logFiles,
  nameAfter,
} from './files.js';
import { Signer } from './head.js';
import { beginning, chained, nextLine, type Place, readLine } from './line.js';

/** A new file is begun when one has grown so large, or so old. */
const FILE_BYTES = 64 * 1024 * 1024;
const FILE_DAYS = 7;
/** A file is synced after so much, or so long. */
const SYNC_BYTES = 1024 * 1024;
const SYNC_MS = 1_000;
const DAY_MS = 86_400_000;
/** A head's line has less, so that one can be written over the other. */
const HEAD_BYTES = 512;
const WRITE_OVER = constants.O_WRONLY | constants.O_CREAT;
const DRAFT = '.new';

/** What the record at a file's beginning says beside what they all say. */
type About = Pick<Beginning, 'follows' | 'unknown' | 'gap'>;

export interface LogOpening {
  /** The state directory. */
  directory: string;
  storeId: string;
  key: KeyObject;
  /** Files whose last record is older are removed; 0: none. */
  keepDays: number;
  fileBytes?: number;
}

/** The file that is written to. */
interface Current {
  name: string;
  handle: number;
  bytes: number;
  begunMs: number;
}

export class AuditLog {
  readonly #directory: string;
  readonly #signer: Signer;
  #place: Place;
  #current: Current | null = null;
  /** What the next file says of the one before it. */
  #beginning: About;
  #headFile = -1;
  #headLine = '';
  /** The head that the file beside the log says. */
  #shown = '';
  /** Of its current file on the disk. */
  #synced: Place;
  #syncedBytes = 0;
  #syncedMs = 0;
  #text = '';

  private constructor(
    private readonly opening: LogOpening,
    start: { place: Place; beginning: About; current: Current | null },
  ) {
    this.#directory = folderOf(opening);
    this.#signer = new Signer(opening.key, opening.storeId);
    this.#place = start.place;
    this.#beginning = start.beginning;
    this.#current = start.current;
    this.#synced = start.place;
    this.#syncedBytes = start.current?.bytes ?? 0;
    this.#syncedMs = Date.now();
  }

  /** `known`: the head that the store was committed with last; null: none. `tail`: what it holds of the log's end. */
  static open(opening: LogOpening, known: Place | null, tail: readonly string[] = []): AuditLog {
    const directory = folderOf(opening);
    const last = logFiles(directory).at(-1);
    if (last !== undefined) restore(directory, last, tail);
    const first = known ?? beginning(opening.storeId);
    if (last === undefined) {
      const gap = known === null ? {} : { gap: known };
      return new AuditLog(opening, { place: first, beginning: { follows: null, ...gap }, current: null });
    }
    const end = knowing(directory, last, known);
    const state = compare(end, known, opening.storeId);
    const { publicKey } = new Signer(opening.key, opening.storeId);
    const isOurs = end?.store === opening.storeId && end.key === publicKey;
    if (end !== null && end.bytes === end.size && isOurs && state === null) {
      const current = reopen(join(directory, last), last, end);
      return new AuditLog(opening, { place: end, beginning: { follows: null }, current });
    }
    // A log that no head is left of can only be gone on with by what the store knows.
    const { n, chain, bytes } = end ?? { ...first, bytes: 0 };
    const place = { n: Math.max(n, known?.n ?? 0), chain };
    const follows = { file: last, bytes, n, chain };
    return new AuditLog(opening, { place, beginning: { follows, ...state }, current: null });
  }

  /** Where it has got to. */
  get place(): Place {
    return this.#place;
  }

  /** Up to where its files are on the disk. */
  get synced(): Place {
    return this.#synced;
  }

  /** What was appended last, if it is not synced. */
  get unsynced(): string | null {
    return this.#synced.n < this.#place.n ? this.#text : null;
  }

  /** The newest head, as its line. */
  get headLine(): string {
    return this.#headLine;
  }

  /** Of a record that could not be written nothing is left, and it throws. */
  append(bodies: readonly string[], commit: number): void {
    const at = new Date();
    if (this.#current !== null && this.#isDue(this.#current, at)) this.#end(this.#current);
    const isNew = this.#current === null;
    const old = isNew ? this.#outdated(at) : [];
    const removal = old.length === 0 ? [] : [this.#removal(old)];
    const all = isNew ? [this.#firstBody(), ...removal, ...bodies] : bodies;
    const { text, place, head } = this.#lines(all, at.toISOString(), commit);
    if (this.#current === null) this.#begin(text, at.getTime());
    else this.#write(this.#current, text);
    this.#place = place;
    this.#headLine = head;
    this.#text = text;
    if (isNew) this.#synced = place;
    for (const name of old) unlinkSync(join(this.#directory, name));
  }

  /** What was appended last is committed: the head beside the log may say so. */
  committed(): void {
    if (this.#headLine === this.#shown) return;
    const { bytes } = this.#current ?? { bytes: 0 };
    if (bytes - this.#syncedBytes >= SYNC_BYTES || Date.now() - this.#syncedMs >= SYNC_MS) this.#sync();
    if (this.#headFile < 0) this.#headFile = openSync(join(this.#directory, HEAD_FILE), WRITE_OVER, 0o600);
    writeSync(this.#headFile, `${this.#headLine.padEnd(HEAD_BYTES - 1)}\n`, 0);
    this.#shown = this.#headLine;
  }

  close(): void {
    this.#sync();
    if (this.#current !== null) closeSync(this.#current.handle);
    if (this.#headFile >= 0) closeSync(this.#headFile);
    this.#current = null;
  }

  #sync(): void {
    if (this.#current === null) return;
    if (this.#synced.n < this.#place.n) fdatasyncSync(this.#current.handle);
    this.#synced = this.#place;
    this.#syncedBytes = this.#current.bytes;
    this.#syncedMs = Date.now();
  }

  #lines(
    bodies: readonly string[],
    at: string,
    commit: number,
  ): { text: string; place: Place; head: string } {
    let place = this.#place;
    let text = '';
    for (const body of bodies) {
      const next = nextLine(place, at, body);
      text += `${next.line}\n`;
      place = next.place;
    }
    const head = this.#signer.head(place, at, commit);
    return { text: `${text}${head.line}\n`, place: head.place, head: head.line };
  }

  #firstBody(): string {
    const { storeId: store } = this.opening;
    return JSON.stringify({ act: 'file', format: FORMAT, store, ...this.#beginning });
  }

  /** Written aside and renamed: a file never shows without a head. */
  #begin(text: string, begunMs: number): void {
    makeDirectory(this.#directory);
    const name = nameAfter(logFiles(this.#directory).at(-1));
    const path = join(this.#directory, name);
    rmSync(path + DRAFT, { force: true }); // nobody was told of what is in it
    const handle = openSync(path + DRAFT, 'ax', 0o600);
    try {
      writeAll(handle, text);
      fdatasyncSync(handle);
      renameSync(path + DRAFT, path);
      syncFolder(this.#directory);
      syncFolder(this.opening.directory);
    } catch (error) {
      closeSync(handle);
      throw error;
    }
    this.#current = { name, handle, bytes: Buffer.byteLength(text), begunMs };
    this.#syncedBytes = this.#current.bytes;
    this.#syncedMs = begunMs;
  }

  #write(current: Current, text: string): void {
    try {
      current.bytes += writeAll(current.handle, text);
    } catch (error) {
      this.#takeBack(current);
      throw error;
    }
  }

  /** What could be written of it goes; where that can't be, the next file says where this one ends. */
  #takeBack(current: Current): void {
    try {
      ftruncateSync(current.handle, current.bytes);
    } catch {
      this.#end(current);
    }
  }

  #isDue({ bytes, begunMs }: Current, at: Date): boolean {
    const { fileBytes = FILE_BYTES } = this.opening;
    return bytes >= fileBytes || at.getTime() - begunMs >= FILE_DAYS * DAY_MS;
  }

  #end({ name, handle, bytes }: Current): void {
    this.#sync();
    closeSync(handle);
    this.#current = null;
    this.#beginning = { follows: { file: name, bytes, ...this.#place } };
  }

  /** Files that are too old. */
  #outdated(at: Date): string[] {
    const { keepDays } = this.opening;
    if (keepDays === 0) return [];
    const oldest = at.getTime() - keepDays * DAY_MS;
    const files = logFiles(this.#directory);
    // Each was written to until the next one was begun.
    const young = files.findIndex((_, i) => {
      const next = files[i + 1];
      return next === undefined || begunAt(this.#directory, next) >= oldest;
    });
    return files.slice(0, young);
  }

  #removal(files: string[]): string {
    const end = endOf(this.#directory, files.at(-1) ?? '');
    return JSON.stringify({ act: 'removed', files, to: end?.n ?? 0, keepDays: this.opening.keepDays });
  }
}

function folderOf({ directory }: LogOpening): string {
  return join(directory, FOLDER);
}

/** Gives a file back what it has lost of its end, which the store holds; what it has then is on the disk. */
function restore(directory: string, file: string, tail: readonly string[]): void {
  let end: (Place & { bytes: number }) | null = endOf(directory, file);
  const lost: string[] = [];
  for (const text of tail) {
    const first = readLine(text.slice(0, text.indexOf('\n')));
    const last = readLine(text.trimEnd().split('\n').at(-1) ?? '');
    if (end === null || first === null || last === null || first.n !== end.n + 1) continue;
    if (first.chain !== chained(end.chain, first.text)) return;
    end = { ...end, n: last.n, chain: last.chain };
    lost.push(text);
  }
  const handle = openSync(join(directory, file), 'a');
  try {
    if (end !== null && lost.length > 0) {
      ftruncateSync(handle, end.bytes);
      writeAll(handle, lost.join(''));
    }
    fdatasyncSync(handle); // also of what a process has written that was killed
  } finally {
    closeSync(handle);
  }
}

/** The end of a file, with the place that the store knows where it has it. */
function knowing(directory: string, file: string, known: Place | null): End | null {
  const end = endOf(directory, file);
  if (end === null || known === null || end.before.some(({ n }) => n <= known.n)) return end;
  return endOf(directory, file, true);
}

/** How the log's end differs from what the store knows; null: it does not. */
function compare(
  end: End | null,
  known: Place | null,
  storeId: string,
): Pick<Beginning, 'unknown' | 'gap'> | null {
  // Of a store that was there before this one; or of its very first commit, which was never made.
  if (known === null) return end?.store !== storeId ? null : { unknown: { from: 1, to: end.n } };
  const isThere = end?.before.some(({ n, chain }) => n === known.n && chain === known.chain) === true;
  if (end === null || !isThere) return { gap: known };
  return end.n === known.n ? null : { unknown: { from: known.n + 1, to: end.n } };
}

function reopen(path: string, name: string, { size, begunMs }: End): Current {
  return { name, handle: openSync(path, 'a'), bytes: size, begunMs };
}

function writeAll(handle: number, text: string): number {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; ) at += writeSync(handle, bytes, at);
  return bytes.length;
}

/** Makes the names in it survive a power cut. */
function syncFolder(directory: string): void {
  const handle = openSync(directory, 'r');
  fsyncSync(handle);
  closeSync(handle);
}
