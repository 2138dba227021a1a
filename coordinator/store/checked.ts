// Bodies that were unpacked and held against their digests since the store was opened. Once is enough for each, as long
// as the packed bytes are still the same: their CRC says so, at a twentieth of the cost. A disk that has changed them
// meanwhile is not believed.
import { crc32 } from 'node:zlib';

/** Bodies that are remembered, at least; twice as many at most, in some 10 MB. */
const REMEMBERED = 50_000;

export class Checked {
  /** CRC by digest. What has not been asked for while a whole generation was added is forgotten. */
  #young = new Map<string, number>();
  #old = new Map<string, number>();

  constructor(
    /** Whether a body unpacks to its digest. */
    private readonly unpack: (body: Uint8Array, sha256: Uint8Array) => boolean,
    private readonly generation = REMEMBERED,
  ) {}

  fits(body: Uint8Array, sha256: Uint8Array): boolean {
    const digest = Buffer.from(sha256.buffer, sha256.byteOffset, sha256.length).toString('latin1');
    const sum = crc32(body);
    if (this.#young.get(digest) === sum) return true;
    if (this.#old.get(digest) !== sum && !this.unpack(body, sha256)) return false;
    if (this.#young.size >= this.generation) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(digest, sum);
    return true;
  }
}
