// What is told of schedules: runs that could not tell of themselves how they ended, due times at which nothing was
// started, and that a schedule works again. One notice holds what came together.

/** Events that are listed in one notice; of the others there is the number. */
const MOST_LISTED = 50;

export interface ScheduleEvent {
  schedule: string;
  /** On the clock of its zone; null: started by hand. */
  due: string | null;
  /** The last one of several. */
  lastDue: string | null;
  /** Due times. */
  count: number;
  /** `unreachable`, `bad input`, `killed`, `missed`, `cut off` ...; `works again`. */
  outcome: string;
  why: string | null;
  sweeps: string[];
}

export const WORKS_AGAIN = 'works again';

export interface ScheduleNotice {
  notice: 1;
  kind: 'schedule';
  /** ISO 8601. */
  at: string;
  subject: string;
  count: number;
  events: ScheduleEvent[];
}

export function scheduleNotice(atMs: number, events: readonly ScheduleEvent[]): ScheduleNotice {
  return {
    notice: 1,
    kind: 'schedule',
    at: new Date(atMs).toISOString(),
    subject: subjectOf(events),
    count: events.length,
    events: events.slice(0, MOST_LISTED),
  };
}

/** Whoever is named by a schedule hears of it; what stays as it was is left out before. */
export function isScheduleDue({ events }: ScheduleNotice): boolean {
  return events.length > 0;
}

/** For people, below the subject. */
export function scheduleLines({ at, count, events }: ScheduleNotice): string[] {
  const more = count - events.length;
  return [at, '', ...events.map(lineOf), ...(more > 0 ? [`and ${more} more`] : [])];
}

function lineOf({ schedule, due, lastDue, count, outcome, why, sweeps }: ScheduleEvent): string {
  const when = due === null ? '' : ` ${due}`;
  const several = lastDue === null ? '' : ` to ${lastDue} (${count} due times)`;
  const about = [...(why === null ? [] : [why]), ...sweeps.map((sweep) => `sweep ${sweep}`)];
  return `${schedule}${when}${several}: ${[outcome, ...about].join(', ')}`;
}

function subjectOf(events: readonly ScheduleEvent[]): string {
  const [only] = events;
  if (only !== undefined && events.length === 1)
    return `schedule ${lineOf({ ...only, why: null, sweeps: [] })}`;
  const outcomes = new Map<string, Set<string>>();
  for (const { outcome, schedule } of events)
    outcomes.set(outcome, (outcomes.get(outcome) ?? new Set()).add(schedule));
  return `schedules: ${[...outcomes].map(([outcome, names]) => `${names.size} ${outcome}`).join(', ')}`;
}
