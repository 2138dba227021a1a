// Coordinator and agents of neighbouring releases, each of which knows nothing of what is new in the other; and one that
// is further away.
import { expect, test } from 'vitest';
import { startCluster, troubles } from '../cluster.ts';
import { until } from '../process.ts';
import { OldProxy } from './oldproxy.ts';

interface Listed {
  name: string;
  state: string;
  version: string;
  host: string | null;
  skewMs: number | null;
}

test('an agent and a coordinator that each take the other for the release before work, drain and are told of', async () => {
  await using cluster = await startCluster({
    devices: 6,
    agents: [{ name: 'new', segments: ['elsewhere'] }],
  });
  const { place, serve } = cluster;
  await using proxy = await OldProxy.open(serve.address, '0.0.9');
  const segments = ['default'];
  await cluster.startAgent({ name: 'old', segments, words: ['--coordinator', proxy.address] }).ready();
  const listed = async () => {
    const { stdout } = await place.netsweep(['agents', 'list', '--json']);
    return (JSON.parse(stdout) as Listed[]).find(({ name }) => name === 'old'); // the contract's own object
  };
  const { status, results } = await cluster.run(['show version']);
  expect({ status, troubles: troubles(results) }).toEqual({ status: 0, troubles: [] });
  expect(new Set(results.map(({ agent }) => agent))).toEqual(new Set(['old']));
  await until('it has told of itself', () => proxy.dropped.has('status'));
  expect(await listed()).toMatchObject({ state: 'present', version: '0.0.9', host: null, skewMs: null });

  expect(await place.netsweep(['agents', 'drain', 'old', '--wait'])).toMatchObject({ status: 0 });
  expect([...proxy.dropped].sort(), 'it was not told').toEqual(['drain', 'status']);
  expect(await listed()).toMatchObject({ state: 'draining' });
  const idle = await cluster.run(['--agent-wait', '1', 'show version']);
  expect(new Set(idle.results.map(({ failure }) => failure?.kind))).toEqual(new Set(['no-agent']));
  await place.netsweep(['agents', 'undrain', 'old']);
  expect((await cluster.run(['show version'])).status).toBe(0);

  const doctor = await place.netsweep(['doctor', '--json']);
  const found = JSON.parse(doctor.stdout) as { name: string; verdict: string; found: string }[]; // the contract's own
  expect(found.filter(({ name }) => name === 'agent versions')).toMatchObject([
    { verdict: 'warn', found: expect.stringMatching(/^agent old is 0\.0\.9, the coordinator \d/) },
  ]);
});

test('an agent more than one release away is told so, and asks again later', async () => {
  await using cluster = await startCluster({
    devices: 1,
    agents: [{ name: 'new', segments: ['elsewhere'] }],
  });
  await using proxy = await OldProxy.open(cluster.serve.address, '7.0.0');
  const far = cluster.startAgent({
    name: 'far',
    segments: ['default'],
    words: ['--coordinator', proxy.address],
  });
  await until('it is told', () =>
    /it is 7\.0\.0, more than one release from \d+\.\d+\.\d+: upgrade the older one/.test(far.log),
  );
  expect((await cluster.serve.listAgents()).map(({ name }) => name)).toEqual(['new']);
  expect(far.exitCode).toBe(null);
});
