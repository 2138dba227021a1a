// Every question the store answers, as the database's thread answers it. Reports leave as bytes and are
// decoded by the coordinator.
import { SweepOptions } from '../../proto/gen/netsweep/v1/model.js';
import type { CredentialState, KnownHost, SweepState } from '../../proto/gen/netsweep/v1/sweeps.js';
import { audits, openFindings } from './audits.js';
import { isWhole, nothingChecked, readFrom, takeAll } from './bodies.js';
import { joinTokens, members } from './members.js';
import { StoreDamaged } from './refusal.js';
import { headOf, lastReport, readReports } from './reports.js';
import { openScheduleRuns, scheduleRuns, schedules } from './schedules.js';
import type { Sql } from './sql.js';
import type { Asked, DeviceRow, ShardRow, SweepRow, VersionKey } from './store.js';
import { isIntact } from './sums.js';
import { knownOutputs, readNewest, readVersions } from './versions.js';

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

export function readsOf(sql: Sql) {
  const checked = nothingChecked();
  return {
    meta: () => meta(sql),
    spare: () => spare(sql),
    openSweeps: () => sql.all<RawSweep>(`${SWEEP} WHERE open = 1 ORDER BY no`).map(openSweepRow),
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
      readReports(sql, 'seq', { sweep, after, limit, bodies }),
    reportsByIndex: (sweep: string, after: number, limit: number, bodies: boolean) =>
      readReports(sql, 'device', { sweep, after, limit, bodies }),
    hasBody: (sha256: Uint8Array) => isWhole(sql, sha256),
    takeBodies: (digests: Uint8Array[]) => takeAll(sql, checked, digests),
    body: (sha256: Uint8Array, from: number) => readFrom(sql, sha256, from),
    knownOutputs: (devices: Parameters<typeof knownOutputs>[1]) => knownOutputs(sql, devices),
    versions: (device: string, after: VersionKey | null, limit: number) =>
      readVersions(sql, device, after, limit),
    newestVersions: (asked: Asked, after: VersionKey | null, limit: number) =>
      readNewest(sql, asked, after, limit),
    hostKeys: () => hostKeys(sql),
    credentials: () => credentials(sql),
    audits: (line: string | null, limit: number) => audits(sql, line, limit),
    openFindings: (policy: string, rule: string) => openFindings(sql, policy, rule),
    schedules: () => schedules(sql),
    members: () => members(sql),
    joinTokens: () => joinTokens(sql),
    openScheduleRuns: () => openScheduleRuns(sql),
    scheduleRuns: (schedule: string, limit: number) => scheduleRuns(sql, schedule, limit),
  };
}

const NO = '(SELECT no FROM sweeps WHERE id = ?)';
const SWEEP = `SELECT id, coalesce(key, '') AS key, state, options, started_at_ms AS startedAtMs,
  ended_at_ms AS endedAtMs, reason, last_shard AS lastShard, refused_results AS refusedResults,
  repeated_results AS repeatedResults, sum FROM sweeps`;

function meta(sql: Sql) {
  const rows = sql.all<{ name: string; value: string | number | Uint8Array }>('SELECT name, value FROM meta');
  const values = new Map(rows.map(({ name, value }) => [name, value]));
  const keyCheck = values.get('key');
  return {
    id: String(values.get('id')),
    commit: Number(values.get('commit')),
    keyCheck: keyCheck instanceof Uint8Array ? keyCheck : null,
    isRolledBack: sql.isRolledBack,
    isHeld: values.get('held') === 1,
    lastReport: lastReport(sql),
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
  sum: number | null;
}

function sweepRow({ sum, ...raw }: RawSweep): SweepRow {
  const { id, state, startedAtMs, endedAtMs, reason, lastShard, options } = raw;
  if (isIntact(sum, id, state, startedAtMs, endedAtMs, reason, lastShard, options))
    return { ...raw, options: SweepOptions.decode(options) };
  return { ...raw, options: SweepOptions.create(), reason: 'its record is damaged in the store' };
}

/** An open sweep is worked on by what its row says, so that has to be true. */
function openSweepRow(raw: RawSweep): SweepRow {
  const { id, state, startedAtMs, endedAtMs, reason, lastShard, options, sum } = raw;
  if (isIntact(sum, id, state, startedAtMs, endedAtMs, reason, lastShard, options)) return sweepRow(raw);
  throw new StoreDamaged(`sweep ${id} is damaged in the store`);
}

function sweeps(sql: Sql, limit: number): SweepRow[] {
  const most = limit > 0 ? limit : -1;
  return sql.all<RawSweep>(`${SWEEP} WHERE id IS NOT NULL ORDER BY no DESC LIMIT ?`, most).map(sweepRow);
}

interface RawDevice {
  no: number;
  device: number;
  submitted: Uint8Array;
  sum: number | null;
}

interface RawState {
  sweep: number;
  device: number;
  attempts: number;
  worked_ms: number;
  login_spent: number;
  enable_spent: number;
  started: number;
  channel_spent: number;
  deaths: string;
  sum: number | null;
}

type RawReport = Parameters<typeof headOf>[2];

function storedDevices(sql: Sql, sweep: string, after: number, limit: number): StoredDevice[] {
  const of = `sweep = ${NO} AND device > ? ORDER BY device LIMIT ?`;
  const devices = sql.all<RawDevice>(
    `SELECT sweep AS no, device, submitted, sum FROM devices WHERE ${of}`,
    sweep,
    after,
    limit,
  );
  const states = byDevice(sql.all<RawState>(`SELECT * FROM states WHERE ${of}`, sweep, after, limit));
  const reports = byDevice(sql.all<RawReport>(`SELECT * FROM reports WHERE ${of}`, sweep, after, limit));
  return devices.map(({ no, device, submitted, sum }) => {
    if (!isIntact(sum, no, device, submitted))
      throw new StoreDamaged(`device ${device} of sweep ${sweep} is damaged in the store`);
    const report = reports.get(device);
    const head = report === undefined ? null : headOf(sql, sweep, report);
    const row = deviceRow(device, states.get(device));
    const evidence = head === null && row.attempts > 0 ? latestEvidence(sql, no, device) : null;
    return { submitted, row, report: head, evidence };
  });
}

function latestEvidence(sql: Sql, sweep: number, device: number): Uint8Array | null {
  const text = 'SELECT head FROM evidence WHERE sweep = ? AND device = ? ORDER BY no DESC LIMIT 1';
  return sql.get<{ head: Uint8Array }>(text, sweep, device)?.head ?? null;
}

function byDevice<Row extends { device: number }>(rows: Row[]): Map<number, Row> {
  return new Map(rows.map((row) => [row.device, row]));
}

// A device without a row of its own yet has done nothing; one whose row is damaged may have done anything once.
function deviceRow(index: number, raw: RawState | undefined): DeviceRow {
  const isSound = raw === undefined || isIntact(raw.sum, ...stateValues(raw));
  const spent = (value: number | undefined) => !isSound || Boolean(value);
  return {
    index,
    attempts: isSound ? (raw?.attempts ?? 0) : 1,
    workedMs: isSound ? (raw?.worked_ms ?? 0) : 0,
    loginSpent: spent(raw?.login_spent),
    enableSpent: spent(raw?.enable_spent),
    channelSpent: spent(raw?.channel_spent),
    started: spent(raw?.started),
    deaths: isSound ? (JSON.parse(raw?.deaths ?? '[]') as string[]) : [], // written by putState
  };
}

function stateValues(raw: RawState): (number | string)[] {
  const { sweep, device, attempts, worked_ms, login_spent, enable_spent, started, channel_spent, deaths } =
    raw;
  return [sweep, device, attempts, worked_ms, login_spent, enable_spent, started, channel_spent, deaths];
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
