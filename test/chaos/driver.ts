// Throws a schedule of faults at an arena while a sweep runs there. A fault is thrown when it is due and when what
// it hits is whole; the next ones do not wait for its end, as long as enough is left standing.
import { setTimeout as delay } from 'node:timers/promises';
import { monotonicMs } from '../fleet.ts';
import type { Arena } from './arena.ts';
import { FAULTS, type FaultKind, type Reach, type Target } from './faults.ts';
import { choose, type Planned } from './schedule.ts';

export interface Made {
  number: number;
  kind: FaultKind | 'poison' | 'worker died';
  label: string;
  reach: Reach;
  /** Monotonic ms, from the fault to when all was there again. */
  from: number;
  to: number;
  /** Something felt it. */
  struck: boolean;
}

/** Most faults that last at one time. */
const AT_ONCE = 3;
/** Least time between two, in ms. */
const APART_MS = 150;

export interface Course {
  /** The share of devices that have been printed. */
  share(): number;
  over(): boolean;
}

/** Adds to `made` what is really done; resolves when the sweep is over and everything stands again. */
export async function drive(
  arena: Arena,
  planned: readonly Planned<FaultKind>[],
  course: Course,
  made: Made[],
): Promise<void> {
  const waiting = [...planned];
  const lasting = new Map<Planned<FaultKind>, Target>();
  const strikes: Promise<void>[] = [];
  let broken: unknown = null;
  while (!course.over() && broken === null && waiting.length > 0) {
    const due = waiting.filter(({ at }) => at <= course.share());
    for (const one of lasting.size < AT_ONCE ? due : []) {
      const target = pickTarget(arena, one, [...lasting.values()]);
      if (target === null) continue;
      waiting.splice(waiting.indexOf(one), 1);
      lasting.set(one, target);
      const strike = makeFault(arena, one, target, made)
        .catch((error) => {
          broken ??= new Error(`fault ${one.number}, ${one.kind} of ${target.label}`, { cause: error });
        })
        .finally(() => lasting.delete(one));
      strikes.push(strike);
      break;
    }
    await delay(APART_MS);
  }
  while (!course.over() && broken === null) await delay(APART_MS);
  arena.calm.abort();
  await Promise.all(strikes);
  if (broken !== null) throw broken;
}

async function makeFault(
  arena: Arena,
  planned: Planned<FaultKind>,
  { label, reach, strike }: Target,
  made: Made[],
): Promise<void> {
  const { number, kind } = planned;
  const fault = { number, kind, label, reach, from: monotonicMs(), to: Infinity, struck: true };
  made.push(fault);
  fault.struck = (await strike(arena, planned)) !== false;
  fault.to = monotonicMs();
}

/** What the fault hits: whole now, and no more than half of a segment's agents, or of all, are away with it. */
function pickTarget(arena: Arena, planned: Planned<FaultKind>, lasting: Target[]): Target | null {
  const away = new Set(lasting.flatMap(({ agent }) => agent ?? []));
  const may = FAULTS[planned.kind](arena).filter(
    ({ holds, agent }) =>
      lasting.every((other) => !clash(other.holds, holds)) &&
      (agent === undefined || leavesEnough(arena, new Set([...away, agent]))),
  );
  return choose(may, planned.draw) ?? null;
}

/** `nats-server` holds all of them. */
function clash(one: string, other: string): boolean {
  return one === other || one.startsWith(`${other} `) || other.startsWith(`${one} `);
}

function leavesEnough({ agents }: Arena, away: Set<string>): boolean {
  const segments = new Set(agents.flatMap((agent) => agent.segments));
  const groups = [...segments].map((segment) => agents.filter((agent) => agent.segments.includes(segment)));
  return [...groups.filter((group) => group.length > 1), agents].every(
    (group) => group.filter(({ name }) => away.has(name)).length <= group.length / 2,
  );
}
