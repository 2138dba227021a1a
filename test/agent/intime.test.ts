import { expect, test } from 'vitest';
import { monotonicMs } from '../../agent/clock.js';
import { inTime } from '../../agent/intime.js';
import { Permit } from '../../proto/gen/netsweep/v1/session.js';

/** Asks and is answered so; gives what is told of how late it was. */
async function left(
  ...moments: (() => number)[]
): Promise<{ permit: Permit; told: number[]; asked: number }> {
  const told: number[] = [];
  let asked = 0;
  const ask = async () => ({ permit: Permit.SEND, at: moments[asked++]?.() ?? 0 });
  return { permit: await inTime(ask, (ms) => told.push(ms)), told, asked };
}

test('a login leaves at its moment, not before', async () => {
  const at = monotonicMs() + 30;
  await left(() => at);
  expect(monotonicMs()).toBeGreaterThanOrEqual(at);
});

test('one that is late says by how much, and one that is far too late asks for another moment', async () => {
  expect(await left(() => 0)).toEqual({ permit: Permit.SEND, told: [], asked: 1 });
  const late = await left(() => monotonicMs() - 50);
  expect(late.asked).toBe(1);
  expect(late.told[0]).toBeGreaterThanOrEqual(50);
  expect(
    await left(
      () => monotonicMs() - 500,
      () => 0,
    ),
  ).toEqual({ permit: Permit.SEND, told: [], asked: 2 });
});

test('where every moment is missed, it leaves late and says so', async () => {
  const missed = () => monotonicMs() - 500;
  const late = await left(missed, missed, missed, missed, missed, missed);
  expect([late.permit, late.asked, late.told.length]).toEqual([Permit.SEND, 5, 1]);
});

test('a refusal is passed on at once', async () => {
  const refused = async () => ({ permit: Permit.STOPPED, at: 0 });
  expect(await inTime(refused, () => undefined)).toBe(Permit.STOPPED);
});
