// When what gathers on a stream leaves.
import { expect, test } from 'vitest';
import { BEAT_MS, Beat, BUSY_BEAT_MS, FULL_BATCH, LARGE_BATCH, LONGEST_BEAT_MS } from '../proto/beat.js';

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

test('it gathers for longer still where what it tells of takes long: an eighth of that, and never for long', () => {
  const beat = new Beat();
  const afterSessionsOf = (ms: number) => {
    for (let n = 0; n < 200; n++) beat.took(ms);
    beat.left(1_000, LARGE_BATCH);
    return Math.round(beat.waitMs(1_000, 1));
  };
  expect(afterSessionsOf(50)).toBe(BUSY_BEAT_MS);
  expect(afterSessionsOf(800)).toBe(100);
  expect(afterSessionsOf(60_000)).toBe(LONGEST_BEAT_MS);
  beat.left(2_000, 1);
  expect(beat.waitMs(2_000, 1), 'a lone question').toBe(BEAT_MS);
});
