import { expect, test } from 'vitest';
import { SECOND_MS, Slots } from '../../coordinator/sweep/slots.js';
import { Dice } from '../sim/dice.js';

/** The most that lie within one second. */
function mostInASecond(times: number[], secondMs = SECOND_MS - 0.001): number {
  let [most, from] = [0, 0];
  for (const [at, time] of times.entries()) {
    while ((times[from] ?? 0) <= time - secondMs) from += 1;
    most = Math.max(most, at - from + 1);
  }
  return most;
}

test('a line that is never empty has the whole rate but for a fiftieth, evenly spread', () => {
  for (const rate of [1, 2, 7, 50, 333]) {
    const slots = new Slots(rate);
    const times: number[] = [];
    for (let now = 0; now < 60_000; now = times.at(-1) ?? 0) {
      times.push(slots.next(now));
      slots.take(times.at(-1) ?? 0);
    }
    const steady = times.filter((time) => time > 2_000);
    const [first = 0, last = 0] = [steady[0], steady.at(-1)];
    const perSecond = ((steady.length - 1) / (last - first)) * 1_000;
    expect(perSecond).toBeGreaterThan(rate * 0.98);
    expect(perSecond).toBeLessThan(rate);
    const gaps = steady.slice(1).map((time, at) => time - (steady[at] ?? 0));
    expect(Math.max(...gaps) / Math.min(...gaps)).toBeLessThan(1.01);
  }
});

test('no second has more than the rate, whenever somebody comes and goes (seeds 1 to 100)', () => {
  for (let seed = 1; seed <= 100; seed += 1) {
    const dice = new Dice(seed);
    const rate = 1 + dice.below(80);
    const slots = new Slots(rate);
    const times: number[] = [];
    for (let now = dice.between(0, 1e6), left = 600; left > 0; left -= 1) {
      if (dice.chance(0.05)) now += dice.between(0, 3_000);
      const at = slots.next(now);
      if (at < now) throw new Error(`seed ${seed}: ${at} is before ${now}`);
      slots.take(at);
      times.push(at);
      if (dice.chance(0.7)) now = at;
    }
    expect([...times].sort((one, other) => one - other)).toEqual(times);
    expect(mostInASecond(times), `seed ${seed}, rate ${rate}`).toBeLessThanOrEqual(rate);
  }
});

test('a short pause is made up for, and what a long one has left is lost', () => {
  const rate = 50;
  for (const [pauseMs, missed] of [
    [100, 0],
    [10_000, 10_000],
  ] as const) {
    const slots = new Slots(rate);
    let at = 0;
    for (let logins = 0; logins < 100; logins += 1) {
      at = slots.next(at);
      slots.take(at);
    }
    const begun = at;
    at += pauseMs;
    const gaps: number[] = [];
    for (let logins = 0; logins < 500; logins += 1) {
      const next = slots.next(at);
      gaps.push(next - at);
      at = next;
      slots.take(at);
    }
    expect(Math.min(...gaps.slice(1))).toBeGreaterThan((0.75 * 1_000) / rate);
    const lost = at - begun - (500 * 1_012) / rate;
    expect(lost).toBeGreaterThanOrEqual(missed - 25);
    expect(lost).toBeLessThan(missed + 25);
  }
});

test('a second after a login that was late has no more than the rate, and neither has one around it (seeds 1 to 100)', () => {
  for (let seed = 1; seed <= 100; seed += 1) {
    const dice = new Dice(seed);
    const rate = 2 + dice.below(60);
    const slots = new Slots(rate);
    const left: number[] = [];
    /** Late ones are heard of when they have left. */
    const underWay: { at: number; left: number }[] = [];
    let now = 0;
    for (let logins = 0; logins < 400; logins += 1) {
      while (slots.next(now) > now + 300) {
        now = slots.next(now) - 300;
        for (const one of underWay.splice(0))
          if (one.left > now) underWay.push(one);
          else if (one.left > one.at) slots.late(one.at, one.left - one.at);
      }
      const at = slots.next(now);
      slots.take(at);
      const lateMs = dice.chance(0.3) ? dice.below(400) : 0;
      left.push(at + lateMs);
      underWay.push({ at, left: at + lateMs });
    }
    const sorted = left.sort((one, other) => one - other);
    expect(mostInASecond(sorted, 1_000), `seed ${seed}, rate ${rate}`).toBeLessThanOrEqual(rate);
  }
});

test('a rate that no second comes near costs no memory for it', () => {
  const slots = new Slots(1_000_000);
  for (let now = 0; now < 200_000; now += 1) slots.take(slots.next(now));
  expect(slots.next(300_000)).toBe(300_000);
});
