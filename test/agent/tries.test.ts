// What is tried a few times more.
import { expect, test } from 'vitest';
import { Tries } from '../../agent/tries.ts';

test('a device without a route is handed back so often and then failed, however many others there are', () => {
  const tries = new Tries(3);
  const ends = Array.from({ length: 5 }, () => {
    for (let other = 0; other < 4; other++) tries.again('another');
    return tries.again('R1');
  });
  expect(ends).toEqual([true, true, true, false, true]);
});
