// Reports as they are read back: each row against its checksum, each output against its digest. What is damaged is
// told in place of what was stored, so that one bad spot on a disk costs one device and not its sweep.
import { Device, type Output, Proof, Report, Status } from '../../proto/gen/netsweep/v1/model.js';
import { BATCH_BYTES } from '../../proto/subjects.js';
import { fits, readWhole, unpacks } from './bodies.js';
import { isCorrupt, type Sql } from './sql.js';
import { isIntact } from './sums.js';

/** Bodies stop filling a page of reports here; those left out are fetched by digest, as large ones are. */
const PAGE_BYTES = 8 * 1024 * 1024;

interface StoredReport {
  seq: number;
  sweep: number;
  device: number;
  status: string;
  kind: string | null;
  attempts: number;
  duration_ms: number;
  head: Uint8Array;
  outputs: Uint8Array;
  sum: number | null;
}

interface Page {
  /** The sweep's id. */
  sweep: string;
  after: number;
  limit: number;
  bodies: boolean;
}

const REPORT = `SELECT seq, sweep, device, status, kind, attempts, duration_ms, head, outputs, sum
  FROM reports WHERE sweep = (SELECT no FROM sweeps WHERE id = ?)`;

/** Reports in the order in which they were committed, or in that of the inventory. */
export async function readReports(
  sql: Sql,
  order: 'seq' | 'device',
  page: Page,
): Promise<{ seq: number; report: Uint8Array }[]> {
  let room = page.bodies ? PAGE_BYTES : 0;
  const reports: { seq: number; report: Uint8Array }[] = [];
  for (const row of rowsOf(sql, order, page)) {
    // Protobuf joined end to end is the message with the fields of both.
    const stored = isSound(row)
      ? Buffer.concat([row.head, row.outputs])
      : damaged(sql, page.sweep, row.device);
    const report = page.bodies ? await withBodies(sql, stored, room) : new Uint8Array(stored);
    room -= report.length;
    reports.push({ seq: row.seq, report });
  }
  return reports;
}

/** The number of the report that was added last; they are never used again. */
export function lastReport(sql: Sql): number {
  return sql.get<{ seq: number }>(`SELECT seq FROM sqlite_sequence WHERE name = 'reports'`)?.seq ?? 0;
}

/** What a device's row says of how it ended; a damaged one says that it did. */
export function headOf(sql: Sql, sweep: string, row: StoredReport): Uint8Array {
  return isSound(row) ? row.head : damaged(sql, sweep, row.device);
}

function isSound({ sum, sweep, device, status, kind, attempts, duration_ms, head, outputs }: StoredReport) {
  return isIntact(sum, sweep, device, status, kind, attempts, duration_ms, head, outputs);
}

function rowsOf(sql: Sql, order: 'seq' | 'device', { sweep, after, limit }: Page): StoredReport[] {
  try {
    const text = `${REPORT} AND ${order} > ? ORDER BY ${order} LIMIT ?`;
    return sql.all<StoredReport>(text, sweep, after, limit);
  } catch (error) {
    if (!isCorrupt(error) || order === 'seq') throw error;
    return oneByOne(sql, sweep, after, limit);
  }
}

/** Where a page of the file can't be read, every report that lies on another still can. */
function oneByOne(sql: Sql, sweep: string, after: number, limit: number): StoredReport[] {
  const { selected } = sql.get<{ selected: number }>('SELECT selected FROM sweeps WHERE id = ?', sweep) ?? {
    selected: 0,
  };
  const rows: StoredReport[] = [];
  for (let device = after + 1; device < selected && rows.length < limit; device += 1) {
    try {
      const row = sql.get<StoredReport>(`${REPORT} AND device = ?`, sweep, device);
      if (row !== undefined) rows.push(row);
    } catch (error) {
      if (!isCorrupt(error)) throw error;
      rows.push(unreadable(device));
    }
  }
  return rows;
}

function unreadable(device: number): StoredReport {
  const nothing = new Uint8Array();
  const outcome = { status: '', kind: null, attempts: 0, duration_ms: 0 };
  return { seq: 0, sweep: 0, device, ...outcome, head: nothing, outputs: nothing, sum: -1 };
}

function damaged(sql: Sql, sweep: string, index: number): Uint8Array {
  const report = Report.create({
    sweep,
    device: submittedDevice(sql, sweep, index),
    status: Status.SUSPECT,
    notes: ['the record of it is damaged in the store'],
  });
  return Report.encode(report).finish();
}

function submittedDevice(sql: Sql, sweep: string, index: number): Device {
  try {
    const row = sql.get<{ no: number; submitted: Uint8Array; sum: number | null }>(
      'SELECT sweep AS no, submitted, sum FROM devices WHERE sweep = (SELECT no FROM sweeps WHERE id = ?) AND device = ?',
      sweep,
      index,
    );
    if (row !== undefined && isIntact(row.sum, row.no, index, row.submitted))
      return Device.decode(row.submitted);
  } catch (error) {
    if (!isCorrupt(error)) throw error;
  }
  return Device.create({ index, name: `device ${index}` });
}

/** Bodies in the order of the outputs, as far as they fit into one message. */
async function withBodies(sql: Sql, stored: Uint8Array, pageRoom: number): Promise<Uint8Array> {
  const report = Report.decode(stored);
  let room = pageRoom > 0 ? BATCH_BYTES : 0;
  for (const output of report.outputs) {
    const body = readWhole(sql, output.sha256);
    const whole =
      body.length > 0 ? fits(body, output.sha256, output.bytes) : await unpacks(sql, output.sha256);
    if (!whole) markDamaged(report, output);
    else if (body.length <= room) output.body = Buffer.from(body);
    room -= output.body.length;
  }
  return Report.encode(report).finish();
}

function markDamaged(report: Report, output: Output): void {
  output.proof = Proof.SUSPECT;
  output.bytes = 0;
  if (report.status === Status.OK) report.status = Status.SUSPECT;
  report.notes.push(`the output of "${output.command}" is damaged in the store`);
}
