// The real coordinator and the real agents on a virtual clock, through schedules of faults that a seed decides.
import { beforeAll, expect, test } from 'vitest';
import { type Campaign, campaign, summary } from './campaign.ts';
import { simulateSeed } from './run.ts';

/** Of each of two seeds. */
const SCHEDULES = 125;
/** The same in every run, so that what one run finds the next one finds as well. */
const FIXED = 1_000_000;
const random = Number(process.env.SIM_SEED ?? Math.floor(Math.random() * 2 ** 30));

let fixed: Campaign;
beforeAll(async () => {
  fixed = await campaign(FIXED, SCHEDULES, Number.POSITIVE_INFINITY);
});

test.each([
  ['the fixed seed', FIXED],
  ['a random seed', random],
])('whatever fails when, every promise is kept in the schedules of %s', async (_name, seed) => {
  const result = seed === FIXED ? fixed : await campaign(seed, SCHEDULES);
  console.log(`seed ${seed}: ${summary(result)}`);
  expect(result.findings).toEqual([]);
});

test('every kind of fault fires, and outputs travel as their digest in between', () => {
  const { fired, spared } = fixed;
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
