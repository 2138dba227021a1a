// Starts schedules by the clock, from open to stop. A due time goes through three commits:
//
//   decided (started, queued, missed or skipped) -> begun (when) -> ended (how)
//
// and nothing begins before the first of them is on disk. Found at the next start without an end, a run is taken up again
// under the same key: its sweep is the one sweep that goes on, and what a run makes of it, a commit, an audit, files, is
// made from all of it. One that comes too late for that, or whose schedule is gone, was cut off and says so.
// Everything that changes a schedule stands in one line, so a decision never meets half of another.
import type { Schedule, ScheduleRun } from '../../proto/gen/netsweep/v1/schedules.js';
import { MissedPolicy, ScheduleRun as Run, RunState } from '../../proto/gen/netsweep/v1/schedules.js';
import type { Host } from '../host.js';
import type { ScheduleBook, ScheduleWrite } from './book.js';
import { CronError } from './cron.js';
import { type Decision, decide, GRACE_MS, type Timing } from './due.js';
import { byHand, runOf } from './run.js';
import type { Begun, Runner } from './runner.js';
import { timingOf } from './timing.js';

/** How long the wall clock is trusted: it may step, ms. */
const LOOK_MS = 30_000;
/** Runs under way at once; others wait for a place. */
const AT_ONCE = 4;
/** How a run ends that is asked to, or that we leave: by a signal, or with a code for that. */
const INTERRUPTED = [-1, 4, 130];
const TAKEN_UP = 'taken up again: netsweep serve had ended while it was under way';

export interface SchedulerOptions {
  atOnce?: number;
  lookMs?: number;
  /** Told what has become of a due time, once it is on disk. */
  hear?(schedule: Schedule, run: ScheduleRun): void;
  warn(error: unknown, what: string): void;
}

/** A schedule as it is held here. */
interface Held {
  schedule: Schedule;
  /** Null: it is damaged. */
  timing: Timing | null;
  /** When there is something to decide. */
  nextMs: number;
  /** Decided, about to begin or under way; one by the clock or by hand. */
  running: ScheduleRun | null;
  queued: ScheduleRun | null;
}

export interface Shown {
  schedule: Schedule;
  timing: Timing | null;
}

export class Scheduler implements AsyncDisposable {
  readonly #held = new Map<string, Held>();
  readonly #begun = new Map<string, Begun>();
  #places: Held[] = [];
  #line: Promise<unknown> = Promise.resolve();
  #callOff: () => void = () => undefined;
  #stopping = false;

  private constructor(
    private readonly book: ScheduleBook,
    private readonly runner: Runner,
    private readonly host: Pick<Host, 'wallMs' | 'after' | 'id'>,
    private readonly options: SchedulerOptions,
  ) {}

  /** What an earlier process left is settled before the first look at the clock. */
  static async open(
    book: ScheduleBook,
    runner: Runner,
    host: Pick<Host, 'wallMs' | 'after' | 'id'>,
    options: SchedulerOptions,
  ): Promise<Scheduler> {
    const scheduler = new Scheduler(book, runner, host, options);
    for (const { schedule, isDamaged } of await book.schedules()) scheduler.#hold(schedule, isDamaged);
    await scheduler.#inLine(() => scheduler.#settleLeft());
    scheduler.#look();
    return scheduler;
  }

  list(): Shown[] {
    return [...this.#held.values()].map(({ schedule, timing }) => ({ schedule, timing }));
  }

  named(name: string): Shown | null {
    return this.list().find(({ schedule }) => schedule.name === name) ?? null;
  }

  /** Its first due time is after now. Throws CronError. */
  add(schedule: Schedule): Promise<Schedule> {
    const now = this.host.wallMs();
    const added = { ...schedule, id: this.host.id().slice(0, 12), createdAtMs: now, decidedToMs: now };
    timingOf(added);
    return this.#inLine(async () => {
      if (this.named(added.name) !== null) throw new CronError(`there is a schedule "${added.name}" already`);
      await this.book.commit([{ write: 'schedule', schedule: added }]);
      this.#hold(added, false);
      this.#wake();
      return added;
    });
  }

  /** What was due before is decided by what held before; its first due time is after now. Throws CronError. */
  change(id: string, changed: Schedule): Promise<Schedule> {
    return this.#inLine(async () => {
      const held = this.#get(id);
      await this.#decide(held);
      const { name, paused, createdAtMs } = held.schedule;
      const own = { id, name, paused, createdAtMs, decidedToMs: this.host.wallMs() };
      const schedule = { ...changed, ...own };
      const timing = timingOf(schedule);
      await this.book.commit([{ write: 'schedule', schedule }]);
      Object.assign(held, { schedule, timing, nextMs: 0 });
      this.#wake();
      return schedule;
    });
  }

  /** What was due before is decided by what held before. */
  pause(id: string, paused: boolean): Promise<Schedule> {
    return this.#inLine(async () => {
      const held = this.#get(id);
      await this.#decide(held);
      const schedule = { ...held.schedule, paused };
      await this.book.commit([{ write: 'schedule', schedule }]);
      Object.assign(held, { schedule, timing: held.timing && { ...held.timing, paused } });
      return schedule;
    });
  }

  /** Now, by hand; also while it is paused. Throws CronError where its run is under way. */
  run(id: string): Promise<ScheduleRun> {
    return this.#inLine(async () => {
      const held = this.#get(id);
      if (held.running !== null) throw new CronError('its run is under way');
      const run = byHand(held.schedule, this.host.id(), this.host.wallMs());
      await this.book.commit([{ write: 'scheduleRun', run }]);
      this.#admit(held, run);
      return run;
    });
  }

  /** With all its runs; one that is under way is ended. */
  remove(id: string): Promise<void> {
    return this.#inLine(async () => {
      await this.book.commit([{ write: 'dropSchedule', id }]);
      this.#held.delete(id);
      this.#places = this.#places.filter(({ schedule }) => schedule.id !== id);
      this.#begun.get(id)?.stop();
    });
  }

  /** Starts nothing more; runs are asked to end, and taken up at the next start. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopping = true;
    this.#callOff();
    const ends = [...this.#begun.values()].map(({ stop, ended }) => {
      stop();
      return ended.catch(() => undefined);
    });
    await Promise.all(ends);
    await this.#inLine(async () => undefined);
  }

  #hold(schedule: Schedule, isDamaged: boolean): void {
    let timing: Timing | null = null;
    try {
      timing = isDamaged ? null : timingOf(schedule);
    } catch (error) {
      // Its time zone may have gone with another version of Node.
      this.options.warn(error, `schedule ${schedule.name} is not started`);
    }
    if (isDamaged)
      this.options.warn(null, `schedule ${schedule.name} is damaged in the store: it is not started`);
    const nextMs = timing === null ? Number.POSITIVE_INFINITY : 0;
    this.#held.set(schedule.id, { schedule, timing, nextMs, running: null, queued: null });
  }

  #get(id: string): Held {
    const held = this.#held.get(id);
    if (held === undefined) throw new CronError('it has been removed');
    return held;
  }

  async #settleLeft(): Promise<void> {
    const writes: ScheduleWrite[] = [];
    const begin: [Held, ScheduleRun][] = [];
    for (const run of await this.book.openRuns()) {
      const held = this.#held.get(run.schedule);
      if (run.state === RunState.CUT_OFF) writes.push({ write: 'scheduleRun', run });
      else if (held === undefined || held.timing === null)
        writes.push({ write: 'scheduleRun', run: await this.#cutOff(run) });
      else if (run.state === RunState.QUEUED) held.queued = run;
      else if (await this.#isTooLate(held, run))
        writes.push({ write: 'scheduleRun', run: await this.#lost(run) });
      else begin.push([held, run.startedAtMs > 0 ? { ...run, why: TAKEN_UP } : run]);
    }
    if (writes.length > 0) await this.book.commit(writes);
    for (const write of writes) if (write.write === 'scheduleRun') this.#tell(write.run);
    for (const [held, run] of begin) this.#admit(held, run);
    for (const held of this.#held.values()) await this.#nextInLine(held);
  }

  /** Where its sweep is there, it is never too late. */
  async #isTooLate({ schedule }: Held, { key, decidedAtMs }: ScheduleRun): Promise<boolean> {
    const late = this.host.wallMs() - decidedAtMs > GRACE_MS;
    if (!late || schedule.missed === MissedPolicy.RUN_ONCE) return false;
    return (await this.book.sweepsOf(key)).length === 0;
  }

  /** The next look, when the next due time has come or the clock may have stepped. */
  #look(): void {
    if (this.#stopping) return;
    const now = this.host.wallMs();
    const due = [...this.#held.values()].filter(({ nextMs }) => nextMs <= now);
    const decided = due.length === 0 ? Promise.resolve() : this.#inLine(() => this.#decideAll(due));
    decided.then(
      () => this.#wake(),
      (error: unknown) => {
        this.options.warn(error, 'schedules');
        this.#wake();
      },
    );
  }

  #wake(): void {
    this.#callOff();
    if (this.#stopping) return;
    const { lookMs = LOOK_MS } = this.options;
    const next = Math.min(...[...this.#held.values()].map(({ nextMs }) => nextMs));
    this.#callOff = this.host.after(Math.min(lookMs, Math.max(1, next - this.host.wallMs())), () =>
      this.#look(),
    );
  }

  async #decideAll(due: Held[]): Promise<void> {
    for (const held of due) if (this.#held.has(held.schedule.id)) await this.#decide(held);
  }

  async #decide(held: Held): Promise<void> {
    const { timing, schedule } = held;
    if (timing === null || this.#stopping) return;
    const now = this.host.wallMs();
    const standing = {
      decidedToMs: schedule.decidedToMs,
      isRunning: held.running !== null,
      isQueued: held.queued !== null,
    };
    const { decisions, decidedToMs, nextMs } = decide(timing, standing, now);
    held.nextMs = nextMs;
    if (decisions.length === 0) return;
    const runs = together(decisions).map((some) => runOf(schedule, some, now));
    const decided = { ...schedule, decidedToMs };
    await this.book.commit([
      { write: 'schedule', schedule: decided },
      ...runs.map((run) => ({ write: 'scheduleRun' as const, run })),
    ]);
    held.schedule = decided;
    for (const run of runs) {
      this.#tell(run);
      if (run.state === RunState.STARTED) this.#admit(held, run);
      if (run.state === RunState.QUEUED) held.queued = run;
    }
    await this.#nextInLine(held);
  }

  /** Decided to start; it begins when there is a place. */
  #admit(held: Held, run: ScheduleRun): void {
    held.running = run;
    this.#places.push(held);
    this.#fill();
  }

  #fill(): void {
    const { atOnce = AT_ONCE } = this.options;
    while (!this.#stopping && this.#begun.size < atOnce) {
      const held = this.#places.shift();
      if (held === undefined) return;
      this.#begin(held);
    }
  }

  #begin(held: Held): void {
    const { schedule, running } = held;
    if (running === null) return;
    const begun = this.runner.begin(schedule, running);
    this.#begun.set(schedule.id, begun);
    const run = { ...running, startedAtMs: running.startedAtMs || this.host.wallMs() };
    held.running = run;
    this.#detached(() => this.book.commit([{ write: 'scheduleRun', run }]));
    const over = ({ exitCode, tail }: { exitCode: number; tail: string }) =>
      this.#detached(() => this.#end(held, { ...run, exitCode, tail }));
    begun.ended.then(over, (error: unknown) => over({ exitCode: -1, tail: `can't be started: ${error}` }));
  }

  async #end(held: Held, run: ScheduleRun): Promise<void> {
    this.#begun.delete(held.schedule.id);
    held.running = null;
    // It is on disk as begun, and so it is found at the next start.
    if (this.#stopping && INTERRUPTED.includes(run.exitCode)) return;
    const sweeps = await this.book.sweepsOf(run.key);
    const ended = { ...run, sweeps, state: RunState.ENDED, endedAtMs: this.host.wallMs() };
    // One that has been removed leaves nothing.
    if (this.#held.has(held.schedule.id)) {
      await this.book.commit([{ write: 'scheduleRun', run: ended }]);
      this.#tell(ended);
    }
    if (!this.#stopping) await this.#nextInLine(held);
    this.#fill();
  }

  /** The run that waits is started where nothing runs any more. */
  async #nextInLine(held: Held): Promise<void> {
    const { queued, running, timing } = held;
    if (queued === null || running !== null || timing === null || this.#stopping) return;
    held.queued = null;
    const isOpen = timing.window?.isOpen(this.host.wallMs()) ?? true;
    const run: ScheduleRun = isOpen
      ? { ...queued, state: RunState.STARTED }
      : { ...queued, state: RunState.SKIPPED, why: `its turn came outside of its window ${timing.window}` };
    await this.book.commit([{ write: 'scheduleRun', run }]);
    if (isOpen) this.#admit(held, run);
  }

  #lost(run: ScheduleRun): Promise<ScheduleRun> | ScheduleRun {
    return run.startedAtMs > 0 ? this.#cutOff(run) : missed(run, 'netsweep serve ended before it began');
  }

  async #cutOff(run: ScheduleRun): Promise<ScheduleRun> {
    const sweeps = await this.book.sweepsOf(run.key);
    const why = `netsweep serve ended while it was under way${sweeps.length > 0 ? '; its sweep goes on by itself' : ''}`;
    return { ...run, sweeps, state: RunState.CUT_OFF, why, endedAtMs: this.host.wallMs() };
  }

  #tell(run: ScheduleRun): void {
    const held = this.#held.get(run.schedule);
    if (held !== undefined) this.options.hear?.(held.schedule, run);
  }

  #detached(work: () => Promise<unknown>): void {
    this.#inLine(work).catch((error: unknown) => this.options.warn(error, 'schedules'));
  }

  /** One after the other; what fails stops nobody else. */
  #inLine<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#line.then(work);
    this.#line = done.catch(() => undefined);
    return done;
  }
}

/** Decisions in a row by which nothing is started for the same reason are kept as one. */
function together(decisions: Decision[]): Decision[][] {
  const groups: Decision[][] = [];
  for (const decision of decisions) {
    const last = groups.at(-1)?.at(-1);
    const isMore =
      last?.verdict === decision.verdict &&
      last.why === decision.why &&
      (decision.verdict === 'missed' || decision.verdict === 'skipped');
    if (isMore) groups.at(-1)?.push(decision);
    else groups.push([decision]);
  }
  return groups;
}

function missed(run: ScheduleRun, why: string): ScheduleRun {
  return Run.create({ ...run, state: RunState.MISSED, why });
}
