// What the coordinator gives to an agent for devices behind bastions, and what it takes from it for them.
import { expect, test } from 'vitest';
import { type Grant, HostKeySeen, LoginAsk, LoginOutcome } from '../../proto/gen/netsweep/v1/agent.js';
import type { Device } from '../../proto/gen/netsweep/v1/model.js';
import { type HostKey, LoginResult, Permit, SecretUse } from '../../proto/gen/netsweep/v1/session.js';
import { type Body, device, Intake } from './intake.js';

async function opened(devices: Device[]) {
  const intake = await Intake.open(devices);
  const { books, sweep, agent } = intake;
  const grant = await agent.granted();
  return {
    ...{ books, sweep, grant, stream: agent.stream },
    say: agent.say,
    [Symbol.asyncDispose]: () => intake[Symbol.asyncDispose](),
  };
}

/** Through b1, by a credential of its own, and b2, by the device's. */
const JUMP = [
  { host: 'b1', port: 22, credential: 'first', username: '', legacy: false },
  { host: 'fd00::2', port: 2222, credential: '', username: '', legacy: false },
];

const key = (text: string): HostKey => ({ type: 'ssh-ed25519', blob: Buffer.from(text) });

function asked({ epoch }: Grant, credential: string, hop: number, more: Partial<LoginAsk> = {}): Body {
  const ask = { ask: 1, sweep: 'S', shard: 1, epoch, index: 0, credential, hop, ...more };
  return { $case: 'loginAsk', value: LoginAsk.create(ask) };
}

function seen({ epoch }: Grant, hop: number, shown: HostKey, index = 0): Body {
  const value = HostKeySeen.create({ ask: 1, sweep: 'S', shard: 1, epoch, index, hop, key: shown });
  return { $case: 'hostKeySeen', value };
}

const permitted = (permit: Permit) => ({ $case: 'loginAnswer', value: { permit } });

test('a grant brings the credentials of the bastions and the keys known for them there', async () => {
  await using intake = await opened([device(0, { jump: JUMP })]);
  const { books, grant } = intake;
  expect(grant.credentials.map(({ id }) => id).sort()).toEqual(['first', 'own']);
  expect(grant.work).toEqual([
    {
      index: 0,
      credential: 'own',
      hostKeys: [],
      jump: [
        { credential: 'first', hostKeys: [] },
        { credential: 'own', hostKeys: [] },
      ],
      alone: false,
      known: [],
      paced: false,
    },
  ]);
  expect(books.hostKeys.list('')).toEqual([]);
});

test('host keys are kept for the place that each bastion and device has on its way', async () => {
  await using intake = await opened([
    device(0, { jump: JUMP }),
    device(1),
    device(2, { jump: JUMP.slice(0, 1) }),
  ]);
  const { books, grant, say } = intake;
  const shown: [number, number, string][] = [
    [0, 1, 'b1'],
    [0, 2, 'b2'],
    [0, 0, 'R0'],
    [1, 0, 'R1'],
    [2, 0, 'R2'],
    [2, 1, 'b1'],
  ];
  for (const [index, hop, text] of shown)
    expect(await say(seen(grant, hop, key(text), index))).toMatchObject({ value: { accepted: true } });
  const places = books.hostKeys
    .list('')
    .map(({ jump, host, port, blob }) => [jump, host, port, String(blob)]);
  expect(places).toEqual([
    ['', 'b1', 22, 'b1'],
    ['b1:22', 'fd00::2', 2222, 'b2'],
    ['b1:22,[fd00::2]:2222', '10.0.0.1', 22, 'R0'],
    ['', '10.0.0.1', 22, 'R1'],
    ['b1:22', '10.0.0.1', 22, 'R2'],
  ]);
  const other = await say(seen(grant, 2, key('another')));
  expect(other).toMatchObject({ value: { accepted: false, known: [{ blob: Buffer.from('b2') }] } });
  expect(await say(seen(grant, 3, key('b3')))).toMatchObject({ value: { accepted: false, known: [] } });
});

test('a login at a bastion is asked for as often as it is needed, one at the device once', async () => {
  await using intake = await opened([device(0, { jump: JUMP })]);
  const { grant, say, stream, sweep } = intake;
  const told = (credential: string, hop: number) => {
    const value = { sweep: 'S', epoch: grant.epoch, index: 0, credential, hop, result: LoginResult.ACCEPTED };
    const body: Body = { $case: 'loginOutcome', value: LoginOutcome.create(value) };
    stream.write({ messages: [{ body }] });
  };
  for (const [credential, hop] of [
    ['first', 1],
    ['first', 1],
    ['own', 2],
    ['own', 2],
  ] as const) {
    expect(await say(asked(grant, credential, hop))).toMatchObject(permitted(Permit.SEND));
    told(credential, hop);
  }
  expect(sweep.state(0).row.loginSpent).toBe(false);
  expect(await say(asked(grant, 'own', 0))).toMatchObject(permitted(Permit.SEND));
  expect(sweep.state(0).row.loginSpent).toBe(true);
});

test('leave is given only for the credential that the device or the bastion has', async () => {
  await using intake = await opened([device(0, { jump: JUMP })]);
  const { grant, say } = intake;
  const strange: [string, number, SecretUse?][] = [
    ['own', 1],
    ['first', 0],
    ['first', 2],
    ['unused', 1],
    ['own', 3],
    ['', 3],
    ['first', 1, SecretUse.ENABLE],
  ];
  for (const [credential, hop, use = SecretUse.LOGIN] of strange)
    expect(await say(asked(grant, credential, hop, { use }))).toMatchObject(permitted(Permit.LOST));
});

test('refusals at a bastion stop its credential, and nobody else can say that it was refused', async () => {
  await using intake = await opened([device(0, { jump: JUMP })]);
  const { grant, say, stream, books } = intake;
  const refused = (credential: string, hop: number, epoch = grant.epoch) => {
    const value = { sweep: 'S', epoch, index: 0, credential, hop, result: LoginResult.REFUSED };
    const body: Body = { $case: 'loginOutcome', value: LoginOutcome.create(value) };
    stream.write({ messages: [{ body }] });
  };
  for (let n = 0; n < 5; n++) refused('unused', 1);
  expect(await say(asked(grant, 'first', 1))).toMatchObject(permitted(Permit.SEND));
  for (let n = 0; n < 3; n++) refused('first', 1);
  expect(await say(asked(grant, 'first', 1))).toMatchObject(permitted(Permit.STOPPED));
  expect(books.logins.isStopped(books.guardOf('first', SecretUse.LOGIN))).toBe(true);
  expect(books.logins.isStopped(books.guardOf('unused', SecretUse.LOGIN))).toBe(false);
});

test('the login inside a session is another than that of SSH, whose leave it neither has nor spends', async () => {
  await using intake = await opened([device(0, { jump: JUMP })]);
  const { grant, say, books } = intake;
  expect(await say(asked(grant, 'own', 0))).toMatchObject(permitted(Permit.SEND));
  books.logins.prove(books.guardOf('own', SecretUse.LOGIN));
  const inside = await say(asked(grant, 'own', 0, { use: SecretUse.CHANNEL }));
  expect(inside).toMatchObject(permitted(Permit.SEND));
  expect(books.logins.isProved(books.guardOf('own', SecretUse.CHANNEL))).toBe(false);
});
