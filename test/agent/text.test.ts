// From bytes to what a terminal shows.
import { describe, expect, test } from 'vitest';
import { clean, firstLines, lastLines, quote, shown, toText } from '../../agent/text.js';

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
  const bytes = Buffer.from('Zürich\n');
  expect(toText(Buffer.from('Zürich\r\n'))).toEqual({ bytes, encoding: 'utf-8' });
  expect(toText(Buffer.from('Zürich\r\n', 'latin1'))).toEqual({ bytes, encoding: 'latin-1' });
});

test('bytes give what their text gives, whatever stands where', () => {
  const pieces = [
    'a',
    ' ',
    '\t',
    '\n',
    '\r\n',
    '\r\r\n',
    '\r',
    '\b',
    '\0',
    '\x07',
    '\x1b[K',
    '\x0b',
    '\x7f',
    'ü',
    '',
  ];
  const plain = pieces.filter((piece) => clean(`${piece}\n`) === `${piece}\n`.replace(/\r+\n/, '\n'));
  for (let round = 0; round < 2_000; round++) {
    const from = round % 2 === 0 ? pieces : plain;
    const text = Array.from({ length: 12 }, () => from[Math.floor(Math.random() * from.length)]).join('');
    expect(toText(Buffer.from(text)).bytes.toString(), JSON.stringify(text)).toBe(clean(text));
  }
});

test.each([
  ['', '', ''],
  ['one', 'one', 'one'],
  ['\n \none\n\ntwo\nthree\n', '\n \none\n\ntwo\n', 'three\n'],
  ['one\ntwo\n \n\n', 'one\ntwo\n', 'two\n \n\n'],
  ['\n\n', '\n\n', '\n\n'],
  ['ü\none\nü\n', 'ü\none\nü\n', 'one\nü\n'],
])('the first two lines and the last one of %j', (text, first, last) => {
  expect(firstLines(Buffer.from(text), 2)).toBe(first);
  expect(lastLines(Buffer.from(text))).toBe(last);
});

test('a line of a megabyte full of carriage returns takes no longer than it must', () => {
  const started = process.cpuUsage();
  expect(shown('ab\r'.repeat(350_000))).toBe('ab');
  expect(process.cpuUsage(started).user / 1_000, 'CPU').toBeLessThan(5_000);
});

test("a device's words in a message are one short line without controls", () => {
  expect(quote('Go\r\n\x1b[31maway\u202e')).toBe('Go [31maway');
  expect(quote('x'.repeat(500))).toHaveLength(203);
});
