// The number that stands for a sweep's id in every other table. Each row of a result names its sweep, and a look at the
// table costs as much as writing half a row: what was found is remembered until a sweep goes or a transaction does.
import { StoreFailed } from './refusal.js';
import type { Sql } from './sql.js';

const found = new WeakMap<Sql, Map<string, number>>();

export function sweepNumber(sql: Sql, id: string): number {
  const numbers = found.get(sql) ?? new Map<string, number>();
  const known = numbers.get(id);
  if (known !== undefined) return known;
  const row = sql.get<{ no: number }>('SELECT no FROM sweeps WHERE id = ?', id);
  if (row === undefined) throw new StoreFailed(`sweep ${id} is not in the store`);
  found.set(sql, numbers.set(id, row.no));
  return row.no;
}

export function forgetSweepNumbers(sql: Sql): void {
  found.delete(sql);
}
