// The coordinator's clock, as far as its messages tell: each says what it showed as the message left, so that it shows
// more by now. The quickest of them tells best. What is to be done at a moment of that clock is never done before it.

/** How long a message tells, in ms: clocks do not run alike. */
const TELLS_MS = 10_000;

export class FarClock {
  /** By how much theirs is ahead of ours at least: of these messages, and of those before them. */
  #ahead = Number.NEGATIVE_INFINITY;
  #before = Number.NEGATIVE_INFINITY;
  #since = Number.NEGATIVE_INFINITY;

  /** A message that left at `theirs` came at `ours`. */
  heard(theirs: number, ours: number): void {
    if (ours - this.#since >= TELLS_MS) {
      this.#before = ours - this.#since < 2 * TELLS_MS ? this.#ahead : Number.NEGATIVE_INFINITY;
      this.#ahead = Number.NEGATIVE_INFINITY;
      this.#since = ours;
    }
    this.#ahead = Math.max(this.#ahead, theirs - ours);
  }

  /** A moment of our clock at which theirs shows this much. For whoever has heard of them. */
  ours(theirs: number): number {
    return theirs - Math.max(this.#ahead, this.#before);
  }
}
