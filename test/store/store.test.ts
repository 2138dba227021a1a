import { randomBytes } from 'node:crypto';
import { gunzipSync, gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { openStore } from '../../coordinator/store/open.js';
import type { DeviceRow, ShardRow, Store, Write } from '../../coordinator/store/store.js';
import { Failure, Kind, Stage, Status } from '../../proto/gen/netsweep/v1/model.js';
import { type KnownHost, SweepState } from '../../proto/gen/netsweep/v1/sweeps.js';
import {
  credential,
  device,
  newSweep,
  output,
  report,
  reported,
  sweepRow,
  TemporaryDirectory,
} from './samples.js';

/** What is there after the store was closed and opened again. */
async function reopened<T>(directory: string, look: (store: Store) => Promise<T>): Promise<T> {
  await using store = await openStore(directory, null);
  return await look(store);
}

test('an unfinished sweep comes back whole after a restart', async () => {
  using directory = new TemporaryDirectory();
  const shard: ShardRow = {
    sweep: 'S1',
    shard: 1,
    segment: 'dc 1',
    offer: 2,
    epoch: 'e1',
    holder: 'i1',
    claimId: 'c9',
    devices: [0, 1],
  };
  const row: DeviceRow = {
    index: 1,
    attempts: 1,
    workedMs: 1312,
    loginSpent: true,
    enableSpent: false,
    channelSpent: true,
    started: true,
    deaths: ['killed by SIGSEGV', 'its agent died'],
  };
  const ended = report('S1', 2, [output('Cisco IOS')]);
  const refused = Failure.create({ kind: Kind.REFUSED, stage: Stage.CONNECT, message: 'connection refused' });
  {
    await using store = await openStore(directory.path, null);
    await store.commit([
      ...newSweep('S1', 3),
      { write: 'secret', sweep: 'S1', credential: credential('c1', 'hunter2') },
      { write: 'shard', row: { ...shard, offer: 1 } },
      { write: 'shard', row: { ...shard, shard: 2 } },
      { write: 'device', sweep: 'S1', row: { ...row, started: false } },
    ]);
    await store.commit([
      { write: 'shard', row: shard },
      { write: 'dropShard', sweep: 'S1', shard: 2 },
      { write: 'device', sweep: 'S1', row },
      { write: 'report', report: ended, epoch: 'e9' },
      { write: 'evidence', report: report('S1', 1, []) },
      { write: 'evidence', report: { ...report('S1', 1, []), failure: refused }, epoch: 'e8' },
      { write: 'bastion', sweep: 'S1', login: 'b1 22 c1', spent: true },
      { write: 'bastion', sweep: 'S1', login: 'b2 22 c1', spent: true },
      { write: 'bastion', sweep: 'S1', login: 'b1 22 c1', spent: false },
    ]);
  }
  const sweeps = await reopened(directory.path, (store) => store.openSweeps());
  const untouched = {
    attempts: 0,
    workedMs: 0,
    loginSpent: false,
    enableSpent: false,
    channelSpent: false,
    started: false,
    deaths: [],
  };
  expect(sweeps).toEqual([
    {
      row: sweepRow('S1'),
      devices: [
        { device: device(0), row: { index: 0, ...untouched }, report: null, lastFailure: null },
        { device: device(1), row, report: null, lastFailure: refused },
        {
          device: device(2),
          row: { index: 2, ...untouched },
          report: { ...ended, outputs: [] },
          lastFailure: null,
        },
      ],
      shards: [shard],
      credentials: [credential('c1', 'hunter2')],
      bastions: ['b2 22 c1'],
      taken: [
        { index: 2, epoch: 'e9' },
        { index: 1, epoch: 'e8' },
      ],
    },
  ]);
});

test('a sweep that has ended is listed but not open; paused ones are open, and a cancelled one that agents still hold', async () => {
  using directory = new TemporaryDirectory();
  await using store = await openStore(directory.path, null);
  await store.commit([
    { write: 'sweep', row: sweepRow('S1') },
    { write: 'sweep', row: sweepRow('S2', { state: SweepState.PAUSED }) },
    { write: 'sweep', row: sweepRow('S3') },
  ]);
  await store.commit([{ write: 'sweep', row: sweepRow('S3', { state: SweepState.CANCELLED }) }]);
  const ended = sweepRow('S1', { state: SweepState.CANCELLED, endedAtMs: 9.5, reason: 'by hand' });
  await store.commit([{ write: 'sweep', row: ended }]);
  expect((await store.openSweeps()).map(({ row }) => row.id)).toEqual(['S2', 'S3']);
  expect((await store.sweeps(0)).map(({ id }) => id)).toEqual(['S3', 'S2', 'S1']);
  expect((await store.sweeps(2)).map(({ id }) => id)).toEqual(['S3', 'S2']);
  expect(await store.sweepByKey('key-S1')).toEqual(ended);
  expect(await store.sweepByKey('another')).toBeNull();
});

test('many commits at once share a transaction, and every one of them is answered', async () => {
  using directory = new TemporaryDirectory();
  await using store = await openStore(directory.path, null);
  await store.commit(newSweep('S1', 600));
  const before = await store.lastCommit();
  const numbers = await Promise.all(
    Array.from({ length: 600 }, (_, i) => store.commit([reported('S1', i, [output(`text ${i}`)])])),
  );
  expect(new Set(numbers).size).toBeLessThan(60);
  expect(Math.min(...numbers)).toBe(before + 1);
  expect(await store.lastCommit()).toBe(Math.max(...numbers));
  expect((await store.tally('S1')).counts).toEqual(new Map([[Status.OK, 600]]));
});

test('the commit number and the id outlive a restart', async () => {
  using directory = new TemporaryDirectory();
  const look = async (store: Store) => ({ id: store.id, commit: await store.lastCommit() });
  const first = await reopened(directory.path, look);
  expect(first.id).toMatch(/^[0-9a-f]{16}$/);
  const commit = await reopened(directory.path, (store) =>
    store.commit([{ write: 'sweep', row: sweepRow('S1') }]),
  );
  expect(commit).toBe(first.commit + 1);
  expect(await reopened(directory.path, look)).toEqual({ id: first.id, commit });
});

test('a failed commit changes nothing, what came before it stays, and the store takes no more', async () => {
  using directory = new TemporaryDirectory();
  {
    await using store = await openStore(directory.path, null);
    await store.commit(newSweep('S1', 4));
    const calls = await Promise.allSettled([
      store.commit([reported('S1', 0, [output('a')])]),
      store.commit([reported('S1', 1, [output('b')]), reported('S1', 0, [output('again')])]),
      store.commit([reported('S1', 2, [output('c')])]),
      store.tally('S1'),
    ]);
    expect(calls.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'rejected', 'rejected']);
    await expect(store.commit([])).rejects.toThrow('device 0 of sweep S1 is reported already');
    await expect(store.lastCommit()).rejects.toMatchObject({ name: 'StoreFailed' });
  }
  const reports = await reopened(directory.path, (store) => store.reportsAfter('S1', 0, 10, true));
  expect(reports.map((r) => r.report)).toEqual([report('S1', 0, [output('a')])]);
});

test.each<[string, Write, string]>([
  ['bytes that are nowhere', reported('S1', 0, [output('x', false)]), 'are not in the store'],
  ['an unknown sweep', reported('S9', 0, [output('x')]), 'sweep S9 is not in the store'],
  [
    'a digest of the wrong length',
    reported('S1', 0, [{ ...output('x'), sha256: Buffer.alloc(20) }]),
    '20 bytes',
  ],
  [
    'a second sweep with the same key',
    { write: 'sweep', row: sweepRow('S2', { key: 'key-S1' }) },
    'sweeps.key',
  ],
])('a commit with %s is refused', async (_, write, message) => {
  using directory = new TemporaryDirectory();
  await using store = await openStore(directory.path, null);
  await store.commit(newSweep('S1', 1));
  await expect(store.commit([write])).rejects.toThrow(message);
});

test('reports are read in the order of their commits, and in the order of the inventory, page by page', async () => {
  using directory = new TemporaryDirectory();
  await using store = await openStore(directory.path, null);
  await store.commit([...newSweep('S1', 5), ...newSweep('S2', 5)]);
  for (const index of [3, 0, 4, 1]) {
    await store.commit([
      reported('S1', index, [output(`text ${index}`)]),
      reported('S2', index, [output('same')]),
    ]);
  }
  const first = await store.reportsAfter('S1', 0, 3, false);
  const rest = await store.reportsAfter('S1', first.at(-1)?.seq ?? 0, 3, true);
  expect([...first, ...rest].map((r) => r.report.device?.index)).toEqual([3, 0, 4, 1]);
  expect(first[0]?.report).toEqual(report('S1', 3, [{ ...output('text 3'), body: Buffer.alloc(0) }]));
  expect(rest[0]?.report).toEqual(report('S1', 1, [output('text 1')]));
  expect(await store.reportsAfter('S1', rest.at(-1)?.seq ?? 0, 3, true)).toEqual([]);
  const ordered = await store.reportsByIndex('S1', 0, 2, true);
  expect(ordered.map((r) => r.device?.index)).toEqual([1, 3]);
  expect((await store.reportsByIndex('S1', -1, 9, false)).map((r) => r.device?.index)).toEqual([0, 1, 3, 4]);
});

test('a page holds every report asked for, and bodies as far as they fit', async () => {
  using directory = new TemporaryDirectory();
  await using store = await openStore(directory.path, null);
  await store.commit(newSweep('S1', 30));
  const all = Array.from({ length: 30 }, () => output(randomBytes(500_000)));
  await store.commit(all.map((one, i) => reported('S1', i, [one])));
  const reports = await store.reportsByIndex('S1', -1, 100, true);
  expect(reports.map((r) => r.device?.index)).toEqual(Array.from({ length: 30 }, (_, i) => i));
  const lengths = reports.map((r) => r.outputs[0]?.body.length);
  expect(lengths).toEqual(all.map(({ body }, i) => (i < 17 ? body.length : 0)));
  const left = await store.body(all[29]?.sha256 ?? Buffer.alloc(0), 0);
  expect(left?.data).toEqual(new Uint8Array(all[29]?.body ?? []));
});

test('a report brings no more bodies than one message holds', async () => {
  using directory = new TemporaryDirectory();
  await using store = await openStore(directory.path, null);
  const outputs = [500_000, 500_000, 500_000, 9].map((bytes) => output(randomBytes(bytes)));
  await store.commit([...newSweep('S1', 1), reported('S1', 0, outputs)]);
  const [report] = await store.reportsByIndex('S1', -1, 1, true);
  expect(report?.outputs.map(({ body }) => body.length)).toEqual(
    outputs.map(({ body }, i) => (i === 2 ? 0 : body.length)),
  );
});

test('the tally counts every status, adds up durations and knows the agents', async () => {
  using directory = new TemporaryDirectory();
  await using store = await openStore(directory.path, null);
  const failure = { kind: Kind.AUTH, stage: Stage.AUTH, message: 'login refused', retryable: false };
  await store.commit([
    ...newSweep('S1', 9),
    reported('S1', 0, [output('a')]),
    reported('S1', 1, [output('a')], { agent: 'agent-2' }),
    reported('S1', 2, [], { status: Status.FAILED, failure }),
    reported('S1', 3, [], { status: Status.SKIPPED, agent: '', durationMs: 0 }),
  ]);
  expect(await store.tally('S1')).toEqual({
    counts: new Map([
      [Status.OK, 2],
      [Status.FAILED, 1],
      [Status.SKIPPED, 1],
    ]),
    deviceTimeMs: 303,
    agents: 2,
    selected: 9,
  });
  expect((await store.reportsByIndex('S1', 1, 1, true))[0]?.failure).toEqual(failure);
  expect(await store.tally('none')).toEqual({ counts: new Map(), deviceTimeMs: 0, agents: 0, selected: 0 });
});

test('an output is kept once, and a later report may name it by its digest alone', async () => {
  using directory = new TemporaryDirectory();
  await using store = await openStore(directory.path, null);
  await store.commit([...newSweep('S1', 3), reported('S1', 0, [output('same'), output('')])]);
  const another = { ...output('same'), body: gzipSync('same', { level: 1 }) };
  await store.commit([reported('S1', 1, [another]), reported('S1', 2, [output('same', false)])]);
  const reports = await store.reportsByIndex('S1', -1, 9, true);
  const texts = reports.map((r) => r.outputs.map(({ body }) => gunzipSync(body).toString()));
  expect(texts).toEqual([['same', ''], ['same'], ['same']]);
  expect(reports[1]?.outputs[0]?.body).toEqual(output('same').body);
});

test('a transcript is kept with its report, read by its digest alone, and goes with its sweep', async () => {
  using directory = new TemporaryDirectory();
  await using store = await openStore(directory.path, null);
  const transcript = output('what was said');
  await store.commit([
    ...newSweep('S1', 2, { state: SweepState.ENDED }),
    reported('S1', 0, [output('a')], { transcript }),
    reported('S1', 1, [output('a')]),
  ]);
  const [first, second] = await store.reportsByIndex('S1', -1, 9, true);
  expect(first?.transcript).toEqual(output('what was said', false));
  expect(first?.outputs).toEqual([output('a')]);
  expect(second?.transcript).toBeUndefined();
  const body = await store.body(transcript.sha256, 0);
  expect(gunzipSync(body?.data ?? '').toString()).toBe('what was said');
  await store.commit([{ write: 'dropSweep', sweep: 'S1' }]);
  await expect.poll(() => store.hasBody(transcript.sha256)).toBe(false);
});

test('evidence of an older attempt stands beside the report and keeps its outputs', async () => {
  using directory = new TemporaryDirectory();
  await using store = await openStore(directory.path, null);
  const older = report('S1', 0, [output('first try')], { status: Status.SUSPECT });
  await store.commit([
    ...newSweep('S1', 1),
    { write: 'evidence', report: older },
    reported('S1', 0, [output('b')]),
  ]);
  expect(await store.hasBody(output('first try').sha256)).toBe(true);
  expect((await store.reportsByIndex('S1', -1, 9, true)).map((r) => r.status)).toEqual([Status.OK]);
});

test('all devices come back as they were submitted, however many', async () => {
  using directory = new TemporaryDirectory();
  await using store = await openStore(directory.path, null);
  await store.commit(newSweep('S1', 4_001));
  const devices = await store.devices('S1');
  expect(devices).toHaveLength(4_001);
  expect(devices.at(-1)).toEqual(device(4_000));
});

test('a removed sweep is gone at once, and its outputs go unless another sweep names them', async () => {
  using directory = new TemporaryDirectory();
  await using store = await openStore(directory.path, null);
  const ended = { state: SweepState.ENDED };
  await store.commit([
    ...newSweep('S1', 1_200, ended),
    ...newSweep('S2', 1),
    ...Array.from({ length: 1_200 }, (_, i) => reported('S1', i, [output(`only ${i}`), output('shared')])),
    reported('S2', 0, [output('shared')]),
  ]);
  await store.commit([{ write: 'dropSweep', sweep: 'S1' }]);
  expect((await store.sweeps(0)).map(({ id }) => id)).toEqual(['S2']);
  expect(await store.reportsAfter('S1', 0, 9, false)).toEqual([]);
  await expect.poll(() => store.hasBody(output('only 1199').sha256)).toBe(false);
  expect(await store.hasBody(output('shared').sha256)).toBe(true);
  await store.commit([{ write: 'dropSweep', sweep: 'S2' }]);
  await expect.poll(() => store.hasBody(output('shared').sha256)).toBe(false);
  await store.commit([...newSweep('S1', 1), reported('S1', 0, [output('again')])]);
  expect((await store.tally('S1')).counts).toEqual(new Map([[Status.OK, 1]]));
});

test('host keys: the first of a type stays, a person replaces all of an endpoint, bastions tell endpoints apart', async () => {
  using directory = new TemporaryDirectory();
  await using store = await openStore(directory.path, null);
  const key = (type: string, blob: string, port = 22, jump = ''): KnownHost => ({
    segment: 'default',
    jump,
    host: '10.0.0.1',
    port,
    type,
    blob: Buffer.from(blob),
    firstSeenMs: 5.5,
    agent: 'agent-1',
  });
  const put = (host: KnownHost, replace = false): Write => ({ write: 'hostKey', host, replace });
  await store.commit([put(key('ssh-rsa', 'a')), put(key('ssh-rsa', 'b')), put(key('ssh-ed25519', 'c'))]);
  expect(await store.hostKeys()).toEqual([key('ssh-ed25519', 'c'), key('ssh-rsa', 'a')]);
  await store.commit([put(key('ssh-rsa', 'd'), true), put(key('ssh-rsa', 'e', 830))]);
  expect(await store.hostKeys()).toEqual([key('ssh-rsa', 'd'), key('ssh-rsa', 'e', 830)]);
  const place = { segment: 'default', jump: '', host: '10.0.0.1', port: 22 };
  await store.commit([{ write: 'dropHostKeys', ...place, port: 830 }]);
  await store.commit([{ write: 'dropHostKeys', ...place, segment: 'other' }]);
  expect(await store.hostKeys()).toEqual([key('ssh-rsa', 'd')]);
  await store.commit([put(key('ssh-rsa', 'f', 22, 'b1:22'))]);
  await store.commit([
    put(key('ssh-rsa', 'g', 22, 'b2:22,b1:22'), true),
    { write: 'dropHostKeys', ...place },
  ]);
  const behind = [key('ssh-rsa', 'f', 22, 'b1:22'), key('ssh-rsa', 'g', 22, 'b2:22,b1:22')];
  expect(await store.hostKeys()).toEqual(behind);
});

test('the state of a credential is kept under its identity', async () => {
  using directory = new TemporaryDirectory();
  const state = { id: 'c1', name: 'admin', username: 'root', stopped: true, refusals: 3, changedAtMs: 7.25 };
  await reopened(directory.path, (store) =>
    store.commit([
      { write: 'credential', state: { ...state, stopped: false } },
      { write: 'credential', state },
    ]),
  );
  expect(await reopened(directory.path, (store) => store.credentials())).toEqual([state]);
});
