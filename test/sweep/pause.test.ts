// A coordinator that takes nothing new for now, on a clock and a disk of the test's own.
import { expect, test } from 'vitest';
import { Books } from '../../coordinator/books.js';
import { machine } from '../../coordinator/host.js';
import { Presence } from '../../coordinator/intake/presence.js';
import { Pause } from '../../coordinator/pause.js';
import { openStore } from '../../coordinator/store/open.js';
import type { Room, Store } from '../../coordinator/store/store.js';
import { Reconcile } from '../../coordinator/sweep/reconcile.js';
import { STARTED_AT_MS, sweepRow, TemporaryDirectory } from '../store/samples.js';
import { device, granted, open, TERMS } from './opened.js';

const MB = 1e6;

/** A disk with so much room, and a clock. */
function disk(over: Partial<Room> = {}) {
  const room: Room = {
    directory: '/state',
    freeBytes: 2_000 * MB,
    diskBytes: 100_000 * MB,
    spareBytes: 0,
    leastBytes: 24 * MB,
    ...over,
  };
  const at = { ms: 0 };
  return {
    room,
    full: false,
    at,
    host: { ...machine, monotonicMs: () => at.ms, wallMs: () => STARTED_AT_MS + at.ms },
  };
}

function pauseOf(on: ReturnType<typeof disk>) {
  const { ledger } = open([device(0)]);
  const store = {
    room: async () => on.room,
    get full() {
      return on.full;
    },
  };
  return new Pause(store, ledger, on.host);
}

test('a large disk pauses below its reserve and goes on well above it, telling how much is free', async () => {
  const on = disk();
  const pause = pauseOf(on);
  expect(await pause.look()).toBeNull();
  on.room.freeBytes = 255 * MB;
  expect(await pause.look()).toBe(true);
  expect(pause.reason).toBe('store full: 255 MB free at /state');
  on.room.freeBytes = 300 * MB;
  expect(await pause.look()).toBeNull();
  expect(pause.reason).toBe('store full: 300 MB free at /state');
  on.room.freeBytes = 330 * MB;
  expect(await pause.look()).toBe(false);
  expect(pause.reason).toBe('');
});

test('a small disk keeps what the store may need at once, which room inside the store does not make up for', async () => {
  const on = disk({ diskBytes: 64 * MB, freeBytes: 30 * MB });
  const pause = pauseOf(on);
  expect(await pause.look()).toBeNull();
  on.room.freeBytes = 23 * MB;
  on.room.spareBytes = 500 * MB;
  expect(await pause.look()).toBe(true);
});

test('room inside the store, where sweeps were removed, counts for the reserve', async () => {
  const on = disk({ freeBytes: 100 * MB, spareBytes: 200 * MB });
  expect(await pauseOf(on).look()).toBeNull();
  on.room.spareBytes = 0;
  expect(await pauseOf(on).look()).toBe(true);
});

test('commits that wait for room pause whatever the disk says', async () => {
  const on = disk();
  const pause = pauseOf(on);
  on.full = true;
  expect(await pause.look()).toBe(true);
  on.full = false;
  expect(await pause.look()).toBe(false);
});

test('its clock stands still in pauses', async () => {
  const on = disk();
  const pause = pauseOf(on);
  for (const [ms, full, clock] of [
    [1_000, true, 1_000],
    [5_000, true, 1_000],
    [6_000, false, 1_000],
    [7_000, true, 2_000],
    [9_000, false, 2_000],
  ] as const) {
    on.at.ms = ms;
    on.full = full;
    await pause.look();
    expect(pause.clockMs()).toBe(clock);
  }
  expect(pause.hasRoomFor(100 * MB)).toBe(true);
  expect(pause.hasRoomFor(1_800 * MB)).toBe(false);
});

test('nothing is formed, granted or started in a pause, and everything is after it', () => {
  const { ledger, form, claim, start } = open([device(0), device(1), device(2)], { allowWrites: true });
  form(0, 1);
  const { epoch } = granted(claim(1, 0));
  form(0, 1);
  ledger.pause('store full', 0);
  expect(form(1)).toBeNull();
  expect(claim(2, 1)).toMatchObject({ answer: 'later', reason: 'store full' });
  expect(start(epoch, 0, 1)).toBe('later');
  expect(granted(claim(1, 1)).epoch, 'what was granted before stays so').toBe(epoch);
  ledger.pause('', 1_000);
  expect(start(epoch, 0, 2_000)).toBe('granted');
  expect(claim(2, 2_000).answer).toBe('grant');
  expect(form(2_000)?.devices).toHaveLength(1);
});

test('a lease in which nothing ends is renewed for as long as a pause takes, and not longer than without it', () => {
  const { ledger, form, claim } = open([device(0)], { retries: 0, limits: limits(10_000) });
  form(0);
  const { epoch } = granted(claim(1, 0));
  const renewedUntil = (to: number) => {
    for (let at = renewed; at <= to; at += 2_000)
      if (!ledger.renew('a', { sweep: 'S1', shard: 1, epoch }, at)) return false;
    renewed = to;
    return true;
  };
  let renewed = 2_000;
  expect(renewedUntil(10_000)).toBe(true);
  ledger.pause('store full', 0);
  expect(renewedUntil(510_000)).toBe(true);
  ledger.pause('', 500_000);
  expect(renewedUntil(538_000)).toBe(true);
  expect(renewedUntil(544_000)).toBe(false);
});

test('the time without an agent does not count in a pause', async () => {
  using directory = new TemporaryDirectory();
  await using real = await openStore(directory.path, null);
  const on = disk();
  const store = new Proxy<Store>(real, {
    get: (target, name: keyof Store) => {
      if (name === 'room') return async () => on.room;
      const value = target[name];
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
  const books = await Books.open(store, TERMS, on.host);
  const row = sweepRow('S1');
  books.ledger.add({ ...row, options: { ...row.options, agentWaitMs: 15_000 } }, [device(0)], [], []);
  const reconcile = new Reconcile(books, new Presence(() => 0), () => undefined);
  const openAt = async (ms: number) => {
    on.at.ms = ms;
    await books.pause.look();
    await reconcile.look();
    return books.ledger.sweeps.has('S1');
  };
  const wrote = await real.commit([
    { write: 'sweep', row },
    { write: 'devices', sweep: 'S1', devices: [device(0)] },
  ]);
  expect(wrote).toBeGreaterThan(0);
  expect(await openAt(0)).toBe(true);
  on.room.freeBytes = 0;
  expect(await openAt(5_000)).toBe(true);
  on.room.freeBytes = 2_000 * MB;
  expect(await openAt(60_000)).toBe(true);
  expect(await openAt(69_000)).toBe(true);
  expect(await openAt(71_000)).toBe(false);
});

function limits(deviceMs: number) {
  return { connectMs: 0, loginMs: 0, idleMs: 0, commandMs: 0, deviceMs };
}
