// Thousands of schedules: `npm run simulate`. SIM_SEED=n tells one of them with its trace, SIM_COUNT says how many.
import { expect, test } from 'vitest';
import { campaign, retold, summary } from './campaign.ts';

const count = Number(process.env.SIM_COUNT ?? 10_000);

test('no schedule breaks a promise, and every kind of fault fires', async () => {
  if (process.env.SIM_SEED !== undefined) {
    console.log(await retold(Number(process.env.SIM_SEED)));
    return;
  }
  const first = Number(process.env.SIM_FIRST ?? Math.floor(Math.random() * 2 ** 30));
  console.log(`${count} schedules from seed ${first} on; again: SIM_FIRST=${first} npm run simulate`);
  const result = await campaign(first, count, 20);
  console.log([summary(result), ...result.findings].join('\n'));
  expect(result.findings).toEqual([]);
  expect([...result.fired].filter(([, times]) => times === 0)).toEqual([]);
});
