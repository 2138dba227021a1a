// Files of the store that a crash or a disk has damaged. `npm run damage` does the same with every byte of the log's
// end, and with many more bits.
import { randomInt } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { openStore } from '../../coordinator/store/open.js';
import { openDatabase } from '../../coordinator/store/schema.js';
import { Proof, Status } from '../../proto/gen/netsweep/v1/model.js';
import { Place } from '../place.ts';
import { commitWithin, crash, cuts, examine, FLIPS_AGAIN, flipped, flips } from './damaged.ts';
import { newSweep, output, report, reported, TemporaryDirectory } from './samples.js';

const SEED = Number(process.env.SEED ?? randomInt(1_000_000));
const FLIPS = 200;
const CUTS = 40;
const PAGE_BYTES = 16_384;

const files = await crash();

test('a change of format that is cut off anywhere has not happened, and happens at the next start', () => {
  using directory = new TemporaryDirectory();
  const path = (name: string) => join(directory.path, name);
  const older = openDatabase(directory.path, 1);
  older.exec(`INSERT INTO host_keys VALUES ('s', '10.0.0.1', 22, 'ssh-ed25519', x'01', 1, 'agent-1')`);
  older.close();
  const before = readFileSync(path('store.db'));
  const changed = openDatabase(directory.path);
  const log = readFileSync(path('store.db-wal'));
  changed.close();
  expect(log.length).toBeGreaterThan(3 * PAGE_BYTES);
  const page = 24 + PAGE_BYTES;
  const edges = Array.from({ length: Math.ceil(log.length / page) }, (_, n) => 32 + n * page);
  for (const bytes of edges.flatMap((edge) => [edge - 1, edge, edge + 1, edge + page / 2])) {
    writeFileSync(path('store.db'), before, { mode: 0o600 });
    writeFileSync(path('store.db-wal'), log.subarray(0, bytes), { mode: 0o600 });
    const sql = openDatabase(directory.path);
    expect(sql.all('SELECT segment, jump, host, key FROM host_keys'), `cut after ${bytes}`).toEqual([
      { segment: 's', jump: '', host: '10.0.0.1', key: new Uint8Array([1]) },
    ]);
    sql.close();
  }
});

test('a store that does not hang together is refused by serve in one line, with 4', async () => {
  await using place = await Place.open();
  const state = place.path('state/serve');
  mkdirSync(state, { recursive: true, mode: 0o700 });
  const file = Buffer.from(files.db).fill(0xff, 16_384 + 8, 16_384 + 400);
  writeFileSync(join(state, 'store.db'), file, { mode: 0o600 });
  const words = ['--nats', 'nats://127.0.0.1:1', '--state', place.path('state'), '--listen', '127.0.0.1:0'];
  const { status, stdout, stderr } = await place.netsweep(['serve', ...words]);
  const [line = '', ...rest] = stderr.split('\n').filter((each) => !each.startsWith('{') && each !== '');
  expect({ status, stdout, rest }).toEqual({ status: 4, stdout: '', rest: [] });
  expect(line).toMatch(/^netsweep: .*store\.db is damaged \(.*\); put back a copy of it$/);
});

test(`a log that is cut anywhere opens with all that was committed before the cut (${FLIPS_AGAIN(SEED)})`, async () => {
  const whole = files.ends.map(({ bytes }) => bytes);
  for (const bytes of [...cuts(files, CUTS, SEED), ...whole.slice(-8)]) {
    const fared = await examine({ ...files, log: files.log.subarray(0, bytes) }, commitWithin(files, bytes));
    expect(fared, `cut after ${bytes} bytes`).toBe('harmless');
  }
});

test('what is damaged is told in its place, and everything else as it was', async () => {
  using directory = new TemporaryDirectory();
  await (async () => {
    await using store = await openStore(directory.path, null);
    await store.commit(newSweep('S1', 3));
    for (const index of [0, 1, 2]) await store.commit([reported('S1', index, [output(`text ${index}`)])]);
  })();
  const sql = openDatabase(directory.path);
  sql.run(`UPDATE reports SET attempts = 2 WHERE device = 0`);
  const [broken] = sql.all<{ key: number }>('SELECT key FROM pieces ORDER BY key LIMIT 1 OFFSET 1');
  sql.run('UPDATE pieces SET data = ? WHERE key = ?', gzipSync('another'), broken?.key ?? 0);
  sql.close();
  await using store = await openStore(directory.path, null);
  const [record, bytes, whole] = await store.reportsByIndex('S1', -1, 9, true);
  expect(record).toMatchObject({
    device: { name: 'R0' },
    status: Status.SUSPECT,
    outputs: [],
    notes: ['the record of it is damaged in the store'],
  });
  expect(bytes).toMatchObject({
    device: { name: 'R1' },
    status: Status.SUSPECT,
    notes: ['the output of "show version" is damaged in the store'],
  });
  expect(bytes?.outputs).toMatchObject([{ proof: Proof.SUSPECT, bytes: 0, body: Buffer.alloc(0) }]);
  expect(whole).toEqual(report('S1', 2, [output('text 2')]));
});

test('a log with a flipped bit counts as a rollback', async () => {
  const end = (files.ends.at(-3)?.bytes ?? 0) + 5_000;
  const bit = (files.db.length + end) * 8;
  expect(await examine(flipped(files, bit), 0)).toBe('rolled back');
});

test(`a bit that flips is noticed or does no harm (${FLIPS_AGAIN(SEED)})`, async () => {
  const fared = await flips(files, FLIPS, SEED);
  expect(fared.wrong).toEqual([]);
  expect(fared.counts['rolled back'], 'bits of the log').toBeGreaterThan(0);
});
