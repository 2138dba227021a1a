// `npm run chaos`: thousands of devices swept through hundreds of faults of every kind, and a table of what came of
// it. SEED, DEVICES, SCALE (the fraction of the faults), KINDS (of faults, with commas between) and POISON (devices
// that make their worker die) choose others; BASELINE=1 sweeps once without a fault first, instead of reckoning how
// long that takes at least; FIGURES=FILE writes the figures as JSON, KEEP=1 keeps all logs.
import { randomInt } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import type { Fault } from '../../agent/fleet/fault.ts';
import { type ChaosOptions, sweepThroughChaos, describe as tell } from '../chaos/chaos.ts';
import type { FaultKind } from '../chaos/faults.ts';
import { figuresOf, tableOf } from '../chaos/figures.ts';
import { SmallDisk, withoutSmallDisk } from '../smalldisk.ts';

const SEED = Number(process.env.SEED ?? randomInt(1_000_000));
const DEVICES = Number(process.env.DEVICES ?? 10_000);
const SCALE = Number(process.env.SCALE ?? 1);

const COUNTS: Record<FaultKind, number> = {
  'kill coordinator': 50,
  'kill agent': 60,
  'kill worker': 70,
  'kill nats': 20,
  'pause coordinator': 12,
  'pause agent': 28,
  'pause worker': 28,
  'pause agent with workers': 32,
  'cut link': 25,
  'cut link one way': 25,
  'wipe jetstream': 5,
  'fill disk': 1,
  'drain agent': 5,
};
const POISON = Number(process.env.POISON ?? Math.max(3, Math.round(5 * SCALE)));
const KINDS = process.env.KINDS?.split(',') ?? Object.keys(COUNTS);
const AGAIN = `${chosen()} npm run chaos`;
/** One device in a thousand each: they end soon, and always in the same way. */
const HOSTILE: Fault[] = [
  'refuse',
  'reset-accept',
  'not-ssh',
  'weak-algorithms',
  'auth',
  'no-methods',
  'close-login',
  'drop-login',
  'refuse-shell',
  'cli-error',
];

/** Seven and a half seconds a device, 120 at a time: ten thousand take more than ten minutes. */
const PACE = { forks: 120, promptMs: 2_000, commandMs: 5_500 };
const LONGEST_SHARE = 3;
/** What ends soon has a tail that does not shrink with it, in ms. */
const LEAST_ALLOWED_MS = 240_000;
const DISK_MB = 512;

test(`a sweep comes through everything (${AGAIN})`, async () => {
  const noDisk = withoutSmallDisk();
  if (noDisk !== null) process.stdout.write(`the disk is never filled: ${noDisk}\n`);
  const counts = scaled(noDisk === null ? COUNTS : { ...COUNTS, 'fill disk': 0 });
  const leastMs = (DEVICES * (PACE.promptMs + PACE.commandMs)) / PACE.forks;
  const options: ChaosOptions = {
    ...PACE,
    seed: SEED,
    devices: DEVICES,
    counts,
    bad: Object.fromEntries(HOSTILE.map((kind) => [kind, 0.001])),
    poison: POISON,
    pauseMs: [1_000, 60_000],
    proxied: true,
    natsServers: 3,
    onProgress: (text) => void process.stdout.write(`${text}\n`),
    timeoutMs: Math.max(LEAST_ALLOWED_MS, leastMs * LONGEST_SHARE) * 1.5,
  };
  const baseline = process.env.BASELINE === '1' ? await withoutFaults(options) : null;
  await using disk = noDisk === null ? await SmallDisk.open(DISK_MB) : null;
  const outcome = await sweepThroughChaos({ ...options, ...(disk && { disk }) });
  const figures = figuresOf(outcome, {
    faultFreeMs: Math.round(baseline ?? leastMs),
    faultFreeIs: baseline === null ? 'the least possible' : 'measured',
  });
  process.stdout.write(`\n${tell(outcome, AGAIN)}\n\n${tableOf(figures)}\n`);
  if (process.env.FIGURES !== undefined) writeFileSync(process.env.FIGURES, JSON.stringify(figures, null, 2));

  expect(outcome.findings.length, 'findings').toBe(0);
  const silent = Object.entries(figures.faults).filter(
    ([, { planned, fired }]) => planned > 0 && fired === 0,
  );
  expect(silent, 'faults that never fired').toEqual([]);
  if (POISON > 0) expect(figures.poisonDeaths).toBeGreaterThan(0);
  expect(figures.ratio, 'rework to what was in flight').toBeLessThanOrEqual(1);
  const allowedMs = Math.max(LEAST_ALLOWED_MS, figures.faultFreeMs * LONGEST_SHARE);
  expect(outcome.durationMs, 'the time it took').toBeLessThanOrEqual(allowedMs);
});

function scaled(counts: typeof COUNTS): Partial<Record<FaultKind, number>> {
  const some = Object.entries(counts).filter(([kind, count]) => count > 0 && KINDS.includes(kind));
  return Object.fromEntries(some.map(([kind, count]) => [kind, Math.max(1, Math.round(count * SCALE))]));
}

/** What decides the run, as it was given or drawn. */
function chosen(): string {
  const { KINDS: kinds, POISON: poison } = process.env;
  const given = { SEED, DEVICES, SCALE, KINDS: kinds, POISON: poison };
  const told = Object.entries(given).filter(([, value]) => value !== undefined);
  return told.map(([name, value]) => `${name}='${value}'`).join(' ');
}

async function withoutFaults(options: ChaosOptions): Promise<number> {
  const { durationMs, findings } = await sweepThroughChaos({ ...options, counts: {}, poison: 0 });
  expect(findings).toEqual([]);
  return durationMs;
}
