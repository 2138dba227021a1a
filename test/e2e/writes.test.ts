// Sweeps that may write, with agents and coordinators that die: what may have been sent is never sent again, and
// what was not is done by another.
import { describe, expect, test } from 'vitest';
import { type Cluster, readResults, startCluster, troubles } from '../cluster.ts';
import { until } from '../process.ts';
import { checkWitnesses } from '../witness.ts';

const COMMAND = 'ping 10.0.0.1';

async function replaceAgent(cluster: Cluster): Promise<void> {
  await cluster.agent('one').stop('SIGKILL');
  await cluster.startAgent({ name: 'two', segments: ['default'] }).ready();
}

const ONE = { unprivileged: 0, agents: [{ name: 'one', segments: ['default'] }] };

describe.concurrent('a sweep that may write', () => {
  test('sends nothing twice when its agent is killed after the command was sent', async () => {
    await using cluster = await startCluster({ ...ONE, devices: 3, commandMs: 8_000 });
    const { fleet } = cluster;
    await using run = cluster.start(['--allow-writes', COMMAND]);
    await until('all are asked', () => fleet.asked(COMMAND).length === 3);
    await replaceAgent(cluster);
    const { status, stdout } = await run.finished;
    const results = readResults(stdout);
    expect(status).toBe(1);
    await checkWitnesses({ cluster, results, command: COMMAND });
    expect(results.map((result) => result.status)).toEqual(['interrupted', 'interrupted', 'interrupted']);
    expect(fleet.asked(COMMAND)).toHaveLength(3);
  });

  test('is done by another agent where the first is killed before its command was sent', async () => {
    await using cluster = await startCluster({ ...ONE, devices: 3, promptMs: 8_000 });
    const { fleet } = cluster;
    await using run = cluster.start(['--allow-writes', COMMAND]);
    await until('all are on their way in', () => fleet.sessions().length === 3);
    await replaceAgent(cluster);
    const { status, stdout } = await run.finished;
    const results = readResults(stdout);
    expect({ status, troubles: troubles(results) }).toEqual({ status: 0, troubles: [] });
    await checkWitnesses({ cluster, results, command: COMMAND, again: () => 1 });
    expect(fleet.asked(COMMAND)).toHaveLength(3);
    expect(new Set(results.map(({ agent }) => agent))).toEqual(new Set(['two']));
  });

  test.each([
    ['before leave to begin is on disk', 'start.decided'],
    ['between the commit of leave to begin and its answer', 'start.committed'],
  ])('goes on when its coordinator is killed %s', async (_when, point) => {
    await using cluster = await startCluster({ ...ONE, devices: 4 });
    const { fleet, serve } = cluster;
    await serve.stop('SIGTERM');
    await serve.start({ NETSWEEP_FAILPOINTS: `${point}=kill@2` });
    await using run = cluster.start(['--allow-writes', COMMAND]);
    await serve.ended();
    await serve.stop('SIGKILL');
    await serve.start();
    const { status, stdout } = await run.finished;
    const results = readResults(stdout);
    // A coordinator that takes longer than a lease to come back leaves sessions cut, or gone before their command.
    const isWhole = (commands: string[]) => commands.includes(COMMAND) && commands.includes('exit');
    const cut = new Set(
      fleet.sessions().flatMap(({ device, commands }) => (isWhole(commands) ? [] : [device])),
    );
    const unexplained = results.filter(
      (result) => result.status !== 'interrupted' || !cut.has(result.device),
    );
    expect(troubles(unexplained)).toEqual([]);
    expect(status).toBe(unexplained.length === 4 ? 0 : 1);
    await checkWitnesses({ cluster, results, command: COMMAND, again: (device) => Number(cut.has(device)) });
    const asked = fleet.asked(COMMAND).map(({ device }) => device);
    expect(asked.toSorted(), 'sent once').toEqual([...new Set(asked)].sort());
  });
});
