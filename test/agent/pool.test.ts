// Worker processes die in every way there is. Whatever the way, it costs what they held, and the agent says how.
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { JobEnd } from '../../agent/pool.js';
import { Status } from '../../proto/gen/netsweep/v1/model.js';
import { Permit, SecretUse } from '../../proto/gen/netsweep/v1/session.js';
import { root, until } from '../process.ts';
import { back, COMMAND, Poolside, statusOf } from './poolside.ts';

describe.concurrent('a worker that', () => {
  test.for([
    ['is killed', 'kill', 'its worker was killed by SIGKILL'],
    ['crashes', 'segv', 'its worker was killed by SIGSEGV'],
    ['ends without a result', 'exit', 'its worker ended with 0 without a result'],
    [
      'throws where nobody catches',
      'uncaught',
      /^its worker ended with 1: uncaught TypeError at [a-z]+\.js:\d+$/,
    ],
    ['rejects where nobody catches', 'throw', /^its worker ended with 1: uncaught Error at [a-z]+\.js:\d+$/],
    ['never comes back', 'loop', 'its worker was silent for 5 s and was killed'],
    ['is stopped', 'stop', 'its worker was silent for 5 s and was killed'],
    ['fills its heap', 'heap', /^its worker was killed by SIG(ABRT|TRAP|ILL): .*heap out of memory$/],
    ['fills its memory', 'grow', 'its worker took more than 280 MB of memory and was killed'],
  ] as const)('%s costs what it held, and the next one works', async ([, action, reason], { expect }) => {
    await using side = await Poolside.open({
      failpoints: `worker.session.bad=${action}!`,
      heapMb: 60,
      fullMb: 270,
      mostMb: 280,
    });
    let answer = () => {};
    side.beforeAnswer = () =>
      new Promise((resolve) => {
        answer = resolve;
      });
    const innocent = side.run('good');
    await until('the innocent is in session', () => side.device.seen.lines.includes('show version'));
    const ends = [back(await side.run('bad')), back(await innocent)];
    expect(side.fired).toEqual([`worker.session.bad=${action}`]);
    for (const end of ends)
      expect(end).toMatchObject({ workerLost: true, alone: false, touched: true, local: false });
    for (const { reason: why } of ends) expect(why).toMatch(reason);
    expect(side.warnings).toHaveLength(1);
    answer();
    side.beforeAnswer = async () => {};
    expect(statusOf(await side.run('bad'))).toBe(Status.OK);
  });
});

describe.concurrent('a device', () => {
  test('that was alone in its worker when it died is told from those that were not', async ({ expect }) => {
    await using side = await Poolside.open({ failpoints: 'worker.session.bad=segv' });
    const good = await side.run('good');
    expect(statusOf(good)).toBe(Status.OK);
    expect(back(await side.run('bad'))).toMatchObject({ workerLost: true, alone: true });
  });

  test('that runs alone has a process of its own, and harms nobody', async ({ expect }) => {
    await using side = await Poolside.open({ failpoints: 'worker.session.bad=segv' });
    let answer = () => {};
    side.beforeAnswer = () =>
      new Promise((resolve) => {
        answer = resolve;
      });
    const innocent = side.run('good');
    await until('the innocent is in session', () => side.device.seen.lines.includes(COMMAND));
    const pids = side.pids;
    expect(back(await side.run('bad', { alone: true }))).toMatchObject({ workerLost: true, alone: true });
    expect(side.pids, 'the process of the others is still there').toEqual(pids);
    answer();
    expect(statusOf(await innocent)).toBe(Status.OK);
  });
});

test('leave to log in that comes with the answer to a host key is used without asking for it, and once', async () => {
  await using side = await Poolside.open();
  const asked: SecretUse[] = [];
  const permit = async (use: SecretUse) => {
    asked.push(use);
    return { permit: Permit.SEND, at: 0 };
  };
  const answering = (mayLogIn: boolean) => ({
    permit,
    acceptHostKey: async () => ({ accepted: true, known: [], mayLogIn }),
  });
  expect(statusOf(await side.run('lent', { ports: answering(true) }))).toBe(Status.OK);
  expect(asked).toEqual([]);
  expect(statusOf(await side.run('not lent', { ports: answering(false) }))).toBe(Status.OK);
  expect(asked).toEqual([SecretUse.LOGIN]);
});

test('a worker program that is not there, or ends before it has come up, is no fault of a device', async () => {
  await using side = await Poolside.open({ program: '/nowhere/worker.js' });
  const end = back(await side.run('R1'));
  expect(end).toMatchObject({ local: true, workerLost: false, touched: false });
  expect(end.reason).toBe('no worker process could be started');
});

test('one worker carries two thousand sessions at once, and all of them end in it', async () => {
  await using side = await Poolside.open({ rehearsal: 'command=500ms,size=1KiB', sessions: 5_000 });
  const ends = Array.from({ length: 2_000 }, (_, at) => side.run(`R${at}`));
  const [pid] = side.pids;
  expect((await Promise.all(ends)).filter((end) => statusOf(end) !== Status.OK)).toEqual([]);
  expect(side.pids).toEqual([pid]);
  expect(side.warnings).toEqual([]);
});

describe.concurrent('another worker is started', () => {
  test('where those that are there have as many sessions as they shall have', async ({ expect }) => {
    await using side = await Poolside.open({ sessions: 3, workers: 2 });
    let answer = () => {};
    const answered = new Promise<void>((resolve) => {
      answer = resolve;
    });
    side.beforeAnswer = () => answered;
    const ends: Promise<JobEnd>[] = [];
    const workers = [1, 1, 1, 2, 2, 2, 2, 2].map((_, at) => {
      ends.push(side.run(`R${at}`));
      return side.pids.length;
    });
    expect(workers).toEqual([1, 1, 1, 2, 2, 2, 2, 2]);
    answer();
    expect((await Promise.all(ends)).map(statusOf)).toEqual(new Array(8).fill(Status.OK));
  });

  test('once they have used a whole core for a while, and not before', async ({ expect }) => {
    const program = join(root, 'test/agent/brokenworker.mjs');
    await using side = await Poolside.open({ program, workers: 4 });
    void side.run('a full load');
    const laden = performance.now();
    await until('there is another', () => {
      void side.run('more');
      return side.pids.length > 1;
    });
    expect(performance.now() - laden).toBeGreaterThan(900);
    void side.run('more');
    expect(side.pids, 'it is waited for what that one can carry').toHaveLength(2);
  });
});

describe.concurrent('a worker is replaced', () => {
  test('after so many devices, and no result is lost', async ({ expect }) => {
    await using side = await Poolside.open({ devices: 5, workers: 2 });
    const seen = new Set<number>();
    const ends = await Promise.all(
      Array.from({ length: 40 }, async (_, at) => {
        const end = side.run(`R${at}`);
        for (const pid of side.pids) seen.add(pid);
        return statusOf(await end);
      }),
    );
    expect(ends).toEqual(new Array(40).fill(Status.OK));
    expect(seen.size).toBeGreaterThanOrEqual(8);
    expect(side.warnings).toEqual([]);
    await until('the old ones are gone', () => side.pids.length <= 2);
  });

  test('once it has grown, while what it holds runs to its end', async ({ expect }) => {
    await using side = await Poolside.open({
      failpoints: 'worker.session.large=grow!',
      fullMb: 270,
      mostMb: 3_000,
    });
    let answer = () => {};
    side.beforeAnswer = () =>
      new Promise((resolve) => {
        answer = resolve;
      });
    const held = side.run('large');
    await until('it is in session', () => side.device.seen.lines.includes(COMMAND));
    const [grown] = side.pids;
    side.beforeAnswer = async () => {};
    await until('another takes what is new', async () => {
      expect(statusOf(await side.run('next'))).toBe(Status.OK);
      return side.pids.length === 2;
    });
    answer();
    expect(statusOf(await held)).toBe(Status.OK);
    await until('the one that had grown is gone', () => !side.pids.includes(grown ?? 0));
    expect(side.warnings).toEqual([]);
  });
});
