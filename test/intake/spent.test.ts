// A secret that may have been sent: on disk before leave is given, and known to whoever comes after.
import { expect, test } from 'vitest';
import { HostKeySeen, LoginAsk, LoginOutcome } from '../../proto/gen/netsweep/v1/agent.js';
import { LoginResult, Permit, SecretUse } from '../../proto/gen/netsweep/v1/session.js';
import { type Body, device, Intake } from './intake.js';

const JUMP = [{ host: 'b1', port: 22, credential: 'first', username: '', legacy: false }];
const SEND = { $case: 'loginAnswer', value: { permit: Permit.SEND } };

/** The login inside the session, and one at the bastion. */
const INSIDE = { credential: 'own', use: SecretUse.CHANNEL, hop: 0 };
const BASTION = { credential: 'first', use: SecretUse.LOGIN, hop: 1 };

function asked(epoch: string, login: Partial<LoginAsk>, ask = 1): Body {
  return { $case: 'loginAsk', value: LoginAsk.create({ ask, sweep: 'S', shard: 1, epoch, ...login }) };
}

function unsent(epoch: string, login: Partial<LoginOutcome>): Body {
  const value = LoginOutcome.create({ sweep: 'S', epoch, result: LoginResult.UNSENT, ...login });
  return { $case: 'loginOutcome', value };
}

test('that a bastion or a login inside the session had its secret is known after a restart', async () => {
  await using intake = await Intake.open([device(0, { jump: JUMP })]);
  const { epoch } = await intake.agent.granted();
  expect(await intake.agent.say(asked(epoch, INSIDE))).toMatchObject(SEND);
  expect(await intake.agent.say(asked(epoch, BASTION))).toMatchObject(SEND);
  await intake.restart();
  expect(intake.sweep.state(0).row.channelSpent).toBe(true);
  expect([...intake.sweep.bastions.keys()]).toEqual(['s\nb1 22\nfirst']);
});

test('leave that was not used is given back, unless somebody else may have used theirs', async () => {
  await using intake = await Intake.open([
    device(0, { jump: JUMP }),
    device(1, { jump: JUMP, host: '10.0.0.2' }),
  ]);
  const { agent, books } = intake;
  const { epoch } = await agent.granted();
  for (const login of [INSIDE, BASTION]) {
    expect(await agent.say(asked(epoch, login))).toMatchObject(SEND);
    agent.tell(unsent(epoch, login));
  }
  // The next answer comes after both were heard.
  books.logins.prove(books.guardOf('first', SecretUse.LOGIN));
  expect(await agent.say(asked(epoch, BASTION))).toMatchObject(SEND);
  expect(intake.sweep.state(0).row.channelSpent).toBe(false);
  expect(await agent.say(asked(epoch, { ...BASTION, index: 1 }))).toMatchObject(SEND);
  agent.tell(unsent(epoch, { ...BASTION, index: 1 }));
  await agent.say(asked(epoch, { ...BASTION, index: 1 }));
  await intake.restart();
  expect(intake.sweep.bastions.size).toBe(1);
  expect(intake.sweep.state(0).row.channelSpent).toBe(false);
});

test.each([
  ['a bastion', BASTION],
  ['a login inside the session', INSIDE],
  ['a login', { credential: 'own', use: SecretUse.LOGIN, hop: 0 }],
  ['an enable secret', { credential: 'own', use: SecretUse.ENABLE, hop: 0 }],
])('leave for %s leaves only when the store has it', async (_what, login) => {
  await using intake = await Intake.open([device(0, { jump: JUMP })]);
  const { agent, books } = intake;
  const { epoch } = await agent.granted();
  intake.disk.slow = true;
  agent.tell(asked(epoch, login, 7), asked('old', login, 8));
  // Asked later, answered first: there is nothing to keep.
  expect(await agent.next()).toMatchObject({ value: { ask: 8, permit: Permit.LOST } });
  expect(intake.disk.waiting).toHaveLength(1);
  expect(agent.heard).toEqual([]);
  intake.disk.recover();
  expect(await agent.next()).toMatchObject({ value: { ask: 7, permit: Permit.SEND } });
  expect(books.failed.aborted).toBe(false);
});

function seen(epoch: string, index: number): Body {
  const key = { type: 'ssh-ed25519', blob: Buffer.from(`R${index}`) };
  return { $case: 'hostKeySeen', value: HostKeySeen.create({ sweep: 'S', shard: 1, epoch, index, key }) };
}

test('leave comes with the answer to a new host key once the credential has proved good, and is on disk before it', async () => {
  await using intake = await Intake.open([
    device(0),
    device(1, { host: '10.0.0.2' }),
    device(2, { host: '10.0.0.3' }),
  ]);
  const { agent, books, disk } = intake;
  const { epoch } = await agent.granted();
  const answered = (mayLogIn: boolean) => ({
    $case: 'hostKeyAnswer',
    value: { accepted: true, mayLogIn },
  });
  expect(await agent.say(seen(epoch, 0)), 'it has to be asked for').toMatchObject(answered(false));
  books.logins.prove(books.guardOf('own', SecretUse.LOGIN));
  expect(await agent.say(seen(epoch, 1))).toMatchObject(answered(true));
  disk.slow = true;
  agent.tell(seen(epoch, 2));
  await expect.poll(() => disk.waiting.length).toBe(1);
  expect(agent.heard).toEqual([]);
  disk.recover();
  expect(await agent.next()).toMatchObject(answered(true));
  await intake.restart();
  expect(intake.sweep.states.map(({ row }) => row.loginSpent)).toEqual([false, true, true]);
});

test('no leave comes unasked where a login may have had its secret', async () => {
  await using intake = await Intake.open([device(0)]);
  const { agent, books } = intake;
  const { epoch } = await agent.granted();
  const login = { credential: 'own', use: SecretUse.LOGIN, hop: 0 };
  expect(await agent.say(asked(epoch, login))).toMatchObject(SEND);
  books.logins.prove(books.guardOf('own', SecretUse.LOGIN));
  expect(await agent.say(seen(epoch, 0))).toMatchObject({ value: { accepted: true, mayLogIn: false } });
});
