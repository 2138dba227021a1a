// How much garbage a coordinator lets gather. While its heap is small it may grow to three times its size before V8 looks
// through it; a large one, with tens of thousands of devices in it, by half. Otherwise a small one is looked through all
// the time, which was a fifth of a coordinator's CPU, or a large one takes twice the memory.
import { getHeapStatistics, setFlagsFromString } from 'node:v8';

const LARGE_BYTES = 96 * 1024 * 1024;
/** A large one is small again below this. */
const SMALL_BYTES = 48 * 1024 * 1024;
/** Percent. As in deploy/bundle/start.cjs, which sets it for the start. */
export const SMALL_GROWTH = 200;
export const LARGE_GROWTH = 50;
const LOOK_EVERY_MS = 250;

/** By how many percent a heap of so many bytes may grow, where it was `growth` until now. */
export function growthAt(bytes: number, growth: number): number {
  return bytes > (growth === LARGE_GROWTH ? SMALL_BYTES : LARGE_BYTES) ? LARGE_GROWTH : SMALL_GROWTH;
}

/** Looks now and then until it is disposed of. */
export function watchHeap(): Disposable {
  let growth = SMALL_GROWTH;
  const look = () => {
    const now = growthAt(getHeapStatistics().used_heap_size, growth);
    if (now !== growth) setFlagsFromString(`--heap-growing-percent=${now}`);
    growth = now;
  };
  const timer = setInterval(look, LOOK_EVERY_MS).unref();
  return { [Symbol.dispose]: () => clearInterval(timer) };
}
