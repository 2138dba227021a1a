// What agents say of whom they are in session with, and what they are told of devices that are to run alone.
import { expect, test } from 'vitest';
import type { Write } from '../../coordinator/store/store.js';
import { type Body, device, Intake } from './intake.js';

test('an agent is believed about its own lease, and whoever it was in session with is suspect until it is heard again', async () => {
  await using intake = await Intake.open([device(0, { host: 'h0' }), device(1, { host: 'h1' })]);
  const { agent, books, sweep } = intake;
  const { epoch } = await agent.granted();
  const said = (indexes: number[]): Body => ({
    $case: 'inSession',
    value: { sweep: 'S', epoch, indexes },
  });
  agent.tell(said([0]));
  const lost = () => [...books.ledger.shards()].some(({ lease }) => lease?.inSession.has(0));
  await expect.poll(lost).toBe(true);
  const writes: Write[] = [];
  books.ledger.lapse(Number.POSITIVE_INFINITY, 0, writes);
  await books.commit(writes);
  expect(sweep.states.map(({ row }) => row.deaths.length)).toEqual([1, 0]);
  agent.tell({ $case: 'draining', value: {} });
  await expect.poll(() => sweep.states.map(({ row }) => row.deaths.length)).toEqual([0, 0]);
});

test('a suspect is granted as one to run alone', async () => {
  await using intake = await Intake.open([device(0)]);
  const { agent, books, sweep } = intake;
  const writes: Write[] = [];
  sweep.change(sweep.state(0), { deaths: ['one', 'two'] }, writes);
  await books.commit(writes);
  expect((await agent.granted()).work).toMatchObject([{ index: 0, alone: true }]);
});
