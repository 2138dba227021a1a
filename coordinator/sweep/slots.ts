// The moments at which logins may leave, so many in a second and never more. Pure: time is passed in. Evenly spread;
// what a pause of a fraction of a second has left is made up for, a third faster, what a longer one has left is lost.

/** A second, as far as counting goes, in ms: a login is a little longer under way than another. */
export const SECOND_MS = 1_010;
/** A second's logins are spread over so many ms: what was late for one of them is caught up with. */
const SPREAD_MS = 1_012;
/** How far apart logins are at least, of what they are otherwise. */
const CLOSEST = 0.75;
/** A pause that is made up for, in ms: at the closest it takes the rest of a second. */
const MADE_UP_MS = 250;

export class Slots {
  /** The latest, as many as a second has; older ones have no say. */
  #recent: number[] = [];
  /** When the next is due by the pace alone. */
  #due = Number.NEGATIVE_INFINITY;

  constructor(public rate: number) {}

  /** The earliest moment for the next login that is not before `now`. */
  next(now: number): number {
    const last = this.#recent.at(-1) ?? Number.NEGATIVE_INFINITY;
    // No further one in the second that began with this one.
    const first = this.#recent.at(-this.rate) ?? Number.NEGATIVE_INFINITY;
    return Math.max(now, this.#due, last + this.#apartMs * CLOSEST, first + SECOND_MS);
  }

  /** A login leaves at this moment, which is none before the next. */
  take(at: number): void {
    this.#due = (this.#due < at - MADE_UP_MS ? at : this.#due) + this.#apartMs;
    this.#recent.push(at);
    const half = this.#recent.length >> 1;
    const isLong = half > 1_000 && (this.#recent[half] ?? at) + SECOND_MS <= at;
    if (isLong || half > this.rate) this.#recent = this.#recent.slice(isLong ? half : -this.rate);
  }

  /** What was to leave at this moment has left so much later. */
  late(at: number, byMs: number): void {
    let place = this.#recent.lastIndexOf(at);
    if (place < 0) return;
    for (const left = at + byMs; ; place += 1) {
      const after = this.#recent[place + 1] ?? Number.POSITIVE_INFINITY;
      this.#recent[place] = Math.min(left, after);
      if (after >= left) return;
    }
  }

  /** Whether nothing that has left has a say in what may leave now. */
  isIdle(now: number): boolean {
    return (this.#recent.at(-1) ?? Number.NEGATIVE_INFINITY) + SECOND_MS <= now;
  }

  get #apartMs(): number {
    return SPREAD_MS / this.rate;
  }
}
