// Tables from several templates over one text: the first one's rows, with the columns that the others add to the rows
// that have the same keys. Without keys, row by row.
import type { Cells } from './machine.js';
import type { Cell } from './slot.js';
import type { Template } from './template.js';

export interface Table {
  columns: string[];
  rows: Cells[];
}

/** The keys are those of the first template that has any. */
export function mergeTables(tables: readonly { template: Template; rows: Cells[] }[]): Table {
  const [first, ...others] = tables.map(({ template, rows }) => ({
    columns: template.values.map(({ name }) => name),
    keys: template.values.filter(({ options }) => options.includes('Key')).map(({ name }) => name),
    rows,
  }));
  if (first === undefined) return { columns: [], rows: [] };
  const merged = { columns: first.columns, rows: first.rows };
  let { keys } = first;
  for (const other of others) {
    if (keys.length === 0) keys = other.keys;
    extend(merged, other, keys);
  }
  return merged;
}

function extend(table: Table, other: Table, keys: readonly string[]): void {
  const added = other.columns.filter((column) => !table.columns.includes(column));
  const taken = added.map((column) => other.columns.indexOf(column));
  const find =
    keys.length === 0 ? (_: Cells, place: number) => other.rows[place] : byKeys(table, other, keys);
  table.columns = [...table.columns, ...added];
  table.rows = table.rows.map((row, place) => {
    const match = find(row, place);
    return [...row, ...taken.map((column) => match?.[column] ?? '')];
  });
}

/** The first row with the same keys. One without a column of that name has no row in common. */
function byKeys(table: Table, other: Table, keys: readonly string[]): (row: Cells) => Cells | undefined {
  const own = keys.map((key) => table.columns.indexOf(key));
  const theirs = keys.map((key) => other.columns.indexOf(key));
  if ([...own, ...theirs].includes(-1)) return () => undefined;
  const keyOf = (row: Cells, columns: number[]) =>
    JSON.stringify(columns.map((column): Cell => row[column] ?? ''));
  const rows = new Map<string, Cells>();
  for (const row of other.rows) {
    const key = keyOf(row, theirs);
    if (!rows.has(key)) rows.set(key, row);
  }
  return (row) => rows.get(keyOf(row, own));
}
