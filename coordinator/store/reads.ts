// Every question the store answers, as the database's thread answers it. Reports leave as bytes and are
// decoded by the coordinator.
import { Report, SweepOptions } from '../../proto/gen/netsweep/v1/model.js';
import type { CredentialState, KnownHost, SweepState } from '../../proto/gen/netsweep/v1/sweeps.js';
import { BATCH_BYTES } from '../../proto/subjects.js';
import { holdWhole, isWhole, readFrom, readWhole } from './bodies.js';
import type { Sql } from './sql.js';
import type { DeviceRow, ShardRow, SweepRow } from './store.js';

/** Bodies stop filling a page of reports here; those left out are fetched by digest, as large ones are. */
const PAGE_BYTES = 8 * 1024 * 1024;

/** Results that agents may send again because they never learnt that they are here: the last so many of a sweep. */
const TAKEN = 20_000;

export type Reads = ReturnType<typeof readsOf>;

/** A device as stored: protobuf of what was submitted, its state, and its report without outputs. */
export interface StoredDevice {
  submitted: Uint8Array;
  row: DeviceRow;
  report: Uint8Array | null;
  /** Its latest attempt so far, where it is to be tried again. */
  evidence: Uint8Array | null;
}

interface StoredReport {
  seq: number;
  head: Uint8Array;
  outputs: Uint8Array;
}

export function readsOf(sql: Sql) {
  return {
    meta: () => meta(sql),
    spare: () => spare(sql),
    openSweeps: () => sql.all<RawSweep>(`${SWEEP} WHERE open = 1 ORDER BY no`).map(sweepRow),
    sweeps: (limit: number) => sweeps(sql, limit),
    sweepByKey: (key: string) => sql.all<RawSweep>(`${SWEEP} WHERE key = ?`, key).map(sweepRow)[0] ?? null,
    storedDevices: (sweep: string, after: number, limit: number) => storedDevices(sql, sweep, after, limit),
    shards: (sweep: string) => shards(sql, sweep),
    secrets: (sweep: string) => secrets(sql, sweep),
    bastions: (sweep: string) =>
      sql
        .all<{ login: string }>(`SELECT login FROM bastions WHERE sweep = ${NO}`, sweep)
        .map(({ login }) => login),
    taken: (sweep: string) => taken(sql, sweep),
    tally: (sweep: string) => tally(sql, sweep),
    reportsAfter: (sweep: string, after: number, limit: number, bodies: boolean) =>
      page(
        sql,
        sql.all<StoredReport>(`${REPORT} AND r.seq > ? ORDER BY r.seq LIMIT ?`, sweep, after, limit),
        bodies,
      ),
    reportsByIndex: (sweep: string, after: number, limit: number, bodies: boolean) =>
      page(
        sql,
        sql.all<StoredReport>(`${REPORT} AND r.device > ? ORDER BY r.device LIMIT ?`, sweep, after, limit),
        bodies,
      ),
    hasBody: (sha256: Uint8Array) => isWhole(sql, sha256),
    holdBody: (sha256: Uint8Array) => holdWhole(sql, sha256),
    body: (sha256: Uint8Array, from: number) => readFrom(sql, sha256, from),
    hostKeys: () => hostKeys(sql),
    credentials: () => credentials(sql),
  };
}

const NO = '(SELECT no FROM sweeps WHERE id = ?)';
const SWEEP = `SELECT id, coalesce(key, '') AS key, state, options, started_at_ms AS startedAtMs,
  ended_at_ms AS endedAtMs, reason, last_shard AS lastShard, refused_results AS refusedResults,
  repeated_results AS repeatedResults FROM sweeps`;
const REPORT = `SELECT r.seq, r.head, r.outputs FROM reports r WHERE r.sweep = ${NO}`;

function meta(sql: Sql): { id: string; commit: number; keyCheck: Uint8Array | null } {
  const rows = sql.all<{ name: string; value: string | number | Uint8Array }>('SELECT name, value FROM meta');
  const values = new Map(rows.map(({ name, value }) => [name, value]));
  const keyCheck = values.get('key');
  return {
    id: String(values.get('id')),
    commit: Number(values.get('commit')),
    keyCheck: keyCheck instanceof Uint8Array ? keyCheck : null,
  };
}

function spare(sql: Sql): number {
  const pages = sql.get<{ freelist_count: number }>('PRAGMA freelist_count')?.freelist_count ?? 0;
  return pages * (sql.get<{ page_size: number }>('PRAGMA page_size')?.page_size ?? 0);
}

interface RawSweep {
  id: string;
  key: string;
  state: SweepState;
  options: Uint8Array;
  startedAtMs: number;
  endedAtMs: number;
  reason: string;
  lastShard: number;
  refusedResults: number;
  repeatedResults: number;
}

function sweepRow(raw: RawSweep): SweepRow {
  return { ...raw, options: SweepOptions.decode(raw.options) };
}

function sweeps(sql: Sql, limit: number): SweepRow[] {
  const most = limit > 0 ? limit : -1;
  return sql.all<RawSweep>(`${SWEEP} WHERE id IS NOT NULL ORDER BY no DESC LIMIT ?`, most).map(sweepRow);
}

interface RawDevice {
  device: number;
  submitted: Uint8Array;
  attempts: number;
  worked_ms: number;
  login_spent: number;
  enable_spent: number;
  started: number;
  channel_spent: number;
  deaths: string | null;
  head: Uint8Array | null;
  evidence: Uint8Array | null;
}

function storedDevices(sql: Sql, sweep: string, after: number, limit: number): StoredDevice[] {
  const rows = sql.all<RawDevice>(
    `SELECT d.device, d.submitted, s.attempts, s.worked_ms, s.login_spent, s.enable_spent, s.started,
       s.channel_spent, s.deaths, r.head,
       CASE WHEN r.head IS NULL AND s.attempts > 0 THEN (
         SELECT e.head FROM evidence e WHERE e.sweep = d.sweep AND e.device = d.device ORDER BY e.no DESC LIMIT 1
       ) END AS evidence
     FROM devices d
     LEFT JOIN states s ON s.sweep = d.sweep AND s.device = d.device
     LEFT JOIN reports r ON r.sweep = d.sweep AND r.device = d.device
     WHERE d.sweep = ${NO} AND d.device > ? ORDER BY d.device LIMIT ?`,
    sweep,
    after,
    limit,
  );
  return rows.map((raw) => ({
    submitted: raw.submitted,
    row: deviceRow(raw),
    report: raw.head,
    evidence: raw.evidence,
  }));
}

// A device without a row of its own yet has nulls, which count as nothing.
function deviceRow(raw: RawDevice): DeviceRow {
  return {
    index: raw.device,
    attempts: raw.attempts ?? 0,
    workedMs: raw.worked_ms ?? 0,
    loginSpent: Boolean(raw.login_spent),
    enableSpent: Boolean(raw.enable_spent),
    channelSpent: Boolean(raw.channel_spent),
    started: Boolean(raw.started),
    deaths: JSON.parse(raw.deaths ?? '[]') as string[], // written by putState
  };
}

function shards(sql: Sql, sweep: string): ShardRow[] {
  const rows = sql.all<Omit<ShardRow, 'sweep' | 'devices'> & { devices: string }>(
    `SELECT shard, segment, offer, epoch, holder, claim_id AS claimId, devices FROM shards WHERE sweep = ${NO} ORDER BY shard`,
    sweep,
  );
  return rows.map((row) => ({ ...row, sweep, devices: JSON.parse(row.devices) as number[] })); // written by putShard
}

function secrets(sql: Sql, sweep: string): { credential: string; sealed: Uint8Array }[] {
  return sql.all(`SELECT credential, sealed FROM secrets WHERE sweep = ${NO} ORDER BY credential`, sweep);
}

function taken(sql: Sql, sweep: string): { index: number; epoch: string }[] {
  const last = (table: string, order: string) =>
    sql.all<{ index: number; epoch: string }>(
      `SELECT device AS "index", epoch FROM ${table} WHERE sweep = ${NO} AND epoch <> ''
       ORDER BY ${order} DESC LIMIT ${TAKEN}`,
      sweep,
    );
  return [...last('reports', 'seq'), ...last('evidence', 'no')];
}

function tally(sql: Sql, sweep: string) {
  const rows = sql.all<{ status: string; agent: string; devices: number; durationMs: number }>(
    `SELECT status, agent, devices, duration_ms AS durationMs FROM tallies WHERE sweep = ${NO}`,
    sweep,
  );
  const counts = new Map<string, number>();
  for (const { status, devices } of rows) counts.set(status, (counts.get(status) ?? 0) + devices);
  return {
    counts,
    deviceTimeMs: rows.reduce((sum, row) => sum + row.durationMs, 0),
    agents: new Set(rows.map((row) => row.agent).filter((agent) => agent !== '')).size,
    selected: sql.get<{ selected: number }>('SELECT selected FROM sweeps WHERE id = ?', sweep)?.selected ?? 0,
  };
}

function page(sql: Sql, rows: StoredReport[], bodies: boolean): { seq: number; report: Uint8Array }[] {
  let room = bodies ? PAGE_BYTES : 0;
  return rows.map(({ seq, head, outputs }) => {
    // Protobuf joined end to end is the message with the fields of both.
    const stored = Buffer.concat([head, outputs]);
    const report = room > 0 ? withBodies(sql, stored) : new Uint8Array(stored);
    room -= report.length;
    return { seq, report };
  });
}

/** Bodies in the order of the outputs, as far as they fit into one message. */
function withBodies(sql: Sql, stored: Uint8Array): Uint8Array {
  const report = Report.decode(stored);
  let room = BATCH_BYTES;
  for (const output of report.outputs) {
    const body = readWhole(sql, output.sha256);
    if (body.length <= room) output.body = Buffer.from(body);
    room -= output.body.length;
  }
  return Report.encode(report).finish();
}

function hostKeys(sql: Sql): KnownHost[] {
  return sql.all(
    `SELECT segment, jump, host, port, type, key AS blob, first_seen_ms AS firstSeenMs, agent
     FROM host_keys ORDER BY segment, jump, host, port, type`,
  );
}

function credentials(sql: Sql): CredentialState[] {
  const rows = sql.all<Omit<CredentialState, 'stopped'> & { stopped: number }>(
    'SELECT id, name, username, stopped, refusals, changed_at_ms AS changedAtMs FROM credentials ORDER BY name, id',
  );
  return rows.map((row) => ({ ...row, stopped: row.stopped === 1 }));
}
