// When what gathers on a stream of the coordinator's leaves, to an agent, from it or to a client. Each message has a
// price beside its words, and from agents a commit, so a busy stream gathers for longer; a lone question leaves at once.

/** Least time between two batches of one direction, in ms; the first of a lull leaves at once. */
export const BEAT_MS = 15;
/** The same where the batch before was a large one: to wait a little longer saves as much again. */
export const BUSY_BEAT_MS = 60;
/** The longest that a beat gets where what it is about takes long anyway. */
export const LONGEST_BEAT_MS = 150;
/** Of the time that what it is about takes, a beat is such a part at most. */
const SHARE = 1 / 8;
/** How much the latest of these times counts. */
const LATEST = 1 / 16;
/** Messages that make a batch a large one. */
export const LARGE_BATCH = 8;
/** So many wait no longer than they have to. */
export const FULL_BATCH = 256;

export class Beat {
  #leftAt = Number.NEGATIVE_INFINITY;
  #busy = false;
  #tookMs = 0;

  /** How much longer so many messages wait, in ms. */
  waitMs(now: number, messages: number): number {
    const beatMs = this.#busy && messages < FULL_BATCH ? this.#busyMs : BEAT_MS;
    return Math.max(0, this.#leftAt + beatMs - now);
  }

  /** A batch of so many has left. */
  left(now: number, messages: number): void {
    this.#leftAt = now;
    this.#busy = messages >= LARGE_BATCH;
  }

  /** What is told of here took so long, in ms, and takes a beat longer each time that it waits for an answer. */
  took(ms: number): void {
    this.#tookMs += (ms - this.#tookMs) * LATEST;
  }

  get #busyMs(): number {
    return Math.min(LONGEST_BEAT_MS, Math.max(BUSY_BEAT_MS, this.#tookMs * SHARE));
  }
}
