// The one place that touches the database library: an open file, its prepared statements, its transactions.
// Everything here is synchronous; the thread it runs in is what keeps the coordinator responsive.
import { DatabaseSync, type DatabaseSyncInstance, type StatementSyncInstance } from '@photostructure/sqlite';

export type SqlValue = string | number | Uint8Array | null;

export class Sql {
  readonly #database: DatabaseSyncInstance;
  readonly #prepared = new Map<string, StatementSyncInstance>();

  constructor(
    file: string,
    /** Its log was damaged when it was opened: later commits than those it has may be lost. */
    readonly isRolledBack = false,
    private readonly readOnly = false,
  ) {
    this.#database = new DatabaseSync(file, { timeout: 0, enableForeignKeyConstraints: false, readOnly });
  }

  /** A file that nothing is to be changed of. */
  static reading(file: string): Sql {
    return new Sql(file, false, true);
  }

  /** Runs a statement; returns the number of rows it changed and the last row's number. */
  run(text: string, ...values: SqlValue[]): { changes: number; row: number } {
    const { changes, lastInsertRowid } = this.#statement(text).run(...values);
    return { changes, row: Number(lastInsertRowid) };
  }

  get<Row>(text: string, ...values: SqlValue[]): Row | undefined {
    return this.#statement(text).get(...values);
  }

  all<Row>(text: string, ...values: SqlValue[]): Row[] {
    return this.#statement(text).all(...values) as Row[]; // the columns named in `text` are the row's type
  }

  /** Several statements without values. */
  exec(text: string): void {
    this.#database.exec(text);
  }

  transaction<T>(work: () => T): T {
    this.run('BEGIN IMMEDIATE');
    try {
      const value = work();
      this.run('COMMIT');
      return value;
    } catch (error) {
      this.rollback();
      throw error;
    }
  }

  /** SQLite may have rolled back by itself, on a full disk for instance. */
  rollback(): void {
    if (this.#database.isTransaction) this.run('ROLLBACK');
  }

  /**
   * Leaves one plain file, unlocked. The lock is given up in so many words, since the library can't finalize
   * statements: SQLite keeps a closed connection with statements until they are collected as garbage.
   */
  close(): void {
    try {
      if (!this.readOnly)
        this.exec('PRAGMA journal_mode = DELETE; PRAGMA locking_mode = NORMAL; SELECT 1 FROM sqlite_schema');
    } finally {
      this.#prepared.clear();
      this.#database.close();
    }
  }

  #statement(text: string): StatementSyncInstance {
    let statement = this.#prepared.get(text);
    if (statement === undefined) {
      statement = this.#database.prepare(text);
      this.#prepared.set(text, statement);
    }
    return statement;
  }
}

/** SQLite's own result code of an error, 0 if it is none of SQLite's. */
export function sqliteCode(error: unknown): number {
  return error instanceof Error && 'errcode' in error ? Number(error.errcode) & 0xff : 0;
}

/** The disk, or what we may have of it. */
export function isFull(error: unknown): boolean {
  return (
    sqliteCode(error) === SQLITE_FULL || (error instanceof Error && 'code' in error && FULL.has(error.code))
  );
}

/** Work that can be left undone; false: the disk is full, or the work says so. */
export function withRoom(work: () => unknown): boolean {
  try {
    return work() !== false;
  } catch (error) {
    if (!isFull(error)) throw error;
    return false;
  }
}

/** What the file holds is not what SQLite has written. */
export function isCorrupt(error: unknown): boolean {
  return sqliteCode(error) === SQLITE_CORRUPT;
}

export const SQLITE_BUSY = 5;
const SQLITE_CORRUPT = 11;
const SQLITE_FULL = 13;
/** The same of files that are not the database's. */
const FULL = new Set<unknown>(['ENOSPC', 'EDQUOT']);
export const SQLITE_NOTADB = 26;
