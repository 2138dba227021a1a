// When what gathers on a stream of the coordinator's leaves, to an agent, from it or to a client. Each message has a
// price beside its words, and from agents a commit, so a busy stream gathers for longer; a lone question leaves at once.

/** Least time between two batches of one direction, in ms; the first of a lull leaves at once. */
export const BEAT_MS = 15;
/** The same where the batch before was a large one: to wait a little longer saves as much again. */
export const BUSY_BEAT_MS = 60;
/** Messages that make a batch a large one. */
export const LARGE_BATCH = 8;
/** So many wait no longer than they have to. */
export const FULL_BATCH = 128;

export class Beat {
  #leftAt = Number.NEGATIVE_INFINITY;
  #busy = false;

  /** How much longer so many messages wait, in ms. */
  waitMs(now: number, messages: number): number {
    const beatMs = this.#busy && messages < FULL_BATCH ? BUSY_BEAT_MS : BEAT_MS;
    return Math.max(0, this.#leftAt + beatMs - now);
  }

  /** A batch of so many has left. */
  left(now: number, messages: number): void {
    this.#leftAt = now;
    this.#busy = messages >= LARGE_BATCH;
  }
}
