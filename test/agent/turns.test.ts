import { expect, test } from 'vitest';
import { Turns } from '../../agent/turns.ts';

/** Asks for as many turns and gives how many had begun after each turn of the event loop. */
async function begun(turns: Turns, count: number): Promise<number[]> {
  const order: number[] = [];
  for (let open = 1; open <= count; open++) {
    const turn = turns.next(open);
    if (turn === null) order.push(open);
    else void turn.then(() => order.push(open));
  }
  const after = [order.length];
  while (order.length < count) {
    await new Promise(setImmediate);
    after.push(order.length);
  }
  expect(order).toEqual(Array.from({ length: count }, (_, index) => index + 1));
  return after;
}

test('up to so many begin at once, the others a few in each turn of the event loop, in order', async () => {
  expect(await begun(new Turns(5, 3), 5)).toEqual([5]);
  expect(await begun(new Turns(5, 3), 15)).toEqual([8, 11, 14, 15]);
});

test('who comes while others wait does not overtake them, however few are left', async () => {
  const turns = new Turns(1, 1);
  const order: string[] = [];
  expect(turns.next(1)).toBeNull();
  expect(turns.next(2)).toBeNull();
  void turns.next(3)?.then(() => order.push('third'));
  void turns.next(1)?.then(() => order.push('fourth'));
  while (order.length < 2) await new Promise(setImmediate);
  expect(order).toEqual(['third', 'fourth']);
  expect(turns.next(1)).toBeNull();
});
