// Tells of schedules what their runs can't tell of themselves: that one could not do its work, was cut off, or was missed;
// and that it works again. What comes within half a minute is one notice, so that an absence, or a repository that
// is gone, is no storm.
import { RunState, type Schedule, type ScheduleRun } from '../../proto/gen/netsweep/v1/schedules.js';
import type { Host } from '../host.js';
import type { Destination } from '../notices/destination.js';
import { destinationsIn } from '../notices/destinations.js';
import type { Occasion } from '../notices/occasion.js';
import { type ScheduleEvent, type ScheduleNotice, scheduleNotice, WORKS_AGAIN } from '../notices/schedule.js';
import { send } from '../notices/send.js';
import { outcomeOf } from './outcome.js';

const GATHER_MS = 30_000;
/** How long what is left at the end may take. */
const LAST_WORDS_MS = 5_000;
/** Exit codes of a sweep that has ended: the run gives its own notice. */
const TOLD_BY_ITSELF = [0, 1, 3, 5, 6];
/** Nothing was touched, so that its last line holds nothing of a device. */
const UNTOUCHED = [2, 4];

export interface TellingOptions {
  gatherMs?: number;
  give?(destination: Destination, notice: ScheduleNotice): Promise<void>;
  warn(error: unknown, what: string): void;
}

interface Waiting {
  name: string;
  /** Of the schedule: names are those of the netsweep.yaml that its runs read. */
  directory: string;
  events: { event: ScheduleEvent; isAgain: boolean }[];
}

export class Telling implements AsyncDisposable {
  readonly #waiting = new Map<string, Waiting>();
  /** What was last wrong with a schedule. */
  readonly #wrong = new Map<string, string>();
  readonly #sending = new Set<Promise<void>>();
  #callOff: (() => void) | null = null;

  constructor(
    private readonly host: Pick<Host, 'wallMs' | 'after'>,
    private readonly options: TellingOptions,
  ) {}

  /** What has become of a due time, once it is on disk. */
  hear(schedule: Schedule, run: ScheduleRun): void {
    const before = this.#wrong.get(schedule.id);
    const event = eventOf(schedule, run, before !== undefined);
    if (run.state === RunState.ENDED) {
      if (event === null || event.outcome === WORKS_AGAIN) this.#wrong.delete(schedule.id);
      else this.#wrong.set(schedule.id, event.outcome);
    }
    if (event === null) return;
    const isAgain = run.state === RunState.ENDED && before === event.outcome;
    for (const name of new Set(schedule.notify.flatMap((names) => names.split(',')))) {
      const { directory } = schedule;
      const key = JSON.stringify([directory, name]);
      const waiting = this.#waiting.get(key) ?? { name, directory, events: [] };
      waiting.events.push({ event, isAgain });
      this.#waiting.set(key, waiting);
    }
    if (this.#waiting.size > 0)
      this.#callOff ??= this.host.after(this.options.gatherMs ?? GATHER_MS, () => this.#give());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#give();
    if (this.#sending.size === 0) return;
    let callOff: () => void = () => undefined;
    const over = new Promise<void>((resolve) => {
      callOff = this.host.after(LAST_WORDS_MS, resolve);
    });
    await Promise.race([Promise.all(this.#sending), over]);
    callOff();
  }

  #give(): void {
    this.#callOff?.();
    this.#callOff = null;
    for (const waiting of this.#waiting.values()) {
      const sending: Promise<void> = this.#giveOne(waiting).finally(() => this.#sending.delete(sending));
      this.#sending.add(sending);
    }
    this.#waiting.clear();
  }

  async #giveOne({ name, directory, events }: Waiting): Promise<void> {
    const { give = send, warn } = this.options;
    try {
      const { known, path } = destinationsIn(directory);
      const destination = known.find((one) => one.name === name);
      if (destination === undefined) throw new Error(`${path ?? 'netsweep.yaml'} has no notice of that name`);
      const due = events.filter((one) => isEventDue(one, destination.on)).map(({ event }) => event);
      if (due.length > 0) await give(destination, scheduleNotice(this.host.wallMs(), due));
    } catch (error) {
      warn(error, `notice ${name} of schedules could not be given`);
    }
  }
}

/** Null: there is nothing to tell. */
function eventOf(schedule: Schedule, run: ScheduleRun, wasWrong: boolean): ScheduleEvent | null {
  const { state, exitCode, due, lastDue, count, why, sweeps, tail } = run;
  const isEnd = state === RunState.ENDED;
  if (!isEnd && state !== RunState.MISSED && state !== RunState.CUT_OFF) return null;
  const isWell = isEnd && TOLD_BY_ITSELF.includes(exitCode);
  if (isWell && !wasWrong) return null;
  const said = isEnd && UNTOUCHED.includes(exitCode) ? lastWord(tail) : why;
  return {
    schedule: schedule.name,
    due: due || null,
    lastDue: lastDue || null,
    count,
    outcome: isWell ? WORKS_AGAIN : outcomeOf(run),
    why: isWell ? null : said || null,
    sweeps,
  };
}

/** What was wrong, as commands say it: with our name, or with a place in a file. */
function lastWord(tail: string): string {
  const lines = tail.split('\n').filter((line) => /^(netsweep: |\S+:\d+:\d+: )/.test(line));
  return (lines.at(-1) ?? '').replace(/^netsweep: /, '');
}

function isEventDue({ event, isAgain }: { event: ScheduleEvent; isAgain: boolean }, on: Occasion): boolean {
  if (on === 'changes') return !isAgain;
  return on === 'always' || event.outcome !== WORKS_AGAIN;
}
