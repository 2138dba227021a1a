// The beginning of a large output, which nothing can change any more: kept compressed, piece by piece, until the
// output is recorded, so that a worker's memory does not grow with what its devices print. Pieces are compressed
// in place: a device that floods is slowed down by the time that takes.
import { isUtf8 } from 'node:buffer';
import { constants, deflateRawSync, inflateRawSync } from 'node:zlib';

const FAST = { level: constants.Z_BEST_SPEED };

/** An output's raw bytes without echo, pagers and prompt; of a large one the beginning is settled already. */
export interface Raw {
  settled: Settled | null;
  rest: Buffer;
}

export class Settled {
  readonly #pieces: Buffer[] = [];
  #utf8 = true;

  /** Every piece is; pieces end with their lines, so no character is cut. */
  get utf8(): boolean {
    return this.#utf8;
  }

  add(piece: Buffer): void {
    this.#utf8 &&= isUtf8(piece);
    // A copy of just that length: what zlib gives is the beginning of a larger buffer.
    this.#pieces.push(Buffer.from(deflateRawSync(piece, FAST)));
  }

  /** In their order, one at a time. */
  *pieces(): Generator<Buffer> {
    for (const piece of this.#pieces) yield inflateRawSync(piece);
  }
}

/** All of it in one piece, however large. */
export function wholeOf({ settled, rest }: Raw): Buffer {
  return settled === null ? rest : Buffer.concat([...settled.pieces(), rest]);
}

/** Its first piece: what is worth keeping of an output that was far too large. */
export function beginningOf({ settled, rest }: Raw): Raw {
  const [first] = settled?.pieces() ?? [rest];
  return { settled: null, rest: first ?? rest };
}
