// Enrolment with real programs: tokens, certificates, renewal and revocation.
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { expect, test } from 'vitest';
import { readJoinToken } from '../../proto/identity/jointoken.js';
import { AgentProgram, readResults, troubles } from '../cluster.ts';
import { Enrolled } from '../enrolled.ts';
import { Place } from '../place.ts';
import { until } from '../process.ts';

test('members join by tokens that work once, are renewed under way, and are out at once when they are revoked', async () => {
  await using netsweep = await Enrolled.open({ devices: 8, commandMs: 300 });
  await using host = await Place.open();
  await using desk = await Place.open();
  const overwritten = await netsweep.local('serve', '--init');
  expect(overwritten).toMatchObject({ status: 2, stderr: expect.stringContaining('never overwritten') });

  const renewed = await netsweep.local('serve', '--init', '--renew');
  expect(renewed).toMatchObject({
    status: 0,
    stdout: expect.stringContaining('nats-1: new certificate in '),
  });

  const token = await netsweep.token('dc1-a', '--segment', 'default');
  expect((await netsweep.join(host, token)).status).toBe(0);
  const again = await netsweep.join(host, token);
  expect(again).toMatchObject({ status: 4, stderr: expect.stringContaining('unknown, used or too old') });
  expect((await netsweep.join(host, `${token.slice(0, -4)}AAAA`)).status).toBe(2);
  expect(statSync(host.path('agent/key.pem')).mode & 0o777).toBe(0o600);
  await netsweep.operator(desk, 'alice');

  // Due soon, so that it falls into the sweep.
  const soon = Date.now() + 4_000;
  const kept = () => JSON.parse(readFileSync(host.path('agent/identity.json'), 'utf8'));
  await host.write('agent/identity.json', JSON.stringify({ ...kept(), renewFromMs: soon }));
  const agent = netsweep.start(host, 'dc1-a');
  await agent.ready();
  const run = ['run', '-i', netsweep.fleet.inventory(), '--agent-wait', '1', '--format', 'ndjson'];
  const sweep = desk.start([...run, '-f', '2', 'show version', 'show clock', 'show inventory']);
  await until('the certificate is renewed', () => kept().renewFromMs > soon);
  const swept = await sweep.finished;
  expect(troubles(readResults(swept.stdout))).toEqual([]);
  expect(readResults(swept.stdout).map(({ attempts }) => attempts)).toEqual(Array(8).fill(1));

  const logins = netsweep.fleet.sessions().length;
  await using cut = desk.start([...run, '-f', '1', 'show version', 'show clock', 'show inventory']);
  await until('the agent is busy', () => netsweep.fleet.sessions().length > logins);
  expect((await netsweep.local('agents', 'revoke', 'dc1-a')).stdout).toBe('dc1-a: revoked\n');
  await until('the others have no agent', () => cut.stdout.includes('"no-agent"'));
  await until('the agent has ended', () => agent.exitCode !== null);
  expect(agent.exitCode).toBe(4);
  expect(agent.log).toContain('netsweep-agent: the coordinator will not have it: revoked\n');
  const returned = netsweep.start(host, 'dc1-a');
  await until('it has ended again', () => returned.exitCode !== null);
  expect(returned.exitCode).toBe(4);
  expect(returned.log).toContain('will not have it: the certificate is revoked\n');
  expect((await netsweep.local('agents', 'revoke', 'alice')).status).toBe(0);
  const asAgent = desk.path('.config/netsweep/identity');
  const person = new AgentProgram(desk, {
    ...{ name: 'alice', segments: ['default'], words: ['--identity', asAgent] },
    ...{ nats: netsweep.nats.url, to: netsweep.serve.address },
  });
  await until('an operator is no agent', () => person.exitCode !== null);
  expect(person.exitCode).toBe(2);
  expect(person.log).toContain('alice is enrolled as an operator');
  const turnedAway = await desk.netsweep(['sweeps', 'list']);
  expect(turnedAway).toMatchObject({ status: 4, stderr: expect.stringContaining('revoked') });

  const secret = readJoinToken(token)?.secret ?? Buffer.alloc(0);
  const state = netsweep.place.path('coordinator/serve');
  for (const name of readdirSync(state).filter((one) => one.startsWith('store.db')))
    expect(readFileSync(`${state}/${name}`).includes(secret), name).toBe(false);
  expect(netsweep.serve.log).not.toContain(token.slice(10, 40));
});
