// `npm run hostile`: many devices of each kind among many good ones, twice - once with the good ones alone - and a
// table of what came of it. HOSTILE_GOOD, HOSTILE_EACH, HOSTILE_SEED and HOSTILE_KINDS (with commas between) choose
// others.
import { availableParallelism, loadavg } from 'node:os';
import { expect, test } from 'vitest';
import { FAULT_NAMES, isFault } from '../../agent/fleet/fault.ts';
import { type HostileRun, LONGEST_MS, sweepHostile } from '../hostile.ts';

const GOOD = Number(process.env.HOSTILE_GOOD ?? 1_000);
const EACH = Number(process.env.HOSTILE_EACH ?? 5);
const KINDS = process.env.HOSTILE_KINDS?.split(',').filter(isFault) ?? FAULT_NAMES;
const SEED = Number(process.env.HOSTILE_SEED ?? 1);
const TIMEOUT_MS = 1_800_000;
const MEMORY_LIMIT = 256 << 20;

test('hostile devices among good ones', async () => {
  const alone = await sweepHostile({ good: GOOD, each: 0, seed: SEED, timeoutMs: TIMEOUT_MS });
  const among = await sweepHostile({
    good: GOOD,
    each: EACH,
    kinds: KINDS,
    seed: SEED,
    timeoutMs: TIMEOUT_MS,
  });
  print(among);
  const allowed = 1.2 * alone.durationMs + LONGEST_MS;
  const lines = [
    `${GOOD} good devices alone: ${seconds(alone.durationMs)}, ${alone.wrong.length} not as expected, workers ${memory(alone)}`,
    `with ${KINDS.length} kinds x ${EACH} among them: ${seconds(among.durationMs)}, ${among.wrong.length} not as expected, workers ${memory(among)}`,
    `1.2 x the good ones alone + the longest limit: ${seconds(allowed)}: ${among.durationMs <= allowed ? 'kept' : 'NOT kept'}`,
    `on ${availableParallelism()} cores, load ${loadavg()[0]?.toFixed(1)}`,
  ];
  process.stdout.write(`\n${lines.join('\n')}\n`);
  expect([alone.wrong.length, among.wrong.length]).toEqual([0, 0]);
  for (const bytes of [...alone.workers, ...among.workers]) expect(bytes).toBeLessThan(MEMORY_LIMIT);
});

function print({ table, wrong }: HostileRun): void {
  const rows = table.map(
    ({ kind, devices, expected, right }) =>
      `${kind.padEnd(18)}${String(devices).padStart(6)}${String(right).padStart(8)}  ${expected}`,
  );
  const details = wrong.map(
    ({ kind, platform, device, expected, got }) =>
      `${kind}, ${platform}, ${device}: expected ${expected}, got ${got}`,
  );
  process.stdout.write(
    `\n${['kind             devices   right  expected', ...rows, '', ...details].join('\n')}\n`,
  );
}

function seconds(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(1)} s`;
}

/** The peak of each worker. */
function memory({ workers }: HostileRun): string {
  return `${workers.map((bytes) => (bytes / (1 << 20)).toFixed(0)).join(', ')} MiB`;
}
