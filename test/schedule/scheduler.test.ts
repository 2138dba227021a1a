// The scheduler on a virtual clock: what it starts, what waits, and what it does when the wall clock steps.
import { expect, test } from 'vitest';
import type { ScheduleBook, ScheduleWrite } from '../../coordinator/schedule/book.ts';
import type { RunEnd } from '../../coordinator/schedule/runner.ts';
import { Scheduler } from '../../coordinator/schedule/scheduler.ts';
import {
  MissedPolicy,
  OverlapPolicy,
  RunState,
  Schedule,
  type ScheduleRun,
} from '../../proto/gen/netsweep/v1/schedules.ts';
import { Timeline } from '../sim/timeline.ts';

const MINUTE = 60_000;
const START = Date.parse('2026-06-01T00:00:30Z');

interface Under {
  schedule: string;
  due: string;
  stopped: boolean;
  end(end?: RunEnd): void;
}

/** A scheduler whose time passes when it is told to. */
class World {
  readonly timeline = new Timeline();
  readonly kept = new Map<string, Schedule>();
  readonly runs = new Map<string, ScheduleRun>();
  readonly begun: Under[] = [];
  /** Keys of runs that have submitted their sweep. */
  readonly swept = new Set<string>();
  /** How far the wall clock has been stepped. */
  steppedMs = 0;
  #ids = 0;

  async open(): Promise<Scheduler> {
    const host = {
      wallMs: () => START + this.timeline.now + this.steppedMs,
      after: (ms: number, call: () => void) => this.timeline.at(this.timeline.now + ms, call),
      id: () => `id${this.#ids++}`,
    };
    const runner = { begin: (schedule: Schedule, run: ScheduleRun) => this.#begin(schedule, run) };
    const warn = (error: unknown, what: string) => {
      throw new Error(what, { cause: error });
    };
    return Scheduler.open(this.#book(), runner, host, { warn });
  }

  /** Lets time pass. */
  async pass(ms: number): Promise<void> {
    const end = this.timeline.now + ms;
    let over = false;
    this.timeline.at(end, () => {
      over = true;
    });
    await new Promise<void>((resolve) =>
      setImmediate(() => {
        this.timeline.run(() => over, end);
        resolve();
      }),
    );
  }

  /** What became of due times, in order. */
  told(): string[] {
    return [...this.runs.values()].map(
      ({ due, state }) => `${due.slice(11, 16)} ${state.slice(10).toLowerCase()}`,
    );
  }

  #begin({ name }: Schedule, { due }: ScheduleRun) {
    let end: (end: RunEnd) => void = () => undefined;
    const ended = new Promise<RunEnd>((resolve) => {
      end = resolve;
    });
    const under = {
      schedule: name,
      due: due.slice(11, 16),
      stopped: false,
      end: (how = { exitCode: 0, tail: '' }) => end(how),
    };
    this.begun.push(under);
    const stop = () => {
      under.stopped = true;
      end({ exitCode: 130, tail: '' });
    };
    return { ended, stop };
  }

  #book(): ScheduleBook {
    const keep = (write: ScheduleWrite) => {
      if (write.write === 'schedule') this.kept.set(write.schedule.id, write.schedule);
      if (write.write === 'scheduleRun') this.runs.set(write.run.key, write.run);
      if (write.write === 'dropSchedule') {
        this.kept.delete(write.id);
        for (const [key, { schedule }] of this.runs) if (schedule === write.id) this.runs.delete(key);
      }
    };
    const open: RunState[] = [RunState.QUEUED, RunState.STARTED];
    return {
      schedules: async () => [...this.kept.values()].map((schedule) => ({ schedule, isDamaged: false })),
      openRuns: async () => [...this.runs.values()].filter(({ state }) => open.includes(state)),
      runs: async () => [],
      commit: async (writes) => writes.forEach(keep),
      sweepsOf: async (key) => (this.swept.has(key) ? ['sweep'] : []),
    };
  }
}

function hourly(name: string, changes: Partial<Schedule> = {}): Schedule {
  return Schedule.create({ name, cron: '0 * * * *', zone: 'UTC', ...changes });
}

test('four runs are under way at once, and the others begin in their turn', async () => {
  const world = new World();
  const scheduler = await world.open();
  for (const name of ['a', 'b', 'c', 'd', 'e', 'f']) await scheduler.add(hourly(name));
  await world.pass(60 * MINUTE);
  expect(world.begun.map(({ schedule }) => schedule)).toEqual(['a', 'b', 'c', 'd']);
  world.begun[1]?.end();
  await world.pass(1);
  expect(world.begun.map(({ schedule }) => schedule)).toEqual(['a', 'b', 'c', 'd', 'e']);
});

test('a run that is due during another waits for its end where it is to, one and no more', async () => {
  const world = new World();
  const scheduler = await world.open();
  await scheduler.add(hourly('a', { overlap: OverlapPolicy.QUEUE }));
  await world.pass(3 * 60 * MINUTE);
  expect(world.told()).toEqual(['01:00 started', '02:00 queued', '03:00 skipped']);
  world.begun[0]?.end({ exitCode: 1, tail: 'no' });
  await world.pass(1);
  expect(world.told()).toEqual(['01:00 ended', '02:00 started', '03:00 skipped']);
  expect(world.begun.map(({ due }) => due)).toEqual(['01:00', '02:00']);
});

test('a wall clock that is put back repeats nothing, and one that is put forward leaves what was due as missed', async () => {
  const world = new World();
  const scheduler = await world.open();
  await scheduler.add(hourly('a', { missed: MissedPolicy.RUN_ONCE }));
  await world.pass(60 * MINUTE);
  world.begun[0]?.end();
  world.steppedMs = -90 * MINUTE;
  await world.pass(120 * MINUTE);
  expect(world.told()).toEqual(['01:00 ended']);
  world.steppedMs = 150 * MINUTE;
  await world.pass(1 * MINUTE);
  // 03:01 and four hours more: all of them at once, one for them all.
  expect(world.told()).toEqual(['01:00 ended', '02:00 missed', '05:00 started']);
  expect([...world.runs.values()][1]).toMatchObject({ lastDue: '2026-06-01T04:00+00:00', count: 3 });
});

test('what is due while it is paused is skipped, and a run that is removed ends and leaves nothing', async () => {
  const world = new World();
  const scheduler = await world.open();
  const { id } = await scheduler.add(hourly('a'));
  await scheduler.pause(id, true);
  await world.pass(120 * MINUTE);
  expect(world.told()).toEqual(['01:00 skipped', '02:00 skipped']);
  await scheduler.pause(id, false);
  await world.pass(60 * MINUTE);
  expect(world.begun).toMatchObject([{ due: '03:00', stopped: false }]);
  await scheduler.remove(id);
  await world.pass(60 * MINUTE);
  expect(world.begun).toMatchObject([{ stopped: true }]);
  expect([world.told(), scheduler.list()]).toEqual([[], []]);
});

test('by hand it runs at once, also while it is paused, and not beside itself', async () => {
  const world = new World();
  const scheduler = await world.open();
  const { id } = await scheduler.add(hourly('a', { paused: true }));
  await scheduler.run(id);
  await expect(scheduler.run(id)).rejects.toThrow('its run is under way');
  world.begun[0]?.end();
  await world.pass(1);
  expect([...world.runs.values()]).toMatchObject([{ due: '', state: RunState.ENDED, exitCode: 0 }]);
});

test('at its end runs are asked to end, and at the next start taken up under the same key, as is what had not begun', async () => {
  const world = new World();
  const first = await world.open();
  for (const name of ['a', 'b', 'c', 'd', 'e']) await first.add(hourly(name));
  await world.pass(60 * MINUTE);
  await first[Symbol.asyncDispose]();
  expect(world.begun.every(({ stopped }) => stopped)).toBe(true);
  expect(world.told()).toEqual(Array(5).fill('01:00 started'));
  const keys = [...world.runs.keys()];
  await world.open();
  await world.pass(1);
  expect(world.begun.slice(4).map(({ schedule }) => schedule)).toEqual(['a', 'b', 'c', 'd']);
  world.begun[4]?.end();
  await world.pass(1);
  expect(world.begun.at(-1)).toMatchObject({ schedule: 'e', due: '01:00', stopped: false });
  expect([...world.runs.keys()]).toEqual(keys);
  expect([...world.runs.values()].find(({ key }) => key === keys[0])).toMatchObject({
    ...{ state: RunState.ENDED, why: 'taken up again: netsweep serve had ended while it was under way' },
    startedAtMs: START - 30_000 + 60 * MINUTE,
  });
});

test('what began without a sweep and is found too late was cut off; with its sweep it is taken up', async () => {
  const world = new World();
  const first = await world.open();
  const [a, b] = [await first.add(hourly('a')), await first.add(hourly('b'))];
  await world.pass(60 * MINUTE);
  await first[Symbol.asyncDispose]();
  world.swept.add([...world.runs.values()].find(({ schedule }) => schedule === b.id)?.key ?? '');
  world.steppedMs = 30 * MINUTE;
  await world.open();
  await world.pass(1);
  expect(world.begun.slice(2).map(({ schedule }) => schedule)).toEqual(['b']);
  expect([...world.runs.values()].filter(({ schedule }) => schedule === a.id)).toMatchObject([
    { state: RunState.CUT_OFF, why: 'netsweep serve ended while it was under way' },
  ]);
});

test('a schedule that is changed keeps its runs, and is due by what holds now from now on', async () => {
  const world = new World();
  const scheduler = await world.open();
  const added = await scheduler.add(hourly('a'));
  await world.pass(90 * MINUTE);
  world.begun[0]?.end();
  await world.pass(1);
  const changed = await scheduler.change(added.id, { ...added, cron: '15 * * * *', notify: ['chat'] });
  expect(changed).toMatchObject({ id: added.id, name: 'a', cron: '15 * * * *', notify: ['chat'] });
  await world.pass(60 * MINUTE);
  expect(world.told(), 'neither 01:15 as missed nor 02:00').toEqual(['01:00 ended', '02:15 started']);
  await expect(scheduler.change(added.id, { ...added, cron: 'never' })).rejects.toThrow('--cron');
});
