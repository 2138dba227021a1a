// What becomes of due times: each decided once, whatever the clock does.
import { describe, expect, test } from 'vitest';
import { type Decided, decide, type Standing } from '../../coordinator/schedule/due.ts';
import { timingOf } from '../../coordinator/schedule/timing.ts';
import { MissedPolicy, OverlapPolicy, Schedule } from '../../proto/gen/netsweep/v1/schedules.ts';

const AT = (text: string) => Date.parse(`2026-06-${text}:00Z`);
const NIGHTLY = Schedule.create({ id: 's', name: 's', cron: '0 2 * * *', zone: 'UTC' });
const HOURLY = { ...NIGHTLY, cron: '0 * * * *' };

function at(schedule: Schedule, decidedTo: string, now: string, standing: Partial<Standing> = {}): Decided {
  const state = { decidedToMs: AT(decidedTo), isRunning: false, isQueued: false, ...standing };
  return decide(timingOf(schedule), state, AT(now));
}

function told({ decisions }: Decided): string[] {
  return decisions.map(({ due, verdict, why }) => `${due.label.slice(8, 16)} ${verdict}${why && `: ${why}`}`);
}

test('a due time is started, and the next look is when the next one comes', () => {
  const decided = at(NIGHTLY, '01T02:00', '02T02:00');
  expect(told(decided)).toEqual(['02T02:00 start']);
  expect(decided).toMatchObject({ decidedToMs: AT('02T02:00'), nextMs: AT('03T02:00') });
});

test('a clock that is put back an hour repeats nothing', () => {
  const decided = at(HOURLY, '02T02:00', '02T01:05');
  expect(decided).toMatchObject({ decisions: [], decidedToMs: AT('02T02:00'), nextMs: AT('02T03:00') });
});

test('jitter moves a start by what only the due time says, and asking again does not move it', () => {
  const jittered = { ...NIGHTLY, jitterMs: 600_000 };
  const { nextMs } = at(jittered, '01T03:00', '01T03:00');
  expect(nextMs).toBeGreaterThanOrEqual(AT('02T02:00'));
  expect(nextMs).toBeLessThan(AT('02T02:10'));
  expect(at(jittered, '01T03:00', '01T23:00').nextMs).toBe(nextMs);
});

describe('after an absence', () => {
  test('what is a few minutes late is started', () => {
    expect(told(at(NIGHTLY, '01T02:00', '02T02:04'))).toEqual(['02T02:00 start']);
  });

  test('what is later is recorded as missed', () => {
    expect(told(at(NIGHTLY, '01T02:00', '03T07:00'))).toEqual([
      '02T02:00 missed: netsweep serve was not running',
      '03T02:00 missed: netsweep serve was not running',
    ]);
  });

  test('run-once starts one run for all of them, where its window allows that now', () => {
    const once = { ...NIGHTLY, missed: MissedPolicy.RUN_ONCE };
    expect(told(at(once, '01T02:00', '03T07:00'))).toEqual([
      '02T02:00 missed: netsweep serve was not running',
      '03T02:00 start: late: for all that were missed',
    ]);
    expect(told(at({ ...once, window: '22:00-05:00' }, '01T02:00', '02T07:00'))).toEqual([
      '02T02:00 missed: netsweep serve was not running, and came back outside of 22:00-05:00',
    ]);
  });

  test('run-once makes up for nothing where the next one is due just now', () => {
    const once = { ...HOURLY, missed: MissedPolicy.RUN_ONCE };
    expect(told(at(once, '01T02:00', '01T05:01'))).toEqual([
      '01T03:00 missed: netsweep serve was not running',
      '01T04:00 missed: netsweep serve was not running',
      '01T05:00 start',
    ]);
  });

  test('of years of due times a part is decided at a time, and made up for once at the end', () => {
    const once = { ...HOURLY, cron: '* * * * *', missed: MissedPolicy.RUN_ONCE };
    const first = at(once, '01T00:00', '03T00:00');
    expect(first.decisions).toHaveLength(2_000);
    expect(new Set(first.decisions.map(({ verdict }) => verdict))).toEqual(new Set(['missed']));
    expect(first.nextMs).toBe(AT('03T00:00'));
  });
});

test('a run that is under way is not joined by another: skipped, or one waits', () => {
  const busy = { isRunning: true };
  expect(told(at(HOURLY, '01T02:00', '01T03:00', busy))).toEqual([
    '01T03:00 skipped: overlap: the run before was still under way',
  ]);
  const queue = { ...HOURLY, overlap: OverlapPolicy.QUEUE };
  expect(told(at(queue, '01T02:00', '01T03:00', busy))).toEqual(['01T03:00 queue']);
  expect(told(at(queue, '01T02:00', '01T03:00', { ...busy, isQueued: true }))).toEqual([
    '01T03:00 skipped: overlap: another one was waiting already',
  ]);
});

test('paused, and outside of the window, due times are recorded as skipped', () => {
  expect(told(at({ ...HOURLY, paused: true }, '01T02:00', '01T03:00'))).toEqual(['01T03:00 skipped: paused']);
  const night = { ...HOURLY, window: '22:00-05:00' };
  expect(told(at(night, '01T04:00', '01T05:00'))).toEqual([
    '01T05:00 skipped: outside of its window 22:00-05:00',
  ]);
  expect(told(at(night, '01T21:00', '01T22:00'))).toEqual(['01T22:00 start']);
});

test.each([
  [{ cron: '0 25 * * *' }, '--cron: found "0 25 * * *": Invalid value for hour: 25'],
  [
    { zone: 'Europe/Berlim' },
    '--zone: found "Europe/Berlim", expected a time zone such as Europe/Berlin (did you mean "Europe/Berlin"?)',
  ],
  [{ window: '22-5' }, '--window: found "22-5", expected two times of the day such as 22:00-05:00'],
])('%o is refused with what is wrong', (wrong, message) => {
  expect(() => timingOf({ ...NIGHTLY, ...wrong })).toThrow(message);
});
