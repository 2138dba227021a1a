import { expect, test } from 'vitest';
import { FarClock } from '../../agent/farclock.js';
import { Dice } from '../sim/dice.js';

test('a moment of the other clock is never taken to have come before it has, and soon after that (seed 1)', () => {
  const dice = new Dice(1);
  const clock = new FarClock();
  const ahead = 123_456.7;
  let quickest = Number.POSITIVE_INFINITY;
  for (let now = 0; now < 9_000; now += dice.between(10, 200)) {
    const underWay = dice.between(2, 80);
    quickest = Math.min(quickest, underWay);
    clock.heard(now + ahead, now + underWay);
    const late = clock.ours(now + ahead + 500) - (now + 500);
    expect(late).toBeCloseTo(quickest, 6);
  }
});

test('what was heard long ago says nothing any more, as clocks do not run alike', () => {
  const clock = new FarClock();
  for (let ours = 0; ours < 200_000; ours += 1_000) {
    const theirs = ours * 0.99;
    clock.heard(theirs, ours);
    expect(clock.ours(theirs)).toBeLessThanOrEqual(ours);
    expect(clock.ours(theirs)).toBeGreaterThan(ours - 0.01 * 20_000 - 1);
  }
});
