import { expect, test } from 'vitest';
import type { Host } from '../../agent/host.ts';
import { offers } from '../../agent/lease.ts';

test('a segment without a durable is asked again soon, then less and less often, until it has given something', async () => {
  const pauses: number[] = [];
  const host = {
    monotonicMs: () => 0,
    after(ms: number, call: () => void) {
      pauses.push(ms);
      setImmediate(call);
      return () => undefined;
    },
  } as Partial<Host> as Host; // no more is used
  const stop = new AbortController();
  let pulls = 0;
  const pull = async () => {
    pulls += 1;
    if (pulls === 8) return null;
    if (pulls === 10) stop.abort();
    throw new Error('consumer not found');
  };
  const silent = { empty: () => undefined, unanswered: () => undefined, warn: () => undefined };
  for await (const _ of offers({ pull }, 'default', async () => 'store', silent, host, stop.signal));
  expect(pauses).toEqual([50, 100, 200, 400, 500, 500, 500, 50]);
});
