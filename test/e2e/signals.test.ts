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
/** By then everything has to be gone. */
const GONE_MS = 5_000;

console.log(AGAIN);

describe.concurrent('nothing is left', () => {
  test.each(['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGKILL'] as const)(
    'of a run that gets %s, and the next one works',
    { timeout: 90_000 },
    async (signal) => {
      await using cluster = await startCluster({
        devices: DEVICES,
        segments: 2,
        commandMs: 1_200,
        unprivileged: 0,
      });
      let cut = 0;
      for (let round = 0; round < ROUNDS; round++) {
        const afterMs = Math.round(fraction(SEED, round, signal) * SWEEP_MS);
        if (await endRun(cluster, signal, afterMs, `${signal} after ${afterMs} ms; ${AGAIN}`)) cut += 1;
      }
      const next = await cluster.run(['-w', `R1,R${DEVICES}`, 'show version']);
      expect(next.status, next.stderr).toBe(0);
      const list = await cluster.place.netsweep(['sweeps', 'list', '--json']);
      const states = (JSON.parse(list.stdout) as { status: string }[]).map(({ status }) => status);
      expect(states.shift()).toBe('ended');
      expect(states.filter((state) => state !== 'cancelled' && state !== 'ended')).toEqual([]);
      expect(states.filter((state) => state === 'ended').length).toBeLessThanOrEqual(ROUNDS - cut);
      await cluster.fleet.quiet();
      expect(cluster.fleet.overlaps()).toEqual([]);
    },
  );
});

/** One round: a run, ended so long after its start; true when its sweep had not ended by then. */
async function endRun(
  cluster: Cluster,
  signal: NodeJS.Signals,
  afterMs: number,
  what: string,
): Promise<boolean> {
  const { place, fleet } = cluster;
  await using run = cluster.start(['--forks', '12', 'show version']);
  await delay(afterMs);
  // Before it has started anything, a signal may find it still loading; then it simply ends by it.
  const begun = place.processes().some(({ pid }) => pid !== run.pid);
  const early = run.ended;
  const printed = readResults(run.stdout).length;
  run.kill(signal);
  const sentAt = performance.now();
  const { status, signal: by, stderr } = await run.finished;
  if (early) expect(status, what).toBe(0);
  else if (signal === 'SIGKILL') expect(by, what).toBe(signal);
  else
    expect({ what, status: !begun && by === signal ? 130 : status, stderr }).toEqual({
      what,
      status: 130,
      stderr,
    });
  await place.empty(GONE_MS - (performance.now() - sentAt));
  await fleet.quiet(1_000);
  return printed < DEVICES;
}
