// Packed verdicts of each device until they are shown: the first megabytes in memory, the rest in a file that has no
// name from the moment it is open. They come in any order and are read in that of the inventory.

import type { FileHandle } from 'node:fs/promises';
import { mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const MEMORY_BYTES = 16 * 1024 * 1024;

type Kept = Uint8Array | { at: number; length: number };

export class VerdictSpool implements AsyncDisposable {
  readonly #kept = new Map<number, Kept>();
  #inMemory = 0;
  #file: FileHandle | null = null;
  #end = 0;
  #writing: Promise<void> = Promise.resolve();

  constructor(private readonly memoryBytes = MEMORY_BYTES) {}

  /** Resolves once it is kept. */
  put(device: number, packed: Uint8Array): Promise<void> {
    if (this.#inMemory + packed.length <= this.memoryBytes) {
      this.#inMemory += packed.length;
      this.#kept.set(device, packed);
      return Promise.resolve();
    }
    this.#writing = this.#writing.then(() => this.#write(device, packed));
    return this.#writing;
  }

  async get(device: number): Promise<Uint8Array | null> {
    const kept = this.#kept.get(device);
    if (kept === undefined || kept instanceof Uint8Array) return kept ?? null;
    const bytes = new Uint8Array(kept.length);
    const { bytesRead } = (await this.#file?.read(bytes, 0, kept.length, kept.at)) ?? { bytesRead: 0 };
    if (bytesRead !== kept.length) throw new Error('verdicts that were put aside can no longer be read');
    return bytes;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#writing.catch(() => {});
    await this.#file?.close();
  }

  async #write(device: number, packed: Uint8Array): Promise<void> {
    this.#file ??= await openNameless();
    const at = this.#end;
    this.#end += packed.length;
    for (let done = 0; done < packed.length; ) {
      const { bytesWritten } = await this.#file.write(packed, done, packed.length - done, at + done);
      done += bytesWritten;
    }
    this.#kept.set(device, { at, length: packed.length });
  }
}

async function openNameless(): Promise<FileHandle> {
  const directory = await mkdtemp(join(tmpdir(), 'netsweep-audit-'));
  try {
    return await open(join(directory, 'verdicts'), 'wx+', 0o600);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
