// The real coordinator and the real agents on a virtual clock, through schedules of faults that a seed decides.
import { expect, test } from 'vitest';
import { campaign, summary } from './campaign.ts';
import { simulateSeed } from './run.ts';

const SCHEDULES = 250;
/** The same in every run, so that what one run finds the next one finds as well. */
const FIXED = 1_000_000;
const random = Number(process.env.SIM_SEED ?? Math.floor(Math.random() * 2 ** 30));

test.each([
  ['the fixed seed', FIXED],
  ['a random seed', random],
])('whatever fails when, every promise is kept in the schedules of %s', async (_name, seed) => {
  const result = await campaign(seed, SCHEDULES / 2);
  console.log(`seed ${seed}: ${summary(result)}`);
  expect(result.findings).toEqual([]);
});

test('every kind of fault fires, and outputs travel as their digest in between', async () => {
  const { fired, spared } = await campaign(FIXED, SCHEDULES / 2, Number.POSITIVE_INFINITY);
  expect([...fired].filter(([, times]) => times === 0)).toEqual([]);
  expect(spared).toBeGreaterThan(0);
});

test('the same seed gives the same trace', async () => {
  for (let seed = FIXED; seed < FIXED + 20; seed++) {
    const [once, again] = [await simulateSeed(seed), await simulateSeed(seed)];
    expect(again.digest).toBe(once.digest);
    expect(again.happenings).toBe(once.happenings);
  }
  const [one, other] = [await simulateSeed(FIXED), await simulateSeed(FIXED + 1)];
  expect(other.digest).not.toBe(one.digest);
});
