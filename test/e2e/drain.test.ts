// An agent is asked to leave, politely and less so; and signals that are meant for somebody else.
import { readFileSync } from 'node:fs';
import { describe, test } from 'vitest';
import { readResults, startCluster, troubles } from '../cluster.ts';
import { until } from '../process.ts';
import { checkWitnesses } from '../witness.ts';

const COMMAND = 'show version';

describe.concurrent('a sweep ends with every device at its first attempt', () => {
  test('when an agent is told twice to stop: it cuts its sessions, hands everything back and ends with 0', async ({
    expect,
  }) => {
    await using cluster = await startCluster({
      devices: 12,
      commandMs: 25_000, // time enough for another agent to come up, on a loaded machine too
      unprivileged: 0,
      agents: [{ name: 'one', segments: ['default'], forks: 4 }],
    });
    const { fleet } = cluster;
    await using run = cluster.start([COMMAND]);
    await until('it is in session', () => fleet.asked(COMMAND).length === 4);
    const one = cluster.agent('one');
    one.kill('SIGTERM');
    await cluster.startAgent({ name: 'two', segments: ['default'] }).ready();
    await until('another has what it had not begun', () => fleet.asked(COMMAND).length === 12);
    const open = fleet.asked(COMMAND).slice(0, 4);
    expect(
      open.every(({ to }) => to === Infinity),
      'what it had begun goes on',
    ).toBe(true);
    one.kill('SIGTERM');
    await one.ended();
    expect(one.exitCode).toBe(0);
    const { status, stdout } = await run.finished;
    const results = readResults(stdout);
    expect({ status, troubles: troubles(results) }).toEqual({ status: 0, troubles: [] });
    expect(new Set(results.map(({ attempts, agent }) => `${attempts} by ${agent}`))).toEqual(
      new Set(['1 by two']),
    );
    const cut = new Set(
      fleet
        .asked(COMMAND)
        .slice(0, 4)
        .map(({ device }) => device),
    );
    await checkWitnesses({ cluster, results, command: COMMAND, again: (device) => Number(cut.has(device)) });
  });

  test('when every agent is drained and started again, one after the other', async ({ expect }) => {
    const segments = ['default'];
    await using cluster = await startCluster({
      devices: 28,
      commandMs: 1_500,
      unprivileged: 0,
      agents: ['one', 'two'].map((name) => ({ name, segments, forks: 4 })),
    });
    const { fleet, place, serve } = cluster;
    await using run = cluster.start([COMMAND]);
    await serve.busy('one');
    for (const name of ['one', 'two']) {
      const drained = await place.netsweep(['agents', 'drain', name, '--wait']);
      expect(drained).toMatchObject({ status: 0, stderr: '' });
      expect(drained.stdout).toMatch(
        /^\S+: takes nothing new, (gives back or finishes the \d+ devices that it holds|holds nothing)\n\S+: holds nothing any more\n$/,
      );
      const { stdout } = await place.netsweep(['agents', 'list', '--json']);
      const agents = JSON.parse(stdout) as { name: string; state: string; devices: number }[]; // the contract's own
      expect(agents.find((agent) => agent.name === name)).toMatchObject({ state: 'draining', devices: 0 });
      expect(agents.find((agent) => agent.name !== name)).toMatchObject({ state: 'present' });
      await cluster.agent(name).stop('SIGTERM');
      await cluster.startAgent({ name, segments, forks: 4 }).ready();
    }
    const { status, stdout } = await run.finished;
    const results = readResults(stdout);
    expect({ status, troubles: troubles(results) }).toEqual({ status: 0, troubles: [] });
    expect(new Set(results.map(({ attempts }) => attempts))).toEqual(new Set([1]));
    expect(fleet.sessions().length, 'nothing was done again').toBe(28);
    await checkWitnesses({ cluster, results, command: COMMAND });
  });

  test('when Ctrl-C and a hang-up reach agents and workers, which are in groups of their own', async ({
    expect,
  }) => {
    await using cluster = await startCluster({ devices: 20, commandMs: 3_000, unprivileged: 0 });
    const { fleet, place } = cluster;
    await using run = cluster.start([COMMAND]);
    await until('it is in session', () => fleet.asked(COMMAND).length > 3);
    const children = place.processes().filter(({ cmdline }) => cmdline.includes('dist/agent/'));
    expect(children.some(({ cmdline }) => cmdline.includes('worker.js'))).toBe(true);
    for (const { pid } of children) {
      expect(groupOf(pid), 'leads a group of its own').toBe(pid);
      for (const signal of ['SIGINT', 'SIGHUP', 'SIGINT'] as const) process.kill(pid, signal);
    }
    const { status, stdout } = await run.finished;
    const results = readResults(stdout);
    expect({ status, troubles: troubles(results) }).toEqual({ status: 0, troubles: [] });
    await checkWitnesses({ cluster, results, command: COMMAND });
  });
});

function groupOf(pid: number): number {
  const [, , group] = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /, '')
    .split(' ');
  return Number(group);
}
