// Results on their way, without any stream.
import { expect, test } from 'vitest';
import { Results } from '../../agent/results.js';
import { Result, Verdict } from '../../proto/gen/netsweep/v1/agent.js';
import { Output, Status } from '../../proto/gen/netsweep/v1/model.js';
import { Attempt, Chunk } from '../../proto/gen/netsweep/v1/session.js';

const MIB = 1024 * 1024;

function result(index: number, body = Buffer.alloc(10)): Result {
  const outputs = [Output.create({ command: 'show version', body, bytes: body.length })];
  const end = { $case: 'attempt', value: Attempt.create({ status: Status.OK, outputs }) } as const;
  return Result.create({ sweep: 'S1', shard: 1, epoch: 'e', index, end });
}

function pieces(count: number): Chunk[] {
  return Array.from({ length: count }, (_, seq) => Chunk.create({ seq, data: Buffer.alloc(MIB / 2) }));
}

/** Batches until nothing is left: the indexes of results and the numbers of pieces in each. */
function drain(results: Results): { results: number[]; chunks: number[] }[] {
  const batches = [];
  while (results.unsent) {
    const batch = results.nextBatch();
    batches.push({
      results: batch.results.map(({ index }) => index),
      chunks: batch.chunks.map(({ seq }) => seq),
    });
  }
  return batches;
}

test('small results travel together, large ones by themselves', () => {
  const results = new Results({ monotonicMs: () => performance.now() });
  for (const index of [0, 1, 2]) void results.keep(result(index), []);
  void results.keep(result(3, Buffer.alloc(MIB)), []);
  void results.keep(result(4), []);
  expect(drain(results)).toEqual([
    { results: [0, 1, 2, 3], chunks: [] },
    { results: [4], chunks: [] },
  ]);
});

test('the result of a large output follows with its last piece', () => {
  const results = new Results({ monotonicMs: () => performance.now() });
  void results.keep(result(0), pieces(5));
  expect(drain(results)).toEqual([
    { results: [], chunks: [0, 1] },
    { results: [], chunks: [2, 3] },
    { results: [0], chunks: [4] },
  ]);
});

test('a new stream gets everything unacknowledged from the start', async () => {
  const results = new Results({ monotonicMs: () => performance.now() });
  const first = results.keep(result(0), []);
  void results.keep(result(1), pieces(3));
  results.nextBatch();
  results.acknowledged(1, Verdict.STORED);
  expect(await first).toBe(Verdict.STORED);
  results.sendAgain();
  expect(drain(results)).toEqual([
    { results: [], chunks: [0, 1] },
    { results: [1], chunks: [2] },
  ]);
});

test('a result whose bytes are missing is sent again with all its pieces, and settles only when it is stored', async () => {
  const results = new Results({ monotonicMs: () => performance.now() });
  const verdict = results.keep(result(0), pieces(2));
  drain(results);
  expect(results.acknowledged(1, Verdict.NEED_BODY)).toBe(true);
  expect(drain(results)).toEqual([
    { results: [], chunks: [0, 1] },
    { results: [0], chunks: [] },
  ]);
  expect(results.empty).toBe(false);
  results.acknowledged(1, Verdict.DUPLICATE);
  expect(await verdict).toBe(Verdict.DUPLICATE);
  expect(results.empty).toBe(true);
});

test('nothing new begins while too much is unacknowledged', async () => {
  const results = new Results({ monotonicMs: () => performance.now() });
  for (let index = 0; index < 65; index++) void results.keep(result(index, Buffer.alloc(MIB)), []);
  let begun = false;
  const room = results.room(new AbortController().signal).then(() => {
    begun = true;
  });
  await Promise.resolve();
  expect(begun).toBe(false);
  for (const seq of [1, 2, 3]) results.acknowledged(seq, Verdict.STORED);
  await room;
  expect(begun).toBe(true);
});
