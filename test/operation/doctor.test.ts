// What the doctor finds: of facts in tables, and of a cluster with a few things wrong; and from where a device is reached.
import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { clocks, limits, presence, versions } from '../../coordinator/doctor/agents.ts';
import { life, renewals } from '../../coordinator/doctor/certificates.ts';
import { examine, ok, type Verdict } from '../../coordinator/doctor/check.ts';
import {
  type NatsFacts,
  natsAccess,
  natsCopies,
  natsRoom,
  natsVersion,
} from '../../coordinator/doctor/nats.ts';
import { isBefore } from '../../coordinator/doctor/versions.ts';
import { skew } from '../../coordinator/version.ts';
import { Member, MemberCertificate, Role } from '../../proto/gen/netsweep/v1/members.ts';
import { Machine } from '../../proto/gen/netsweep/v1/model.ts';
import { Agent, AgentState } from '../../proto/gen/netsweep/v1/sweeps.ts';
import { startCluster } from '../cluster.ts';

const NATS: NatsFacts = {
  ...{ server: '10.0.0.1:4222', version: '2.12.12', isLoopback: false, isCluster: true },
  ...{ isEncrypted: true, isGuarded: true, copies: 3, storage: { limit: 100, used: 10 } },
  certificates: [],
};
const MACHINE = Machine.create({ node: 'v20.20.0', ssh2: '1.17.0', grpc: '1.14.7', nativeSsh: true });
const AGENT = Agent.create({
  ...{ name: 'a', segments: ['s'], forks: 500, workers: 2, version: '1.4.0', state: AgentState.PRESENT },
  ...{ skewMs: 100, machine: MACHINE },
});

function memberUntil(expiresAtMs: number): Member {
  const certificates = [MemberCertificate.create({ serial: 'A', expiresAtMs })];
  return Member.create({ name: 'a', role: Role.AGENT, certificates, lifeMs: 6_000 });
}

test('versions are compared by their numbers, and releases by how far they are apart', () => {
  expect([isBefore('2.9.10', '2.9.4'), isBefore('2.9.10', '2.12.12'), isBefore('?', '1.0.0')]).toEqual([
    false,
    true,
    null,
  ]);
  expect(['1.4.0', '1.4.9', '1.5.0', '1.6.0', '2.4.0', 'dev'].map((other) => skew('1.4.0', other))).toEqual([
    ...['same', 'near', 'near', 'far', 'far', 'unknown'],
  ]);
});

test.each<[string, Verdict[], string[]]>([
  [
    'a NATS as it should be',
    [natsVersion, natsAccess, natsCopies, natsRoom].flatMap((look) => look(NATS)),
    ['ok'],
  ],
  ["Debian's nats-server", natsVersion({ ...NATS, version: '2.9.10' }), ['warn']],
  ['one that is too old to work', natsVersion({ ...NATS, version: '2.8.4' }), ['fail']],
  ['a NATS in clear', natsAccess({ ...NATS, isEncrypted: false }), ['fail']],
  ['a NATS for everybody', natsAccess({ ...NATS, isGuarded: false }), ['fail']],
  ['a cluster that has lost two', natsCopies({ ...NATS, copies: 1 }), ['warn']],
  ['a full stream', natsRoom({ ...NATS, storage: { limit: 100, used: 90 } }), ['warn']],
  ['a NATS that does not say how full it is', natsRoom({ ...NATS, storage: null }), ['warn']],
  ['a certificate for a year', [life('it', 0, 365 * 864e5, 300 * 864e5)], ['ok']],
  ['its last week', [life('it', 0, 365 * 864e5, 359 * 864e5)], ['warn']],
  ['after its end', [life('it', 0, 1_000, 1_001)], ['fail']],
  ['a day that is renewed by itself', [life('it', 0, 864e5, 0.7 * 864e5)], ['ok']],
  ['one that was not', [life('it', 0, 864e5, 0.9 * 864e5)], ['warn']],
  ['a member that renews', renewals([memberUntil(5_000)], 0), ['ok']],
  ['one that has not', renewals([memberUntil(100)], 0), ['warn']],
  ['one whose certificate has ended', renewals([memberUntil(100)], 200), ['warn']],
  ['one that was revoked', renewals([{ ...memberUntil(100), revokedAtMs: 1 }], 200), []],
  ['an agent alone', presence({ agents: [AGENT], version: '' }), ['warn']],
  ['all drained', presence({ agents: [{ ...AGENT, state: AgentState.DRAINING }], version: '' }), ['fail']],
  [
    'one of two away',
    presence({ agents: [AGENT, { ...AGENT, name: 'b', state: AgentState.AWAY }], version: '' }),
    ['warn', 'warn'],
  ],
  ['two', presence({ agents: [AGENT, { ...AGENT, name: 'b' }], version: '' }), ['ok']],
  ['the same release', versions({ agents: [AGENT], version: '1.4.0' }), ['ok']],
  ['the one before', versions({ agents: [AGENT], version: '1.5.0' }), ['warn']],
  ['two before', versions({ agents: [AGENT], version: '1.6.0' }), ['fail']],
  [
    'an old ssh2',
    versions({ agents: [{ ...AGENT, machine: { ...MACHINE, ssh2: '1.14.0' } }], version: '1.4.0' }),
    ['fail'],
  ],
  [
    'an older agent, that tells nothing of itself',
    versions({ agents: [{ ...AGENT, machine: undefined }], version: '1.4.0' }),
    ['ok'],
  ],
  [
    'no native cipher',
    versions({ agents: [{ ...AGENT, machine: { ...MACHINE, nativeSsh: false } }], version: '1.4.0' }),
    ['warn'],
  ],
  ['a clock that is off', clocks({ agents: [{ ...AGENT, skewMs: -2_100 }], version: '' }), ['fail']],
  ['one that has jumped', clocks({ agents: [{ ...AGENT, clockJumps: 2 }], version: '' }), ['warn']],
  ['one that is not', clocks({ agents: [AGENT], version: '' }), ['ok']],
  [
    'few descriptors',
    limits({ agents: [{ ...AGENT, machine: { ...MACHINE, descriptors: 256 } }], version: '' }),
    ['warn'],
  ],
  [
    'little memory',
    limits({ agents: [{ ...AGENT, machine: { ...MACHINE, memoryBytes: 5e8 } }], version: '' }),
    ['warn'],
  ],
])('%s', (_what, found, words) => {
  const judged = found.map(({ judgement }) => judgement.slice('JUDGEMENT_'.length).toLowerCase());
  expect(words.length === 1 && judged.length > 1 ? [...new Set(judged)] : judged).toEqual(words);
  expect(found.every(({ judgement, advice }) => judgement === 'JUDGEMENT_OK' || advice !== '')).toBe(true);
});

test('a check that breaks is worth a word, and the others are looked at', async () => {
  const broken = () => {
    throw new Error('no such file');
  };
  const checks = [
    { name: 'one', look: broken },
    { name: 'two', look: () => [ok('fine')] },
  ];
  const found = await examine(checks, null);
  expect(found.map(({ name, judgement }) => `${name} ${judgement}`)).toEqual([
    'one JUDGEMENT_WARN',
    'two JUDGEMENT_OK',
  ]);
});

interface Found {
  name: string;
  verdict: string;
  found: string;
  advice: string | null;
}

test('the doctor looks at the coordinator, its NATS and its agents, and at a device from each of these', async () => {
  await using cluster = await startCluster({
    devices: 2,
    agents: [
      { name: 'one', segments: ['default'] },
      { name: 'two', segments: ['default'] },
    ],
  });
  const { place, fleet, serve } = cluster;
  const inventory = fleet.inventory();
  const doctor = async (...args: string[]) => {
    const { status, stdout, stderr } = await place.netsweep(['doctor', '--json', ...args]);
    return { status, stderr, found: JSON.parse(stdout) as Found[] }; // the contract's own objects
  };
  const about = (found: Found[], name: string) => found.filter((one) => one.name === name);

  const well = await doctor('R1', '-i', inventory);
  const failed = well.found.filter(({ verdict }) => verdict === 'fail');
  expect({ status: well.status, failed }).toEqual({ status: 0, failed: [] });
  expect(about(well.found, 'agents')).toMatchObject([{ verdict: 'ok' }]);
  expect(
    about(well.found, 'NATS')
      .map(({ found }) => found)
      .join('\n'),
  ).toMatch(/nats-server 2\./);
  expect(about(well.found, 'clocks')).toMatchObject([{ verdict: 'ok' }]);
  const seen = about(well.found, 'R1').map(({ verdict, found }) => `${verdict} ${found}`);
  expect(seen.sort()).toEqual([
    expect.stringMatching(
      /^warn from agent one: reached in \d+ ms, SSH-2\.0-\S+, \S+, .*SHA256:\S+, which nobody has seen before$/,
    ),
    expect.stringMatching(/^warn from agent two: reached in \d+ ms, /),
  ]);
  expect(
    fleet.sessions().every(({ logins }) => logins === 0),
    'nobody logs in',
  ).toBe(true);
  expect((await place.netsweep(['hostkeys', 'list', '--json'])).stdout.trim(), 'nothing is kept').toBe('[]');

  chmodSync(join(serve.state, 'serve', 'key'), 0o644);
  await cluster.agent('two').stop('SIGTERM');
  const ill = await doctor();
  expect(ill.status).toBe(1);
  expect(
    about(ill.found, 'state directory')
      .map(({ found }) => found)
      .join('\n'),
  ).toMatch(/key may be read by others/);
  expect(
    about(ill.found, 'agents')
      .map(({ found }) => found)
      .join('\n'),
  ).toMatch(/agent two is away since [\s\S]*segment default has one agent/);
  const text = await place.netsweep(['doctor']);
  expect(text.stdout).toMatch(/^FAIL {2}state directory: .*\n {6}-> chmod go-rwx \S+\n/m);
});
