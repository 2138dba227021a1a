// Every link of a sweep, bad in every way: `npm run links`, with a table of what came of it. One of them:
// `SEED=7 npm run links -- -t 'client: cut'`.
import { randomInt } from 'node:crypto';
import { afterAll, describe, expect, test } from 'vitest';
import { FAULTS, LINKS, type Outcome, repeats, sweepOver } from './links.ts';

const seed = Number(process.env.SEED ?? randomInt(2 ** 31));
const outcomes: Outcome[] = [];
/** Most that it takes to notice a silent peer, and to come back, on a machine with nothing else to do. */
const NOTICED_MS = 20_000;
const BACK_MS = 10_000;

afterAll(() => {
  const row = (cells: (string | number)[]) => cells.map((cell) => String(cell).padEnd(18)).join('');
  const ms = (value: number | null) => (value === null ? '' : `${(value / 1_000).toFixed(1)} s`);
  const rows = outcomes.map(({ case: { link, fault }, fired, noticedMs, backMs, sweepMs, again }) =>
    row([link, fault, fired, ms(noticedMs), ms(backMs), ms(sweepMs), again]),
  );
  const head = row(['link', 'fault', 'struck', 'noticed', 'back', 'sweep', 'again']);
  process.stdout.write(`\nSEED=${seed}\n${[head, ...rows.sort()].join('\n')}\n`);
});

describe.concurrent('every device is swept once over a bad link:', () => {
  test.each(LINKS.flatMap((link) => FAULTS.map((fault) => [link, fault] as const)))(
    '%s: %s',
    async (link, fault) => {
      const given = { link, fault, seed };
      const outcome = await sweepOver(given).catch((cause) => {
        throw new Error(repeats(given), { cause });
      });
      outcomes.push(outcome);
      expect(outcome.fired).toBeGreaterThan(0);
      expect(outcome.noticedMs ?? 0).toBeLessThanOrEqual(NOTICED_MS);
      expect(outcome.backMs).toBeLessThanOrEqual(BACK_MS);
    },
  );
});
