// Results on their way, without any stream.
import { createHash, randomBytes } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import { mkdtemp, readdir, readlink, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { handedBack } from '../../agent/pool.js';
import { Results } from '../../agent/results.js';
import { Spool } from '../../agent/spool.js';
import { withProvedKey } from '../../coordinator/intake/provedkey.js';
import { Abridger, Restorer } from '../../proto/abridged.js';
import { Result, Verdict } from '../../proto/gen/netsweep/v1/agent.js';
import { Output, Status } from '../../proto/gen/netsweep/v1/model.js';
import { Attempt, Chunk } from '../../proto/gen/netsweep/v1/session.js';
import { until } from '../process.js';

const MIB = 1024 * 1024;
const clock = { monotonicMs: () => performance.now() };

function result(index: number, body = Buffer.alloc(10)): Result {
  const outputs = [Output.create({ command: 'show version', body, bytes: body.length })];
  const end = { $case: 'attempt', value: Attempt.create({ status: Status.OK, outputs }) } as const;
  return Result.create({ sweep: 'S1', shard: 1, epoch: 'e', index, end });
}

function pieces(count: number): Chunk[] {
  return Array.from({ length: count }, (_, seq) => Chunk.create({ seq, data: Buffer.alloc(MIB / 2) }));
}

function bodyOf({ end }: Result): Buffer {
  return (end?.$case === 'attempt' ? end.value.outputs[0]?.body : null) ?? Buffer.alloc(0);
}

function openSpool(limit: number, directory?: string): Spool {
  return new Spool(limit, clock, (what) => expect.unreachable(what), directory);
}

/** Batches until nothing is left: the indexes of results and the numbers of pieces in each. */
async function drain(results: Results): Promise<{ results: number[]; chunks: number[] }[]> {
  const batches = [];
  while (results.unsent) {
    const batch = await results.nextBatch();
    batches.push({
      results: batch.results.map(({ index }) => index),
      chunks: batch.chunks.map(({ seq }) => seq),
    });
  }
  return batches;
}

const ALGORITHMS = 'curve25519-sha256 ssh-ed25519 aes128-gcm@openssh.com';

test('small results travel together, large ones by themselves', async () => {
  const results = new Results(clock);
  for (const index of [0, 1, 2]) void results.keep(result(index), []);
  void results.keep(result(3, Buffer.alloc(MIB)), []);
  void results.keep(result(4), []);
  expect(await drain(results)).toEqual([
    { results: [0, 1, 2, 3], chunks: [] },
    { results: [4], chunks: [] },
  ]);
});

test('the result of a large output follows with its last piece', async () => {
  const results = new Results(clock);
  void results.keep(result(0), pieces(5));
  expect(await drain(results)).toEqual([
    { results: [], chunks: [0, 1] },
    { results: [], chunks: [2, 3] },
    { results: [0], chunks: [4] },
  ]);
});

test('a new stream gets everything unacknowledged from the start', async () => {
  const results = new Results(clock);
  const first = results.keep(result(0), []);
  void results.keep(result(1), pieces(3));
  await results.nextBatch();
  results.acknowledged(1, Verdict.STORED);
  expect(await first).toBe(Verdict.STORED);
  results.sendAgain();
  expect(await drain(results)).toEqual([
    { results: [], chunks: [0, 1] },
    { results: [1], chunks: [2] },
  ]);
});

test('a result whose bytes are missing is sent again with all its pieces, and settles only when it is stored', async () => {
  const results = new Results(clock);
  const verdict = results.keep(result(0), pieces(2));
  await drain(results);
  expect(results.acknowledged(1, Verdict.NEED_BODY)).toBe(true);
  expect(await drain(results)).toEqual([
    { results: [], chunks: [0, 1] },
    { results: [0], chunks: [] },
  ]);
  expect(results.empty).toBe(false);
  results.acknowledged(1, Verdict.DUPLICATE);
  expect(await verdict).toBe(Verdict.DUPLICATE);
  expect(results.empty).toBe(true);
});

test('nothing new begins while too much is unacknowledged', async () => {
  const results = new Results(clock);
  for (let index = 0; index < 65; index++) void results.keep(result(index, Buffer.alloc(MIB)), []);
  let begun = false;
  const room = results.room(new AbortController().signal).then(() => {
    begun = true;
  });
  await Promise.resolve();
  expect(begun).toBe(false);
  for (let seq = 1; seq <= 20; seq++) results.acknowledged(seq, Verdict.STORED);
  await room;
  expect(begun).toBe(true);
});

test('what memory has no room for comes back from the spool as it was, in its order, and its place is used again', async () => {
  await using spool = openSpool(64 * MIB);
  const results = new Results(clock, { memoryBytes: 64 * MIB, spool });
  for (let round = 0; round < 3; round++) {
    const bodies = Array.from({ length: 100 }, () => randomBytes(MIB));
    const verdicts = bodies.map((body, index) => results.keep(result(index, body), []));
    await until('memory has room', () => spool.used > 36 * MIB);
    const sent: Result[] = [];
    while (results.unsent) sent.push(...(await results.nextBatch()).results);
    expect(sent.map(({ index }) => index)).toEqual(bodies.map((_, index) => index));
    expect(sent.every((one, index) => bodyOf(one).equals(bodies[index] as Buffer))).toBe(true);
    for (const { seq } of sent) results.acknowledged(seq, Verdict.STORED);
    await Promise.all(verdicts);
    expect(spool.used).toBe(0);
  }
});

test('what the spool gives back as something else is given back as lost, and the rest goes its way', async () => {
  await using spool = openSpool(16 * MIB);
  const write = spool.write.bind(spool);
  let written = false;
  Object.assign(spool, {
    read: async () => Buffer.alloc(100, 0xff),
    write: async (data: Uint8Array) => {
      const place = await write(data);
      setImmediate(() => {
        written = true;
      });
      return place;
    },
  });
  const results = new Results(clock, { memoryBytes: 1.5 * MIB, spool });
  for (const index of [0, 1]) void results.keep(result(index, randomBytes(MIB)), []);
  await until('one is in the spool', () => written);
  const sent: Result[] = [];
  while (results.unsent) sent.push(...(await results.nextBatch()).results);
  expect(sent.map(({ index, end }) => [index, end?.$case])).toEqual([
    [0, 'handedBack'],
    [1, 'attempt'],
  ]);
});

test('the spool is a file of its owner alone that has no name and is gone with its process', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'netsweep-spool-'));
  await using spool = openSpool(MIB, directory);
  await spool.write(Buffer.alloc(1_000));
  expect(await readdir(directory)).toEqual([]);
  const open = await Promise.all(
    (await readdir('/proc/self/fd')).map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => '')),
  );
  const [mine] = open.flatMap((path, at) => (path.startsWith(directory) ? [at] : []));
  const fd = (await readdir('/proc/self/fd'))[mine ?? -1];
  expect((await stat(`/proc/self/fd/${fd}`)).mode & 0o777).toBe(0o600);
  await rm(directory, { recursive: true });
});

test('a disk that takes nothing is a spool without room, and said to be', async () => {
  const said: string[] = [];
  await using spool = new Spool(64 * MIB, clock, (what) => said.push(what), '/proc/nowhere');
  const full: boolean[] = [];
  const results = new Results(clock, { memoryBytes: 64 * MIB, spool }, (now) => full.push(now));
  for (let index = 0; index < 70; index++) void results.keep(result(index, Buffer.alloc(MIB)), []);
  await until('it is full', () => full.length > 0);
  expect(full).toEqual([true]);
  expect(said).toHaveLength(1);
  for (let seq = 1; seq <= 70; seq++) results.acknowledged(seq, Verdict.STORED);
  expect(full).toEqual([true, false]);
});

test('a session begins only when what it may bring has room, and one always may', async () => {
  const results = new Results(clock);
  const { signal } = new AbortController();
  setMaxListeners(0, signal);
  // Sessions that bring much, acknowledged at once: the next are expected to bring as much.
  for (let index = 0; index < 20; index++) {
    void results.keep(result(index, Buffer.alloc(20 * MIB)), []);
    results.acknowledged(index + 1, Verdict.STORED);
  }
  let begun = 0;
  const begin = async () => {
    const delivery = await results.reserve(signal);
    begun += 1;
    return delivery;
  };
  const deliveries = Array.from({ length: 20 }, begin);
  await new Promise(setImmediate);
  expect(begun).toBeGreaterThan(0);
  expect(begun).toBeLessThan(5);
  const before = begun;
  const [first] = await Promise.all(deliveries.slice(0, 1));
  void first?.end(result(0));
  await new Promise(setImmediate);
  expect(begun).toBeGreaterThan(before);
});

test('pieces of a session that came to nothing are forgotten', async () => {
  const results = new Results(clock);
  const delivery = await results.reserve(new AbortController().signal);
  for (const chunk of pieces(3)) delivery.add(chunk);
  void delivery.end({ ...result(0), end: handedBack('its worker died', { touched: true }) });
  expect(await drain(results)).toEqual([{ results: [0], chunks: [] }]);
});

test('an output that the coordinator has travels as its digest; its bytes follow when they are asked for', async () => {
  const results = new Results(clock);
  const named = (n: number) => ({ command: 'show version', sha256: Buffer.alloc(32, n), bytes: 10 });
  const outputs = [1, 2, 3].map((n) => {
    const body = n === 3 ? Buffer.alloc(0) : Buffer.alloc(10, n);
    return Output.create({ ...named(n), body });
  });
  const delivery = await results.reserve(new AbortController().signal);
  for (const { seq, data } of pieces(2)) delivery.add({ sha256: Buffer.alloc(32, 3), seq, data });
  const end = { $case: 'attempt', value: Attempt.create({ status: Status.OK, outputs }) } as const;
  const verdict = delivery.end(Result.create({ sweep: 'S1', shard: 1, epoch: 'e', end }), [
    named(2),
    named(3),
  ]);
  const sent = async () => {
    const { chunks, results: told } = await results.nextBatch();
    const [one] = told;
    const bodies = one?.end?.$case === 'attempt' ? one.end.value.outputs.map(({ body }) => body.length) : [];
    return { chunks: chunks.map(({ sha256, seq }) => [sha256[0], seq]), bodies };
  };
  expect(await sent()).toEqual({ chunks: [], bodies: [10, 0, 0] });
  expect(results.acknowledged(1, Verdict.NEED_BODY)).toBe(true);
  expect(await sent()).toEqual({
    chunks: [
      [3, 0],
      [3, 1],
    ],
    bodies: [],
  });
  expect(await sent()).toEqual({ chunks: [[2, 0]], bodies: [10, 0, 0] });
  results.abridges = true;
  results.sendAgain();
  expect((await sent()).chunks, 'a new stream knows nothing of what the one before has brought').toHaveLength(
    2,
  );
  await sent();
  expect(results.acknowledged(1, Verdict.STORED)).toBe(false);
  expect(await verdict).toBe(Verdict.STORED);
  expect(results.empty).toBe(true);
});

test('to a coordinator that takes it so, a result names its lease and algorithms by number and an output by its place among those offered', async () => {
  const results = new Results(clock);
  results.abridges = true;
  const [sha256, body] = [Buffer.alloc(32, 7), Buffer.alloc(3_000, 7)];
  for (const index of [1, 2]) {
    const outputs = [
      Output.create({ command: 'show version', encoding: 'utf-8', sha256, body, bytes: 9_000 }),
    ];
    const secured = { hostKey: Buffer.of(7, index), algorithms: ALGORITHMS, settled: 0 };
    const value = Attempt.create({ status: Status.OK, outputs, secured });
    const end = { $case: 'attempt', value } as const;
    const delivery = await results.reserve(new AbortController().signal);
    void delivery.end(Result.create({ sweep: 'S1', shard: 1, epoch: 'e', index, end }), [
      { command: 'show version', sha256, bytes: 9_000 },
    ]);
  }
  const batch = await results.nextBatch();
  const [abridger, restorer] = [new Abridger(), new Restorer()];
  const sent = batch.results.map((one) => abridger.abridge(one));
  expect(sent).toMatchObject([
    { sweep: 'S1', shard: 1, epoch: 'e', index: 1, lease: 1 },
    { sweep: '', shard: 0, epoch: '', index: 2, lease: 1 },
  ]);
  expect(sent[1]).toMatchObject({
    end: {
      value: {
        outputs: [{ known: 1, command: '', encoding: '', bytes: 0 }],
        secured: { algorithms: '', settled: 1 },
      },
    },
  });
  expect(Result.encode(sent[1] ?? Result.create()).finish().length).toBeLessThan(0.01 * body.length);
  expect(sent.map((one) => restorer.restore(one))).toEqual(batch.results);
  expect(results.acknowledged(2, Verdict.NEED_BODY)).toBe(true);
  const whole = await results.nextBatch();
  expect(whole.chunks).toMatchObject([{ sha256, data: body }]);
  expect(bodyOf(whole.results[0] ?? Result.create())).toHaveLength(0);
  expect(whole.results[0]).toMatchObject({
    end: { value: { outputs: [{ known: 0, command: 'show version', sha256 }] } },
  });
});

test('of a key that is known for its device a result says how its digest begins, and the coordinator finds the rest', () => {
  const known = [1, 2].map((n) => ({ type: 'ssh-ed25519', blob: Buffer.alloc(51, n) }));
  const digest = (blob: Buffer) => createHash('sha256').update(blob).digest();
  const proved = (hostKey: Buffer) => {
    const secured = { hostKey, algorithms: ALGORITHMS, settled: 0 };
    const value = Attempt.create({ status: Status.OK, secured });
    const { end } = withProvedKey(Result.create({ end: { $case: 'attempt', value } }), () => known);
    return end?.$case === 'attempt' ? end.value.secured?.hostKey : undefined;
  };
  for (const { blob } of known) expect(proved(digest(blob).subarray(0, 2))).toEqual(digest(blob));
  const stranger = digest(Buffer.alloc(51, 3));
  expect(proved(stranger)).toEqual(stranger);
  expect(proved(stranger.subarray(0, 2)), 'it has been removed meanwhile').toEqual(stranger.subarray(0, 2));
});

test('leases are numbered over and over, each number with what it stands for', () => {
  const [abridger, restorer] = [new Abridger(), new Restorer()];
  const of = (n: number) => Result.create({ sweep: `S${n % 7}`, shard: n, epoch: `e${n}`, index: n });
  const order = Array.from({ length: 6_000 }, (_, n) => (n % 3 === 0 ? n % 1_700 : Math.floor(n / 2)));
  for (const n of order) {
    const sent = Result.decode(Result.encode(abridger.abridge(of(n))).finish());
    expect(sent.lease).toBeLessThanOrEqual(1_000);
    expect(restorer.restore(sent)).toEqual(of(n));
  }
});
