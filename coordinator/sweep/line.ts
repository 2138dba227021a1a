// Devices of one sweep and segment that wait, first come first served. There may be a million: taking the first of them
// moves none of the others, and those that rest until a time are not looked at before it.

/** Devices that share an endpoint; they go into one shard and run in turn. */
export interface Unit {
  indexes: number[];
  /** Monotonic ms. */
  notBefore: number;
  stage: number;
}

interface Resting {
  unit: Unit;
  /** Whoever came first, of those that are due at one time. */
  number: number;
}

export class Line {
  #ready: (Unit | null)[] = [];
  /** Where the line begins; before it is nothing but room. */
  #first = 0;
  /** A heap: none comes before the one at half its place. */
  readonly #resting: Resting[] = [];
  #number = 0;

  get length(): number {
    return this.#ready.length - this.#first + this.#resting.length;
  }

  add(unit: Unit): void {
    if (unit.notBefore <= 0) this.#ready.push(unit);
    else this.#rest(unit);
  }

  /** Takes the first; null: none is ready now. */
  next(now: number): Unit | null {
    for (let [due] = this.#resting; due !== undefined && due.unit.notBefore <= now; [due] = this.#resting) {
      this.#ready.push(due.unit);
      this.#dropDue();
    }
    const unit = this.#ready[this.#first] ?? null;
    if (unit === null) return null;
    this.#ready[this.#first++] = null;
    if (this.#first > 1_000 && this.#first * 2 > this.#ready.length) this.#close();
    return unit;
  }

  /** What was taken and could not be used waits in front again. */
  putBack(units: Unit[]): void {
    if (this.#first < units.length) {
      this.#ready = units.concat(this.#units());
      this.#first = 0;
      return;
    }
    this.#first -= units.length;
    for (const [at, unit] of units.entries()) this.#ready[this.#first + at] = unit;
  }

  /** The stage of the first. */
  get stage(): number {
    return this.#ready[this.#first]?.stage ?? 0;
  }

  /** Keeps of each what `keep` leaves of it; null: nothing. */
  filter(keep: (unit: Unit) => Unit | null): void {
    const resting = this.#resting.splice(0).sort((one, other) => (isBefore(one, other) ? -1 : 1));
    const units = this.#units().concat(resting.map(({ unit }) => unit));
    this.#ready = [];
    this.#first = 0;
    for (const unit of units) {
      const kept = keep(unit);
      if (kept !== null) this.add(kept);
    }
  }

  #units(): Unit[] {
    return this.#ready.slice(this.#first).filter((unit) => unit !== null);
  }

  #close(): void {
    this.#ready = this.#ready.slice(this.#first);
    this.#first = 0;
  }

  #rest(unit: Unit): void {
    const heap = this.#resting;
    const resting = { unit, number: this.#number++ };
    let at = heap.push(resting) - 1;
    while (at > 0) {
      const above = (at - 1) >> 1;
      const other = heap[above];
      if (other === undefined || isBefore(other, resting)) break;
      heap[at] = other;
      at = above;
    }
    heap[at] = resting;
  }

  #dropDue(): void {
    const heap = this.#resting;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    let at = 0;
    for (;;) {
      const below = at * 2 + 1;
      const [left, right] = [heap[below], heap[below + 1]];
      const isRight = left !== undefined && right !== undefined && isBefore(right, left);
      const sooner = isRight ? right : left;
      if (sooner === undefined || isBefore(last, sooner)) break;
      heap[at] = sooner;
      at = isRight ? below + 1 : below;
    }
    heap[at] = last;
  }
}

function isBefore(one: Resting, other: Resting): boolean {
  const ms = one.unit.notBefore - other.unit.notBefore;
  return ms < 0 || (ms === 0 && one.number < other.number);
}
