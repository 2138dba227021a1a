import { expect, test } from 'vitest';
import { fitting, tableLines } from '../../coordinator/combine/table.ts';

const ROWS = [{ name: 'R1', long: 'a long text', more: '14 kB' }];
const COLUMNS = [
  { title: 'NAME', cell: ({ name }: (typeof ROWS)[0]) => name },
  { title: 'TEXT', spare: true, cell: ({ long }: (typeof ROWS)[0]) => long },
  { title: 'SIZE', spare: true, right: true, cell: ({ more }: (typeof ROWS)[0]) => more },
];

test('a table that is too wide goes without its spare columns, the last one first, and never without the others', () => {
  const titles = (width: number) => fitting(COLUMNS, ROWS, width).map(({ title }) => title);
  expect(tableLines(COLUMNS, ROWS)).toEqual(['NAME  TEXT          SIZE', 'R1    a long text  14 kB']);
  expect([24, 23, 16, 3].map(titles)).toEqual([
    ['NAME', 'TEXT', 'SIZE'],
    ['NAME', 'TEXT'],
    ['NAME'],
    ['NAME'],
  ]);
});
