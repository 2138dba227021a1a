// Taking a sweep away. It and its secrets are gone in the commit that says so; its many rows and the outputs
// nobody names any more follow in slices, whenever the thread has nothing else to do, also after a restart.
import { releaseOutputs } from './bodies.js';
import type { Sql } from './sql.js';
import { forgetSweepNumbers } from './sweepnumbers.js';

const SLICE = 500;
/** Tables with one row per device or more, each with a column that counts within the sweep. */
const LONG_TABLES = { reports: 'device', evidence: 'device', states: 'device', devices: 'device' };

export function removeSweep(sql: Sql, id: string): void {
  const row = sql.get<{ no: number }>('SELECT no FROM sweeps WHERE id = ?', id);
  if (row === undefined) return;
  forgetSweepNumbers(sql);
  sql.run('UPDATE sweeps SET id = NULL, key = NULL, open = 0 WHERE no = ?', row.no);
  sql.run('DELETE FROM secrets WHERE sweep = ?', row.no);
  sql.run('DELETE FROM bastions WHERE sweep = ?', row.no);
  sql.run('DELETE FROM shards WHERE sweep = ?', row.no);
}

/** Deletes the next slice of a removed sweep; false: nothing is left to delete. */
export function removeSlice(sql: Sql): boolean {
  const removed = sql.get<{ no: number }>('SELECT no FROM sweeps WHERE id IS NULL LIMIT 1');
  if (removed === undefined) return false;
  sql.transaction(() => {
    if (releaseOutputs(sql, removed.no, SLICE) || removeRows(sql, removed.no)) return;
    sql.run('DELETE FROM tallies WHERE sweep = ?', removed.no);
    sql.run('DELETE FROM sweeps WHERE no = ?', removed.no);
  });
  return true;
}

function removeRows(sql: Sql, sweep: number): boolean {
  return Object.entries(LONG_TABLES).some(([table, column]) => {
    const edge = sql.get<{ edge: number | null }>(
      `SELECT max(${column}) AS edge FROM (SELECT ${column} FROM ${table} WHERE sweep = ? ORDER BY ${column} LIMIT ?)`,
      sweep,
      SLICE,
    )?.edge;
    if (edge === null || edge === undefined) return false;
    return sql.run(`DELETE FROM ${table} WHERE sweep = ? AND ${column} <= ?`, sweep, edge).changes > 0;
  });
}
