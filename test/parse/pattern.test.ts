// Patterns as Python reads them, matched from the beginning of a line.
import { expect, test } from 'vitest';
import { Pattern } from '../../coordinator/parse/pattern.ts';

type Found = [string, Record<string, string | null>] | null;

function match(pattern: string, line: string): Found {
  const compiled = new Pattern(pattern);
  const captures = compiled.match(line);
  if (captures === null) return null;
  return [
    captures[0] ?? '',
    Object.fromEntries(Array.from(compiled.names, ([name, group]) => [name, captures[group] ?? null])),
  ];
}

const MATCHES: [pattern: string, line: string, found: Found][] = [
  // From the beginning, not to the end.
  ['b', 'ab', null],
  ['a|b', 'ba', ['b', {}]],
  ['a$', 'ab', null],
  ['\\Aa\\Z', 'a', ['a', {}]],
  // Groups.
  ['(?P<x>a)(b)(?P<y>c)?', 'abd', ['ab', { x: 'a', y: null }]],
  ['(?P<q>[\'"])\\w+(?P=q)', '"abc"', ['"abc"', { q: '"' }]],
  ['(a)(b)\\2\\1', 'abba', ['abba', {}]],
  ['(?:(?P<x>a)|b)+', 'ab', ['ab', { x: 'a' }]],
  ['((?P<x>\\w+)?\\s)+z', 'a  z', ['a  z', { x: 'a' }]],
  ['(?P<x>\\s*)?a', 'a', ['a', { x: '' }]],
  ['(?P<x>a)?(?P=x)b', 'b', null],
  ['a(?#nothing)+', 'aaa', ['aaa', {}]],
  // Repetition, and braces that are none.
  ['a{,2}', 'aaa', ['aa', {}]],
  ['a{2,}', 'aaa', ['aaa', {}]],
  ['a{1,3}?', 'aaa', ['a', {}]],
  ['a{}', 'a{}', ['a{}', {}]],
  ['a{x}', 'a{x}', ['a{x}', {}]],
  ['{a', '{a', ['{a', {}]],
  // Sets.
  ['[]a]+', ']a', [']a', {}]],
  ['[^]a]', 'b', ['b', {}]],
  ['[a-]+', 'a-', ['a-', {}]],
  ['[\\d-]+', '1-2', ['1-2', {}]],
  ['[\\w.]+', 'a.b c', ['a.b', {}]],
  ['[^\\W\\d]+', 'ab1', ['ab', {}]],
  ['[[a]+', '[a', ['[a', {}]],
  ['[\\b]', '\b', ['\b', {}]],
  // Escapes.
  ['\\x41\\u0042\\103', 'ABC', ['ABC', {}]],
  ['\\t\\a\\0', '\t\x07\0', ['\t\x07\0', {}]],
  ['\\-\\/\\"\\ \\%', '-/" %', ['-/" %', {}]],
  ['a\\b', 'ab', null],
  ['a\\B', 'ab', ['a', {}]],
  // Flags.
  ['(?i)ab[c-e]', 'AbD', ['AbD', {}]],
  ['a(?i)b', 'AB', ['AB', {}]],
  ['a(?i:b)c', 'aBc', ['aBc', {}]],
  ['(?i)a(?-i:b)', 'AB', null],
  ['(?i)(a)\\1', 'aA', ['aA', {}]],
  ['(?x) a  b # the end', 'ab', ['ab', {}]],
  ['(?s).', '\n', ['\n', {}]],
  ['.', '\n', null],
  ['(?m)^a$', 'a', ['a', {}]],
  // Around it.
  ['a(?=b)', 'ab', ['a', {}]],
  ['a(?!b)', 'ab', null],
  ['ab(?<=ab)c(?<!xc)', 'abc', ['abc', {}]],
  // Beyond ASCII.
  ['\\w+', 'größe', ['größe', {}]],
  ['(?a)\\w+', 'größe', ['gr', {}]],
  ['\\d+', '١٢', ['١٢', {}]],
  ['a\\sb', 'a\u00a0b', ['a\u00a0b', {}]],
  ['a\\sb', 'a\x1cb', ['a\x1cb', {}]],
  ['.$', '😀', ['😀', {}]],
  ['[^a]{2}', '😀b', ['😀b', {}]],
  ['(?i)É', 'é', ['é', {}]],
  ['[\\W]+', '– a', ['– ', {}]],
  ['ö\\b', 'ö a', ['ö', {}]],
];

test.each(MATCHES)('%s on %j', (pattern, line, expected) => {
  expect(match(pattern, line)).toEqual(expected);
});

test.each([
  ['a**', 2, 'a repetition of a repetition'],
  ['*a', 0, 'nothing to repeat before *'],
  ['(+)', 1, 'nothing to repeat before +'],
  ['^*', 1, 'nothing to repeat: ^ is a place'],
  ['a{3,2}', 1, '{3,2}: at least more than at most'],
  ['a++', 1, 'possessive repetition, which is not supported (expected it without the +)'],
  ['(?>a)', 0, 'an atomic group (?>...), which is not supported'],
  ['(a)?(?(1)b|c)', 4, 'a condition (?(...)...), which is not supported'],
  ['(?<x>a)', 0, '(?<x (expected (?<=...) or (?<!...); names are (?P<name>...))'],
  ['(?P>x)', 0, '(?P> (expected (?P<name>...) or (?P=name))'],
  ['(?P<1x>a)', 0, '"1x" can\'t be the name of a group'],
  ['(?P<x>a)(?P<x>b)', 8, 'the group x is there already'],
  ['(?P=x)', 0, 'group "x" is not known here'],
  ['\\1', 0, 'there is no group 1 before it'],
  ['(a\\1)', 2, 'group 1 is still open'],
  ['(?z)a', 2, 'flag z (expected one of i, m, s, x, a and u)'],
  ['(?-i)a', 0, '(?- begins no kind of group'],
  ['a\\', 1, 'a backslash with nothing behind it'],
  ['\\y', 0, '\\y, which means nothing'],
  ['\\U00110000', 0, '\\U00110000 is no character'],
  ['[b-a]', 2, 'a range of characters from and to nothing that can be its ends'],
  ['[\\d-z]', 3, 'a range of characters from and to nothing that can be its ends'],
  ['[a', 0, 'a [ that is not closed'],
  ['(a', 0, 'a ( that is not closed'],
  ['a)', 1, 'a ) that closes nothing'],
  ['(?#a', 0, 'a comment that is not closed by )'],
  ['('.repeat(300), 200, 'more than 200 groups in each other'],
])('%s is refused at %i: %s', (pattern, offset, message) => {
  expect(() => new Pattern(pattern)).toThrow(expect.objectContaining({ offset, message }));
});
