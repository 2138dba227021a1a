// Calls waiting for the database. Each turn takes what waits: the writes become one transaction with one
// fsync, in order, each call whole or not at all; then the reads are answered, in order. A call that fails is
// the last one that is written. Only a full disk is no failure: the transaction is rolled back whole and
// everything waits in line until there is room, because nobody has been told of it.
import { failpoint } from '../../proto/failpoint.js';
import { AuditLog, type LogOpening } from '../auditlog/log.js';
import type { StoredHead } from './audithead.js';
import { dropArriving } from './bodies.js';
import { Checkpoints } from './checkpoints.js';
import { type Reads, readsOf } from './reads.js';
import { type Refusal, refusalOf } from './refusal.js';
import { removeSlice } from './removal.js';
import { lastReport } from './reports.js';
import { type Row, sizeOf } from './rows.js';
import { isFull, type Sql, sqliteCode, withRoom } from './sql.js';
import { forgetSweepNumbers } from './sweepnumbers.js';
import { dropOldVersions, type Keep } from './versions.js';
import { applyAll } from './writes.js';

export type Request =
  | { id: number; rows: Row[]; records: string[] } // `records`: what goes into the audit log, as its bodies
  | { id: number; log: LogOpening }
  | { id: number; read: keyof Reads; args: unknown[] }
  | { id: number; close: true };

export type Answer =
  | { ids: number[]; value: unknown }
  // Number of the commit, and of the latest report of all; the head of the audit log as its line.
  | { ids: number[]; commit: number; lastReport: number; head: string }
  | { ids: number[]; refusal: Refusal }
  | { full: boolean }; // unasked: commits have begun, or ceased, to wait for room on the disk

/** Most calls in one transaction, so that a long queue does not become one long wait. */
const GROUP = 2_000;
/** No call is added to a transaction of this size, in bytes: what one needs on a disk that runs full is bounded. */
export const GROUP_BYTES = 4 * 1024 * 1024;
/** How often a commit that found no room is tried again, in ms. */
const ROOM_RETRY_MS = 500;
/** How often it is looked for versions that are too old. */
const DROP_OLD_MS = 3_600_000;

type Commit = Extract<Request, { rows: Row[] }>;
type Read = Extract<Request, { read: keyof Reads }>;

export class Queue {
  readonly #sql: Sql;
  readonly #reads: Reads;
  readonly #answer: (answer: Answer) => void;
  readonly #checkpoints: Checkpoints;
  #commits: Commit[] = [];
  #waitingReads: Read[] = [];
  #broken: Refusal | null = null;
  #closing: number | null = null;
  #scheduled = false;
  #mayRemove = true;
  /** When it is looked for versions that are too old, in Unix ms. */
  #dropOldFrom = 0;
  /** Told that commits wait for room on the disk. */
  #full = false;
  /** No commit is tried until the next look for room. */
  #resting = false;
  #log: AuditLog | null = null;
  /** Up to here the database holds nothing of the log any more. */
  #synced = -1;
  /** So many of the first commits are in the log already, and wait for room in the database alone. */
  #logged = 0;

  constructor(
    sql: Sql,
    answer: (answer: Answer) => void,
    /** Of earlier versions; null: all. */
    private readonly keep: Keep | null,
  ) {
    this.#sql = sql;
    this.#reads = readsOf(sql);
    this.#answer = answer;
    this.#checkpoints = new Checkpoints(sql);
    if (!withRoom(() => dropArriving(sql))) this.#mayRemove = false;
    this.#schedule();
  }

  push(requests: Request[]): void {
    for (const request of requests) {
      if ('rows' in request) this.#commits.push(request);
      else if ('read' in request) this.#waitingReads.push(request);
      else if ('log' in request) this.#openLog(request);
      else this.#closing = request.id;
    }
    this.#schedule();
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.#turn();
    });
  }

  #turn(): void {
    const group = this.#resting ? [] : this.#commits.splice(0, this.#logged || groupLength(this.#commits));
    const reads = this.#waitingReads.splice(0);
    if (group.length > 0) this.#commit(group);
    for (const read of reads) this.#read(read);
    // Nobody was told of what still waits for room, so it may end with us.
    const done = this.#resting || this.#commits.length === 0;
    if (done && this.#closing !== null) this.#close(this.#closing);
    else if (this.#resting) return;
    else if (this.#commits.length > 0) this.#schedule();
    else if (group.length + reads.length === 0) this.#remove();
    else if (this.#mayRemove) this.#schedule();
  }

  #commit(group: Commit[]): void {
    const written = this.#broken === null ? this.#transaction(group) : [];
    if (this.#broken === null || this.#resting) return;
    const ids = group.slice(written.length).map(({ id }) => id);
    this.#answer({ ids, refusal: this.#broken });
  }

  /** Answers the calls that are on disk, and returns them. */
  #transaction(group: Commit[]): Commit[] {
    try {
      const { written, numbers } = this.#sql.transaction(() => {
        const written = this.#write(group);
        failpoint('store.written');
        const commit = written.length > 0 ? this.#count() : 0;
        this.#record(written, commit);
        return { written, numbers: { commit, lastReport: lastReport(this.#sql) } };
      });
      failpoint('store.committed');
      this.#logged = 0;
      this.#answer({ ids: written.map(({ id }) => id), ...numbers, head: this.#log?.headLine ?? '' });
      this.#committed();
      return written;
    } catch (error) {
      forgetSweepNumbers(this.#sql);
      if (isFull(error)) this.#waitForRoom(group);
      else this.#broken ??= refusalOf(error);
      return [];
    }
  }

  #committed(): void {
    if (this.#full) this.#answer({ full: false });
    this.#full = false;
    try {
      this.#checkpoints.committed();
      this.#log?.committed();
    } catch (error) {
      if (!isFull(error)) this.#broken ??= refusalOf(error);
    }
  }

  #waitForRoom(group: Commit[]): void {
    this.#commits = [...group, ...this.#commits];
    this.#resting = true;
    if (!this.#full) this.#answer({ full: true });
    this.#full = true;
    setTimeout(() => {
      this.#resting = false;
      this.#mayRemove = true;
      this.#schedule();
    }, ROOM_RETRY_MS);
  }

  /** Writes calls until one fails; returns those before it. */
  #write(group: Commit[]): Commit[] {
    for (const [i, { rows }] of group.entries()) {
      this.#sql.run('SAVEPOINT call');
      try {
        applyAll(this.#sql, rows, this.keep);
      } catch (error) {
        forgetSweepNumbers(this.#sql);
        // What SQLite itself refuses concerns the whole transaction; it may have rolled back by itself.
        if (sqliteCode(error) !== 0) throw error;
        this.#broken = refusalOf(error);
        this.#sql.run('ROLLBACK TO call');
        return group.slice(0, i);
      }
      this.#sql.run('RELEASE call');
      this.#mayRemove ||= rows.some(({ write }) => write === 'dropSweep' || write === 'sweep');
    }
    return group;
  }

  /** In the log before it is in the store; once, however often the store is tried. */
  #record(written: Commit[], commit: number): void {
    const log = this.#log;
    const records = written.flatMap(({ records }) => records);
    if (log === null || records.length === 0) return;
    if (this.#logged === 0) log.append(records, commit);
    this.#logged = written.length;
    failpoint('store.logged');
    this.#recorded(log);
  }

  /** How far the log has got, and what of it is in the database alone. */
  #recorded({ place, synced, unsynced }: AuditLog): void {
    if (unsynced !== null)
      this.#sql.run('INSERT OR REPLACE INTO audit_tail VALUES (?, ?)', place.n, unsynced);
    if (synced.n > this.#synced) this.#sql.run('DELETE FROM audit_tail WHERE n <= ?', synced.n);
    this.#synced = synced.n;
    const head = JSON.stringify({ ...place, synced: synced.n } satisfies StoredHead);
    this.#sql.run(`INSERT OR REPLACE INTO meta VALUES ('auditlog', ?)`, head);
  }

  #openLog({ id, log }: Extract<Request, { log: LogOpening }>): void {
    try {
      const known = this.#sql.get<{ value: string }>(`SELECT value FROM meta WHERE name = 'auditlog'`);
      const head = known === undefined ? null : (JSON.parse(known.value) as StoredHead); // as written above
      const tail = this.#sql.all<{ text: string }>('SELECT text FROM audit_tail ORDER BY n');
      this.#log = AuditLog.open(
        log,
        head,
        tail.map(({ text }) => text),
      );
      this.#answer({ ids: [id], value: null });
    } catch (error) {
      this.#answer({ ids: [id], refusal: refusalOf(error) });
    }
  }

  #count(): number {
    const counted = this.#sql.get<{ value: number }>(
      `UPDATE meta SET value = value + 1 WHERE name = 'commit' RETURNING value`,
    );
    return counted?.value ?? 0;
  }

  #read({ id, read, args }: Read): void {
    const ids = [id];
    const refuse = (error: unknown) => this.#answer({ ids, refusal: refusalOf(error) });
    if (this.#broken !== null) {
      this.#answer({ ids, refusal: this.#broken });
      return;
    }
    try {
      // The arguments were typed where the call was made, on the other side of the thread's edge.
      const value: unknown = (this.#reads[read] as (...args: unknown[]) => unknown)(...args);
      if (value instanceof Promise) value.then((result) => this.#answer({ ids, value: result }), refuse);
      else this.#answer({ ids, value });
    } catch (error) {
      refuse(error);
    }
  }

  #remove(): void {
    this.#mayRemove = this.#broken === null && withRoom(() => removeSlice(this.#sql) || this.#dropOld());
    if (this.#mayRemove) this.#schedule();
  }

  /** Once after the start, and then once an hour. */
  #dropOld(): boolean {
    const now = Date.now();
    if (this.keep === null || now < this.#dropOldFrom) return false;
    const dropped = dropOldVersions(this.#sql, this.keep, now);
    if (!dropped) this.#dropOldFrom = now + DROP_OLD_MS;
    return dropped;
  }

  #close(id: number): void {
    const log = this.#log;
    log?.close();
    // What is left of its end is in the file now.
    if (log !== null && this.#synced >= 0 && this.#synced < log.place.n && this.#logged === 0)
      withRoom(() => this.#sql.transaction(() => this.#recorded(log)));
    withRoom(() => this.#sql.close());
    this.#answer({ ids: [id], value: null });
  }
}

/** How many of the first calls go into one transaction. */
function groupLength(calls: Commit[]): number {
  let bytes = 0;
  const length = calls.findIndex(({ rows }, i) => {
    if (i === GROUP || bytes >= GROUP_BYTES) return true;
    bytes += rows.reduce((sum, row) => sum + sizeOf(row), 0);
    return false;
  });
  return length < 0 ? calls.length : length;
}
