// CSV without quotes is read without the parser, and comes out as the parser has it.
import { parse } from 'csv-parse/sync';
import { expect, test } from 'vitest';
import { plainRows } from '../../coordinator/inventory/plaincsv.js';

const LETTERS = ['a', 'b', ' ', ',', ',', ';', '\n', '\n', '\r', '#', '\\', 'é'];

test('20,000 texts without quotes have the cells that the parser finds, each where it stands', () => {
  const below = random(20_261_123);
  for (let round = 0; round < 20_000; round += 1) {
    const text = Array.from({ length: below(40) }, () => LETTERS[below(LETTERS.length)]).join('');
    const rows = [...plainRows(text, ',')];
    const parsed = parse(text, {
      delimiter: ',',
      record_delimiter: '\n',
      relax_column_count: true,
      skip_empty_lines: true,
      comment: '#',
      comment_no_infix: true,
    });
    expect(
      rows.map((cells) => cells.map((cell) => cell.text)),
      JSON.stringify(text),
    ).toEqual(parsed);
    for (const { text: cell, offset } of rows.flat())
      expect(text.slice(offset, offset + cell.length)).toBe(cell);
  }
});

/** Numbers below a bound, always the same ones of a seed. */
function random(seed: number): (bound: number) => number {
  let state = seed;
  return (bound) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * bound);
  };
}
