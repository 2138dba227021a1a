// Everything that may die or stand still does so at random moments of one sweep, again and again. Whatever happens
// when, three witnesses agree that nothing is lost, nothing meets itself on a device, and only what was in flight
// at a fault is done again. The longer run with figures is `npm run chaos`.
import { randomInt } from 'node:crypto';
import { expect, test } from 'vitest';
import { sweepThroughChaos, describe as tell } from '../chaos/chaos.ts';

const SEED = Number(process.env.SEED ?? randomInt(1_000_000));
const ROUNDS = Number(process.env.ROUNDS ?? 1);

const COUNTS = {
  'kill coordinator': 3,
  'kill agent': 3,
  'kill worker': 4,
  'kill nats': 2,
  'wipe jetstream': 1,
  'drain agent': 1,
  'pause coordinator': 1,
  'pause agent': 2,
  'pause worker': 1,
  'pause agent with workers': 2,
} as const;

test.each(Array.from({ length: ROUNDS }, (_, round) => SEED + round))(
  '300 devices are swept once each through twenty kills and pauses (SEED=%i npx vitest run test/e2e/chaos.test.ts)',
  async (seed) => {
    const outcome = await sweepThroughChaos({
      seed,
      devices: 300,
      counts: COUNTS,
      forks: 36,
      commandMs: 1_500,
      promptMs: 500,
      pauseMs: [1_000, 14_000],
      timeoutMs: 200_000,
    });
    const { findings, faults, rework, inFlight } = outcome;
    const story = tell(outcome, `SEED=${seed} npx vitest run test/e2e/chaos.test.ts`);
    expect(findings.length, story).toBe(0);
    const fired = new Set(faults.map(({ kind }) => kind));
    expect([...fired].sort(), story).toEqual(Object.keys(COUNTS).sort());
    expect(rework, story).toBeLessThanOrEqual(inFlight);
  },
);
