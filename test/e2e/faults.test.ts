// A part of a distributed sweep dies in the middle. The sweep ends all the same, and what the fault did not touch
// is not done twice.
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readResults, startCluster, troubles } from '../cluster.ts';
import { type Fleet, monotonicMs, type Session } from '../fleet.ts';
import { until } from '../process.ts';
import { checkWitnesses, fault, inFlight } from '../witness.ts';

const COMMAND = 'show version';

/** Resolves when so many devices have been asked. */
async function asked(fleet: Fleet, devices: number): Promise<void> {
  await until(`${devices} devices are asked`, () => fleet.asked(COMMAND).length >= devices);
}

function openNow(fleet: Fleet, segment: string): Session[] {
  const there = new Set(fleet.devices.filter((one) => one.segment === segment).map(({ name }) => name));
  return fleet.asked(COMMAND).filter(({ device, to }) => there.has(device) && to === Infinity);
}

describe.concurrent('a sweep ends', () => {
  test('with every device once when an agent is killed', async () => {
    await using cluster = await startCluster({
      devices: 30,
      segments: 2,
      commandMs: 5_000,
      agents: [
        { name: 'one', segments: ['segment-1'] },
        { name: 'two', segments: ['segment-1'] },
        { name: 'three', segments: ['segment-2'] },
      ],
    });
    const { fleet, serve } = cluster;
    await using run = cluster.start(['--forks', '12', COMMAND]);
    const victim = await until('all that the first segment holds is in session', async () => {
      const [first, second] = (await serve.listAgents())
        .filter(({ name }) => name !== 'three')
        .sort((a, b) => b.busy - a.busy);
      const held = (first?.busy ?? 0) + (second?.busy ?? 0);
      return held >= 3 && openNow(fleet, 'segment-1').length === held && first;
    });
    const death = await fault(run, () => cluster.agent(victim.name).stop('SIGKILL'));
    const { status, stdout } = await run.finished;
    expect({ status, troubles: troubles(readResults(stdout)) }).toEqual({ status: 0, troubles: [] });
    const results = readResults(stdout);
    const cut = inFlight(fleet, death);
    await checkWitnesses({ cluster, results, command: COMMAND, again: (device) => Number(cut.has(device)) });
    expect(fleet.sessions().length, 'some were visited again').toBeGreaterThan(30);
    const finishers = results.filter(({ segment }) => segment === 'segment-1').map(({ agent }) => agent);
    expect(finishers).toContain(victim.name === 'one' ? 'two' : 'one');
  });

  test('when the coordinator is killed and started again, and its client prints every device once', async () => {
    await using cluster = await startCluster({
      devices: 30,
      commandMs: 1_000,
      agents: [
        { name: 'one', segments: ['default'] },
        { name: 'two', segments: ['default'] },
      ],
    });
    const { fleet, serve } = cluster;
    await using run = cluster.start(['--forks', '6', COMMAND]);
    await until('some are printed', () => readResults(run.stdout).length >= 8);
    const restart = await fault(run, async () => {
      await serve.stop('SIGKILL');
      await serve.start();
    });
    const { status, stdout } = await run.finished;
    expect({ status, troubles: troubles(readResults(stdout)) }).toEqual({ status: 0, troubles: [] });
    const cut = inFlight(fleet, restart);
    await checkWitnesses({
      cluster,
      results: readResults(stdout),
      command: COMMAND,
      again: (device) => Number(cut.has(device)),
    });
  });

  test.each(['kept', 'lost'])(
    'when nats-server is killed and comes back with its store %s',
    async (store) => {
      await using cluster = await startCluster({
        devices: 24,
        commandMs: 700,
        agents: [
          { name: 'one', segments: ['default'] },
          { name: 'two', segments: ['default'] },
        ],
      });
      await using run = cluster.start(['--forks', '5', COMMAND]);
      await asked(cluster.fleet, 8);
      await cluster.nats.stop('SIGKILL');
      if (store === 'lost') await rm(join(cluster.nats.folder, 'store'), { recursive: true });
      await cluster.nats.start();
      const { status, stdout } = await run.finished;
      expect({ status, troubles: troubles(readResults(stdout)) }).toEqual({ status: 0, troubles: [] });
      await checkWitnesses({ cluster, results: readResults(stdout), command: COMMAND });
    },
  );

  test('without a failure when an agent drains: it ends with 0, and nothing runs twice', async () => {
    await using cluster = await startCluster({
      devices: 30,
      commandMs: 2_500,
      agents: [
        { name: 'one', segments: ['default'] },
        { name: 'two', segments: ['default'] },
      ],
    });
    const { fleet } = cluster;
    await using run = cluster.start(['--forks', '8', COMMAND]);
    await asked(fleet, 8);
    await cluster.serve.busy('one');
    const one = cluster.agent('one');
    one.kill('SIGTERM');
    await one.ended();
    expect(one.exitCode).toBe(0);
    expect(run.ended, 'the sweep goes on').toBe(false);
    const { status, stdout } = await run.finished;
    expect({ status, troubles: troubles(readResults(stdout)) }).toEqual({ status: 0, troubles: [] });
    await checkWitnesses({ cluster, results: readResults(stdout), command: COMMAND });
    expect(fleet.sessions()).toHaveLength(30);
  });

  test('without charging anybody when the coordinator stands still past half a lease, between two commands', async () => {
    const commands = [COMMAND, 'show clock'];
    await using cluster = await startCluster({
      devices: 6,
      commandMs: 5_200, // from the last renewal to the second command it is more than half a lease
      unprivileged: 0,
      agents: [{ name: 'one', segments: ['default'] }],
    });
    const { fleet, serve } = cluster;
    await using run = cluster.start(commands);
    await asked(fleet, 6);
    process.kill(serve.pid, 'SIGSTOP');
    await until('every first visit has ended', () => fleet.sessions().every(({ to }) => to < Infinity));
    process.kill(serve.pid, 'SIGCONT');
    const { status, stdout } = await run.finished;
    const results = readResults(stdout);
    expect({ status, troubles: troubles(results) }).toEqual({ status: 0, troubles: [] });
    expect(results.map(({ attempts }) => attempts)).toEqual([1, 1, 1, 1, 1, 1]);
    await checkWitnesses({ cluster, results, command: COMMAND, again: () => 1 });
  });

  test('when an agent freezes, and what it held says nothing more when it thaws', async () => {
    await using cluster = await startCluster({
      devices: 4,
      commandMs: 5_000,
      unprivileged: 0,
      agents: [{ name: 'one', segments: ['default'] }],
    });
    const { fleet, place } = cluster;
    await using run = cluster.start([COMMAND, 'show clock']);
    await asked(fleet, 4);
    const frozen = place.processes().filter(({ cmdline }) => cmdline.includes('dist/agent/'));
    expect(frozen).toHaveLength(2); // the agent and its worker
    for (const { pid } of frozen) process.kill(pid, 'SIGSTOP');
    await cluster.startAgent({ name: 'two', segments: ['default'] }).ready();
    const { status, stdout } = await run.finished;
    const results = readResults(stdout);
    expect({ status, troubles: troubles(results) }).toEqual({ status: 0, troubles: [] });
    expect(new Set(results.map(({ agent }) => agent))).toEqual(new Set(['two']));

    const thawedAt = monotonicMs();
    for (const { pid } of frozen) process.kill(pid, 'SIGCONT');
    await fleet.quiet();
    expect(fleet.events().filter((event) => event.event === 'command' && event.t >= thawedAt)).toEqual([]);
    const id = results[0]?.sweep ?? '';
    await until('what it brings is refused, and counted', async () => {
      const shown = await place.netsweep(['sweeps', 'show', id, '--json']);
      return (JSON.parse(shown.stdout) as { refusedResults: number }).refusedResults === 4;
    });
    expect(cluster.serve.log.match(/a result of one for \w+\/\d is refused/g)).toHaveLength(4);
    const next = await cluster.run(['show inventory']);
    expect({ status: next.status, troubles: troubles(next.results) }).toEqual({ status: 0, troubles: [] });
  });
});
