// The database file: how it is opened and locked, its tables, and the steps from one format to the next.
// The lock is SQLite's exclusive one, taken at open and held for the life of the process; the kernel gives
// it back however that ends.

import { randomBytes } from 'node:crypto';
import { closeSync, existsSync, fsyncSync, openSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { makeDirectory } from '../../proto/directory.js';
import { isLogDamaged } from './log.js';
import { StateInUse, StoreDamaged, StoreRefused } from './refusal.js';
import { isCorrupt, isFull, SQLITE_BUSY, SQLITE_NOTADB, Sql, sqliteCode } from './sql.js';

export const DATABASE = 'store.db';

/** Each step takes the store from the format of its position to the next one. */
const STEPS = [
  `
  CREATE TABLE sweeps (
    no INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT UNIQUE,  -- null: removed, its rows are being deleted
    key TEXT UNIQUE, -- null: none
    state TEXT NOT NULL,
    open INTEGER NOT NULL,
    started_at_ms REAL NOT NULL,
    ended_at_ms REAL NOT NULL,
    reason TEXT NOT NULL,
    last_shard INTEGER NOT NULL,
    selected INTEGER NOT NULL,
    options BLOB NOT NULL
  );
  CREATE INDEX sweeps_open ON sweeps (no) WHERE open = 1;

  CREATE TABLE devices (
    sweep INTEGER NOT NULL, device INTEGER NOT NULL, submitted BLOB NOT NULL,
    PRIMARY KEY (sweep, device)
  ) WITHOUT ROWID;
  CREATE TABLE states (
    sweep INTEGER NOT NULL, device INTEGER NOT NULL,
    attempts INTEGER NOT NULL, worked_ms INTEGER NOT NULL,
    login_spent INTEGER NOT NULL, enable_spent INTEGER NOT NULL, started INTEGER NOT NULL,
    PRIMARY KEY (sweep, device)
  ) WITHOUT ROWID;
  CREATE TABLE shards (
    sweep INTEGER NOT NULL, shard INTEGER NOT NULL, segment TEXT NOT NULL, offer INTEGER NOT NULL,
    epoch TEXT NOT NULL, holder TEXT NOT NULL, claim_id TEXT NOT NULL,
    devices TEXT NOT NULL, -- indexes, as JSON
    PRIMARY KEY (sweep, shard)
  ) WITHOUT ROWID;
  CREATE TABLE secrets (
    sweep INTEGER NOT NULL, credential TEXT NOT NULL, sealed BLOB NOT NULL,
    PRIMARY KEY (sweep, credential)
  ) WITHOUT ROWID;

  CREATE TABLE reports (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    sweep INTEGER NOT NULL, device INTEGER NOT NULL,
    status TEXT NOT NULL, kind TEXT, attempts INTEGER NOT NULL, duration_ms INTEGER NOT NULL,
    head BLOB NOT NULL,   -- the report without its outputs and its transcript
    outputs BLOB NOT NULL -- a report of nothing but these, without their bytes: head and outputs together are the whole
  );
  CREATE UNIQUE INDEX reports_device ON reports (sweep, device);
  CREATE INDEX reports_sweep ON reports (sweep);
  CREATE TABLE tallies (
    sweep INTEGER NOT NULL, status TEXT NOT NULL, agent TEXT NOT NULL,
    devices INTEGER NOT NULL, duration_ms INTEGER NOT NULL,
    PRIMARY KEY (sweep, status, agent)
  ) WITHOUT ROWID;
  CREATE TABLE evidence (
    no INTEGER PRIMARY KEY,
    sweep INTEGER NOT NULL, device INTEGER NOT NULL, attempt INTEGER NOT NULL,
    head BLOB NOT NULL, outputs BLOB NOT NULL
  );
  CREATE INDEX evidence_device ON evidence (sweep, device);

  CREATE TABLE outputs (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    sha256 BLOB NOT NULL UNIQUE,
    pieces INTEGER NOT NULL, -- 0: pieces are still arriving, no report names it yet
    uses INTEGER NOT NULL    -- sweeps that name it
  );
  CREATE INDEX outputs_arriving ON outputs (id) WHERE pieces = 0;
  CREATE TABLE pieces (
    key INTEGER PRIMARY KEY, -- output's id and number of the piece in one
    data BLOB NOT NULL
  );
  CREATE TABLE uses (
    sweep INTEGER NOT NULL, output INTEGER NOT NULL,
    PRIMARY KEY (sweep, output)
  ) WITHOUT ROWID;

  CREATE TABLE host_keys (
    segment TEXT NOT NULL, host TEXT NOT NULL, port INTEGER NOT NULL, type TEXT NOT NULL,
    key BLOB NOT NULL, first_seen_ms REAL NOT NULL, agent TEXT NOT NULL,
    PRIMARY KEY (segment, host, port, type)
  ) WITHOUT ROWID;
  CREATE TABLE credentials (
    id TEXT PRIMARY KEY, name TEXT NOT NULL, username TEXT NOT NULL,
    stopped INTEGER NOT NULL, refusals INTEGER NOT NULL, changed_at_ms REAL NOT NULL
  ) WITHOUT ROWID;
  `,
  `
  ALTER TABLE host_keys RENAME TO host_keys_reached_directly;
  CREATE TABLE host_keys (
    segment TEXT NOT NULL, jump TEXT NOT NULL, -- the bastions on the way; empty: none
    host TEXT NOT NULL, port INTEGER NOT NULL, type TEXT NOT NULL,
    key BLOB NOT NULL, first_seen_ms REAL NOT NULL, agent TEXT NOT NULL,
    PRIMARY KEY (segment, jump, host, port, type)
  ) WITHOUT ROWID;
  INSERT INTO host_keys
    SELECT segment, '', host, port, type, key, first_seen_ms, agent FROM host_keys_reached_directly;
  DROP TABLE host_keys_reached_directly;
  `,
  `
  ALTER TABLE states ADD COLUMN channel_spent INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE states ADD COLUMN deaths TEXT NOT NULL DEFAULT '[]'; -- texts, as JSON
  CREATE TABLE bastions ( -- that may have had a secret
    sweep INTEGER NOT NULL, login TEXT NOT NULL,
    PRIMARY KEY (sweep, login)
  ) WITHOUT ROWID;
  ALTER TABLE sweeps ADD COLUMN refused_results INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE sweeps ADD COLUMN repeated_results INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE reports ADD COLUMN epoch TEXT NOT NULL DEFAULT ''; -- under which its result was taken
  ALTER TABLE evidence ADD COLUMN epoch TEXT NOT NULL DEFAULT '';
  DROP INDEX outputs_arriving;
  CREATE INDEX outputs_unused ON outputs (id) WHERE uses = 0;
  `,
  `
  ALTER TABLE sweeps ADD COLUMN sum INTEGER; -- of the row's other values; null: of a format before
  ALTER TABLE devices ADD COLUMN sum INTEGER;
  ALTER TABLE states ADD COLUMN sum INTEGER;
  ALTER TABLE reports ADD COLUMN sum INTEGER;
  `,
  `
  CREATE TABLE schedules (
    id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, about BLOB NOT NULL, sum INTEGER NOT NULL
  ) WITHOUT ROWID;
  CREATE TABLE schedule_runs (
    no INTEGER PRIMARY KEY AUTOINCREMENT, key TEXT NOT NULL UNIQUE, schedule TEXT NOT NULL,
    open INTEGER NOT NULL, about BLOB NOT NULL, sum INTEGER NOT NULL
  );
  CREATE INDEX schedule_runs_schedule ON schedule_runs (schedule, no);
  CREATE INDEX schedule_runs_open ON schedule_runs (no) WHERE open = 1;
  `,
  `
  CREATE TABLE timelines ( -- the newest version of what a command gives on a device; outputs.uses counts each version
    segment TEXT NOT NULL, device TEXT NOT NULL, command TEXT NOT NULL,
    version INTEGER NOT NULL, output INTEGER NOT NULL, bytes INTEGER NOT NULL,
    first_sweep INTEGER NOT NULL, first_ms REAL NOT NULL,
    sum INTEGER NOT NULL,      -- of the values before
    platform TEXT NOT NULL, last_sweep INTEGER NOT NULL, last_ms REAL NOT NULL,
    seen_sum INTEGER NOT NULL, -- of those, and of whose they are
    PRIMARY KEY (segment, device, command)
  ) WITHOUT ROWID;
  CREATE TABLE versions ( -- those that were followed by another
    segment TEXT NOT NULL, device TEXT NOT NULL, command TEXT NOT NULL,
    version INTEGER NOT NULL, output INTEGER NOT NULL, bytes INTEGER NOT NULL,
    first_sweep INTEGER NOT NULL, first_ms REAL NOT NULL,
    platform TEXT NOT NULL, last_sweep INTEGER NOT NULL, last_ms REAL NOT NULL,
    sum INTEGER NOT NULL,
    PRIMARY KEY (segment, device, command, version)
  ) WITHOUT ROWID;
  CREATE INDEX versions_age ON versions (last_ms);
  `,
  `
  CREATE TABLE audits (
    no INTEGER PRIMARY KEY AUTOINCREMENT, line TEXT NOT NULL, about BLOB NOT NULL, sum INTEGER NOT NULL
  );
  CREATE INDEX audits_line ON audits (line, no);
  CREATE TABLE open_findings (
    policy TEXT NOT NULL, rule TEXT NOT NULL, about BLOB NOT NULL, sum INTEGER NOT NULL,
    PRIMARY KEY (policy, rule)
  ) WITHOUT ROWID;
  `,
  `
  CREATE TABLE members (
    id TEXT PRIMARY KEY, about BLOB NOT NULL, sum INTEGER NOT NULL
  ) WITHOUT ROWID;
  CREATE TABLE join_tokens (
    id TEXT PRIMARY KEY, about BLOB NOT NULL, sum INTEGER NOT NULL
  ) WITHOUT ROWID;
  `,
  `
  CREATE TABLE audit_tail ( -- the audit log's last lines, until its file is synced
    n INTEGER PRIMARY KEY, text TEXT NOT NULL
  );
  `,
];

/** Up to this size the whole file is checked at each start. */
const CHECKED_BYTES = 64 * 1024 * 1024;
const LEDGER_TABLES = [
  ...['meta', 'sweeps', 'shards', 'secrets', 'bastions', 'host_keys', 'credentials'],
  ...['schedules', 'schedule_runs', 'members', 'join_tokens'],
];

/** Opens and locks the store of a directory, making both where they are missing; in an older `format` for tests. */
export function openDatabase(directory: string, format = STEPS.length): Sql {
  const file = join(directory, DATABASE);
  makeFile(directory, file);
  const sql = new Sql(file, isLogDamaged(`${file}-wal`));
  try {
    lock(sql);
    check(sql, file);
  } catch (error) {
    if (sqliteCode(error) === SQLITE_BUSY) {
      throw new StateInUse(
        `${directory} is in use by another netsweep (end that one, or name another with --state)`,
        { cause: error },
      );
    }
    if (sqliteCode(error) === SQLITE_NOTADB) {
      throw new StoreRefused(`${file} is not a netsweep store`, { cause: error });
    }
    if (isFull(error)) throw new StoreRefused(`the disk of ${directory} is full`, { cause: error });
    throw isCorrupt(error) ? damaged(file, error) : error;
  }
  try {
    migrate(sql, format);
    sql.exec('CREATE TEMP TABLE held (output INTEGER PRIMARY KEY, holds INTEGER NOT NULL)');
    return sql;
  } catch (error) {
    sql.close();
    if (isFull(error)) throw new StoreRefused(`the disk of ${directory} is full`, { cause: error });
    throw isCorrupt(error) ? damaged(file, error) : error;
  }
}

// SQLite would make the file readable by the group; its journal gets the file's own mode. An existing file is
// never opened here: closing any other descriptor of it in this process would give up SQLite's lock.
function makeFile(directory: string, file: string): void {
  makeDirectory(directory);
  if (existsSync(file)) return;
  closeSync(openSync(file, 'a', 0o600));
  syncDirectory(directory);
}

/** Makes the names in a directory survive a power cut. */
export function syncDirectory(directory: string): void {
  const handle = openSync(directory, 'r');
  fsyncSync(handle);
  closeSync(handle);
}

function lock(sql: Sql): void {
  sql.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA page_size = 16384');
  const mode = sql.get<{ journal_mode: string }>('PRAGMA journal_mode = WAL')?.journal_mode;
  if (mode !== 'wal') throw new StoreRefused(`the file system gives no write-ahead log (found ${mode})`);
  sql.exec(`
    PRAGMA synchronous = FULL;
    PRAGMA secure_delete = ON;
    PRAGMA cache_size = -32768;
    PRAGMA temp_store = MEMORY;
    PRAGMA journal_size_limit = 67108864;
    BEGIN EXCLUSIVE; COMMIT`);
}

/**
 * SQLite's own look at how the file hangs together. Of a large one only what work is given out by; what was reported
 * is looked at when it is read.
 */
function check(sql: Sql, file: string): void {
  const isSmall = statSync(file).size <= CHECKED_BYTES;
  const names = sql.all<{ name: string }>(`SELECT name FROM sqlite_schema WHERE type = 'table'`);
  const tables = names.flatMap(({ name }) => (LEDGER_TABLES.includes(name) ? [`('${name}')`] : []));
  for (const table of isSmall ? [''] : tables) {
    const found = sql.get<{ quick_check: string }>(`PRAGMA quick_check${table}`)?.quick_check;
    if (found !== undefined && found !== 'ok') throw damaged(file, new Error(found));
  }
}

function damaged(file: string, cause: unknown): StoreDamaged {
  const why = cause instanceof Error ? cause.message.split('\n')[0] : cause;
  return new StoreDamaged(`${file} is damaged (${why}); put back a copy of it`, { cause });
}

// A store of this format is left as it is, so that it opens on a full disk too.
function migrate(sql: Sql, format: number): void {
  if (formatOf(sql) === format) return;
  sql.transaction(() => {
    sql.exec('CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value NOT NULL) WITHOUT ROWID');
    const schema = formatOf(sql);
    if (schema > STEPS.length) {
      throw new StoreRefused(
        `the store has format ${schema}, this netsweep reads up to ${STEPS.length}: use the newer one`,
      );
    }
    for (const step of STEPS.slice(schema, format)) sql.exec(step);
    sql.run(`INSERT OR REPLACE INTO meta VALUES ('schema', ?)`, format);
    sql.run(`INSERT OR IGNORE INTO meta VALUES ('id', ?)`, randomBytes(8).toString('hex'));
    sql.run(`INSERT OR IGNORE INTO meta VALUES ('commit', 0)`);
  });
}

/** 0: nothing there yet. */
function formatOf(sql: Sql): number {
  if (sql.get(`SELECT 1 FROM sqlite_schema WHERE name = 'meta'`) === undefined) return 0;
  return sql.get<{ value: number }>(`SELECT value FROM meta WHERE name = 'schema'`)?.value ?? 0;
}
