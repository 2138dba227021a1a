// From bytes to what a terminal shows.
import { describe, expect, test } from 'vitest';
import { clean, quote, shown, toText } from '../../agent/text.js';

describe('one line as a terminal shows it', () => {
  test.each([
    ['plain text', 'interface Gi0/1', 'interface Gi0/1'],
    ['tabs stay', 'a\tb', 'a\tb'],
    ['NUL and BEL vanish', 'a\x00b\x07c', 'abc'],
    ['a backspace overwrites', 'abX\bc', 'abc'],
    ['a backspace alone moves only', 'abc\b', 'abc'],
    ['a carriage return overwrites', 'loading\rdone', 'doneing'],
    ['a colour vanishes', '\x1b[1;31mred\x1b[0m', 'red'],
    ['an erasure to the end of the line', 'abc\r\x1b[Kxy', 'xy'],
    ['an erasure of the whole line', 'abc\x1b[2K\rxy', 'xy'],
    ['a move to the left overwrites', 'abc\x1b[2Dx', 'axc'],
    ['a move to the right leaves blanks', 'a\x1b[2Cb', 'a  b'],
    ['a move without measure stays within reason', `a\x1b[999999999Cb`, `a${' '.repeat(4095)}b`],
    ['a title vanishes', '\x1b]0;router\x07R1#', 'R1#'],
    ['bracketed paste vanishes', '\x1b[?2004hR1# ', 'R1# '],
    ['a character set vanishes', '\x1b(Babc\x1b=', 'abc'],
    ['a sequence cut short loses only its escape', 'abc\x1b[', 'abc['],
  ])('%s', (_name, raw, text) => {
    expect(shown(raw)).toBe(text);
  });
});

test('line ends become LF whatever the device makes of them', () => {
  expect(clean('a\r\nb\r\r\nc\n\rd\ne')).toBe('a\nb\nc\nd\ne');
});

test('bytes are read as UTF-8 when they are, as Latin-1 otherwise, and counted as UTF-8', () => {
  expect(toText(Buffer.from('Zürich\r\n'))).toMatchObject({ text: 'Zürich\n', encoding: 'utf-8' });
  const latin = toText(Buffer.from('Zürich\r\n', 'latin1'));
  expect(latin).toMatchObject({ text: 'Zürich\n', encoding: 'latin-1' });
  expect(latin.bytes).toEqual(Buffer.from('Zürich\n'));
});

test('a line of a megabyte full of carriage returns takes no longer than it must', () => {
  const started = performance.now();
  expect(shown('ab\r'.repeat(350_000))).toBe('ab');
  expect(performance.now() - started).toBeLessThan(1000);
});

test("a device's words in a message are one short line without controls", () => {
  expect(quote('Go\r\n\x1b[31maway\u202e')).toBe('Go [31maway');
  expect(quote('x'.repeat(500))).toHaveLength(203);
});
