// How many sessions at once the machine has room for. It is found out by running into the end of descriptors, ports
// or processes: what is open then is what fits, and only after a while a little more is tried again.

/** How long nothing more is tried after the last time, in ms. */
const HOLD_MS = 10_000;
/** How long it takes from nothing up to the most after that, in ms. */
const RECOVERY_MS = 60_000;

export class Headroom {
  #fits: number;
  #since = Number.NEGATIVE_INFINITY;

  constructor(private readonly most: number) {
    this.#fits = most;
  }

  at(nowMs: number): number {
    const recovered = (Math.max(0, nowMs - this.#since - HOLD_MS) / RECOVERY_MS) * this.most;
    return Math.min(this.most, Math.floor(this.#fits + recovered));
  }

  /** A session found nothing left, while `others` were open. */
  lacked(nowMs: number, others: number): void {
    this.#fits = Math.max(1, Math.min(this.at(nowMs), others));
    this.#since = nowMs;
  }
}
