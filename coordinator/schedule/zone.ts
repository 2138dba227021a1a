// The clock on the wall of a time zone: how far it is from UTC at a moment, and which moments a time on it means: one,
// none where it leaps forward, two where it is put back. Times on the wall are counted as if they were UTC.
const DAY_MS = 24 * 3600 * 1000;
/** Days whose offsets are remembered. */
const KEPT = 1_000;

export interface Meaning {
  /** In order. */
  instants: number[];
  /** Where there is none: the first moment after the leap. */
  leapMs: number;
  /** Before the leap. */
  offsetMs: number;
}

export class Zone {
  readonly #format: Intl.DateTimeFormat;
  /** By day of UTC: its offset, or null where it changes in that day. */
  readonly #days = new Map<number, number | null>();

  /** `name`: of the IANA database. Throws RangeError for one that is not in it. */
  constructor(readonly name: string) {
    this.#format = new Intl.DateTimeFormat('en-US', { timeZone: name, timeZoneName: 'longOffset' });
  }

  /** What the clock shows is ahead of UTC by so many ms. */
  offsetAt(ms: number): number {
    const day = Math.floor(ms / DAY_MS);
    let offset = this.#days.get(day);
    if (offset === undefined) {
      const [first, last] = [this.#ask(day * DAY_MS), this.#ask((day + 1) * DAY_MS - 1)];
      offset = first === last ? first : null;
      if (this.#days.size >= KEPT) this.#days.clear();
      this.#days.set(day, offset);
    }
    return offset ?? this.#ask(ms);
  }

  /** A day before and a day after: they differ where the clock is changed about then. */
  offsetsAround(ms: number): [before: number, behind: number] {
    return [this.offsetAt(ms - DAY_MS), this.offsetAt(ms + DAY_MS)];
  }

  instants(wallMs: number): Meaning {
    const [before, behind] = this.offsetsAround(wallMs);
    const candidates = before === behind ? [before] : [before, behind];
    const instants = candidates
      .map((offset) => wallMs - offset)
      .filter((ms, i) => this.offsetAt(ms) === candidates[i])
      .sort((one, other) => one - other);
    return {
      instants,
      leapMs: instants.length === 0 ? this.#change(wallMs - DAY_MS, wallMs + DAY_MS) : 0,
      offsetMs: before,
    };
  }

  /** Minutes since midnight that the clock shows. */
  minuteOfDay(ms: number): number {
    return Math.floor((ms + this.offsetAt(ms)) / 60_000) % (24 * 60);
  }

  /** The moment between two others from which on the offset is another. */
  #change(fromMs: number, toMs: number): number {
    const offset = this.offsetAt(fromMs);
    let [low, high] = [fromMs, toMs];
    while (high - low > 1) {
      const middle = Math.floor((low + high) / 2);
      if (this.offsetAt(middle) === offset) low = middle;
      else high = middle;
    }
    return high;
  }

  #ask(ms: number): number {
    const [, sign, hours = '0', minutes = '0'] =
      /GMT(?:([+-])(\d\d):(\d\d))?/.exec(this.#format.format(ms)) ?? [];
    return (sign === '-' ? -1 : 1) * (Number(hours) * 60 + Number(minutes)) * 60_000;
  }
}
