// Calls waiting for the database. Each turn takes everything that waits: the writes become one transaction
// with one fsync, in order, each call whole or not at all; then the reads are answered, in order. A call that
// fails is the last one that is written.
import { failpoint } from '../../proto/failpoint.js';
import { dropArriving } from './bodies.js';
import { type Reads, readsOf } from './reads.js';
import { type Refusal, refusalOf } from './refusal.js';
import { removeSlice } from './removal.js';
import type { Row } from './rows.js';
import type { Sql } from './sql.js';
import { apply } from './writes.js';

export type Request =
  | { id: number; rows: Row[] }
  | { id: number; read: keyof Reads; args: unknown[] }
  | { id: number; close: true };

export type Answer =
  | { ids: number[]; value: unknown } // of a commit: its number
  | { ids: number[]; refusal: Refusal };

/** Most calls in one transaction, so that a long queue does not become one long wait. */
const GROUP = 2_000;

type Commit = Extract<Request, { rows: Row[] }>;
type Read = Extract<Request, { read: keyof Reads }>;

export class Queue {
  readonly #sql: Sql;
  readonly #reads: Reads;
  readonly #answer: (answer: Answer) => void;
  #commits: Commit[] = [];
  #waitingReads: Read[] = [];
  #broken: Refusal | null = null;
  #closing: number | null = null;
  #scheduled = false;
  #mayRemove = true;

  constructor(sql: Sql, answer: (answer: Answer) => void) {
    this.#sql = sql;
    this.#reads = readsOf(sql);
    this.#answer = answer;
    dropArriving(sql);
    this.#schedule();
  }

  push(request: Request): void {
    if ('rows' in request) this.#commits.push(request);
    else if ('read' in request) this.#waitingReads.push(request);
    else this.#closing = request.id;
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
    const group = this.#commits.splice(0, GROUP);
    const reads = this.#waitingReads.splice(0);
    if (group.length > 0) this.#commit(group);
    for (const read of reads) this.#read(read);
    if (this.#commits.length > 0) this.#schedule();
    else if (this.#closing !== null) this.#close(this.#closing);
    else if (group.length + reads.length === 0) this.#remove();
    else if (this.#mayRemove) this.#schedule();
  }

  #commit(group: Commit[]): void {
    const written = this.#broken === null ? this.#transaction(group) : [];
    if (this.#broken === null) return;
    const ids = group.slice(written.length).map(({ id }) => id);
    this.#answer({ ids, refusal: this.#broken });
  }

  /** Answers the calls that are on disk, and returns them. */
  #transaction(group: Commit[]): Commit[] {
    try {
      const { written, number } = this.#sql.transaction(() => {
        const written = this.#write(group);
        failpoint('store.written');
        return { written, number: written.length > 0 ? this.#count() : 0 };
      });
      failpoint('store.committed');
      this.#answer({ ids: written.map(({ id }) => id), value: number });
      return written;
    } catch (error) {
      this.#broken ??= refusalOf(error);
      return [];
    }
  }

  /** Writes calls until one fails; returns those before it. */
  #write(group: Commit[]): Commit[] {
    for (const [i, { rows }] of group.entries()) {
      this.#sql.run('SAVEPOINT call');
      try {
        for (const row of rows) apply(this.#sql, row);
      } catch (error) {
        this.#broken = refusalOf(error);
        this.#sql.run('ROLLBACK TO call');
        return group.slice(0, i);
      }
      this.#sql.run('RELEASE call');
      this.#mayRemove ||= rows.some(({ write }) => write === 'dropSweep');
    }
    return group;
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
    this.#mayRemove = this.#broken === null && removeSlice(this.#sql);
    if (this.#mayRemove) this.#schedule();
  }

  #close(id: number): void {
    this.#sql.close();
    this.#answer({ ids: [id], value: null });
  }
}
