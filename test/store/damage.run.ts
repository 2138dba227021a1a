// `npm run damage`: the log cut after each byte of its last 64 KiB, and FLIPS single bits flipped, from a SEED.
import { randomInt } from 'node:crypto';
import { expect, test } from 'vitest';
import { commitWithin, crash, examine, FLIPS_AGAIN, flips } from './damaged.ts';

const SEED = Number(process.env.SEED ?? randomInt(1_000_000));
const FLIPS = Number(process.env.FLIPS ?? 10_000);
const END_BYTES = Number(process.env.END_BYTES ?? 64 * 1024);

const files = await crash();

test('the log cut after each byte of its end', async () => {
  const began = performance.now();
  const { length } = files.log;
  for (let bytes = length - END_BYTES; bytes <= length; bytes += 1) {
    const fared = await examine({ ...files, log: files.log.subarray(0, bytes) }, commitWithin(files, bytes));
    expect(fared, `cut after ${bytes} bytes`).toBe('harmless');
  }
  say(`${END_BYTES + 1} of ${END_BYTES + 1} cuts open with all that was committed before them`, began);
});

test('single bits flipped', async () => {
  const began = performance.now();
  const { counts, wrong } = await flips(files, FLIPS, SEED);
  const list = Object.entries(counts).map(([fared, count]) => `${count} ${fared}`);
  say(`${FLIPS} bits: ${list.join(', ')} (${FLIPS_AGAIN(SEED)})`, began);
  expect(wrong).toEqual([]);
});

function say(line: string, began: number): void {
  process.stdout.write(`\n${line}, in ${((performance.now() - began) / 1000).toFixed(0)} s\n`);
}
