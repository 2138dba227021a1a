// A self-contained run is ended at random moments. Whatever the moment, nothing is left of it.
import { randomInt } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { fraction } from '../../agent/fleet/dice.ts';
import { type Cluster, readResults, startCluster } from '../cluster.ts';

const SEED = Number(process.env.SEED ?? randomInt(1_000_000));
const AGAIN = `repeat with: SEED=${SEED} npx vitest run test/e2e/signals.test.ts`;
const DEVICES = 24;
const ROUNDS = 3;
/** About as long as the sweep takes from start to end, in ms. */
const SWEEP_MS = 4_500;

interface Listed {
  status: string;
  counts: Record<string, number>;
}

console.log(AGAIN);

describe.concurrent('nothing is left', () => {
  test.each(['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGKILL'] as const)(
    'of a run that gets %s, and the next one works',
    async (signal) => {
      await using cluster = await startCluster({
        devices: DEVICES,
        segments: 2,
        commandMs: 1_200,
        unprivileged: 0,
      });
      for (let round = 0; round < ROUNDS; round++) {
        const afterMs = Math.round(fraction(SEED, round, signal) * SWEEP_MS);
        await endRun(cluster, signal, afterMs, `${signal} after ${afterMs} ms; ${AGAIN}`);
      }
      const next = await cluster.run(['-w', `R1,R${DEVICES}`, 'show version']);
      expect(next.status, next.stderr).toBe(0);
      const list = await cluster.place.netsweep(['sweeps', 'list', '--json']);
      const [last, ...cut] = JSON.parse(list.stdout) as Listed[];
      expect(last).toMatchObject({ status: 'ended', counts: { ok: 2 } });
      for (const { status, counts } of cut) {
        expect(counts, AGAIN).toMatchObject({ selected: DEVICES, running: 0, waiting: 0 });
        expect(counts.ok === DEVICES ? ['ended', 'cancelled'] : ['cancelled'], AGAIN).toContain(status);
      }
      await cluster.fleet.quiet();
      expect(cluster.fleet.overlaps()).toEqual([]);
    },
  );
});

/** One round: a run, ended so long after its start. */
async function endRun(
  cluster: Cluster,
  signal: NodeJS.Signals,
  afterMs: number,
  what: string,
): Promise<void> {
  const { place, fleet } = cluster;
  await using run = cluster.start(['--forks', '12', 'show version']);
  await delay(afterMs);
  // Before it has started anything, a signal may find it still loading; then it simply ends by it.
  const begun = place.processes().some(({ pid }) => pid !== run.pid);
  run.kill(signal);
  const { status, signal: by, stdout, stderr } = await run.finished;
  // It may have been on its way out already.
  const whole = readResults(stdout).length === DEVICES;
  if (whole && status === 0) expect(signal, what).toBe(signal);
  else if (signal === 'SIGKILL') expect(by, what).toBe(signal);
  else
    expect({ what, status: (whole || !begun) && by === signal ? 130 : status, stderr }).toEqual({
      what,
      status: 130,
      stderr,
    });
  await place.empty();
  await fleet.quiet();
}
