// When what is in the write-ahead log is copied into the database file. SQLite would do it by itself, but would
// tell nobody when it failed; an error other than a full disk is one of the disk's, and ends the process.
import { isFull, type Sql } from './sql.js';

/** Pages in the log from which on it is copied: 16 MiB. */
const DUE_PAGES = 1_024;
/** How much longer the log gets before the copy is tried again, where there was no room for it. */
const AGAIN_PAGES = 128;

/** Bytes that the file may grow by at one copy. */
export const CHECKPOINT_BYTES = DUE_PAGES * 16_384;

export class Checkpoints {
  #duePages = DUE_PAGES;

  constructor(private readonly sql: Sql) {
    sql.exec('PRAGMA wal_autocheckpoint = 0');
  }

  /** After each commit. Throws when the disk fails. */
  committed(): void {
    const pages = this.sql.get<{ log: number }>('PRAGMA wal_checkpoint(NOOP)')?.log ?? 0;
    if (pages < this.#duePages) return;
    try {
      this.sql.get('PRAGMA wal_checkpoint(PASSIVE)');
      this.#duePages = DUE_PAGES;
    } catch (error) {
      if (!isFull(error)) throw error;
      this.#duePages = pages + AGAIN_PAGES;
    }
  }
}
