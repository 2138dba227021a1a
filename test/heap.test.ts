// How much a coordinator's heap may grow before V8 looks through it.
import { expect, test } from 'vitest';
import { growthAt, LARGE_GROWTH, SMALL_GROWTH } from '../coordinator/heap.js';

const MIB = 1024 * 1024;

test('a heap grows freely until it is large, and again only once it has become much smaller', () => {
  let growth = SMALL_GROWTH;
  const seen = [20, 95, 97, 80, 49, 47, 80].map((size) => {
    growth = growthAt(size * MIB, growth);
    return growth === LARGE_GROWTH;
  });
  expect(seen).toEqual([false, false, true, true, true, false, false]);
});
