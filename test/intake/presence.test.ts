// Who an agent is: an instance on one stream at a time, which alone holds its leases. A name is only what people see.
import { expect, test } from 'vitest';
import { device, Intake } from './intake.js';

const WELCOME = { $case: 'welcome' };

test('an instance has one stream: a newer one ends the one before', async () => {
  await using intake = await Intake.open([device(0)]);
  const again = await intake.join('a');
  expect(again.greeting).toMatchObject(WELCOME);
  await expect.poll(() => intake.agent.ended).toBe(true);
  expect((await again.granted()).work).toHaveLength(1);
  again.leave();
});

test('a newcomer of the same name waits while the other holds leases, and then takes its place', async () => {
  await using intake = await Intake.open([device(0)]);
  const { agent, books } = intake;
  const { epoch } = await agent.granted();
  const early = await intake.join('a', 'a-2');
  expect(early.greeting).toMatchObject({ $case: 'goodbye', value: { retryMs: 1_000 } });
  expect(await early.renew(epoch)).toBe(false);
  expect(await agent.renew(epoch)).toBe(true);
  early.leave();

  books.ledger.lapse(Number.POSITIVE_INFINITY, 0, []);
  const late = await intake.join('a', 'a-2');
  expect(late.greeting).toMatchObject(WELCOME);
  expect(await agent.next()).toMatchObject({ $case: 'goodbye', value: { retryMs: 0 } });
  late.leave();
});

test('leases belong to an instance, not to a name, also after a restart of the coordinator', async () => {
  await using intake = await Intake.open([device(0)]);
  const { epoch } = await intake.agent.granted();
  intake.agent.leave();
  await expect.poll(async () => (await intake.join('a', 'a-2')).greeting).toMatchObject(WELCOME);
  await intake.restart();
  const newcomer = await intake.join('b', 'a-2');
  expect(await newcomer.renew(epoch)).toBe(false);
  expect(await newcomer.claim(1, 1, 'a-11')).toMatchObject({ answer: { $case: 'later' } });
  // The same claim of the same instance is answered with what is left, under the same epoch.
  expect(await intake.agent.renew(epoch)).toBe(true);
  expect(await intake.agent.claim(1, 1, 'a-11')).toMatchObject({
    answer: { $case: 'grant', value: { epoch } },
  });
  newcomer.leave();
});

test('leases that a store has lost are waited for, however much it has committed since', async () => {
  await using intake = await Intake.open([device(0)]);
  await intake.restart();
  const { books } = intake;
  const lost = { storeId: books.store.id, commit: books.lastCommit + 1, coordinator: 'the one before' };
  await intake.sweepAgain('S2', [device(0)]);
  expect(books.lastCommit).toBeGreaterThanOrEqual(lost.commit);
  const agent = await intake.join('b', 'b-1', lost);
  expect(await agent.claim(1, 1, 'b-11', 'S2')).toMatchObject({
    answer: { $case: 'later', value: { reason: 'leases unknown' } },
  });
  expect(books.told(books.lastCommit)).toBe(0);
  agent.leave();
});

test('commits that this coordinator has told of itself are not lost', async () => {
  await using intake = await Intake.open([device(0)]);
  await intake.restart();
  const { books } = intake;
  const found = books.lastCommit;
  await intake.sweepAgain('S2', [device(0)]);
  expect(books.lastCommit).toBeGreaterThan(found);
  const own = { storeId: books.store.id, commit: books.lastCommit, coordinator: books.incarnation };
  const agent = await intake.join('b', 'b-1', own);
  expect(await agent.claim(1, 1, 'b-11', 'S2')).toMatchObject({ answer: { $case: 'grant' } });
  expect(books.told(books.lastCommit)).toBe(books.lastCommit);
  agent.leave();
});

test('the first agent decides whether devices are real or rehearsed; who differs is sent away', async () => {
  await using intake = await Intake.open([device(0)]);
  const away = { $case: 'goodbye', value: { retryMs: 0 } };
  expect((await intake.join('b', 'b-1', { rehearses: true })).greeting).toMatchObject(away);
  intake.agent.leave();
  expect((await intake.join('b', 'b-1', { rehearses: true })).greeting).toMatchObject(away);
  expect((await intake.join('b', 'b-2')).greeting).toMatchObject(WELCOME);
});

test('an agent from elsewhere that says it rehearses is sent away, and keeps nobody out', async () => {
  await using intake = await Intake.open([device(0)]);
  intake.agent.leave();
  const rogue = await intake.enrolled('r', ['s'], { rehearses: true });
  expect(rogue.greeting).toMatchObject({
    $case: 'goodbye',
    value: { retryMs: 0, reason: expect.stringContaining('only agents on the host') },
  });
  expect((await intake.enrolled('b', ['s'])).greeting).toMatchObject(WELCOME);
});
