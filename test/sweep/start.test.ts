// Sweeps that may write: whose first command may have been sent is never begun again.
import { describe, expect, test } from 'vitest';
import type { Write } from '../../coordinator/store/store.js';
import { Starts } from '../../coordinator/sweep/starts.js';
import { Result, Verdict } from '../../proto/gen/netsweep/v1/agent.js';
import { Kind, Output, Stage, Status } from '../../proto/gen/netsweep/v1/model.js';
import { Attempt } from '../../proto/gen/netsweep/v1/session.js';
import { device, failing, granted, handedBack, ok, open, reopened } from './opened.js';

const WRITES = { allowWrites: true, retries: 2 };

/** One device of a sweep that may write, leased at 0, and started if wanted. */
function leased(started: boolean, options: Parameters<typeof open>[1] = {}) {
  const books = open([device(0)], { ...WRITES, ...options });
  books.form(0);
  const { epoch } = granted(books.claim(1, 0));
  if (started) expect(books.start(epoch, 0, 1)).toBe('granted');
  return { ...books, epoch };
}

describe('a device that was started', () => {
  test('is started on disk before its session is told', () => {
    const { writes, sweep } = leased(true);
    expect(writes.at(-1)).toMatchObject({ write: 'device', row: { index: 0, started: true } });
    expect(sweep.state(0).row.started).toBe(true);
  });

  test('ends interrupted when its lease is lost', () => {
    const { ledger, form, writes, reports } = leased(true);
    ledger.lapse(10_000, 0, writes);
    expect(reports()).toMatchObject([{ status: Status.INTERRUPTED, failure: { kind: Kind.WORKER_LOST } }]);
    expect(form(60_000)).toBeNull();
  });

  test('ends interrupted when its worker dies, its session is cut, or its sweep is cancelled', () => {
    for (const cancel of [false, true]) {
      const { ledger, sweep, epoch, result, writes, reports } = leased(true);
      if (cancel) ledger.cancel(sweep, 'test', 0, writes);
      result(1, epoch, 0, handedBack(true, { workerLost: !cancel, reason: 'killed by SIGSEGV' }), 2);
      expect(reports()).toMatchObject([
        { status: Status.INTERRUPTED, failure: { message: expect.stringContaining('SIGSEGV') } },
      ]);
    }
  });

  test('is not tried again whatever its failure, and never ends cancelled or skipped', () => {
    const failed = leased(true);
    failed.result(1, failed.epoch, 0, failing({ kind: Kind.DISCONNECTED, stage: Stage.COMMAND }), 2);
    expect(failed.reports()).toMatchObject([{ status: Status.FAILED, attempts: 1 }]);

    const cancelled = leased(true);
    cancelled.ledger.cancel(cancelled.sweep, 'test', 0, cancelled.writes);
    cancelled.result(1, cancelled.epoch, 0, ok, 2);
    expect(cancelled.reports()).toMatchObject([{ status: Status.OK }]);

    const skipped = leased(true);
    const value = Attempt.create({ status: Status.SKIPPED });
    skipped.result(1, skipped.epoch, 0, { $case: 'attempt', value }, 2);
    expect(skipped.reports()).toMatchObject([{ status: Status.FAILED }]);
  });

  test('is done when its agent comes back with the result within its lease, also to a new coordinator', () => {
    const before = leased(true);
    const after = reopened(before, 1_000);
    const result = Result.create({ sweep: 'S1', shard: 1, epoch: before.epoch, index: 0, end: ok });
    expect(after.ledger.result(result, 'agent-1', 9_000, 0, after.writes)).toBe(Verdict.STORED);
    expect(after.reports()).toMatchObject([{ status: Status.OK }]);
  });

  test('ends interrupted when the coordinator is restarted and nobody comes back with it', () => {
    const after = reopened(leased(true), 1_000);
    after.ledger.lapse(16_000, 0, after.writes);
    expect(after.reports()).toMatchObject([{ status: Status.INTERRUPTED }]);
  });

  test('is granted again to the session whose answer was lost, and written again before that', () => {
    const { epoch, start, writes } = leased(true);
    const before = writes.length;
    expect(start(epoch, 0, 2)).toBe('granted');
    expect(writes.slice(before)).toMatchObject([{ write: 'device', row: { started: true } }]);
  });
});

describe('a device that was not started', () => {
  test('is leased again freely: after a lost lease, a hand-back, a lost worker, a restart', () => {
    const lapsed = leased(false);
    lapsed.ledger.lapse(10_000, 0, lapsed.writes);
    expect(lapsed.form(15_000)).not.toBeNull();

    for (const workerLost of [false, true]) {
      const back = leased(false);
      back.result(1, back.epoch, 0, handedBack(true, { workerLost }), 2);
      expect(back.form(5_002)).not.toBeNull();
    }

    const after = reopened(leased(false), 1_000);
    after.ledger.lapse(16_000, 0, after.writes);
    expect(after.ledger.form(after.sweep, 's', 9, 21_000, after.writes)).not.toBeNull();
  });

  test('is tried again after a failure before its first command, and not when it brings an output', () => {
    const early = leased(false);
    early.result(1, early.epoch, 0, failing({ stage: Stage.COMMAND }), 2);
    expect(early.reports()).toEqual([]);

    const unasked = leased(false);
    const end = failing({ stage: Stage.COMMAND });
    if (end?.$case === 'attempt') end.value.outputs = [Output.create({ command: 'reload' })];
    unasked.result(1, unasked.epoch, 0, end, 2);
    expect(unasked.reports()).toMatchObject([{ status: Status.FAILED }]);
  });

  test('is refused once its epoch is old, its sweep is over, or the deadline has passed', () => {
    const old = leased(false);
    expect(old.start('inc.99', 0, 1)).toBe('refused');
    expect(old.start(old.epoch, 0, 10_000)).toBe('refused');

    const over = leased(false);
    over.ledger.cancel(over.sweep, 'test', 0, over.writes);
    expect(over.start(over.epoch, 0, 1)).toBe('refused');
    over.result(1, over.epoch, 0, handedBack(true), 2);
    expect(over.reports()).toMatchObject([{ status: Status.CANCELLED }]);

    const late = leased(false, { deadlineMs: 1_000 });
    expect(late.start(late.epoch, 0, 1_000)).toBe('refused');
  });

  test('ends interrupted when the store was rolled back and no holder knows better', () => {
    const { ledger, form, claim, writes, reports, result } = open(
      [0, 1, 2, 3].map((n) => device(n)),
      WRITES,
    );
    form(0, 2);
    const { epoch } = granted(claim(1, 0));
    form(0, 1);
    ledger.holdAll(1, 0, writes);
    expect(reports().map(({ device, status }) => [device?.index, status])).toEqual([
      [3, Status.INTERRUPTED],
      [2, Status.INTERRUPTED],
    ]);
    result(1, epoch, 0, ok, 2);
    ledger.lapse(10_000, 0, writes);
    expect(
      reports()
        .slice(2)
        .map(({ status }) => status),
    ).toEqual([Status.OK, Status.INTERRUPTED]);
  });
});

test('a session waits while its sweep has no room, in the order of asking, and the last ask is answered', () => {
  const room = new Set<number>();
  const answers: string[] = [];
  const starts = new Starts(({ index }) => (room.has(index) ? 'granted' : 'later'));
  const look = () => {
    for (const { answer } of starts.look()) answer();
  };
  const ask = (index: number, stream: string) =>
    starts.ask({ sweep: 'S1', epoch: 'e', index }, (yes) => answers.push(`${index} ${stream} ${yes}`));
  ask(0, 'first');
  ask(1, 'first');
  look();
  expect(answers).toEqual([]);
  ask(0, 'second');
  room.add(0).add(1);
  look();
  look();
  expect(answers).toEqual(['0 second true', '1 first true']);
});

test('what is decided goes out with what must be on disk before', () => {
  const { ledger, epoch } = leased(false);
  const starts = new Starts((request, writes) => ledger.start(request, 1, 1, writes));
  starts.ask({ sweep: 'S1', epoch, index: 0 }, () => undefined);
  const decided: Write[][] = starts.look().map(({ writes }) => writes);
  expect(decided).toMatchObject([[{ write: 'device', row: { started: true } }]]);
});
