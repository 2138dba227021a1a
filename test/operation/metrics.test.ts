// What a coordinator shows to those who watch over it, at the end of a sweep in which not all goes well.
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { FAMILIES } from '../../coordinator/operation/families.ts';
import { Counts, exposition, type Families, Histogram } from '../../proto/operation/metric.ts';
import { startCluster } from '../cluster.ts';
import { root } from '../process.ts';
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

test('a coordinator tells whether it is alive and ready, and counts what happens', async () => {
  await using cluster = await startCluster({
    devices: 12,
    bad: { refuse: 0.25 },
    unprivileged: 0,
    agents: [
      { name: 'one', segments: ['default'] },
      { name: 'two', segments: ['default', 'lab "x"'] },
    ],
  });
  const ask = async (path: string) => {
    const answer = await fetch(`http://${cluster.serve.http}${path}`);
    return { status: answer.status, type: answer.headers.get('content-type'), text: await answer.text() };
  };
  const { results } = await cluster.run(['--retries', '1', 'show version']);
  const count = (status: string) => results.filter((result) => result.status === status).length;
  expect([count('ok'), count('failed')]).toEqual([9, 3]);

  expect(await ask('/healthz')).toMatchObject({ status: 200, text: 'ok\n' });
  const readiness = await ask('/readyz');
  expect(readiness.status).toBe(200);
  expect(readiness.text).toMatch(/^ready\nstore: writable\npause: none\nnats: 127\.0\.0\.1:\d+\n$/);
  expect(await ask('/metrics/..%2f')).toMatchObject({ status: 404 });
  expect((await fetch(`http://${cluster.serve.http}/metrics`, { method: 'POST' })).status).toBe(405);

  const { type, text } = await ask('/metrics');
  expect(type).toBe('text/plain; version=0.0.4; charset=utf-8');
  expect(text, 'no device is named').not.toMatch(/R\d|127\.\d+\.\d+\.\d+/);
  const shown = new Exposition(text);
  const values = (name: string) =>
    Object.fromEntries(
      shown.family(name).samples.map(({ labels, value }) => [Object.values(labels).join(' '), value]),
    );
  expect(values('netsweep_devices_total')).toEqual({ 'ok none': 9, 'failed refused': 3 });
  expect(values('netsweep_retries_total')).toEqual({ refused: 3 });
  expect(values('netsweep_results_total')).toMatchObject({ stored: 15, refused: 0, duplicate: 0 });
  expect(values('netsweep_login_outcomes_total')).toMatchObject({ accepted: 9, refused: 0 });
  expect(values('netsweep_host_keys_total')).toEqual({ new: 9, accepted: 0, changed: 0 });
  expect(values('netsweep_sweeps_ended_total')).toEqual({ ended: 1, cancelled: 0 });
  expect(values('netsweep_agents')).toEqual({ 'default present': 2, 'lab "x" present': 1 });
  expect(values('netsweep_agent_sessions')).toEqual({ one: 0, two: 0 });
  expect(values('netsweep_paused')).toEqual({ 'store-full': 0, 'rolled-back': 0 });
  expect(shown.value('netsweep_claims_total', { answer: 'grant' })).toBeGreaterThan(0);
  expect(shown.value('netsweep_offers_total', { way: 'nats' })).toBeGreaterThan(0);
  expect(shown.value('netsweep_nats_up')).toBe(1);
  expect(shown.value('netsweep_commit_duration_seconds_count')).toBeGreaterThan(3);
  expect(shown.value('netsweep_store_bytes')).toBeGreaterThan(10_000);
  expect(shown.value('process_open_fds')).toBeGreaterThan(5);
});

test('docs/operation.md lists every metric with its type, its labels and what it means', () => {
  const text = readFileSync(`${root}/docs/operation.md`, 'utf8');
  expect(tableUnder(text, '### The coordinator')).toEqual(rowsOf(FAMILIES));
});

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
