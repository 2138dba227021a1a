// When what gathers on a stream leaves.
import { expect, test } from 'vitest';
import { BEAT_MS, Beat, BUSY_BEAT_MS, FULL_BATCH, LARGE_BATCH } from '../proto/beat.js';

test('the first of a lull leaves at once, what follows it closely after a beat', () => {
  const beat = new Beat();
  expect(beat.waitMs(1_000, 1)).toBe(0);
  beat.left(1_000, 1);
  expect([beat.waitMs(1_000, 1), beat.waitMs(1_010, 1)]).toEqual([BEAT_MS, BEAT_MS - 10]);
  expect(beat.waitMs(1_000 + BEAT_MS, 1)).toBe(0);
});

test('a busy stream gathers for longer, unless there is enough for a batch', () => {
  const beat = new Beat();
  beat.left(1_000, LARGE_BATCH);
  expect(beat.waitMs(1_000, 1)).toBe(BUSY_BEAT_MS);
  expect(beat.waitMs(1_000, FULL_BATCH)).toBe(BEAT_MS);
  expect(beat.waitMs(1_000 + BEAT_MS, FULL_BATCH)).toBe(0);
  beat.left(1_040, LARGE_BATCH - 1);
  expect(beat.waitMs(1_040, 1)).toBe(BEAT_MS);
});
