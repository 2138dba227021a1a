// Due times of a cron pattern in a time zone. croner reads the pattern and says what it means on a clock that never
// changes; what daylight saving makes of that is decided here, so that no time is lost without a word:
//   a time that the clock leaps over is due at the first moment after the leap, once for all of them;
//   a time that the clock shows twice is due the first time;
//   where every hour is meant, both are due, and those that were leapt over are lost: no hour went by without one.
import { Cron } from 'croner';
import type { Zone } from './zone.js';

export interface DueTime {
  /** Unix ms; of a time that the clock leaps over: the first moment after the leap. */
  atMs: number;
  /** As a clock on the wall shows it, with its offset: `2026-10-25T02:30+02:00`. No two are alike. */
  label: string;
  /** The clock never shows it, and it is not made up for. */
  isLost: boolean;
}

interface Candidate extends DueTime {
  isReal: boolean;
}

const MINUTE_MS = 60_000;
const EVERY_HOUR = /^(@hourly|\S+\s+(\*|\*\/1|0-23)\s.*)$/;

/** A pattern that can't be used; the message says what is wrong. */
export class CronError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'CronError';
  }
}

export class Calendar {
  readonly #cron: Cron;
  readonly #everyHour: boolean;

  /** Throws CronError for a pattern of anything but five fields (or @daily and its like), or one that is never due. */
  constructor(
    pattern: string,
    readonly zone: Zone,
  ) {
    this.#cron = read(pattern);
    this.#everyHour = EVERY_HOUR.test(pattern.trim());
  }

  /** All due times after a moment, in order, without an end. */
  *after(ms: number): Generator<DueTime> {
    for (const due of this.#inOrder(this.#wallBefore(ms))) if (due.atMs > ms) yield due;
  }

  /** A time on the wall from which on every due time after `ms` is found. */
  #wallBefore(ms: number): number {
    const [before, behind] = this.zone.offsetsAround(ms);
    return ms + Math.min(before, behind) - Math.abs(before - behind) - MINUTE_MS;
  }

  *#inOrder(wallMs: number): Generator<DueTime> {
    let held: Candidate[] = [];
    for (let next = this.#cron.nextRun(new Date(wallMs)); next !== null; next = this.#cron.nextRun(next)) {
      // Nothing from here on is due earlier.
      const least = next.getTime() - Math.max(...this.zone.offsetsAround(next.getTime()));
      if (held.some(({ atMs }) => atMs < least)) {
        yield* settled(held.filter(({ atMs }) => atMs < least));
        held = held.filter(({ atMs }) => atMs >= least);
      }
      held.push(...this.#dueAt(next.getTime()));
    }
    yield* settled(held);
  }

  #dueAt(wallMs: number): Candidate[] {
    const { instants, leapMs, offsetMs } = this.zone.instants(wallMs);
    if (instants.length === 0)
      return [{ atMs: leapMs, label: label(wallMs, offsetMs), isLost: this.#everyHour, isReal: false }];
    return instants
      .slice(0, this.#everyHour ? 2 : 1)
      .map((atMs) => ({ atMs, label: label(wallMs, wallMs - atMs), isLost: false, isReal: true }));
  }
}

/** In order; of those that are due at one moment one is not lost, a real one before one that was leapt over. */
function* settled(candidates: Candidate[]): Generator<DueTime> {
  const inOrder = candidates.sort(
    (one, other) => one.atMs - other.atMs || Number(other.isReal) - Number(one.isReal),
  );
  let taken = Number.NaN;
  for (const { atMs, label, isLost } of inOrder) {
    yield { atMs, label, isLost: isLost || taken === atMs };
    if (!isLost) taken = atMs;
  }
}

function label(wallMs: number, offsetMs: number): string {
  const minutes = Math.round(Math.abs(offsetMs) / MINUTE_MS);
  const clock = [Math.floor(minutes / 60), minutes % 60]
    .map((part) => String(part).padStart(2, '0'))
    .join(':');
  return `${new Date(wallMs).toISOString().slice(0, 16)}${offsetMs < 0 ? '-' : '+'}${clock}`;
}

function read(pattern: string): Cron {
  const isNickname = /^@\w+$/.test(pattern.trim());
  if (!isNickname && pattern.trim().split(/\s+/).length !== 5)
    throw new CronError(
      `found "${pattern}", expected five fields: minute, hour, day of the month, month, day of the week`,
    );
  let cron: Cron;
  try {
    cron = new Cron(pattern.trim(), { utcOffset: 0, paused: true, mode: '5-part' });
  } catch (cause) {
    const why = cause instanceof Error ? cause.message.replace(/^CronPattern: /, '') : String(cause);
    throw new CronError(`found "${pattern}": ${why}`, { cause });
  }
  if (cron.nextRun() === null) throw new CronError(`found "${pattern}", which is never due`);
  return cron;
}
