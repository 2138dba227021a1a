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
