// Bytes on their way to the database's thread. They are views of whole network frames, or of the pool, where they lie
// beside other people's secrets: each is copied once, into a buffer that the thread then owns.

/** Gives a copy of its own to whoever can't rely on the bytes that it has. */
export type Own = (bytes: Uint8Array) => Uint8Array;

/** Small ones share a buffer of this size. */
const BUFFER_BYTES = 64 * 1024;

export class Cargo {
  #buffers: ArrayBuffer[] = [];
  /** Of the last buffer. */
  #free = 0;

  own(bytes: Uint8Array): Uint8Array {
    if (bytes.length > this.#free) {
      this.#free = Math.max(BUFFER_BYTES, bytes.length);
      this.#buffers.push(new ArrayBuffer(this.#free));
    }
    const buffer = this.#buffers.at(-1) ?? new ArrayBuffer(0);
    const own = new Uint8Array(buffer, buffer.byteLength - this.#free, bytes.length);
    own.set(bytes);
    this.#free -= bytes.length;
    return own;
  }

  /** The buffers of all copies so far; none of them is touched any more. */
  handOver(): ArrayBuffer[] {
    this.#free = 0;
    return this.#buffers.splice(0);
  }
}

export function ownBytes(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes);
}
