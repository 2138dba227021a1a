// True time of a simulated world. What happens next is taken from a heap, and time jumps to it; whatever promises
// that starts are settled before the next thing happens, so a schedule is one deterministic sequence.

interface Happening {
  at: number;
  order: number;
  call: (() => void) | null;
}

/**
 * Settles every promise that can be settled now, as Node does between two callbacks. Waiting for setImmediate would do
 * the same seven times slower.
 */
const settle = (process as unknown as { _tickCallback(): void })._tickCallback.bind(process); // not in its types

export class Timeline {
  /** True time in ms. */
  now = 0;
  happenings = 0;
  #order = 0;
  readonly #heap: Happening[] = [];

  /** Calls at true time `at`, or now if that has passed; what it returns calls that off. */
  at(at: number, call: () => void): () => void {
    const happening: Happening = { at: Math.max(at, this.now), order: this.#order++, call };
    this.#push(happening);
    return () => {
      happening.call = null;
    };
  }

  /** Lets things happen until `over`, or until nothing is left or time has passed `end`. Not from within a promise. */
  run(over: () => boolean, end: number): void {
    settle();
    while (!over()) {
      const next = this.#pop();
      if (next === null) return;
      if (next.call === null) continue;
      if (next.at > end) return;
      this.now = next.at;
      this.happenings += 1;
      next.call();
      settle();
    }
  }

  #push(happening: Happening): void {
    const heap = this.#heap;
    let at = heap.length;
    heap.push(happening);
    while (at > 0) {
      const above = (at - 1) >> 1;
      const parent = heap[above] as Happening; // within the heap
      if (!isBefore(happening, parent)) break;
      heap[at] = parent;
      at = above;
    }
    heap[at] = happening;
  }

  #pop(): Happening | null {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (first === undefined || last === undefined) return null;
    if (heap.length === 0) return first;
    let at = 0;
    for (;;) {
      let below = 2 * at + 1;
      const right = heap[below + 1];
      const left = heap[below];
      if (left === undefined) break;
      if (right !== undefined && isBefore(right, left)) below += 1;
      const child = heap[below] as Happening; // within the heap
      if (!isBefore(child, last)) break;
      heap[at] = child;
      at = below;
    }
    heap[at] = last;
    return first;
  }
}

function isBefore(one: Happening, other: Happening): boolean {
  return one.at < other.at || (one.at === other.at && one.order < other.order);
}
