// What is no change between two fetches.
import { expect, test } from 'vitest';
import { Noise } from '../../coordinator/combine/noise.ts';

const noise = new Noise({ volatile: ['^! Last change', '^uptime is '] });

test.each([
  ['a\nb\n', 'a\nb\n', true],
  ['! Last change 1\na\n', '! Last change 2\na\n', true],
  ['a\nuptime is 1\nb\n', 'a\nb\n', true],
  ['a\n! Last change 1\nuptime is 3\n', 'uptime is 2\na\n', true],
  ['a\nb\n', 'a\nc\n', false],
  ['a\nb\n', 'b\na\n', false],
  ['a\n', 'a\n\n', false],
  ['a\nuptime is 1', 'a\nb', false],
])('%j and %j: the same but for noise is %s', (one, other, isSame) => {
  expect([noise.isSame(one, other), noise.isSame(other, one)]).toEqual([isSame, isSame]);
});

test('lines without noise keep their numbers', () => {
  const { texts, numbers, noise: dropped } = noise.linesOf('a\nuptime is 1\r\nb\n! Last change');
  expect({ texts, numbers, dropped }).toEqual({ texts: ['a', 'b'], numbers: [1, 3], dropped: 2 });
});
