// A year of schedules on a virtual clock, in three time zones, through both changes of the clock in each, with a
// coordinator that is killed five hundred times, mostly just when something is due: between a decision and its commit,
// between the commit and the start, in the middle of a run.
import { randomInt } from 'node:crypto';
import { expect, test } from 'vitest';
import type { KeptSchedule, ScheduleBook, ScheduleWrite } from '../../coordinator/schedule/book.ts';
import type { Runner } from '../../coordinator/schedule/runner.ts';
import { Scheduler } from '../../coordinator/schedule/scheduler.ts';
import {
  MissedPolicy,
  OverlapPolicy,
  RunState,
  Schedule,
  type ScheduleRun,
} from '../../proto/gen/netsweep/v1/schedules.ts';
import { Dice } from '../sim/dice.ts';
import { Timeline } from '../sim/timeline.ts';

const SEED = Number(process.env.SEED ?? randomInt(1_000_000));
const RESTARTS = 500;
const HOUR = 3_600_000;
const START = Date.parse('2026-01-01T00:00:00Z');
const YEAR_MS = 365 * 24 * HOUR;
const BEGUN: RunState[] = [RunState.ENDED, RunState.CUT_OFF, RunState.STARTED];
const ZONES = ['Europe/Berlin', 'America/New_York', 'Australia/Lord_Howe'];

interface Pattern {
  cron: string;
  everyHour: boolean;
  minutes: number[];
  hours: number[];
  weekday: number | null;
}

const HOURS = Array.from({ length: 24 }, (_, hour) => hour);
const PATTERNS: Pattern[] = [
  { cron: '30 2 * * *', everyHour: false, minutes: [30], hours: [2], weekday: null },
  { cron: '0 * * * *', everyHour: true, minutes: [0], hours: HOURS, weekday: null },
  { cron: '15,45 1-3 * * *', everyHour: false, minutes: [15, 45], hours: [1, 2, 3], weekday: null },
  { cron: '45 */6 * * *', everyHour: false, minutes: [45], hours: [0, 6, 12, 18], weekday: null },
  { cron: '0 2 * * 0', everyHour: false, minutes: [0], hours: [2], weekday: 0 },
];

test.each([SEED])(
  'of a year of due times each is started once or recorded as missed, through 500 restarts (SEED=%i npx vitest run test/schedule/year.test.ts)',
  async (seed) => {
    const world = new World(seed);
    await outside(() => world.live());
    expect(world.troubles).toEqual([]);
    for (const [id, { schedule }] of world.kept) {
      const pattern = PATTERNS.find(({ cron }) => cron === schedule.cron) ?? fail(schedule.cron);
      const expected = nominal(pattern, schedule.zone, START, schedule.decidedToMs);
      const runs = [...world.runs.values()].filter((run) => run.schedule === id);
      const covered = runs.flatMap((run) => covers(run, expected));
      // No due time twice, none without a record.
      expect(covered.toSorted(), `${schedule.cron} ${schedule.zone}`).toEqual(expected.toSorted());
      expect(schedule.decidedToMs).toBeGreaterThan(START + YEAR_MS - 8 * 24 * HOUR);
      expect(runs.flatMap((run) => [...wrongIn(world, run, schedule.jitterMs)])).toEqual([]);
    }
    const states = new Map<RunState, number>();
    for (const { state, count } of world.runs.values()) states.set(state, (states.get(state) ?? 0) + count);
    expect(world.restarts).toBe(RESTARTS);
    expect(world.repeated, 'runs that were taken up after a restart').toBeGreaterThan(10);
    for (const state of [RunState.ENDED, RunState.MISSED, RunState.SKIPPED])
      expect(states.get(state), state).toBeGreaterThan(10);
  },
);

/** What is told as run was run, once; what is told as missed was not, and for the reason that is told. */
function* wrongIn(
  world: World,
  { key, state, why, dueMs }: ScheduleRun,
  jitterMs: number,
): Generator<string> {
  const submits = world.submits.get(key) ?? 0;
  const mayHave = BEGUN.includes(state);
  if (state === RunState.ENDED && submits !== 1) yield `${key} ended and was run ${submits} times`;
  if (!mayHave && submits > 0) yield `${key} was run: ${state} ${why}`;
  const isAbsence = state === RunState.MISSED && why.startsWith('netsweep serve was not running');
  if (isAbsence && !world.wasAway(dueMs, jitterMs)) yield `${key}: nothing was away`;
}

class World {
  readonly timeline = new Timeline();
  readonly dice: Dice;
  readonly kept = new Map<string, KeptSchedule>();
  readonly runs = new Map<string, ScheduleRun>();
  /** Sweeps that devices saw, by key: a repeated submit is the same sweep. */
  readonly submits = new Map<string, number>();
  readonly away: [fromMs: number, toMs: number][] = [];
  readonly troubles: string[] = [];
  restarts = 0;
  repeated = 0;
  #ids = 0;

  constructor(seed: number) {
    this.dice = new Dice(seed);
    for (const zone of ZONES)
      for (const { cron } of PATTERNS) {
        const id = `s${this.kept.size}`;
        const schedule = Schedule.create({
          ...{ id, name: id, cron, zone, createdAtMs: START, decidedToMs: START },
          jitterMs: this.dice.chance(0.5) ? 20 * 60_000 : 0,
          missed: this.dice.chance(0.5) ? MissedPolicy.RUN_ONCE : MissedPolicy.SKIP,
          overlap: this.dice.chance(0.5) ? OverlapPolicy.QUEUE : OverlapPolicy.SKIP,
          window: this.dice.chance(0.2) ? '22:00-05:00' : '',
        });
        this.kept.set(id, { schedule, isDamaged: false });
      }
  }

  get wallMs(): number {
    return START + this.timeline.now;
  }

  /** One coordinator after the other, until the year is over. */
  live(): void {
    const end = YEAR_MS + 24 * HOUR;
    const mean = YEAR_MS / RESTARTS;
    while (this.restarts < RESTARTS) {
      const life = new Life(this);
      const until = Math.min(end, this.timeline.now + this.#lifetime(mean));
      this.timeline.at(until, () => life.kill());
      this.timeline.run(() => !life.isAlive, Number.POSITIVE_INFINITY);
      this.restarts += 1;
      const from = this.wallMs;
      const gone = this.dice.chance(0.05) ? this.dice.below(60 * HOUR) : this.dice.below(6 * 60_000);
      let back = false;
      this.timeline.at(this.timeline.now + gone, () => {
        back = true;
      });
      this.timeline.run(() => back, Number.POSITIVE_INFINITY);
      this.away.push([from, this.wallMs]);
    }
    const life = new Life(this);
    let over = false;
    this.timeline.at(Math.max(end, this.timeline.now) + HOUR, () => {
      over = true;
    });
    this.timeline.run(() => over, Number.POSITIVE_INFINITY);
    life.kill();
  }

  /** Most end within moments of a full or a half hour, when something is due. */
  #lifetime(mean: number): number {
    const ms = this.dice.below(2 * mean * 0.9);
    if (this.dice.chance(0.3)) return ms;
    const quarter = HOUR / 4;
    return Math.ceil((this.timeline.now + ms) / quarter) * quarter - this.timeline.now + this.dice.below(400);
  }

  wasAway(dueMs: number, jitterMs: number): boolean {
    return this.away.some(([from, to]) => from <= dueMs + jitterMs + 1_000 && to >= dueMs);
  }

  id(): string {
    this.#ids += 1;
    return `id${this.#ids}`;
  }
}

/** One life of a coordinator. What it has under way when it is killed never happens. */
class Life {
  isAlive = true;

  constructor(private readonly world: World) {
    const host = {
      wallMs: () => world.wallMs,
      after: (ms: number, call: () => void) => this.#after(ms, call),
      id: () => world.id(),
    };
    const options = {
      lookMs: 6 * HOUR,
      atOnce: 4,
      warn: (error: unknown) => world.troubles.push(String(error)),
    };
    void Scheduler.open(this.#book(), this.#runner(), host, options);
  }

  kill(): void {
    this.isAlive = false;
  }

  #after(ms: number, call: () => void): () => void {
    return this.world.timeline.at(this.world.timeline.now + ms, () => {
      if (this.isAlive) call();
    });
  }

  #later<T>(mostMs: number, work: () => T): Promise<T> {
    return new Promise((resolve) => this.#after(this.world.dice.below(mostMs), () => resolve(work())));
  }

  #book(): ScheduleBook {
    const { world } = this;
    const open: RunState[] = [RunState.QUEUED, RunState.STARTED];
    return {
      schedules: () => this.#later(50, () => [...world.kept.values()]),
      openRuns: () =>
        this.#later(50, () => [...world.runs.values()].filter(({ state }) => open.includes(state))),
      runs: () => this.#later(50, () => []),
      commit: (writes) =>
        this.#later(200, () => {
          for (const write of writes) keep(world, write);
        }),
      sweepsOf: (key) => this.#later(5, () => (world.submits.has(key) ? ['sweep'] : [])),
    };
  }

  #runner(): Runner {
    const { world } = this;
    return {
      begin: (_schedule, { key }) => {
        const ended = this.#later(150, () => {
          if (world.submits.has(key)) world.repeated += 1;
          world.submits.set(key, 1);
        }).then(() =>
          this.#later(world.dice.chance(0.1) ? 2 * HOUR : 60_000, () => ({ exitCode: 0, tail: '' })),
        );
        return { ended, stop: () => undefined };
      },
    };
  }
}

function keep({ kept, runs, troubles }: World, write: ScheduleWrite): void {
  if (write.write === 'schedule') kept.set(write.schedule.id, { schedule: write.schedule, isDamaged: false });
  if (write.write === 'scheduleRun') {
    const before = runs.get(write.run.key);
    // What has been decided is not decided anew.
    if (before !== undefined && before.decidedAtMs !== write.run.decidedAtMs)
      troubles.push(`${write.run.key} is decided twice`);
    runs.set(write.run.key, write.run);
  }
}

/** The labels that a record stands for. */
function covers({ due, lastDue, count }: ScheduleRun, expected: string[]): string[] {
  if (count === 1) return [due];
  const [first, last] = [expected.indexOf(due), expected.indexOf(lastDue)];
  expect(last - first + 1, `${due} to ${lastDue}`).toBe(count);
  return expected.slice(first, last + 1);
}

/** Every due time as a clock on the wall shows it, found by looking at that clock for every minute there is. */
function nominal({ everyHour, ...pattern }: Pattern, zone: string, fromMs: number, toMs: number): string[] {
  const format = new Intl.DateTimeFormat('en-US', { timeZone: zone, timeZoneName: 'longOffset' });
  const offsetAt = (ms: number) => /GMT(.*)$/.exec(format.format(ms))?.[1] || '+00:00';
  const found: { atMs: number; order: number; label: string }[] = [];
  const seen = new Set<string>();
  const add = (atMs: number, wallMs: number, offset: string, isLeapt: boolean) => {
    const wall = new Date(wallMs);
    const text = wall.toISOString().slice(0, 16);
    if (!pattern.minutes.includes(wall.getUTCMinutes()) || !pattern.hours.includes(wall.getUTCHours()))
      return;
    if (pattern.weekday !== null && wall.getUTCDay() !== pattern.weekday) return;
    if (!everyHour && seen.has(text)) return;
    seen.add(text);
    if (atMs > fromMs && atMs <= toMs)
      found.push({ atMs, order: isLeapt ? 1 : 0, label: `${text}${offset}` });
  };
  let before = offsetAt(fromMs - 1);
  // The clocks of these zones change at full or half hours of UTC.
  for (let half = fromMs; half <= toMs; half += HOUR / 2) {
    const offset = offsetAt(half);
    for (let ms = 0; ms < ahead(offset) - ahead(before); ms += 60_000)
      add(half, half + ahead(before) + ms, before, true);
    for (let ms = half; ms < half + HOUR / 2; ms += 15 * 60_000) add(ms, ms + ahead(offset), offset, false);
    before = offset;
  }
  return found
    .sort((one, other) => one.atMs - other.atMs || one.order - other.order)
    .map(({ label }) => label);
}

function ahead(offset: string): number {
  const [, sign = '+', hours = '0', minutes = '0'] = /([+-])(\d\d):(\d\d)/.exec(offset) ?? [];
  return (sign === '-' ? -1 : 1) * (Number(hours) * HOUR + Number(minutes) * 60_000);
}

/** Not within a promise: the timeline settles those itself. */
function outside(work: () => void): Promise<void> {
  return new Promise((resolve, reject) => {
    setImmediate(() => {
      try {
        work();
        resolve();
      } catch (error) {
        reject(error);
      }
    });
  });
}

function fail(why: string): never {
  throw new Error(why);
}
