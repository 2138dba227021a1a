// Enrolment with real programs: tokens, certificates, renewal and revocation.
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { expect, test } from 'vitest';
import { readJoinToken } from '../../proto/identity/jointoken.js';
import { readResults, troubles } from '../cluster.ts';
import { Enrolled } from '../enrolled.ts';
import { Place } from '../place.ts';
import { until } from '../process.ts';

test('an agent and an operator join by tokens that work once, and a sweep needs nothing more', async () => {
  await using netsweep = await Enrolled.open({ devices: 5 });
  await using host = await Place.open();
  await using desk = await Place.open();
  const token = await netsweep.token('dc1-a', '--segment', 'default');
  expect((await netsweep.join(host, token)).status).toBe(0);
  const again = await netsweep.join(host, token);
  expect(again).toMatchObject({ status: 4, stderr: expect.stringContaining('unknown, used or too old') });
  expect((await netsweep.join(host, `${token.slice(0, -4)}AAAA`)).status).toBe(2);
  await netsweep.start(host, 'dc1-a').ready();
  expect(statSync(host.path('agent/key.pem')).mode & 0o777).toBe(0o600);
  await netsweep.operator(desk, 'alice');
  const swept = await desk.netsweep(['run', '-i', netsweep.fleet.inventory(), '--format', 'ndjson']);
  expect(troubles(readResults(swept.stdout))).toEqual([]);
  expect(swept.status).toBe(0);

  const overwritten = await netsweep.local('serve', '--init');
  expect(overwritten).toMatchObject({ status: 2, stderr: expect.stringContaining('never overwritten') });
  const secret = readJoinToken(token)?.secret ?? Buffer.alloc(0);
  const state = netsweep.place.path('coordinator/serve');
  for (const name of readdirSync(state).filter((one) => one.startsWith('store.db')))
    expect(readFileSync(`${state}/${name}`).includes(secret), name).toBe(false);
  expect(netsweep.serve.log).not.toContain(token.slice(10, 40));
});

test('a certificate is renewed while a sweep goes on, and nothing of it is done twice', async () => {
  await using netsweep = await Enrolled.open({ devices: 12, commandMs: 300 });
  await using host = await Place.open();
  await using desk = await Place.open();
  await netsweep.operator(desk, 'alice');
  expect((await netsweep.join(host, await netsweep.token('a', '--segment', 'default'))).status).toBe(0);
  const kept = JSON.parse(readFileSync(host.path('agent/identity.json'), 'utf8'));
  const soon = Date.now() + 6_000;
  await host.write('agent/identity.json', JSON.stringify({ ...kept, renewFromMs: soon }));
  const agent = netsweep.start(host, 'a');
  await agent.ready();
  const run = ['run', '-i', netsweep.fleet.inventory(), '-f', '2', '--format', 'ndjson'];
  const sweep = desk.start([...run, 'show version', 'show clock', 'show inventory']);
  const renewed = () => JSON.parse(readFileSync(host.path('agent/identity.json'), 'utf8')).renewFromMs > soon;
  await until('the certificate is renewed', renewed);
  const swept = await sweep.finished;
  expect(troubles(readResults(swept.stdout))).toEqual([]);
  expect(readResults(swept.stdout).map(({ attempts }) => attempts)).toEqual(Array(12).fill(1));
  const members = JSON.parse((await netsweep.local('agents', 'members', '--json')).stdout);
  expect(members.find(({ name }: { name: string }) => name === 'a').certificates).toBe(2);
});

test('who is revoked is out at once, with what it has open, and stays out', async () => {
  await using netsweep = await Enrolled.open({ devices: 4, commandMs: 2_000 });
  await using host = await Place.open();
  await using desk = await Place.open();
  await netsweep.operator(desk, 'alice');
  const agent = await netsweep.agent(host, 'a');
  const run = ['run', '-i', netsweep.fleet.inventory(), '-f', '1', '--agent-wait', '1', '--format', 'ndjson'];
  const sweep = desk.start([...run, 'show version']);
  await until('the agent is busy', () => netsweep.fleet.sessions().length > 0);
  expect((await netsweep.local('agents', 'revoke', 'a')).stdout).toBe('a: revoked\n');
  const swept = await sweep.finished;
  expect(readResults(swept.stdout).map(({ failure }) => failure?.kind)).toContain('no-agent');
  expect(agent.log).toContain('revoked');
  expect((await netsweep.local('agents', 'revoke', 'alice')).status).toBe(0);
  const turnedAway = await desk.netsweep(['sweeps', 'list']);
  expect(turnedAway).toMatchObject({ status: 4, stderr: expect.stringContaining('revoked') });
});
