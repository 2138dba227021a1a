// Sweeps that stop by themselves and sweeps that go in stages, over a whole cluster, with a coordinator that dies in
// the middle: what the devices saw decides.
import { describe, expect, test } from 'vitest';
import { type Cluster, type Result, readResults, startCluster, troubles } from '../cluster.ts';
import { monotonicMs, type Session } from '../fleet.ts';
import { until } from '../process.ts';
import { checkWitnesses, fault, inFlight } from '../witness.ts';

const COMMAND = 'show version';
const ONE = { unprivileged: 0, agents: [{ name: 'one', segments: ['default'] }] };

async function restart({ serve }: Cluster): Promise<void> {
  await serve.stop('SIGKILL');
  await serve.start();
}

/** How devices ended, with how many of each. */
function endings(results: Result[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { status, failure } of results) {
    const ending = failure === null ? status : `${status} ${failure.kind}`;
    counts[ending] = (counts[ending] ?? 0) + 1;
  }
  return counts;
}

function devicesOf(sessions: Session[]): string[] {
  return [...new Set(sessions.map(({ device }) => device))].sort();
}

describe.concurrent('netsweep run', () => {
  test('--site-sessions holds at each site while other sites go on', async () => {
    await using cluster = await startCluster({ ...ONE, devices: 18, siteSize: 9, commandMs: 400 });
    const { fleet } = cluster;
    await using run = cluster.start(['--site-sessions', '3', '--progress', 'on', COMMAND]);
    const { stdout, stderr } = await run.finished;
    expect(endings(readResults(stdout)), stderr).toEqual({ ok: 18 });
    expect(stderr).toContain('2 sites and jump hosts are full (3 sessions)');
    await fleet.quiet();
    const siteOf = new Map(fleet.devices.map(({ name, site }) => [name, site]));
    const at = (site: string) => fleet.mostAtOnce(0, (device) => siteOf.get(device) === site);
    expect([at('site-1'), at('site-2'), at('')]).toEqual([3, 3, 0]);
    expect(fleet.mostAtOnce()).toBeGreaterThan(3);
  });

  test('--max-fail begins nothing more once so many have failed, and says how to go on, also over a death of the coordinator', async () => {
    await using cluster = await startCluster({
      ...ONE,
      devices: 60,
      commandMs: 250,
      bad: { 'drop-output': 0.2 },
    });
    const { fleet, place } = cluster;
    const words = ['--max-fail', '5', '--forks', '6', '--retries', '0', COMMAND];
    for (const killed of [false, true]) {
      const since = monotonicMs();
      await using run = cluster.start(words);
      const begun = () => fleet.asked(COMMAND, since).length;
      let again = new Set<string>();
      if (killed) {
        await until('some are asked', () => begun() >= 8);
        again = inFlight(fleet, await fault(run, () => restart(cluster)));
      }
      const { status, stdout, stderr } = await run.finished;
      const results = readResults(stdout);
      expect(status, stderr).toBe(6);
      await checkWitnesses({
        cluster,
        results,
        command: COMMAND,
        since,
        again: (device) => +again.has(device),
      });
      const {
        'failed disconnected': failed = 0,
        'skipped limit': skipped = 0,
        ok = 0,
        ...other
      } = endings(results);
      expect(other).toEqual({});
      expect(ok + failed + skipped).toBe(60);
      expect(failed).toBeGreaterThanOrEqual(5);
      expect(failed, 'at most what was under way at the fifth fails after it').toBeLessThan(5 + 6);
      expect(skipped).toBeGreaterThan(0);
      const touched = results.filter((result) => result.status !== 'skipped');
      expect(devicesOf(fleet.sessions(since))).toEqual(touched.map(({ device }) => device).sort());
      expect(stderr).toMatch(
        new RegExp(
          `^stopped, ${skipped} devices never begun: \\d+ devices have failed and --max-fail is 5$`,
          'm',
        ),
      );
      expect(stderr).toMatch(
        /^again, only these: netsweep run --rerun \S+ --failed .*--max-fail 5.*\nonly those never begun: --kind limit/m,
      );
      expect((await place.netsweep(['sweeps', 'show', 'last'])).stdout).toContain(
        'none is begun once 5 have failed',
      );
    }
    const stored = await place.netsweep(['sweeps', 'results', 'last', '--format', 'ndjson']);
    const untouched = readResults(stored.stdout).filter((result) => result.status === 'skipped');
    const rest = [
      '--rerun',
      'last',
      '--kind',
      'limit',
      '--max-fail',
      '1',
      '--forks',
      '3',
      '--tolerate',
      '100%',
    ];
    const left = await cluster.run(rest);
    expect(left.status, 'a limit is not tolerated').toBe(6);
    expect(left.results.map(({ device }) => device).sort()).toEqual(
      untouched.map(({ device }) => device).sort(),
    );
  });

  test('--canary and --batch begin a stage when the one before has ended, also over a death of the coordinator', async () => {
    await using cluster = await startCluster({
      ...ONE,
      devices: 26,
      commandMs: 300,
      bad: { 'drop-output': 0.08 },
    });
    const { fleet } = cluster;
    const bad = fleet.devices.filter(({ fault }) => fault !== null).map(({ name }) => name);
    const good = fleet.names.filter((name) => !bad.includes(name));
    const stages = [good.slice(0, 2)];
    for (let from = 2; from < good.length; from += 8) stages.push(good.slice(from, from + 8));
    await using run = cluster.start(['--canary', '2', '--batch', '8', '-x', bad.join(','), COMMAND]);
    await until('a batch is under way', () => fleet.asked(COMMAND).length >= 4);
    const cut = inFlight(fleet, await fault(run, () => restart(cluster)));
    const { status, stdout, stderr } = await run.finished;
    const results = readResults(stdout);
    expect({ status, troubles: troubles(results) }, stderr).toEqual({ status: 0, troubles: [] });
    await checkWitnesses({
      cluster,
      results,
      command: COMMAND,
      again: (device) => +cut.has(device),
      selected: good,
    });
    const sessions = stages.map((stage) => fleet.sessions().filter(({ device }) => stage.includes(device)));
    for (const [at, stage] of sessions.entries()) {
      const before = sessions.slice(0, at).flat();
      expect(Math.max(0, ...before.map(({ to }) => to)), `stage ${at}`).toBeLessThan(
        Math.min(...stage.map(({ from }) => from)),
      );
    }

    const since = monotonicMs();
    const [first = ''] = bad;
    const after = fleet.names.slice(fleet.names.indexOf(first));
    const stopped = await cluster.run(['--canary', '1', '--retries', '0', '-w', after.join(','), COMMAND]);
    expect(stopped.status).toBe(6);
    expect(stopped.stderr).toContain(`the canary ${first} ended failed (disconnected)`);
    expect(endings(stopped.results)).toEqual({ 'failed disconnected': 1, 'skipped limit': after.length - 1 });
    await fleet.quiet();
    expect(devicesOf(fleet.sessions(since))).toEqual([first]);
  });
});
