// The history: what each command gave on each device, one version for each time that it changed. The newest version of
// a timeline has a narrow row of its own, in the order of the devices: to see the same output again touches a page that
// the devices before and after it touch too. Only a change writes more. A version holds its output as a sweep does, so
// that sweeps may be removed.
import type { KnownOutput } from '../../proto/gen/netsweep/v1/agent.js';
import { Version } from '../../proto/gen/netsweep/v1/history.js';
import { BATCH_BYTES } from '../../proto/subjects.js';
import { holdOutput, readWhole, releaseOutput } from './bodies.js';
import type { Sql } from './sql.js';
import type { Asked, Of, VersionKey } from './store.js';
import { isIntact, sumOf } from './sums.js';

/** Which versions are let go of. The newest of each command on each device never is. */
export interface Keep {
  /** Of each command on each device, at most. */
  versions: number;
  /** Since the device gave it for the last time; 0: for ever. */
  days: number;
  /** Of the audit log; 0: for ever. */
  auditDays?: number;
}

/** Versions that one step lets go of, at most. */
const SLICE = 200;
/** Bodies stop filling a page here; those left out are fetched by digest. */
const PAGE_BYTES = 8 * 1024 * 1024;
const DAY_MS = 24 * 3_600_000;
/** Commands of a device whose commands are only found out in its session. */
const COMMANDS_MOST = 16;
const DIGEST_BYTES = 32;
/** A sum that no row has. */
const DAMAGED = -1;

/** A complete output of a device, at its place in the tables. */
export interface Seen {
  segment: string;
  device: string;
  command: string;
  platform: string;
  output: number;
  /** No version can have it yet, and this one is counted as a user of it. */
  isNew: boolean;
  bytes: number;
  sweep: number;
  atMs: number;
}

interface Row {
  segment: string;
  device: string;
  command: string;
  version: number;
  output: number;
  bytes: number;
  first_sweep: number;
  first_ms: number;
  sum: number;
  platform: string;
  last_sweep: number;
  last_ms: number;
}

interface NewestRow extends Row {
  seen_sum: number;
}

const KNOWN = 'FROM timelines JOIN outputs ON outputs.id = timelines.output';
const SAME = 'segment = ? AND device = ? AND command = ?';

/** The output is the newest version, or becomes it. */
export function keepVersion(sql: Sql, seen: Seen, keep: Keep | null): void {
  const { segment, device, command, platform, output, isNew, sweep, atMs } = seen;
  const seenSum = sumOf(segment, device, command, output, platform, sweep, atMs);
  if (!isNew) {
    const same = sql.run(
      `UPDATE timelines SET platform = ?, last_sweep = ?, last_ms = ?, seen_sum = ? WHERE ${SAME} AND output = ?`,
      ...[platform, sweep, atMs, seenSum, segment, device, command, output],
    );
    if (same.changes > 0) return;
    holdOutput(sql, output);
  }
  if (putNewest(sql, 'IGNORE', seen, 1, seenSum)) return;
  const before = sql.get<NewestRow>(`SELECT * FROM timelines WHERE ${SAME}`, segment, device, command);
  if (before === undefined) return;
  keepOlder(sql, before);
  putNewest(sql, 'REPLACE', seen, before.version + 1, seenSum);
  if (keep !== null) dropBeyond(sql, seen, before.version + 1 - keep.versions);
}

function putNewest(
  sql: Sql,
  orElse: 'IGNORE' | 'REPLACE',
  seen: Seen,
  version: number,
  seenSum: number,
): boolean {
  const { segment, device, command, platform, output, bytes, sweep, atMs } = seen;
  const values = [segment, device, command, version, output, bytes, sweep, atMs];
  const { changes } = sql.run(
    `INSERT OR ${orElse} INTO timelines VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    ...[...values, sumOf(...values), platform, sweep, atMs, seenSum],
  );
  return changes > 0;
}

function keepOlder(sql: Sql, row: NewestRow): void {
  const { segment, device, command, version, output, bytes, first_sweep, first_ms } = row;
  const { platform, last_sweep, last_ms } = row;
  const values = [segment, device, command, version, output, bytes, first_sweep, first_ms];
  const all = [...values, platform, last_sweep, last_ms];
  sql.run(
    'INSERT OR REPLACE INTO versions VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)',
    ...[...all, isSound(row) ? sumOf(...all) : DAMAGED],
  );
}

/** Lets go of a timeline's versions up to this one. */
function dropBeyond(sql: Sql, { segment, device, command }: Seen, version: number): void {
  if (version < 1) return;
  const gone = sql.all<Row>(
    `SELECT * FROM versions WHERE ${SAME} AND version <= ? ORDER BY version LIMIT ${SLICE}`,
    ...[segment, device, command, version],
  );
  for (const row of gone) drop(sql, row);
}

/** Lets go of the next versions that nobody has given for too long; false: there is none. */
export function dropOldVersions(sql: Sql, { days }: Keep, nowMs: number): boolean {
  if (days === 0) return false;
  const text = `SELECT * FROM versions INDEXED BY versions_age WHERE last_ms < ? ORDER BY last_ms LIMIT ${SLICE}`;
  const old = sql.all<Row>(text, nowMs - days * DAY_MS);
  if (old.length === 0) return false;
  sql.transaction(() => {
    for (const row of old) drop(sql, row);
  });
  return true;
}

function drop(sql: Sql, row: Row): void {
  const { segment, device, command, version } = row;
  sql.run(`DELETE FROM versions WHERE ${SAME} AND version = ?`, segment, device, command, version);
  // Of a damaged row nobody knows which output it held: that one stays.
  if (isSoundOlder(row)) releaseOutput(sql, row.output);
}

/** Lets go of all versions, the newest too: what comes next is the first of a new timeline. */
export function forgetVersions(sql: Sql, { device, segment, command }: Of): void {
  const own = (row: Row) => command === '' || row.command === command;
  for (let one = firstSegment(sql, ''); one !== null; one = firstSegment(sql, one)) {
    if (segment !== '' && one !== segment) continue;
    const rows = <T>(table: string) =>
      sql.all<T>(`SELECT * FROM ${table} WHERE segment = ? AND device = ?`, one, device);
    for (const row of rows<Row>('versions').filter(own)) drop(sql, row);
    for (const row of rows<NewestRow>('timelines').filter(own)) {
      sql.run(`DELETE FROM timelines WHERE ${SAME}`, row.segment, row.device, row.command);
      if (isSound(row)) releaseOutput(sql, row.output);
    }
  }
}

function isSound(row: NewestRow): boolean {
  const { segment, device, command, version, output, bytes, first_sweep, first_ms } = row;
  const { platform, last_sweep, last_ms } = row;
  return (
    isIntact(row.sum, segment, device, command, version, output, bytes, first_sweep, first_ms) &&
    isIntact(row.seen_sum, segment, device, command, output, platform, last_sweep, last_ms)
  );
}

function isSoundOlder(row: Row): boolean {
  const { segment, device, command, version, output, bytes, first_sweep, first_ms } = row;
  const { platform, last_sweep, last_ms } = row;
  const values = [segment, device, command, version, output, bytes, first_sweep, first_ms];
  return isIntact(row.sum, ...values, platform, last_sweep, last_ms);
}

/** The last outputs of many devices as few values: `digests` is all of them end to end. */
export interface KnownRows {
  /** Places in the list of devices. */
  devices: number[];
  commands: string[];
  bytes: number[];
  digests: Uint8Array;
}

/** What the commands of these devices gave last. */
export function knownOutputs(
  sql: Sql,
  devices: { segment: string; name: string; commands: string[] }[],
): KnownRows {
  const known: { device: number; command: string; bytes: number; sha256: Uint8Array }[] = [];
  for (const [device, { segment, name, commands }] of devices.entries()) {
    if (commands.length === 0) {
      const any = `SELECT command, bytes, sha256 ${KNOWN} WHERE segment = ? AND device = ? LIMIT ${COMMANDS_MOST}`;
      const found = sql.all<{ command: string; bytes: number; sha256: Uint8Array }>(any, segment, name);
      known.push(...found.map((one) => ({ device, ...one })));
    }
    for (const command of new Set(commands)) {
      const text = `SELECT bytes, sha256 ${KNOWN} WHERE ${SAME}`;
      const found = sql.get<{ bytes: number; sha256: Uint8Array }>(text, segment, name, command);
      if (found !== undefined) known.push({ device, command, ...found });
    }
  }
  const digests = new Uint8Array(known.length * DIGEST_BYTES);
  for (const [at, { sha256 }] of known.entries()) digests.set(sha256, at * DIGEST_BYTES);
  return {
    devices: known.map(({ device }) => device),
    commands: known.map(({ command }) => command),
    bytes: known.map(({ bytes }) => bytes),
    digests,
  };
}

/** For each of so many devices. */
export function readKnown({ devices, commands, bytes, digests }: KnownRows, count: number): KnownOutput[][] {
  const known = Array.from({ length: count }, (): KnownOutput[] => []);
  const all = Buffer.from(digests.buffer, digests.byteOffset, digests.length);
  for (const [at, device] of devices.entries()) {
    const sha256 = all.subarray(at * DIGEST_BYTES, (at + 1) * DIGEST_BYTES);
    known[device]?.push({ command: commands[at] ?? '', sha256, bytes: bytes[at] ?? 0 });
  }
  return known;
}

interface Found extends NewestRow {
  newest: number;
  sha256: Uint8Array | null;
  first_id: string | null;
  last_id: string | null;
}

/** Names of sweeps and digests of outputs, for rows called `v`. */
const JOINED = `LEFT JOIN outputs o ON o.id = v.output
  LEFT JOIN sweeps f ON f.no = v.first_sweep LEFT JOIN sweeps l ON l.no = v.last_sweep`;
const NAMED = 'v.*, o.sha256, f.id AS first_id, l.id AS last_id';
const COLUMNS =
  'segment, device, command, version, output, bytes, first_sweep, first_ms, platform, last_sweep, last_ms, sum';

/** All versions of a device's outputs after a key, oldest first within each command. */
export function readVersions(
  sql: Sql,
  device: string,
  after: VersionKey | null,
  limit: number,
): Uint8Array[] {
  const rows: Found[] = [];
  let segment = after?.segment ?? firstSegment(sql, '');
  for (let from = after; segment !== null && rows.length < limit; from = null) {
    const place = [from?.command ?? '', from?.version ?? 0];
    rows.push(...versionsIn(sql, segment, device, place, limit - rows.length));
    segment = firstSegment(sql, segment);
  }
  return rows.map((row) => encoded(row, null));
}

function versionsIn(
  sql: Sql,
  segment: string,
  device: string,
  place: (string | number)[],
  limit: number,
): Found[] {
  const of = 'WHERE segment = ? AND device = ? AND (command, version) > (?, ?)';
  const where = [segment, device, ...place];
  return sql.all<Found>(
    `SELECT ${NAMED} FROM (
       SELECT ${COLUMNS}, seen_sum, 1 AS newest FROM timelines ${of}
       UNION ALL SELECT ${COLUMNS}, 0, 0 FROM versions ${of}
       ORDER BY command, version LIMIT ?) v ${JOINED} ORDER BY v.command, v.version`,
    ...[...where, ...where, limit],
  );
}

/** The first one after this; a key begins with it, so a device is not found without. */
function firstSegment(sql: Sql, after: string): string | null {
  const text = 'SELECT min(segment) AS first FROM timelines WHERE segment > ?';
  return sql.get<{ first: string | null }>(text, after)?.first ?? null;
}

/** The newest versions of the outputs that are asked for, after a key. */
export function readNewest(sql: Sql, asked: Asked, after: VersionKey | null, limit: number): Uint8Array[] {
  const { segment, device, command } = after ?? { segment: asked.segment, device: '', command: '' };
  const { bodies } = asked;
  const rows = sql.all<Found>(
    `SELECT ${NAMED}, 1 AS newest FROM timelines v ${JOINED}
     WHERE (v.segment, v.device, v.command) > (?, ?, ?) AND (? = '' OR v.segment = ?) AND (? = '' OR v.device GLOB ?)
       AND (? = '' OR v.platform = ?) AND (? = '' OR v.command = ?)
     ORDER BY v.segment, v.device, v.command LIMIT ?`,
    ...[segment, device, command],
    ...[asked.segment, asked.devices, asked.platform, asked.command].flatMap((one) => [one, one]),
    limit,
  );
  let room = bodies ? PAGE_BYTES : 0;
  return rows.map((row) => {
    const body = room > 0 && row.sha256 !== null ? readWhole(sql, row.sha256) : null;
    const fits = body !== null && body.length <= Math.min(room, BATCH_BYTES);
    if (fits) room -= body.length;
    return encoded(row, fits ? body : null);
  });
}

function encoded(row: Found, body: Uint8Array | null): Uint8Array {
  const { segment, device, command, version, bytes, platform, newest } = row;
  const isRight = newest === 1 ? isSound(row) : isSoundOlder(row);
  return Version.encode(
    Version.create({
      ...{ segment, device, command, version, bytes, platform, newest: newest === 1 },
      ...{ firstSweep: row.first_id ?? '', firstMs: row.first_ms },
      ...{ lastSweep: row.last_id ?? '', lastMs: row.last_ms },
      ...(isRight && row.sha256 !== null && { sha256: Buffer.from(row.sha256) }),
      ...(isRight && body !== null && { body: Buffer.from(body) }),
    }),
  ).finish();
}
