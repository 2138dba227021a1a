// `--map` is two options: JSON without anything behind it, the columns of a router.db with columns.
import { expect, test } from 'vitest';
import { wordsOf } from '../../coordinator/cli/words.ts';

test.each([
  ['run --map show', 'run --map show'],
  ['run --map name:ip:model show', 'run --columns name:ip:model show'],
  ['run --map=name=0,model=1', 'run --columns=name=0,model=1'],
  ['run --map show:x', 'run --map show:x'],
  ['run --map', 'run --map'],
  ['run -- --map name:ip', 'run -- --map name:ip'],
])('%s is %s', (words, meant) => {
  expect(wordsOf(words.split(' '))).toEqual(meant.split(' '));
});
