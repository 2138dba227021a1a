// Devices of one sweep and segment that wait, first come first served. There may be a million: taking the first of them
// moves none of the others, and those that rest until a time are not looked at before it.
import { Fifo } from './fifo.js';
import type { Track } from './pace.js';

/** Devices that share an endpoint; they go into one shard and run in turn. */
export interface Unit {
  indexes: number[];
  /** Monotonic ms. */
  notBefore: number;
  stage: number;
  /** Whose limits hold for them. */
  track: Track;
}

interface Resting {
  unit: Unit;
  /** Whoever came first, of those that are due at one time. */
  number: number;
}

export class Line {
  readonly #ready = new Fifo<Unit>();
  /** A heap: none comes before the one at half its place. */
  readonly #resting: Resting[] = [];
  #number = 0;

  get length(): number {
    return this.#ready.length + this.#resting.length;
  }

  add(unit: Unit): void {
    if (unit.notBefore <= 0) this.#ready.add(unit);
    else this.#rest(unit);
  }

  /** Takes the first; null: none is ready now. */
  next(now: number): Unit | null {
    for (let [due] = this.#resting; due !== undefined && due.unit.notBefore <= now; [due] = this.#resting) {
      this.#ready.add(due.unit);
      this.#dropDue();
    }
    return this.#ready.take();
  }

  /** What was taken and could not be used waits in front again. */
  putBack(units: Unit[]): void {
    this.#ready.putBack(units);
  }

  /** The stage of the first. */
  get stage(): number {
    return this.#ready.first?.stage ?? 0;
  }

  /** Keeps of each what `keep` leaves of it; null: nothing. */
  filter(keep: (unit: Unit) => Unit | null): void {
    const resting = this.#resting.splice(0).sort((one, other) => (isBefore(one, other) ? -1 : 1));
    const units = this.#ready.all().concat(resting.map(({ unit }) => unit));
    this.#ready.clear();
    for (const unit of units) {
      const kept = keep(unit);
      if (kept !== null) this.add(kept);
    }
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
