// Files of the store that a crash or a disk has damaged. `npm run damage` does the same with every byte of the log's
// end, and with many more bits.
import { randomInt } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { Place } from '../place.ts';
import { commitWithin, crash, cuts, examine, FLIPS_AGAIN, flips } from './damaged.ts';

const SEED = Number(process.env.SEED ?? randomInt(1_000_000));
const FLIPS = 200;
const CUTS = 60;

const files = await crash();

test('a store that does not hang together is refused by serve in one line, with 4', async () => {
  await using place = await Place.open();
  const state = place.path('state/serve');
  mkdirSync(state, { recursive: true, mode: 0o700 });
  const file = Buffer.from(files.db).fill(0xff, 16_384 + 8, 16_384 + 400);
  writeFileSync(join(state, 'store.db'), file, { mode: 0o600 });
  const words = ['--nats', 'nats://127.0.0.1:1', '--state', place.path('state'), '--listen', '127.0.0.1:0'];
  const { status, stdout, stderr } = await place.netsweep(['serve', ...words]);
  const [line = '', ...rest] = stderr.split('\n').filter((each) => !each.startsWith('{') && each !== '');
  expect({ status, stdout, rest }).toEqual({ status: 4, stdout: '', rest: [] });
  expect(line).toMatch(/^netsweep: .*store\.db is damaged \(.*\); put back a copy of it$/);
});

test(`a log that is cut anywhere opens with all that was committed before the cut (${FLIPS_AGAIN(SEED)})`, async () => {
  const whole = files.ends.map(({ bytes }) => bytes);
  for (const bytes of [...cuts(files, CUTS, SEED), ...whole.slice(-8)]) {
    const fared = await examine({ ...files, log: files.log.subarray(0, bytes) }, commitWithin(files, bytes));
    expect(fared, `cut after ${bytes} bytes`).toBe('harmless');
  }
});

test(`a bit that flips is noticed or does no harm (${FLIPS_AGAIN(SEED)})`, async () => {
  const fared = await flips(files, FLIPS, SEED);
  expect(fared.wrong).toEqual([]);
  expect(fared.counts['rolled back'], 'bits of the log').toBeGreaterThan(0);
  expect(fared.counts.named, 'bits of outputs and records').toBeGreaterThan(0);
});
