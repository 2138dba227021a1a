import { describe, expect, test } from 'vitest';
import { expandNodeset, NodesetError } from '../../coordinator/nodeset/expand.ts';

const GROUPS: Record<string, string[]> = {
  core: ['R1', 'R2'],
  dc1: ['R2', 'sw1.dc1', 'sw2.dc1'],
  dc2: ['R3'],
};
const WORLD = {
  all: () => ['R1', 'R2', 'R3', 'sw1.dc1', 'sw2.dc1'],
  group: (name: string) => GROUPS[name] ?? null,
  groups: () => Object.keys(GROUPS),
};

describe('a nodeset', () => {
  test.each([
    ['@core', 'R1 R2'],
    ['@core&@dc1', 'R2'],
    ['@dc[1-2]', 'R2 R3 sw1.dc1 sw2.dc1'],
    ['@*!@core', 'R3 sw1.dc1 sw2.dc1'],
    ['sw*', 'sw1.dc1 sw2.dc1'],
    ['R?^R2', 'R1 R3'],
    ['R1,!R1', ''],
    ['sw[1-3].site1,!sw2.site1', 'sw1.site1 sw3.site1'],
    ['R1 , R2', 'R1 R2'],
  ])('of groups and patterns, %s, is %s', (text, names) =>
    expect(expandNodeset(text, WORLD).join(' ')).toBe(names),
  );

  test.each([
    ['R1,,R2', 4, 'nothing stands before an operator'],
    ['R1,', 3, 'nothing stands after an operator'],
    ['', 0, 'nothing stands after an operator'],
    ['R[1-3', 2, 'a bracket that is never closed'],
    ['R1]', 3, 'a bracket that was never opened'],
    ['R[1-[2]]', 5, 'a bracket within a bracket'],
    ['R[1-2][3-4]', 7, 'two brackets without text between'],
    ['R[3-1]', 3, 'a range that counts down (found "3-1", expected "1-3")'],
    ['R[1,x]', 5, 'no range (found "x", expected as in [1-8], [01-20/2] or [1,5-7])'],
    ['R[1-010]', 3, 'the ends have other widths'],
    ['R[1-9/0]', 3, 'a step of 0'],
    ['R1[8-10]', 4, 'a range of several widths right after a digit'],
    ['R[1-9999999]', 3, 'too many names (found 9999999, expected at most 1000000)'],
    ['R1 R2', 1, 'a space inside a name (found "R1 R2", expected a comma between names)'],
    ['R1,@cor', 4, 'no such group (found "@cor", expected a group of the inventory; did you mean core?)'],
  ])('that is wrong, %j, is refused at column %i', (text, column, message) => {
    const refused = wrongOf(text);
    expect(refused.message).toContain(message);
    expect(refused.column).toBe(column);
  });

  test('needs an inventory for groups and patterns', () => {
    expect(() => expandNodeset('@core')).toThrow('a group without an inventory');
    expect(() => expandNodeset('R*')).toThrow('a pattern without an inventory');
  });
});

function wrongOf(text: string): NodesetError {
  try {
    expandNodeset(text, WORLD);
  } catch (error) {
    if (error instanceof NodesetError) return error;
    throw error;
  }
  throw new Error(`${text} was read`);
}
