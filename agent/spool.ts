// What memory has no room for while the coordinator does not take results: a file of this process alone, which has no
// name any more once it is open, so that nothing stays after any death. A disk that is full or failing is a spool
// without room, and is tried again later.
import { randomBytes } from 'node:crypto';
import { accessSync, constants } from 'node:fs';
import { type FileHandle, open, unlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Host } from './host.js';

/** How long a disk that has failed is left alone, in ms. */
const FAILED_MS = 5_000;

/** Bytes in the file. */
export interface Place {
  at: number;
  length: number;
}

export class Spool implements AsyncDisposable {
  #file: Promise<FileHandle> | null = null;
  #used = 0;
  #end = 0;
  /** Holes below the end, in their order, no two of them next to each other. */
  #holes: Place[] = [];
  #failedAt = Number.NEGATIVE_INFINITY;

  /** Nothing is opened before it is needed. */
  constructor(
    private readonly limit: number,
    private readonly host: Pick<Host, 'monotonicMs'>,
    private readonly warn: (what: string) => void,
    private readonly directory = ownDirectory(),
  ) {}

  /** Bytes that it holds. */
  get used(): number {
    return this.#used;
  }

  /** Bytes that it could hold; no more than it does while its disk fails. */
  get capacity(): number {
    return this.#failing ? this.#used : this.limit;
  }

  /** Null: there is no room, or the disk has failed. */
  async write(data: Uint8Array): Promise<Place | null> {
    if (this.#failing || this.#used + data.length > this.limit) return null;
    const place = this.#take(data.length);
    try {
      const file = await this.#open();
      for (let done = 0; done < data.length; ) {
        const { bytesWritten } = await file.write(data, done, data.length - done, place.at + done);
        done += bytesWritten;
      }
      return place;
    } catch (error) {
      this.free(place);
      this.#failedAt = this.host.monotonicMs();
      this.warn(`results that wait can't be kept in ${this.directory}: ${error}`);
      return null;
    }
  }

  /** Null: the disk has lost them. */
  async read({ at, length }: Place): Promise<Buffer | null> {
    try {
      const file = await this.#open();
      const data = Buffer.allocUnsafe(length);
      for (let done = 0; done < length; ) {
        const { bytesRead } = await file.read(data, done, length - done, at + done);
        if (bytesRead === 0) return null;
        done += bytesRead;
      }
      return data;
    } catch (error) {
      this.warn(`results kept in ${this.directory} can't be read: ${error}`);
      return null;
    }
  }

  free({ at, length }: Place): void {
    this.#used -= length;
    const next = this.#holes.findIndex((hole) => hole.at > at);
    this.#holes.splice(next < 0 ? this.#holes.length : next, 0, { at, length });
    const joined: Place[] = [];
    for (const hole of this.#holes) {
      const last = joined.at(-1);
      if (last !== undefined && last.at + last.length === hole.at) last.length += hole.length;
      else joined.push({ ...hole });
    }
    const last = joined.at(-1);
    if (last !== undefined && last.at + last.length === this.#end) {
      this.#end = last.at;
      joined.pop();
    }
    this.#holes = joined;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const file = await this.#file?.catch(() => null);
    await file?.close();
  }

  get #failing(): boolean {
    return this.host.monotonicMs() - this.#failedAt < FAILED_MS;
  }

  /** The first hole that is large enough, or the end. */
  #take(length: number): Place {
    this.#used += length;
    const hole = this.#holes.find((one) => one.length >= length);
    if (hole === undefined) {
      const at = this.#end;
      this.#end += length;
      return { at, length };
    }
    const place = { at: hole.at, length };
    hole.at += length;
    hole.length -= length;
    if (hole.length === 0) this.#holes.splice(this.#holes.indexOf(hole), 1);
    return place;
  }

  #open(): Promise<FileHandle> {
    this.#file ??= this.#create().catch((error) => {
      this.#file = null;
      throw error;
    });
    return this.#file;
  }

  async #create(): Promise<FileHandle> {
    const path = join(this.directory, `netsweep-agent-${randomBytes(12).toString('hex')}`);
    const file = await open(path, 'wx+', 0o600);
    await unlink(path);
    return file;
  }
}

/** Where a disk is: what is under /tmp may lie in memory. */
function ownDirectory(): string {
  if (process.env.TMPDIR !== undefined) return tmpdir();
  try {
    accessSync('/var/tmp', constants.W_OK);
    return '/var/tmp';
  } catch {
    return tmpdir();
  }
}
