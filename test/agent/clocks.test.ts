// A worker knows the end of each lease by itself: whoever sleeps past it says nothing more when he wakes.
import { setTimeout as delay } from 'node:timers/promises';
import { describe, test } from 'vitest';
import { aheadMs, monotonicMs } from '../../agent/clock.js';
import { Kind } from '../../proto/gen/netsweep/v1/model.js';
import { Permit } from '../../proto/gen/netsweep/v1/session.js';
import { until } from '../process.ts';
import { attempt, Coordinator, ScriptedDevice } from './device.js';
import { back, COMMAND, inTheFuture, NEXT, Poolside } from './poolside.ts';

/** How long the leases of these tests last: a session is well under way by then. */
const LEASE_MS = 8_000;
/** How long before its end the workers fall asleep: no worker is silent too long. */
const ASLEEP_MS = 1_500;
const commands = [COMMAND, NEXT];

/** What the device does at one moment waits until `go`. */
class Moment {
  go = () => {};
  came = false;
  readonly wait = () => {
    this.came = true;
    return new Promise<void>((resolve) => {
      this.go = resolve;
    });
  };
}

/** Stops the workers until the lease is over; `meanwhile` happens in their sleep. */
async function sleepThrough(side: Poolside, endsAt: number, meanwhile: () => void): Promise<void> {
  const pids = side.pids;
  await delay(endsAt - monotonicMs() - ASLEEP_MS);
  for (const pid of pids) process.kill(pid, 'SIGSTOP');
  await delay(endsAt - monotonicMs() + 100);
  meanwhile();
  await delay(300); // it lies in the socket by now, and is the first thing that the worker sees
  for (const pid of pids) process.kill(pid, 'SIGCONT');
}

describe.concurrent('a worker that slept past the end of a lease', () => {
  test('sends no further command, whatever the device has answered', async ({ expect }) => {
    await using side = await Poolside.open();
    await side.run('warm up');
    const moment = new Moment();
    side.beforeAnswer = moment.wait;
    const clock = inTheFuture(LEASE_MS);
    const typed = side.device.seen.lines.length;
    const ended = side.run('R1', { clock, commands });
    await until('it has been asked', () => moment.came);
    await sleepThrough(side, clock.stopAt, moment.go);
    expect(back(await ended)).toMatchObject({ reason: 'its session was cut', touched: true, local: false });
    expect(side.device.seen.lines.slice(typed)).toEqual(['terminal length 0', COMMAND]);
  });

  test('opens no command line where it has been let in meanwhile', async ({ expect }) => {
    await using side = await Poolside.open();
    await side.run('warm up');
    const moment = new Moment();
    side.beforeLogin = moment.wait;
    const clock = inTheFuture(LEASE_MS);
    const ended = side.run('R1', { clock });
    await until('it has logged in', () => moment.came);
    await sleepThrough(side, clock.stopAt, moment.go);
    expect(back(await ended)).toMatchObject({ reason: 'its session was cut', touched: true });
    expect(side.device.seen.channels, 'only of the session before').toBe(1);
  });

  test('sends no secret that it got leave for too late', async ({ expect }) => {
    await using side = await Poolside.open();
    await side.run('warm up');
    const moment = new Moment();
    const clock = inTheFuture(LEASE_MS);
    const permit = () => moment.wait().then(() => ({ permit: Permit.SEND, at: 0 }));
    const ended = side.run('R1', { clock, ports: { permit } });
    await until('it asks for leave', () => moment.came);
    await sleepThrough(side, clock.stopAt, moment.go);
    expect(back(await ended)).toMatchObject({ reason: 'its session was cut' });
    expect(side.device.seen.passwords, 'only of the session before').toHaveLength(1);
  });

  test('goes on by itself when the lease was renewed', async ({ expect }) => {
    await using side = await Poolside.open();
    const moment = new Moment();
    side.beforeAnswer = moment.wait;
    const clock = inTheFuture(LEASE_MS);
    const ended = side.run('R1', { clock, commands });
    await until('it has been asked', () => moment.came);
    side.pool.renewed('lease', inTheFuture());
    await sleepThrough(side, clock.stopAt, moment.go);
    expect((await ended).$case).toBe('attempt');
  });
});

test.concurrent('a session ends when Unix time jumps against the monotonic clock, as after a sleep of the machine', async ({
  expect,
}) => {
  await using side = await Poolside.open();
  const moment = new Moment();
  side.beforeAnswer = moment.wait;
  const ended = side.run('R1', { commands });
  await until('it has been asked', () => moment.came);
  // No test can put the machine to sleep; a lease that was counted two seconds of Unix time ago looks the same.
  side.pool.renewed('lease', { ...inTheFuture(), ahead: aheadMs() - 2_000 });
  expect(back(await ended)).toMatchObject({ reason: 'its session was cut', touched: true });
  expect(side.device.seen.lines).not.toContain(NEXT);
});

test.concurrent('past half of its term a lease begins no command, and the device is handed back', async ({
  expect,
}) => {
  await using side = await Poolside.open();
  const moment = new Moment();
  side.beforeAnswer = moment.wait;
  const clock = inTheFuture();
  const ended = side.run('R1', { clock, commands });
  await until('it has been asked', () => moment.came);
  side.pool.renewed('lease', { ...clock, startUntil: monotonicMs() });
  await delay(1_000); // the worker has heard of it
  moment.go();
  expect(back(await ended)).toMatchObject({ reason: 'its session was cut' });
  expect(side.device.seen.lines).not.toContain(NEXT);
});

test.concurrent('a session whose lease has ended lets no byte leave, though no step of it looked', async ({
  expect,
}) => {
  const ports = new Coordinator();
  await using device = await ScriptedDevice.start({
    authenticate: (context) => {
      if (context.method !== 'password') return context.reject(['password']);
      ports.may.write = false; // what comes next is to ask for a channel
      context.accept();
    },
  });
  const got = await attempt(device.port, { ports });
  expect(got.failure).toMatchObject({ kind: Kind.DISCONNECTED, message: 'the lease ended on the way' });
  expect(device.seen.channels).toBe(0);
});
