// What is kept of due times once they are decided.
import { RunState, type Schedule, ScheduleRun } from '../../proto/gen/netsweep/v1/schedules.js';
import type { Decision } from './due.js';

const STATES: Record<Decision['verdict'], RunState> = {
  start: RunState.STARTED,
  queue: RunState.QUEUED,
  missed: RunState.MISSED,
  skipped: RunState.SKIPPED,
};

/** Of one decision, or of several that are alike. */
export function runOf({ id }: Schedule, decisions: Decision[], decidedAtMs: number): ScheduleRun {
  const [first, last] = [decisions[0], decisions.at(-1)];
  if (first === undefined || last === undefined) throw new TypeError('a run is of a due time');
  return ScheduleRun.create({
    key: `schedule ${id} ${first.due.label}`,
    schedule: id,
    due: first.due.label,
    dueMs: first.due.atMs,
    lastDue: decisions.length > 1 ? last.due.label : '',
    count: decisions.length,
    state: STATES[first.verdict],
    why: first.why,
    decidedAtMs,
  });
}

export function byHand({ id }: Schedule, random: string, nowMs: number): ScheduleRun {
  return ScheduleRun.create({
    key: `schedule ${id} ${random}`,
    schedule: id,
    dueMs: nowMs,
    count: 1,
    state: RunState.STARTED,
    why: 'started by hand',
    decidedAtMs: nowMs,
  });
}
