// What an enrolled agent may say of itself and of leases: nothing that is another's, whatever it knows of it.
import { status } from '@grpc/grpc-js';
import { expect, test } from 'vitest';
import {
  HostKeySeen,
  LoginAsk,
  LoginOutcome,
  Result,
  StartAsk,
  Verdict,
} from '../../proto/gen/netsweep/v1/agent.js';
import { Status } from '../../proto/gen/netsweep/v1/model.js';
import { Attempt, HostKey, LoginResult, Permit, SecretUse } from '../../proto/gen/netsweep/v1/session.js';
import { type Body, device, Intake, type TestAgent } from './intake.js';

const DEVICES = [device(0, { host: 'h0' }), device(1, { host: 'h1' })];

function result(epoch: string, index = 0): Body {
  const value = Attempt.create({ status: Status.FAILED, leftClean: true });
  const end = { $case: 'attempt' as const, value };
  return {
    $case: 'results',
    value: { chunks: [], results: [Result.create({ seq: 1, sweep: 'S', shard: 1, epoch, index, end })] },
  };
}

async function verdict(agent: TestAgent, said: Body): Promise<Verdict | undefined> {
  const answer = await agent.say(said);
  return answer.$case === 'acks' ? answer.value.acks[0]?.verdict : undefined;
}

test('its name, its segments and its instance are its own', async () => {
  await using intake = await Intake.open(DEVICES);
  const greeting = async (
    segments: string[],
    hello: { name?: string; segments?: string[]; instance?: string },
  ) => {
    const agent = await intake.enrolled('b', segments, hello);
    agent.leave();
    return agent.greeting?.$case === 'goodbye' ? agent.greeting.value.reason : agent.greeting?.$case;
  };
  expect(await greeting(['s', 't'], { segments: ['t'] })).toBe('welcome');
  expect(await greeting(['t'], { name: 'a' })).toBe('it is enrolled as b, not as a');
  expect(await greeting(['t'], { segments: ['t', 's'] })).toBe('it is enrolled for t, not for s');
  const member = await intake.enrolled('m', ['s']);
  expect(member.greeting?.$case).toBe('welcome');
  expect(await greeting(['s'], { instance: 'm-1' })).toBe('this instance is another agent');
});

test('it gets no lease of another segment, and none in the name of another instance', async () => {
  await using intake = await Intake.open(DEVICES);
  const [owner, thief] = [await intake.enrolled('m', ['s']), await intake.enrolled('b', ['t'])];
  const denied = { code: status.PERMISSION_DENIED };
  await expect(thief.claim()).rejects.toMatchObject(denied);
  const asOwner = thief.as('m-1');
  await expect(asOwner.claim()).rejects.toMatchObject(denied);
  const { epoch } = await owner.granted();
  await expect(asOwner.renew(epoch)).rejects.toMatchObject(denied);
  expect(await owner.renew(epoch)).toBe(true);
});

test.each([
  ['of another segment', 't'],
  ['of the same segment', 's'],
])('an agent %s says nothing of a lease that is not its own', async (_, segment) => {
  await using intake = await Intake.open(DEVICES, { row: {} });
  const [owner, thief] = [await intake.enrolled('m', ['s']), await intake.enrolled('b', [segment])];
  const { epoch } = await owner.granted();
  const about = { sweep: 'S', shard: 1, epoch, index: 0 };
  const login = { credential: 'own', use: SecretUse.LOGIN };
  expect(await verdict(thief, result(epoch))).toBe(Verdict.DISCARD);
  expect(
    await thief.say({ $case: 'loginAsk', value: LoginAsk.create({ ask: 1, ...about, ...login }) }),
  ).toEqual({
    $case: 'loginAnswer',
    value: { ask: 1, permit: Permit.LOST, atMs: 0 },
  });
  expect(await thief.say({ $case: 'startAsk', value: StartAsk.create({ ask: 2, ...about }) })).toEqual({
    $case: 'startAnswer',
    value: { ask: 2, granted: false },
  });
  const key = HostKey.create({ type: 'ssh-ed25519', blob: Buffer.from('key') });
  expect(
    await thief.say({ $case: 'hostKeySeen', value: HostKeySeen.create({ ask: 3, ...about, key }) }),
  ).toMatchObject({ $case: 'hostKeyAnswer', value: { ask: 3, accepted: false, known: [] } });
  const refused = LoginOutcome.create({ ...about, ...login, result: LoginResult.REFUSED });
  thief.tell(...Array.from({ length: 5 }, () => ({ $case: 'loginOutcome' as const, value: refused })));
  expect(await verdict(thief, result(epoch, 1))).toBe(Verdict.DISCARD); // behind the outcomes
  expect(intake.books.standings().some(({ refusals, stopped }) => stopped || refusals > 0)).toBe(false);
  expect(await verdict(owner, result(epoch))).toBe(Verdict.STORED);
});
