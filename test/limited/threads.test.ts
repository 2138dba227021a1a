// Work that may never end: whatever a task does, it alone suffers for it, and within its limits.
import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { inOrder } from '../../coordinator/limited/inorder.ts';
import {
  OutOfMemory,
  QueueFull,
  TaskThrew,
  ThreadDied,
  ThreadsClosed,
  TookTooLong,
} from '../../coordinator/limited/refusals.ts';
import { LimitedThreads } from '../../coordinator/limited/threads.ts';

interface Task {
  kind: 'match' | 'echo' | 'count' | 'allocate' | 'loop' | 'throw' | 'exit';
  pattern?: string;
  flags?: string;
  text?: string;
  value?: unknown;
}

const SECOND = { timeMs: 1_000 };
const TASKS = new URL('tasks.mjs', import.meta.url);

function open(options: { threads?: number; memoryMb?: number; waiting?: number; module?: URL } = {}) {
  return LimitedThreads.open<Task, unknown>({ module: TASKS, threads: 2, ...options });
}

/** Patterns that go back and forth without end; those of one in four not even V8's second engine can take. */
const CATASTROPHES = Array.from({ length: 25 }, (_, n) => [
  `^(a+)+$|never${n}`,
  `^(?:a|a)*$|never${n}`,
  `^(?:a*)*b${n}$`,
  `^(?=(?:a+)+$)|never${n}`,
]).flat();
const TEXT = `${'a'.repeat(40)}!`;

test('a hundred catastrophic patterns are each over within a second, and others go on between them', async () => {
  await using threads = open();
  const limits = { timeMs: 60 };
  const patterns = CATASTROPHES.map(async (pattern) => {
    const [outcome] = await Promise.allSettled([threads.run({ kind: 'match', pattern, text: TEXT }, limits)]);
    return outcome.status === 'fulfilled' ? 'matched in time' : outcome.reason.name;
  });
  const others = Promise.all(CATASTROPHES.map((_, value) => threads.run({ kind: 'echo', value }, SECOND)));
  const outcomes = await Promise.all(patterns);
  expect(await others).toEqual(CATASTROPHES.map((_, value) => value));
  expect(outcomes).toHaveLength(100);
  expect(outcomes.filter((_, n) => n % 4 === 3)).toEqual(Array(25).fill('TookTooLong'));
  expect(outcomes.every((outcome) => ['TookTooLong', 'matched in time'].includes(outcome))).toBe(true);
});

test('a task that overruns is rejected by name while its process goes on', async () => {
  await using threads = open({ threads: 1 });
  const stuck = threads.run({ kind: 'loop' }, { timeMs: 200 });
  const beganAt = performance.now();
  await expect(stuck).rejects.toThrow(TookTooLong);
  await expect(stuck).rejects.toThrow('took longer than 200 ms');
  expect(performance.now() - beganAt).toBeGreaterThan(190);
  expect(await threads.run({ kind: 'echo', value: 'after' }, SECOND)).toBe('after');
});

test('a limit that is no whole number is rounded up, and what is no limit is refused', async () => {
  await using threads = open({ threads: 1 });
  await expect(threads.run({ kind: 'loop' }, { timeMs: 99.3 })).rejects.toThrow('took longer than 100 ms');
  for (const timeMs of [Number.NaN, Number.POSITIVE_INFINITY, -1])
    await expect(threads.run({ kind: 'echo' }, { timeMs })).rejects.toThrow(RangeError);
  expect(await threads.run({ kind: 'echo', value: 'after' }, SECOND)).toBe('after');
});

test('tasks that only shared the thread of one that overran are done all the same', async () => {
  await using threads = open({ threads: 1 });
  const stuck = threads.run({ kind: 'loop' }, { timeMs: 200 });
  const others = [1, 2, 3].map((value) => threads.run({ kind: 'echo', value }, SECOND));
  await expect(stuck).rejects.toThrow(TookTooLong);
  expect(await Promise.all(others)).toEqual([1, 2, 3]);
});

test('the time of a task counts from its beginning, not from when it was handed in', async () => {
  await using threads = open({ threads: 1 });
  const stuck = [1, 2, 3].map(() => threads.run({ kind: 'loop' }, { timeMs: 150 }));
  const last = threads.run({ kind: 'echo', value: 'last' }, { timeMs: 150 });
  expect((await Promise.allSettled(stuck)).map(({ status }) => status)).toEqual(Array(3).fill('rejected'));
  expect(await last).toBe('last');
});

test('a task that allocates without end is rejected by name while its process goes on', async () => {
  await using threads = open({ threads: 1, memoryMb: 32 });
  const hungry = threads.run({ kind: 'allocate' }, { timeMs: 30_000 });
  const other = threads.run({ kind: 'echo', value: 'other' }, SECOND);
  await expect(hungry).rejects.toThrow(OutOfMemory);
  await expect(hungry).rejects.toThrow('needed more than 32 MB of memory');
  expect(await other).toBe('other');
});

test('a thread that dies takes only the task along that it was at', async () => {
  await using threads = open({ threads: 1 });
  const deadly = threads.run({ kind: 'exit' }, SECOND);
  const other = threads.run({ kind: 'echo', value: 'other' }, SECOND);
  await expect(deadly).rejects.toThrow(ThreadDied);
  await expect(deadly).rejects.toThrow('its thread ended with 3');
  expect(await other).toBe('other');
});

test('threads that die before they begin anything are not started for ever', async () => {
  await using threads = open({ module: new URL('missing.mjs', import.meta.url) });
  await expect(threads.run({ kind: 'echo', value: 1 }, SECOND)).rejects.toThrow(ThreadDied);
});

test('what a task throws is its own answer, and the thread goes on', async () => {
  await using threads = open({ threads: 1 });
  const thrown = threads.run({ kind: 'throw' }, SECOND);
  await expect(thrown).rejects.toThrow(TaskThrew);
  await expect(thrown).rejects.toMatchObject({ message: 'no such thing', cause: { name: 'RangeError' } });
  expect(await threads.run({ kind: 'count' }, SECOND)).toBe(2);
});

test('what has overrun three times is refused unseen, also where it waits already', async () => {
  await using threads = open({ threads: 1 });
  const limits = { timeMs: 100, blame: 'slow.textfsm' };
  const minutes = Array.from({ length: 2_000 }, () => threads.run({ kind: 'loop' }, limits));
  for (const { status, ...rest } of await Promise.allSettled(minutes)) {
    expect(status).toBe('rejected');
    expect(rest).toMatchObject({ reason: { name: 'TookTooLong' } });
  }
  await expect(threads.run({ kind: 'loop' }, limits)).rejects.toThrow(TookTooLong);
  const other = threads.run({ kind: 'echo', value: 1 }, { ...SECOND, blame: 'other.textfsm' });
  expect(await other).toBe(1);
});

test('no more tasks wait than may', async () => {
  await using threads = open({ threads: 1, waiting: 3 });
  const all = Array.from({ length: 10 }, (_, value) => threads.run({ kind: 'echo', value }, SECOND));
  const outcomes = await Promise.allSettled(all);
  const refused = outcomes.filter(({ status }) => status === 'rejected');
  expect(refused).toHaveLength(5); // two are in the thread, three wait
  for (const outcome of refused) expect(outcome).toMatchObject({ reason: expect.any(QueueFull) });
});

test('closing rejects what has no answer yet, and waits for the threads to end', async () => {
  const threads = open({ threads: 1 });
  const all = [threads.run({ kind: 'loop' }, { timeMs: 60_000 }), threads.run({ kind: 'count' }, SECOND)];
  const settled = Promise.allSettled(all);
  await threads[Symbol.asyncDispose]();
  for (const outcome of await settled) expect(outcome).toMatchObject({ reason: expect.any(ThreadsClosed) });
  await expect(threads.run({ kind: 'count' }, SECOND)).rejects.toThrow(ThreadsClosed);
});

test('items come out in their order, each as soon as all before it have, also while their source is silent', async () => {
  let under = 0;
  let most = 0;
  const work = async (ms: number) => {
    most = Math.max(most, ++under);
    await delay(ms);
    under--;
    return ms;
  };
  const five = new AbortController();
  async function* source() {
    yield* [30, 1, 10, 1, 5];
    await new Promise((resolve) => five.signal.addEventListener('abort', resolve));
    yield 2;
  }
  const seen: number[] = [];
  for await (const done of inOrder(source(), 3, work)) {
    seen.push(done);
    if (seen.length === 5) five.abort();
  }
  expect(seen).toEqual([30, 1, 10, 1, 5, 2]);
  expect(most).toBe(3);
});
