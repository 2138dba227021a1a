// A coordinator that stands still for longer than its leases, and one that is killed together with its run.
import { expect, test } from 'vitest';
import { readResults, startCluster, troubles } from '../cluster.ts';
import { monotonicMs } from '../fleet.ts';
import { until } from '../process.ts';
import { checkWitnesses, fault, inFlight } from '../witness.ts';

/** A lease's term and more, in ms. */
const STANDSTILL_MS = 11_000;

test('a coordinator that wakes after its leases have ended gives them anew, and takes nothing under the old ones', async () => {
  const command = 'show version';
  await using cluster = await startCluster({
    devices: 12,
    commandMs: 1_500,
    agents: [
      { name: 'one', segments: ['default'] },
      { name: 'two', segments: ['default'] },
    ],
  });
  const { fleet, serve } = cluster;
  await using run = cluster.start(['--forks', '6', command]);
  await until('some are asked', () => fleet.asked(command).length >= 4);
  const standstill = await fault(run, async () => {
    const from = monotonicMs();
    process.kill(serve.pid, 'SIGSTOP');
    await cluster.agent('two').stop('SIGKILL');
    await until('every lease has ended', () => monotonicMs() - from > STANDSTILL_MS);
    await fleet.quiet(); // no session without a lease
    process.kill(serve.pid, 'SIGCONT');
  });
  const { status, stdout } = await run.finished;
  const results = readResults(stdout);
  expect({ status, troubles: troubles(results) }).toEqual({ status: 0, troubles: [] });
  const cut = inFlight(fleet, standstill);
  await checkWitnesses({ cluster, results, command, again: (device) => Number(cut.has(device)) });
});

test('a sweep that may write, killed with its coordinator, is closed at the next start: what was begun is interrupted', async () => {
  const command = 'ping 10.0.0.1';
  await using cluster = await startCluster({ devices: 6, commandMs: 20_000, unprivileged: 0 });
  const { fleet, place } = cluster;
  await using run = cluster.start(['--allow-writes', '--forks', '2', command]);
  await until('two are asked', () => fleet.asked(command).length === 2);
  for (const { pid } of place.processes()) process.kill(pid, 'SIGKILL');
  await run.finished;
  await place.empty();
  const { status, stdout, stderr } = await place.netsweep(['sweeps', 'show', 'last', '--json']);
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  const shown = JSON.parse(stdout) as { status: string; counts: Record<string, number> };
  expect(shown).toMatchObject({ status: 'cancelled', counts: { interrupted: 2, cancelled: 4 } });
  const results = readResults(
    (await place.netsweep(['sweeps', 'results', 'last', '--format', 'ndjson'])).stdout,
  );
  const interrupted = results.filter((result) => result.status === 'interrupted').map(({ device }) => device);
  expect(interrupted.sort()).toEqual(
    fleet
      .asked(command)
      .map(({ device }) => device)
      .sort(),
  );
});
