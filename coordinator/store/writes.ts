// Puts rows into the tables, each within the transaction that its caller has open. Whatever does not fit the
// ledger's rules throws, and the caller rolls back.
import { SweepOptions } from '../../proto/gen/netsweep/v1/model.js';
import type { CredentialState } from '../../proto/gen/netsweep/v1/sweeps.js';
import { applyAudit } from './audits.js';
import { keepPiece, useOutput } from './bodies.js';
import { applyMember } from './members.js';
import { StoreFailed } from './refusal.js';
import { removeSweep } from './removal.js';
import type { DevicesRow, HostKeyRow, ReportRow, Row } from './rows.js';
import { applySchedule } from './schedules.js';
import type { Sql } from './sql.js';
import type { DeviceRow, Place, ShardRow, SweepRow } from './store.js';
import { sumOf } from './sums.js';
import { sweepNumber } from './sweepnumbers.js';
import { Tallies } from './tallies.js';
import { forgetVersions, type Keep, keepVersion } from './versions.js';

/** One call, whole. `keep`: of earlier versions; null: all. */
export function applyAll(sql: Sql, rows: readonly Row[], keep: Keep | null): void {
  const tallies = new Tallies();
  for (const row of rows) apply(sql, row, tallies, keep);
  tallies.addTo(sql);
}

function apply(sql: Sql, row: Row, tallies: Tallies, keep: Keep | null): void {
  switch (row.write) {
    case 'sweep':
      putSweep(sql, row.row, row.open);
      break;
    case 'devices':
      putDevices(sql, row);
      break;
    case 'secret':
      put(sql, 'secrets', sweepNumber(sql, row.sweep), row.credential, row.sealed);
      break;
    case 'dropSecrets':
      dropSecrets(sql, sweepNumber(sql, row.sweep));
      break;
    case 'bastion':
      putBastion(sql, row.sweep, row.login, row.spent);
      break;
    case 'lateResults':
      sql.run(
        'UPDATE sweeps SET refused_results = ?, repeated_results = ? WHERE id = ?',
        row.refused,
        row.repeated,
        row.sweep,
      );
      break;
    case 'device':
      putState(sql, row.sweep, row.row);
      break;
    case 'shard':
      putShard(sql, row.row);
      break;
    case 'dropShard':
      sql.run('DELETE FROM shards WHERE sweep = ? AND shard = ?', sweepNumber(sql, row.sweep), row.shard);
      break;
    case 'chunk':
      keepPiece(sql, row.sha256, row.seq, row.data);
      break;
    case 'report':
      putReport(sql, row.row, tallies, keep);
      break;
    case 'evidence':
      putEvidence(sql, row.row);
      break;
    case 'hostKey':
      putHostKey(sql, row.host, row.replace);
      break;
    case 'dropHostKeys':
      dropHostKeys(sql, row);
      break;
    case 'credential':
      putCredential(sql, row.state);
      break;
    case 'dropSweep':
      removeSweep(sql, row.sweep);
      break;
    case 'forget':
      forgetVersions(sql, row);
      break;
    case 'schedule':
    case 'dropSchedule':
    case 'scheduleRun':
      applySchedule(sql, row);
      break;
    case 'audit':
    case 'openFindings':
      applyAudit(sql, row);
      break;
    case 'member':
    case 'joinToken':
    case 'dropJoinToken':
      applyMember(sql, row);
      break;
    case 'hold':
      put(sql, 'meta', 'held', Number(row.held));
      break;
    case 'keyCheck':
      put(sql, 'meta', 'key', row.sealed);
      break;
    default:
      row satisfies never;
  }
}

function put(sql: Sql, table: string, ...values: (string | number | Uint8Array)[]): void {
  sql.run(`INSERT OR REPLACE INTO ${table} VALUES (${values.map(() => '?').join()})`, ...values);
}

function putSweep(sql: Sql, row: SweepRow, open: boolean): void {
  const options = SweepOptions.encode(row.options).finish();
  sql.run(
    `INSERT INTO sweeps (id, key, state, open, started_at_ms, ended_at_ms, reason, last_shard, selected, options,
       refused_results, repeated_results, sum)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, 0, ?, ?, ?, ?)
     ON CONFLICT (id) DO UPDATE SET state = excluded.state, open = excluded.open,
       started_at_ms = excluded.started_at_ms, ended_at_ms = excluded.ended_at_ms, reason = excluded.reason,
       last_shard = excluded.last_shard, options = excluded.options,
       refused_results = excluded.refused_results, repeated_results = excluded.repeated_results, sum = excluded.sum`,
    row.id,
    row.key === '' ? null : row.key,
    row.state,
    open ? 1 : 0,
    row.startedAtMs,
    row.endedAtMs,
    row.reason,
    row.lastShard,
    options,
    row.refusedResults,
    row.repeatedResults,
    sumOf(row.id, row.state, row.startedAtMs, row.endedAtMs, row.reason, row.lastShard, options),
  );
}

function putDevices(sql: Sql, { sweep: id, indexes, lengths, submitted }: DevicesRow): void {
  const sweep = sweepNumber(sql, id);
  let at = 0;
  for (const [i, index] of indexes.entries()) {
    const device = submitted.subarray(at, at + (lengths[i] ?? 0));
    at += device.length;
    sql.run('INSERT INTO devices VALUES (?, ?, ?, ?)', sweep, index, device, sumOf(sweep, index, device));
  }
  sql.run('UPDATE sweeps SET selected = selected + ? WHERE no = ?', indexes.length, sweep);
}

function putState(sql: Sql, id: string, row: DeviceRow): void {
  const spent = [row.loginSpent, row.enableSpent, row.started, row.channelSpent].map(Number);
  const deaths = JSON.stringify(row.deaths);
  const values = [sweepNumber(sql, id), row.index, row.attempts, row.workedMs, ...spent, deaths];
  put(sql, 'states', ...values, sumOf(...values));
}

function dropSecrets(sql: Sql, sweep: number): void {
  sql.run('DELETE FROM secrets WHERE sweep = ?', sweep);
  sql.run('DELETE FROM bastions WHERE sweep = ?', sweep);
}

function putBastion(sql: Sql, id: string, login: string, spent: boolean): void {
  const sweep = sweepNumber(sql, id);
  if (spent) put(sql, 'bastions', sweep, login);
  else sql.run('DELETE FROM bastions WHERE sweep = ? AND login = ?', sweep, login);
}

function putShard(sql: Sql, row: ShardRow): void {
  const sweep = sweepNumber(sql, row.sweep);
  put(
    sql,
    'shards',
    sweep,
    row.shard,
    row.segment,
    row.offer,
    row.epoch,
    row.holder,
    row.claimId,
    JSON.stringify(row.devices),
  );
}

function putReport(sql: Sql, row: ReportRow, tallies: Tallies, keep: Keep | null): void {
  const sweep = sweepNumber(sql, row.sweep);
  for (const { sha256, data, command, bytes } of row.bodies) {
    const { timeline } = row;
    const mayBeVersion = command !== null && timeline !== null;
    const used = useOutput(sql, { sweep, sha256, data, mayBeVersion });
    if (mayBeVersion) keepVersion(sql, { ...timeline, ...used, command, bytes, sweep }, keep);
  }
  const outcome = [row.status, row.kind, row.attempts, row.durationMs];
  const sum = sumOf(sweep, row.device, ...outcome, row.head, row.outputs);
  const { changes } = sql.run(
    `INSERT INTO reports (sweep, device, status, kind, attempts, duration_ms, head, outputs, epoch, sum)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (sweep, device) DO NOTHING`,
    sweep,
    row.device,
    row.status,
    row.kind,
    row.attempts,
    row.durationMs,
    row.head,
    row.outputs,
    row.epoch,
    sum,
  );
  if (changes === 0) throw new StoreFailed(`device ${row.device} of sweep ${row.sweep} is reported already`);
  tallies.count({ sweep, status: row.status, agent: row.agent, durationMs: row.durationMs });
}

function putEvidence(sql: Sql, row: ReportRow): void {
  const sweep = sweepNumber(sql, row.sweep);
  for (const { sha256, data } of row.bodies) useOutput(sql, { sweep, sha256, data, mayBeVersion: false });
  sql.run(
    'INSERT INTO evidence (sweep, device, attempt, head, outputs, epoch) VALUES (?, ?, ?, ?, ?, ?)',
    sweep,
    row.device,
    row.attempts,
    row.head,
    row.outputs,
    row.epoch,
  );
}

// Without `replace` the first key of a type stays: a later one never becomes trusted by itself.
function putHostKey(sql: Sql, key: HostKeyRow, replace: boolean): void {
  const { segment, jump, host, port } = key;
  if (replace) dropHostKeys(sql, key);
  sql.run(
    'INSERT OR IGNORE INTO host_keys VALUES (?, ?, ?, ?, ?, ?, ?, ?)',
    segment,
    jump,
    host,
    port,
    key.type,
    key.blob,
    key.firstSeenMs,
    key.agent,
  );
}

function dropHostKeys(sql: Sql, { segment, jump, host, port }: Place): void {
  sql.run(
    'DELETE FROM host_keys WHERE segment = ? AND jump = ? AND host = ? AND port = ?',
    segment,
    jump,
    host,
    port,
  );
}

function putCredential(sql: Sql, state: CredentialState): void {
  const { id, name, username, stopped, refusals, changedAtMs } = state;
  put(sql, 'credentials', id, name, username, Number(stopped), refusals, changedAtMs);
}
