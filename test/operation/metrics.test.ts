// What a coordinator shows to those who watch over it, at the end of a sweep in which not all goes well.
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { FAMILIES as AGENT } from '../../agent/operation/families.ts';
import { FAMILIES as COORDINATOR } from '../../coordinator/operation/families.ts';
import { Counts, exposition, type Families, Histogram } from '../../proto/operation/metric.ts';
import { startCluster } from '../cluster.ts';
import { root, until } from '../process.ts';
import { Exposition } from './exposition.ts';

test('a label may hold anything, and a histogram adds up', () => {
  const families = {
    a_total: { type: 'counter', labels: ['x', 'y'], help: 'two\nlines and a \\' },
    b_seconds: { type: 'histogram', labels: [], help: 'b' },
  } as const satisfies Families;
  const counts = new Counts(['"\\\nhalf']);
  counts.add('quoted "1"\nback\\slash', 2);
  const histogram = new Histogram([0.1, 1]);
  for (const value of [0.05, 0.1, 0.5, 7]) histogram.observe(value);
  const shown = new Exposition(exposition(families, { a_total: counts, b_seconds: histogram }));
  expect(shown.value('a_total', { x: 'quoted "1"', y: 'back\\slash' })).toBe(2);
  expect(shown.family('a_total').samples).toHaveLength(2);
  const buckets = ['0.1', '1', '+Inf'].map((le) => shown.value('b_seconds_bucket', { le }));
  expect([buckets, shown.value('b_seconds_sum'), shown.value('b_seconds_count')]).toEqual([
    [2, 3, 4],
    7.65,
    4,
  ]);
});

test('coordinator and agents tell whether they are alive and ready, and count what happens', async () => {
  await using cluster = await startCluster({
    devices: 12,
    bad: { refuse: 0.25 },
    unprivileged: 0,
    agents: [
      { name: 'one', segments: ['default'], words: ['--http', '127.0.0.1:0'] },
      { name: 'two', segments: ['lab "x"', 'lab 2'] },
    ],
  });
  const { results } = await cluster.run(['--retries', '1', 'show version']);
  const count = (status: string) => results.filter((result) => result.status === status).length;
  expect([count('ok'), count('failed')]).toEqual([9, 3]);

  const { http } = cluster.serve;
  expect(await ask(http, '/healthz')).toMatchObject({ status: 200, text: 'ok\n' });
  const readiness = await ask(http, '/readyz');
  expect(readiness.status).toBe(200);
  expect(readiness.text).toMatch(/^ready\nstore: writable\npause: none\nnats: 127\.0\.0\.1:\d+\n$/);
  expect(await ask(http, '/metrics/..%2f')).toMatchObject({ status: 404 });
  expect((await fetch(`http://${http}/metrics`, { method: 'POST' })).status).toBe(405);

  const coordinator = await metricsAt(http);
  expect(coordinator.all('netsweep_devices_total')).toEqual({ 'ok none': 9, 'failed refused': 3 });
  expect(coordinator.all('netsweep_retries_total')).toEqual({ refused: 3 });
  expect(coordinator.all('netsweep_results_total')).toMatchObject({ stored: 15, refused: 0, duplicate: 0 });
  expect(coordinator.all('netsweep_login_outcomes_total')).toMatchObject({ accepted: 9, refused: 0 });
  expect(coordinator.all('netsweep_host_keys_total')).toEqual({ new: 9, accepted: 0, changed: 0 });
  expect(coordinator.all('netsweep_sweeps_ended_total')).toEqual({ ended: 1, cancelled: 0 });
  expect(coordinator.all('netsweep_agents')).toEqual({
    'default present': 1,
    'lab "x" present': 1,
    'lab 2 present': 1,
  });
  expect(coordinator.all('netsweep_devices_leased')).toEqual({ one: 0, two: 0 });
  expect(coordinator.all('netsweep_paused')).toEqual({ 'store-full': 0, 'rolled-back': 0 });
  expect(coordinator.value('netsweep_claims_total', { answer: 'grant' })).toBeGreaterThan(0);
  expect(coordinator.value('netsweep_offers_total')).toBeGreaterThan(0);
  expect(coordinator.value('netsweep_nats_up')).toBe(1);
  expect(coordinator.value('netsweep_commit_duration_seconds_count')).toBeGreaterThan(3);
  expect(coordinator.value('netsweep_store_bytes')).toBeGreaterThan(10_000);
  expect(coordinator.value('process_open_fds')).toBeGreaterThan(5);

  const { http: at } = cluster.agent('one');
  expect((await ask(at, '/readyz')).text).toMatch(
    /^ready\ncoordinator: 127\.\S+\nnats: 127\.\S+\nwork: taken\n$/,
  );
  const agent = await metricsAt(at);
  expect(agent.all('netsweep_agent_attempts_total')).toEqual({ 'ok none': 9, 'failed refused': 6 });
  expect(agent.value('netsweep_agent_connect_duration_seconds_count')).toBe(9);
  expect(agent.value('netsweep_agent_login_duration_seconds_count')).toBe(9);
  expect(agent.value('netsweep_agent_command_duration_seconds_count')).toBe(9);
  expect(agent.value('netsweep_agent_device_bytes_total', { direction: 'in' })).toBeGreaterThan(9 * 1_000);
  expect(agent.value('netsweep_agent_device_bytes_total', { direction: 'out' })).toBeGreaterThan(9 * 500);
  expect(agent.all('netsweep_agent_workers')).toEqual({ up: 1, starting: 0 });
  expect(agent.value('netsweep_agent_workers_memory_bytes')).toBeGreaterThan(10e6);
  expect(agent.value('netsweep_agent_claims_total', { answer: 'grant' })).toBeGreaterThan(0);
  expect(agent.value('netsweep_agent_unacknowledged_results')).toBe(0);
  expect([agent.value('netsweep_agent_link_up'), agent.value('netsweep_agent_links_total')]).toEqual([1, 1]);

  await cluster.serve.stop('SIGTERM');
  await until('it has nothing to do', async () => (await ask(at, '/readyz')).status === 503);
  expect((await ask(at, '/readyz')).text).toMatch(/^not ready\ncoordinator: \S+ is away\n/);
});

test('docs/operation.md lists every metric with its type, its labels and what it means', () => {
  const text = readFileSync(`${root}/docs/operation.md`, 'utf8');
  expect(tableUnder(text, '### The coordinator')).toEqual(rowsOf(COORDINATOR));
  expect(tableUnder(text, '### An agent')).toEqual(rowsOf(AGENT));
});

async function ask(at: string, path: string) {
  const answer = await fetch(`http://${at}${path}`);
  return { status: answer.status, type: answer.headers.get('content-type'), text: await answer.text() };
}

async function metricsAt(at: string): Promise<Exposition> {
  const { type, text } = await ask(at, '/metrics');
  expect(type).toBe('text/plain; version=0.0.4; charset=utf-8');
  expect(text, 'no device is named').not.toMatch(/R\d|127\.\d+\.\d+\.\d+/);
  return new Exposition(text);
}

function rowsOf(families: Families): string[] {
  return Object.entries(families).map(([name, { type, labels, help }]) =>
    `| \`${name}\` | ${type} | ${labels.join(', ')} | ${help} |`.replace('  ', ' '),
  );
}

/** Its rows, without the head. */
function tableUnder(text: string, title: string): string[] {
  const [, after = ''] = text.split(`${title}\n`);
  const [section = ''] = after.split('\n#');
  return section.split('\n').filter((line) => line.startsWith('| `'));
}
