// Devices that make the process die that holds them, processes that die of other things, and machines that have too
// little of something for them; and a worker that oversleeps.
import { randomUUID } from 'node:crypto';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'vitest';
import { type AgentOptions, type Cluster, readResults, startCluster, troubles } from '../cluster.ts';
import { monotonicMs } from '../fleet.ts';
import { output, until } from '../process.ts';
import { checkWitnesses } from '../witness.ts';

const COMMAND = 'show version';
/** For hundreds of devices at once, which share what a busy machine has left. */
const PATIENT = ['--login-timeout', '150', '--connect-timeout', '150'];

/** Far from each other in the inventory, and where the sites of a fleet (50 devices each) take turns. */
const POISONED = ['R3', 'R60', 'R117', 'R174', 'R31', 'R88', 'R145'];

/** Two agents whose workers pass failpoints, and what fired of them. */
class Poison implements Disposable {
  readonly #log = join(tmpdir(), `netsweep-poison-${randomUUID()}`);

  constructor(private readonly failpoints: string[]) {}

  get agents(): AgentOptions[] {
    const env = {
      NETSWEEP_FAILPOINTS: this.failpoints.join(','),
      NETSWEEP_FAILPOINTS_LOG: this.#log,
    };
    return ['one', 'two'].map((name) => ({ name, segments: ['default'], forks: 20, env }));
  }

  /** How often each did. */
  get fired(): Record<string, number> {
    const counts: Record<string, number> = {};
    for (const line of existsSync(this.#log)
      ? readFileSync(this.#log, 'utf8').split('\n').slice(0, -1)
      : []) {
      const [name = ''] = line.split(' ');
      counts[name] = (counts[name] ?? 0) + 1;
    }
    return counts;
  }

  [Symbol.dispose](): void {
    rmSync(this.#log, { force: true });
  }
}

function workersOf({ place }: Cluster): number[] {
  return place.processes().flatMap(({ pid, cmdline }) => (cmdline.includes('agent/worker.js') ? [pid] : []));
}

describe.concurrent('a sweep', () => {
  test('fails exactly the devices that kill their worker each time, with evidence, and charges nobody else', async ({
    expect,
  }) => {
    const poison = ['R7', 'R23'];
    using poisoned = new Poison(['worker.loggedIn.R7=segv', 'worker.loggedIn.R23=exit']);
    const { agents } = poisoned;
    await using cluster = await startCluster({ devices: 60, commandMs: 300, unprivileged: 0, agents });
    const { status, results } = await cluster.run([COMMAND]);
    expect(status).toBe(1);
    const failed = results.filter((result) => result.status !== 'ok');
    expect(failed.map(({ device }) => device).sort()).toEqual([...poison].sort());
    for (const { failure, status: how } of failed)
      expect({ how, kind: failure?.kind, retryable: failure?.retryable }).toEqual({
        how: 'failed',
        kind: 'worker-lost',
        retryable: false,
      });
    const evidence = (name: string) => failed.find(({ device }) => device === name)?.failure?.message;
    // Each may have been there when the other one's process died; at its last death nobody else was.
    expect(evidence('R7')).toMatch(/killed by SIGSEGV.*killed by SIGSEGV$/);
    expect(evidence('R23')).toMatch(/ended with 0 without a result.*ended with 0 without a result$/);
    const charged = results.filter(({ device, attempts }) => !poison.includes(device) && attempts !== 1);
    expect(charged).toEqual([]);
    // Alone from the second death on; two that die together are there at each other's.
    const deaths = poisoned.fired;
    expect(Object.keys(deaths).sort()).toEqual(['worker.loggedIn.R23=exit', 'worker.loggedIn.R7=segv']);
    for (const [name, count] of Object.entries(deaths)) expect(count, name).toBeLessThanOrEqual(3);
    await checkWitnesses({ cluster, results, command: COMMAND, again: () => 4 });
  });

  test('ends ok for every device when workers die in each way there is, once each', async ({ expect }) => {
    const ways = ['kill', 'segv', 'exit', 'uncaught', 'throw', 'loop', 'stop'];
    const failpoints = ways.map((way, at) => `worker.session.${POISONED[at]}=${way}!`);
    using poisoned = new Poison(failpoints);
    const { agents } = poisoned;
    await using cluster = await startCluster({ devices: 200, commandMs: 300, unprivileged: 0, agents });
    const { status, results } = await cluster.run([COMMAND]);
    expect({ status, troubles: troubles(results) }).toEqual({ status: 0, troubles: [] });
    expect(results.filter(({ attempts }) => attempts !== 1)).toEqual([]);
    expect(poisoned.fired).toEqual(
      Object.fromEntries(failpoints.map((failpoint) => [failpoint.replace('!', ''), 1])),
    );
    await checkWitnesses({ cluster, results, command: COMMAND, again: () => ways.length });
  });
});

describe.concurrent('every device is swept, at its first attempt', () => {
  test('by an agent with 256 descriptors that was told to hold 500 sessions', async ({ expect }) => {
    await using cluster = await startCluster({
      devices: 320,
      commandMs: 1_000,
      unprivileged: 0,
      agents: [{ name: 'one', segments: ['default'], forks: 500, descriptors: 256 }],
    });
    const { status, results } = await cluster.run(['--forks', '500', ...PATIENT, COMMAND]);
    expect({ status, troubles: troubles(results) }).toEqual({ status: 0, troubles: [] });
    expect(results.filter(({ attempts }) => attempts !== 1)).toEqual([]);
    await checkWitnesses({ cluster, results, command: COMMAND });
  });

  test('by a worker that runs out of descriptors in the midst', async ({ expect }) => {
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
    const { status, results } = await cluster.run([COMMAND]);
    expect({ status, troubles: troubles(results) }).toEqual({ status: 0, troubles: [] });
    expect(results.filter(({ attempts }) => attempts !== 1)).toEqual([]);
    expect(workersOf(cluster), 'the same worker').toEqual([worker]);
    expect(cluster.agent('one').log).toMatch(/EMFILE.*fewer sessions at once for now/);
    expect(fleet.mostAtOnce()).toBeLessThan(40);
    await checkWitnesses({ cluster, results, command: COMMAND, since });
  });

  test('by an agent that can start no process for a while', async ({ expect }) => {
    await using cluster = await startCluster({
      devices: 6,
      unprivileged: 0,
      agents: [{ name: 'one', segments: ['default'] }],
    });
    const agent = cluster.agent('one');
    // It has every connection that it needs, and then loses its worker.
    await cluster.run(['-w', 'R1', 'show clock']);
    for (const pid of workersOf(cluster)) process.kill(pid, 'SIGKILL');
    await until('its worker has gone', () => workersOf(cluster).length === 0);
    const limit = (most: string) => output('prlimit', ['--pid', String(agent.pid), `--nofile=${most}`]);
    await limit('12:');
    const since = monotonicMs();
    await using run = cluster.start([COMMAND]);
    await until('it has tried', () => /fewer sessions at once/.test(agent.log));
    expect(workersOf(cluster)).toEqual([]);
    await limit('1000:');
    const { status, stdout } = await run.finished;
    const results = readResults(stdout);
    expect({ status, troubles: troubles(results) }).toEqual({ status: 0, troubles: [] });
    expect(results.filter(({ attempts }) => attempts !== 1)).toEqual([]);
    await checkWitnesses({ cluster, results, command: COMMAND, since });
  });
});

test.concurrent('a worker that wakes past its lease, its agent still asleep, says nothing more to any device', async ({
  expect,
}) => {
  await using cluster = await startCluster({
    devices: 4,
    commandMs: 5_000,
    unprivileged: 0,
    agents: [{ name: 'one', segments: ['default'] }],
  });
  const { fleet } = cluster;
  await using run = cluster.start([COMMAND, 'show clock']);
  await until('all are asked', () => fleet.asked(COMMAND).length === 4);
  const workers = workersOf(cluster);
  const asleep = [cluster.agent('one').pid, ...workers];
  for (const pid of asleep) process.kill(pid, 'SIGSTOP');
  await cluster.startAgent({ name: 'two', segments: ['default'] }).ready();
  const { status, stdout } = await run.finished;
  const results = readResults(stdout);
  expect({ status, troubles: troubles(results) }).toEqual({ status: 0, troubles: [] });
  expect(new Set(results.map(({ agent }) => agent))).toEqual(new Set(['two']));
  const wokenAt = monotonicMs();
  for (const pid of workers) process.kill(pid, 'SIGCONT');
  await fleet.quiet();
  expect(fleet.events().filter(({ event, t }) => event === 'command' && t >= wokenAt)).toEqual([]);
});
