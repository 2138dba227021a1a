// Upgrades and accidents in the middle of a sweep: agents replaced one after the other cost nothing at all, and a
// sweep that may write sends nothing twice whatever dies.
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type Cluster, readResults, startCluster, troubles } from '../cluster.ts';
import { until } from '../process.ts';
import { checkWitnesses, fault, inFlight } from '../witness.ts';

const AGENTS = [
  { name: 'one', segments: ['segment-1'] },
  { name: 'two', segments: ['segment-1', 'segment-2'] },
  { name: 'three', segments: ['segment-2'] },
];

/** The wipe of NATS, and a death of the coordinator. */
const ACCIDENTS = [
  async ({ nats }: Cluster) => {
    await nats.stop('SIGKILL');
    await rm(join(nats.folder, 'store'), { recursive: true });
    await nats.start();
  },
  async ({ serve }: Cluster) => {
    await serve.stop('SIGKILL');
    await serve.start();
  },
];

describe.concurrent('a sweep', () => {
  test('goes on while all agents are replaced one after the other: nothing fails and nothing is done again', async () => {
    const COMMAND = 'show version';
    await using cluster = await startCluster({
      ...{ devices: 60, segments: 2, unprivileged: 0 },
      ...{ commandMs: 2_500, agents: AGENTS },
    });
    const { fleet } = cluster;
    await using run = cluster.start(['--forks', '6', COMMAND]);
    await until('the first are asked', () => fleet.asked(COMMAND).length >= 6);
    for (const agent of AGENTS) {
      const old = cluster.agent(agent.name);
      await cluster.serve.busy(agent.name);
      old.kill('SIGTERM');
      await old.ended();
      expect(old.exitCode, old.log).toBe(0);
      await cluster.startAgent(agent).ready();
      expect(run.ended, `the sweep lasts longer than ${agent.name}`).toBe(false);
    }
    const { status, stdout, stderr } = await run.finished;
    const results = readResults(stdout);
    expect({ status, troubles: troubles(results) }, stderr).toEqual({ status: 0, troubles: [] });
    expect(results.filter(({ attempts }) => attempts !== 1)).toEqual([]);
    await checkWitnesses({ cluster, results, command: COMMAND });
    expect(fleet.sessions(), 'one session a device').toHaveLength(60);
  });

  test('that may write sends nothing twice while NATS is wiped and the coordinator and all agents are killed, and only what nobody knows of ends interrupted', async () => {
    const COMMAND = 'ping 10.0.0.1';
    await using cluster = await startCluster({
      ...{ devices: 30, segments: 2, unprivileged: 0 },
      ...{ commandMs: 3_000, agents: AGENTS },
    });
    const { fleet } = cluster;
    await using run = cluster.start(['--allow-writes', '--forks', '6', COMMAND]);
    const asked = () => fleet.asked(COMMAND);
    for (const accident of ACCIDENTS) {
      const before = asked().length;
      await until('more are asked', () => asked().length >= before + 4);
      await accident(cluster);
    }
    const newly = asked().length;
    await until('more are asked', () => asked().length > newly);
    const cut = await fault(run, async () => {
      for (const { name } of AGENTS) await cluster.agent(name).stop('SIGKILL');
    });
    await cluster.startAgent({ name: 'four', segments: ['segment-1', 'segment-2'] }).ready();
    const { status, stdout, stderr } = await run.finished;
    const results = readResults(stdout);
    const unknown = inFlight(fleet, cut);
    const lost = results.filter((result) => result.status === 'interrupted').map(({ device }) => device);
    expect({ status, lost: lost.length > 0 }, stderr).toEqual({ status: 1, lost: true });
    expect(troubles(results.filter((result) => result.status !== 'interrupted'))).toEqual([]);
    expect(
      lost.filter((device) => !unknown.has(device)),
      'whose fate was known',
    ).toEqual([]);
    // A device may be visited again, and is sent its command once.
    await checkWitnesses({ cluster, results, again: () => 1 });
    const times = asked().map(({ device }) => device);
    expect(times.sort()).toEqual([...new Set(times)].sort());
    // Who died between the leave to begin and the command has sent nothing, and nobody can know that.
    expect(new Set([...times, ...lost])).toEqual(new Set(fleet.names));
  });
});
