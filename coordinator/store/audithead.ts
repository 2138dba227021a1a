// The head of the audit log that a store was committed with last, read without opening the store: its files are
// evidence, so nothing in them is changed.
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Place } from '../auditlog/line.js';
import { StateInUse } from './refusal.js';
import { DATABASE } from './schema.js';
import { SQLITE_BUSY, Sql, sqliteCode } from './sql.js';

export interface StoredHead extends Place {
  /** Up to this record the log's files were on the disk; the store holds what came after it too. */
  synced: number;
}

/** Null: there is no store, or none that has recorded anything. Throws StateInUse while a coordinator has it. */
export function storedHead(directory: string): StoredHead | null {
  const file = join(directory, DATABASE);
  if (!existsSync(file)) return null;
  const memory = `${file}-shm`; // SQLite makes one to read, which nobody else needs
  const hadMemory = existsSync(memory);
  try {
    const sql = Sql.reading(file);
    try {
      // All rows, so that none is left for later.
      const [head] = sql.all<{ value: string }>(`SELECT value FROM meta WHERE name = 'auditlog'`);
      return head === undefined ? null : (JSON.parse(head.value) as StoredHead); // as the queue has written it
    } finally {
      sql.close();
      if (!hadMemory) rmSync(memory, { force: true });
    }
  } catch (error) {
    if (sqliteCode(error) === SQLITE_BUSY) throw new StateInUse(`${directory} is in use`, { cause: error });
    throw error;
  }
}
