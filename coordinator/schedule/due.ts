// What becomes of a schedule's due times, each decided once. Pure: a schedule, what is known of its runs, and the time,
// to decisions. The caller commits them, with `decidedToMs`, before anything starts; what lies up to there is never
// looked at again, so a clock that is put back repeats nothing, and one that leaps ahead is a time of absence.
import { createHash } from 'node:crypto';
import { MissedPolicy, OverlapPolicy } from '../../proto/gen/netsweep/v1/schedules.js';
import type { Calendar, DueTime } from './cron.js';
import type { Window } from './window.js';

/** A start that is later than this is a missed one. */
export const GRACE_MS = 5 * 60_000;
/** Due times that are decided at once; the rest follows at once. */
const MOST = 2_000;

export interface Timing {
  id: string;
  calendar: Calendar;
  /** Each start comes later by a part of it that only the due time decides. */
  jitterMs: number;
  /** Null: at any time. */
  window: Window | null;
  missed: MissedPolicy;
  overlap: OverlapPolicy;
  paused: boolean;
}

export interface Standing {
  /** All due times up to this one are decided. */
  decidedToMs: number;
  /** A run is under way, or about to begin. */
  isRunning: boolean;
  /** One waits for its end. */
  isQueued: boolean;
}

export interface Decision {
  due: DueTime;
  verdict: 'start' | 'queue' | 'missed' | 'skipped';
  /** Of what is not started, or started late; empty: nothing to say. */
  why: string;
}

export interface Decided {
  decisions: Decision[];
  decidedToMs: number;
  /** When there is something to decide again; Infinity: never. */
  nextMs: number;
}

export function decide(timing: Timing, standing: Standing, nowMs: number): Decided {
  const { reached, nextMs, isAll } = reach(timing, standing.decidedToMs, nowMs);
  const decisions: Decision[] = [];
  const state = { ...standing };
  const makeUp = timing.missed === MissedPolicy.RUN_ONCE && isAll ? lastLate(reached, nowMs) : null;
  for (const one of reached) {
    const decision = decideOne(timing, state, { ...one, makesUp: one === makeUp }, nowMs);
    if (decision.verdict === 'start') state.isRunning = true;
    if (decision.verdict === 'queue') state.isQueued = true;
    decisions.push(decision);
  }
  return { decisions, decidedToMs: reached.at(-1)?.due.atMs ?? standing.decidedToMs, nextMs };
}

/** Start times to come, for people. */
export function coming(timing: Timing, afterMs: number, count: number): number[] {
  const starts: number[] = [];
  for (const due of timing.calendar.after(afterMs)) {
    if (starts.length === count) break;
    if (!due.isLost) starts.push(startOf(timing, due));
  }
  return starts;
}

interface Reached {
  due: DueTime;
  startMs: number;
}

/** Due times are decided in their order, also where jitter would turn it round. */
function reach(timing: Timing, decidedToMs: number, nowMs: number) {
  const reached: Reached[] = [];
  for (const due of timing.calendar.after(decidedToMs)) {
    const startMs = startOf(timing, due);
    if (startMs > nowMs) return { reached, nextMs: startMs, isAll: true };
    // Those of one moment stay together: they are told apart by nothing that is kept.
    if (reached.length >= MOST && reached.at(-1)?.due.atMs !== due.atMs)
      return { reached, nextMs: nowMs, isAll: false };
    reached.push({ due, startMs });
  }
  return { reached, nextMs: Number.POSITIVE_INFINITY, isAll: true };
}

/** The last due time that came too late, where none after it came in time. */
function lastLate(reached: Reached[], nowMs: number): Reached | null {
  const last = reached.findLast(({ due }) => !due.isLost);
  return last !== undefined && isLate(last, nowMs) ? last : null;
}

function isLate({ startMs }: Reached, nowMs: number): boolean {
  return nowMs - startMs > GRACE_MS;
}

function decideOne(
  { paused, window, overlap }: Timing,
  { isRunning, isQueued }: Standing,
  one: Reached & { makesUp: boolean },
  nowMs: number,
): Decision {
  const { due } = one;
  const isOpen = window?.isOpen(nowMs) ?? true;
  if (due.isLost) return { due, verdict: 'missed', why: 'the clock was put forward and never showed it' };
  if (paused) return { due, verdict: 'skipped', why: 'paused' };
  if (isLate(one, nowMs)) {
    if (!one.makesUp) return { due, verdict: 'missed', why: 'netsweep serve was not running' };
    if (!isOpen)
      return {
        due,
        verdict: 'missed',
        why: `netsweep serve was not running, and came back outside of ${window}`,
      };
  } else if (!isOpen) return { due, verdict: 'skipped', why: `outside of its window ${window}` };
  const why = one.makesUp ? 'late: for all that were missed' : '';
  if (!isRunning) return { due, verdict: 'start', why };
  if (overlap !== OverlapPolicy.QUEUE)
    return { due, verdict: 'skipped', why: 'overlap: the run before was still under way' };
  if (isQueued) return { due, verdict: 'skipped', why: 'overlap: another one was waiting already' };
  return { due, verdict: 'queue', why };
}

/**
 * The same for a due time whenever it is asked, so that a restart does not move it. A lost one is never started: it is
 * decided together with the one that stands at its moment.
 */
function startOf({ id, jitterMs }: Timing, { atMs, label, isLost }: DueTime): number {
  if (jitterMs === 0 || isLost) return atMs;
  const share = createHash('sha256').update(`${id} ${label}`).digest().readUInt32BE() / 2 ** 32;
  return atMs + Math.floor(share * jitterMs);
}
