// Outputs, kept once per digest as gzip in pieces. An output whose pieces are arriving belongs to nobody; the
// first report that names it makes it whole, and what never got that far is dropped at the next open.
import { createHash } from 'node:crypto';
import { pipeline } from 'node:stream/promises';
import { createGunzip, gunzipSync } from 'node:zlib';
import { CHUNK_BYTES } from '../../proto/subjects.js';
import { Checked } from './checked.js';
import { StoreFailed } from './refusal.js';
import { type Sql, withRoom } from './sql.js';

/** Room for the number of a piece beside the output's id in one row number. */
const PIECES = 2 ** 20;
/** Outputs kept in one piece unpack to no more, unless somebody means ill. */
const SMALL_BYTES = 64 * 1024 * 1024;

interface OutputRow {
  id: number;
  /** 0: still arriving. */
  pieces: number;
}

function find(sql: Sql, sha256: Uint8Array): OutputRow | undefined {
  return sql.get('SELECT id, pieces FROM outputs WHERE sha256 = ?', sha256);
}

function insert(sql: Sql, sha256: Uint8Array, pieces: number, uses: number): number {
  if (sha256.length !== 32) throw new StoreFailed(`a digest has ${sha256.length} bytes, not 32`);
  return sql.run('INSERT INTO outputs (sha256, pieces, uses) VALUES (?, ?, ?)', sha256, pieces, uses).row;
}

function insertPiece(sql: Sql, output: number, seq: number, data: Uint8Array): void {
  sql.run('INSERT OR IGNORE INTO pieces VALUES (?, ?)', output * PIECES + seq, data);
}

function dropPieces(sql: Sql, output: number): void {
  sql.run('DELETE FROM pieces WHERE key BETWEEN ? AND ?', output * PIECES, output * PIECES + PIECES - 1);
}

function dropOutput(sql: Sql, output: number): void {
  dropPieces(sql, output);
  sql.run('DELETE FROM outputs WHERE id = ?', output);
}

/** A piece that arrived ahead of its report; nothing to do when the output is known. */
export function keepPiece(sql: Sql, sha256: Uint8Array, seq: number, data: Uint8Array): void {
  if (seq >= PIECES || data.length > CHUNK_BYTES)
    throw new StoreFailed(`piece ${seq} of an output is too large`);
  const known = find(sql, sha256);
  if (known !== undefined && known.pieces > 0) return;
  insertPiece(sql, known?.id ?? insert(sql, sha256, 0, 0), seq, data);
}

/**
 * As `isWhole`; and if it is, its bytes stay until the report comes that names them without bringing them: the last
 * sweep or version that used them may be removed in between.
 */
export async function holdWhole(sql: Sql, sha256: Uint8Array): Promise<boolean> {
  const whole = await isWhole(sql, sha256);
  const known = find(sql, sha256);
  if (!whole || known === undefined) return false;
  sql.run('INSERT INTO held VALUES (?, 1) ON CONFLICT DO UPDATE SET holds = holds + 1', known.id);
  return true;
}

/**
 * For each output its gzip, against its digest; empty for a large one, which is held; null: it is not here, or not any
 * more what it was.
 */
export async function takeAll(
  sql: Sql,
  checked: Checked,
  digests: Uint8Array[],
): Promise<(Uint8Array | null)[]> {
  const taken: (Uint8Array | null)[] = [];
  for (const sha256 of digests) {
    const body = readWhole(sql, sha256);
    if (body.length > 0) taken.push(checked.fits(body, sha256) ? body : null);
    else taken.push((await holdWhole(sql, sha256)) ? body : null);
  }
  return taken;
}

/** For a store that is opened: it has checked nothing yet. */
export function nothingChecked(): Checked {
  return new Checked((body, sha256) => fits(body, sha256, SMALL_BYTES));
}

/** Whether an output's gzip unpacks to its digest, and to no more than so many bytes. */
export function fits(body: Uint8Array, sha256: Uint8Array, most: number): boolean {
  try {
    const text = gunzipSync(body, { maxOutputLength: Math.max(1, most) });
    return createHash('sha256').update(text).digest().equals(sha256);
  } catch {
    return false; // no gzip, cut short, or longer than it may be
  }
}

function letGo(sql: Sql, output: number): void {
  if (sql.run('DELETE FROM held WHERE output = ? AND holds = 1', output).changes === 0)
    sql.run('UPDATE held SET holds = holds - 1 WHERE output = ?', output);
}

/** Something that names an output: its gzip comes along, or is empty when it must be there already. */
export interface Use {
  sweep: number;
  sha256: Uint8Array;
  data: Uint8Array;
  /** A version may name it as well. */
  mayBeVersion: boolean;
}

/**
 * Counts a sweep's report as a user of an output, and gives the output's number. One that is new is a new version too,
 * if it may be one, and already counted as such.
 */
export function useOutput(
  sql: Sql,
  { sweep, sha256, data: body, mayBeVersion }: Use,
): { output: number; isNew: boolean } {
  const known = find(sql, sha256);
  if (known === undefined) {
    const id = insert(sql, sha256, countPieces(body, sha256), mayBeVersion ? 2 : 1);
    insertBody(sql, id, body);
    sql.run('INSERT INTO uses VALUES (?, ?)', sweep, id);
    return { output: id, isNew: true };
  }
  if (body.length === 0) letGo(sql, known.id);
  if (known.pieces === 0) complete(sql, known.id, sha256, body);
  if (sql.run('INSERT OR IGNORE INTO uses VALUES (?, ?)', sweep, known.id).changes > 0)
    holdOutput(sql, known.id);
  return { output: known.id, isNew: false };
}

/** One more sweep or version that names an output. */
export function holdOutput(sql: Sql, output: number): void {
  sql.run('UPDATE outputs SET uses = uses + 1 WHERE id = ?', output);
}

/** One less; what nobody names any more goes. */
export function releaseOutput(sql: Sql, output: number): void {
  sql.run('UPDATE outputs SET uses = uses - 1 WHERE id = ?', output);
  const isUnused = sql.get(
    'SELECT 1 FROM outputs WHERE id = ? AND uses = 0 AND id NOT IN (SELECT output FROM held)',
    output,
  );
  if (isUnused) dropOutput(sql, output);
}

function countPieces(body: Uint8Array, sha256: Uint8Array): number {
  if (body.length === 0) throw new StoreFailed(`the bytes of output ${hex(sha256)} are not in the store`);
  return Math.ceil(body.length / CHUNK_BYTES);
}

function insertBody(sql: Sql, output: number, body: Uint8Array): void {
  for (let from = 0; from < body.length; from += CHUNK_BYTES) {
    insertPiece(sql, output, from / CHUNK_BYTES, body.subarray(from, from + CHUNK_BYTES));
  }
}

function complete(sql: Sql, output: number, sha256: Uint8Array, body: Uint8Array): void {
  let pieces = arrived(sql, output);
  if (body.length > 0) {
    pieces = countPieces(body, sha256);
    dropPieces(sql, output);
    insertBody(sql, output, body);
  }
  if (pieces === 0) throw new StoreFailed(`output ${hex(sha256)} has pieces missing`);
  sql.run('UPDATE outputs SET pieces = ? WHERE id = ?', pieces, output);
}

/** How many pieces have arrived without a gap; 0 if there is one. */
function arrived(sql: Sql, output: number): number {
  const first = output * PIECES;
  const row = sql.get<{ count: number; last: number | null }>(
    'SELECT count(*) AS count, max(key) AS last FROM pieces WHERE key BETWEEN ? AND ?',
    first,
    first + PIECES - 1,
  );
  return row !== undefined && row.last === first + row.count - 1 ? row.count : 0;
}

/** An output's gzip body from this byte to the end of a piece; null: unknown, or past the body's end. */
export function readFrom(
  sql: Sql,
  sha256: Uint8Array,
  from: number,
): { data: Uint8Array; more: boolean } | null {
  const known = find(sql, sha256);
  if (known === undefined) return null;
  let start = 0;
  for (let seq = 0; seq < known.pieces; seq += 1) {
    const end = start + pieceLength(sql, known.id, seq);
    const data = from < end ? pieceData(sql, known.id, seq) : null;
    if (data !== null) return { data: data.subarray(from - start), more: seq + 1 < known.pieces };
    start = end;
  }
  return null;
}

/** The gzip body of an output kept in one piece; empty for a larger one. */
export function readWhole(sql: Sql, sha256: Uint8Array): Uint8Array {
  const known = find(sql, sha256);
  return (known?.pieces === 1 ? pieceData(sql, known.id, 0) : null) ?? new Uint8Array();
}

function pieceLength(sql: Sql, output: number, seq: number): number {
  const key = output * PIECES + seq;
  return (
    sql.get<{ bytes: number }>('SELECT length(data) AS bytes FROM pieces WHERE key = ?', key)?.bytes ?? 0
  );
}

function pieceData(sql: Sql, output: number, seq: number): Uint8Array | null {
  const key = output * PIECES + seq;
  return sql.get<{ data: Uint8Array }>('SELECT data FROM pieces WHERE key = ?', key)?.data ?? null;
}

/**
 * Whether a report may name an output without bringing its bytes. Pieces that only arrived are unpacked and
 * their digest is compared: those of two senders may have met here, and a sender may have died half way.
 * What does not fit is dropped, so that it can be sent again.
 */
export async function isWhole(sql: Sql, sha256: Uint8Array): Promise<boolean> {
  const known = find(sql, sha256);
  if (known === undefined || known.pieces > 0) return known !== undefined;
  const pieces = arrived(sql, known.id);
  if (pieces > 0 && (await unpacksTo(sql, known.id, pieces, sha256))) return true;
  if (find(sql, sha256)?.pieces === 0) withRoom(() => sql.transaction(() => dropOutput(sql, known.id)));
  return false;
}

/** Whether a whole output's bytes still fit its digest. */
export async function unpacks(sql: Sql, sha256: Uint8Array): Promise<boolean> {
  const known = find(sql, sha256);
  return known !== undefined && known.pieces > 0 && (await unpacksTo(sql, known.id, known.pieces, sha256));
}

async function unpacksTo(sql: Sql, output: number, pieces: number, sha256: Uint8Array): Promise<boolean> {
  const hash = createHash('sha256');
  try {
    await pipeline(
      piecesOf(sql, output, pieces),
      createGunzip({ chunkSize: CHUNK_BYTES }),
      async (text: AsyncIterable<Buffer>) => {
        for await (const part of text) hash.update(part);
      },
    );
  } catch {
    return false; // no gzip, or cut short
  }
  return hash.digest().equals(sha256);
}

function* piecesOf(sql: Sql, output: number, pieces: number): Generator<Uint8Array> {
  for (let seq = 0; seq < pieces; seq += 1) yield pieceData(sql, output, seq) ?? new Uint8Array();
}

/** Takes a removed sweep's next uses away, and the outputs nobody names any more; false: there was none. */
export function releaseOutputs(sql: Sql, sweep: number, limit: number): boolean {
  const used = sql.all<{ output: number }>('SELECT output FROM uses WHERE sweep = ? LIMIT ?', sweep, limit);
  for (const { output } of used) {
    sql.run('DELETE FROM uses WHERE sweep = ? AND output = ?', sweep, output);
    releaseOutput(sql, output);
  }
  return used.length > 0;
}

/** Drops outputs that were still arriving, or held for a report that never came, when the last process ended. */
export function dropArriving(sql: Sql): void {
  const arriving = sql.all<{ id: number }>('SELECT id FROM outputs WHERE uses = 0');
  if (arriving.length === 0) return;
  sql.transaction(() => {
    for (const { id } of arriving) dropOutput(sql, id);
  });
}

function hex(sha256: Uint8Array): string {
  return Buffer.from(sha256).toString('hex').slice(0, 12);
}
