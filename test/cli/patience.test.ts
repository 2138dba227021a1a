import { status } from '@grpc/grpc-js';
import { afterEach, expect, test, vi } from 'vitest';
import { Patience } from '../../coordinator/cli/rpc.ts';

const HOUR_MS = 3_600_000;
const never = new AbortController().signal;
const away = Object.assign(new Error('no connection'), { code: status.UNAVAILABLE });

afterEach(() => vi.useRealTimers());

test('a client that follows a sweep waits however long the coordinator is away, and says so once each time', async () => {
  const said: string[] = [];
  const patience = new Patience(Number.POSITIVE_INFINITY, (state) => said.push(state));
  vi.useFakeTimers({ toFake: ['Date'], now: 0 });
  for (const round of [1, 2]) {
    await patience.pause(away, never);
    patience.heard();
    expect(said, 'a moment is not worth a word').toHaveLength(2 * (round - 1));
    for (let hours = 0; hours < 4; hours++) {
      await patience.pause(away, never);
      vi.setSystemTime(Date.now() + HOUR_MS);
    }
    patience.heard();
    patience.heard();
  }
  expect(said).toEqual(['away', 'back', 'away', 'back']);
});

test('a question is given up after a while, a refusal at once, and a signal ends the wait', async () => {
  vi.useFakeTimers({ toFake: ['Date'], now: 0 });
  const patience = Patience.for({ selfContained: false });
  await patience.pause(away, never);
  vi.setSystemTime(HOUR_MS);
  await expect(patience.pause(away, never)).rejects.toBe(away);
  await expect(Patience.for({ selfContained: true }).pause(away, never)).rejects.toBe(away);
  const refused = Object.assign(new Error('no sweep'), { code: status.NOT_FOUND });
  await expect(new Patience(HOUR_MS).pause(refused, never)).rejects.toBe(refused);
  const stop = new AbortController();
  const waiting = new Patience(HOUR_MS).pause(away, stop.signal);
  stop.abort(new Error('SIGINT'));
  await expect(waiting).rejects.toMatchObject({ name: 'AbortError' });
});
