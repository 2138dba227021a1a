// Logins that are paced: what an agent is told of when they leave, and what counts as one.
import { expect, test } from 'vitest';
import { LoginAsk } from '../../proto/gen/netsweep/v1/agent.js';
import { SweepOptions } from '../../proto/gen/netsweep/v1/model.js';
import { Permit, SecretUse } from '../../proto/gen/netsweep/v1/session.js';
import { sweepRow } from '../store/samples.js';
import { type Answer, type Body, device, Intake, type TestAgent } from './intake.js';

const RATE = 50;
const options = SweepOptions.create({ ...sweepRow('S').options, loginRate: RATE });

function paced(count: number): Promise<Intake> {
  const devices = Array.from({ length: count }, (_, index) => device(index, { host: `10.0.0.${index}` }));
  return Intake.open(devices, { row: { options } });
}

function asked(epoch: string, index: number, use: SecretUse = SecretUse.LOGIN, ask = index + 1): Body {
  const value = LoginAsk.create({ ask, sweep: 'S', shard: 1, epoch, index, credential: 'own', use });
  return { $case: 'loginAsk', value };
}

async function leaves(
  agent: TestAgent,
  count: number,
): Promise<{ permit: Permit; atMs: number; ask: number }[]> {
  const answers: Answer[] = [];
  while (answers.length < count) answers.push(await agent.next());
  return answers.map((answer) => {
    if (answer.$case !== 'loginAnswer') throw new Error(answer.$case);
    return answer.value;
  });
}

test('leave names the moment at which the login leaves, one after the other at the rate', async () => {
  await using intake = await paced(10);
  const { books } = intake;
  const agent = await intake.join('b', 'b-1', { paces: true });
  const { epoch } = await agent.granted();
  books.logins.prove(books.guardOf('own', SecretUse.LOGIN));
  agent.tell(...[0, 1, 2, 3, 4, 5].map((index) => asked(epoch, index)));
  const answers = await leaves(agent, 6);
  expect(answers.map(({ permit, ask }) => [permit, ask])).toEqual(
    [1, 2, 3, 4, 5, 6].map((ask) => [Permit.SEND, ask]),
  );
  const gaps = answers.slice(1).map(({ atMs }, at) => atMs - (answers[at]?.atMs ?? 0));
  // Where the asks came in two batches, what was lost between them is made up for, a third faster.
  for (const gap of gaps) expect(gap).toBeGreaterThan((0.75 * 1_000) / RATE - 0.001);
  expect(Math.abs((answers[0]?.atMs ?? 0) - books.host.monotonicMs())).toBeLessThan(60_000);
});

test('an agent of before that is told at the moment itself', async () => {
  await using intake = await paced(4);
  const { agent, books } = intake;
  const { epoch } = await agent.granted();
  books.logins.prove(books.guardOf('own', SecretUse.LOGIN));
  agent.tell(...[0, 1, 2, 3].map((index) => asked(epoch, index)));
  const began = books.host.monotonicMs();
  const answers = await leaves(agent, 4);
  expect(books.host.monotonicMs() - began).toBeGreaterThan((3 * 1_000) / RATE);
  expect(answers.every(({ permit, atMs }) => permit === Permit.SEND && atMs === 0)).toBe(true);
});

test('a key beside a password and a login inside the session count, an enable secret does not, and nothing comes unasked', async () => {
  await using intake = await paced(4);
  const { books } = intake;
  const agent = await intake.join('b', 'b-1', { paces: true });
  const grant = await agent.granted();
  expect(grant.work.every((work) => work.paced)).toBe(true);
  expect(grant.spreadMs).toBe((3 * 1_000) / RATE);
  const uses = [SecretUse.LOGIN, SecretUse.CHANNEL, SecretUse.ENABLE];
  for (const use of uses) books.logins.prove(books.guardOf('own', use));
  agent.tell(asked(grant.epoch, 0, SecretUse.KEY, 1), asked(grant.epoch, 1, SecretUse.CHANNEL, 2));
  agent.tell(asked(grant.epoch, 2, SecretUse.ENABLE, 3));
  const answers = (await leaves(agent, 3)).sort((one, other) => one.ask - other.ask);
  expect(answers.map(({ atMs }) => atMs > 0)).toEqual([true, true, false]);
  // A key is no secret: nothing is known to have been sent.
  expect(intake.sweep.states.map(({ row }) => row.loginSpent)).toEqual([false, false, false, false]);
  const key = { type: 'ssh-ed25519', blob: Buffer.from('R3') };
  const seen = { sweep: 'S', shard: 1, epoch: grant.epoch, index: 3, ask: 9, key, hop: 0 };
  expect(await agent.say({ $case: 'hostKeySeen', value: seen })).toMatchObject({
    value: { accepted: true, mayLogIn: false },
  });
});

test('who waits for its turn and whose credential is stopped meanwhile is told so', async () => {
  await using intake = await paced(30);
  const { books } = intake;
  const agent = await intake.join('b', 'b-1', { paces: true });
  const { epoch } = await agent.granted();
  const guard = books.guardOf('own', SecretUse.LOGIN);
  books.logins.prove(guard);
  agent.tell(...Array.from({ length: 30 }, (_, index) => asked(epoch, index)));
  await leaves(agent, 1);
  const now = books.host.monotonicMs();
  for (const login of ['x', 'y', 'z']) books.logins.outcome(guard, login, 'refused', now);
  const last = (await leaves(agent, 29)).at(-1);
  expect(last?.permit).toBe(Permit.STOPPED);
});
