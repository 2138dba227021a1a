// An agent whose machine has too little of something takes on less at once; no device pays for it.
import { describe, test } from 'vitest';
import { type Cluster, readResults, startCluster, troubles } from '../cluster.ts';
import { monotonicMs } from '../fleet.ts';
import { output, until } from '../process.ts';
import { checkWitnesses } from '../witness.ts';

const SWEEP_MS = 90_000;
const COMMAND = 'show version';

function workersOf({ place }: Cluster): number[] {
  return place.processes().flatMap(({ pid, cmdline }) => (cmdline.includes('agent/worker.js') ? [pid] : []));
}

describe.concurrent('every device is swept, at its first attempt', () => {
  test('by an agent with 256 descriptors that was told to hold 500 sessions', {
    timeout: SWEEP_MS,
  }, async ({ expect }) => {
    await using cluster = await startCluster({
      devices: 400,
      commandMs: 1_000,
      unprivileged: 0,
      agents: [{ name: 'one', segments: ['default'], forks: 500, descriptors: 256 }],
    });
    const { status, results } = await cluster.run(['--forks', '500', COMMAND], { timeoutMs: SWEEP_MS });
    expect({ status, troubles: troubles(results) }).toEqual({ status: 0, troubles: [] });
    expect(results.filter(({ attempts }) => attempts !== 1)).toEqual([]);
    await checkWitnesses({ cluster, results, command: COMMAND });
  });

  test('by a worker that runs out of descriptors in the midst', { timeout: SWEEP_MS }, async ({ expect }) => {
    await using cluster = await startCluster({
      devices: 60,
      commandMs: 1_500,
      unprivileged: 0,
      agents: [{ name: 'one', segments: ['default'], forks: 100 }],
    });
    const { fleet } = cluster;
    await cluster.run(['-w', 'R1', 'show clock']);
    const [worker] = workersOf(cluster);
    await output('prlimit', ['--pid', String(worker), '--nofile=45:45']);
    const since = monotonicMs();
    const { status, results } = await cluster.run([COMMAND], { timeoutMs: SWEEP_MS });
    expect({ status, troubles: troubles(results) }).toEqual({ status: 0, troubles: [] });
    expect(results.filter(({ attempts }) => attempts !== 1)).toEqual([]);
    expect(workersOf(cluster), 'the same worker').toEqual([worker]);
    expect(cluster.agent('one').log).toMatch(/EMFILE.*fewer sessions at once for now/);
    expect(fleet.mostAtOnce()).toBeLessThan(40);
    await checkWitnesses({ cluster, results, command: COMMAND, since });
  });

  test('by an agent that can start no process for a while', { timeout: SWEEP_MS }, async ({ expect }) => {
    await using cluster = await startCluster({
      devices: 6,
      unprivileged: 0,
      agents: [{ name: 'one', segments: ['default'] }],
    });
    const agent = cluster.agent('one');
    // With none to spare, pipes to a process can't be made.
    const limit = (most: string) => output('prlimit', ['--pid', String(agent.pid), `--nofile=${most}`]);
    await limit('12:');
    await using run = cluster.start([COMMAND]);
    await until('it has tried', () => /fewer sessions at once/.test(agent.log));
    expect(workersOf(cluster)).toEqual([]);
    await limit('1000:');
    const { status, stdout } = await run.finished;
    const results = readResults(stdout);
    expect({ status, troubles: troubles(results) }).toEqual({ status: 0, troubles: [] });
    expect(results.filter(({ attempts }) => attempts !== 1)).toEqual([]);
    await checkWitnesses({ cluster, results, command: COMMAND });
  });
});
