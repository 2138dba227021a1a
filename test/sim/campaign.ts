// Many schedules, one after the other, and what is to be said of the first that goes wrong: its seed, what is left of
// its faults when those that do not matter are taken away, and the command that repeats it.
import { simulate } from './run.ts';
import { type FaultKind, type Schedule, scheduleOf } from './schedule.ts';
import type { Outcome } from './world.ts';

export const FAULT_KINDS = [
  'coordinator-killed',
  'coordinator-stopped',
  'agent-killed',
  'agent-stopped',
  'agent-drained',
  'host-stopped',
  'host-suspended',
  'worker-killed',
  'worker-stopped',
  'link-cut',
  'link-reset',
  'wall-stepped',
  'nats-killed',
  'nats-wiped',
  'nats-rolled-back',
  'nats-cut',
  'nats-mischief',
  'store-slow',
  'store-rolled-back',
  'cancelled',
] as const satisfies FaultKind[];

export interface Campaign {
  schedules: number;
  sessions: number;
  /** Outputs that travelled as their digest. */
  spared: number;
  /** Virtual time in ms. */
  virtualMs: number;
  realMs: number;
  fired: Map<FaultKind, number>;
  /** Of each schedule that broke a promise. */
  findings: string[];
}

/** Runs the schedules of `count` seeds; more than `findingsMost` of them that go wrong end it early. */
export async function campaign(first: number, count: number, findingsMost = 1): Promise<Campaign> {
  const began = performance.now();
  const fired = new Map<FaultKind, number>(FAULT_KINDS.map((kind) => [kind, 0]));
  const result: Campaign = {
    schedules: 0,
    sessions: 0,
    spared: 0,
    virtualMs: 0,
    realMs: 0,
    fired,
    findings: [],
  };
  for (let seed = first; seed < first + count && result.findings.length < findingsMost; seed++) {
    const outcome = await simulate(scheduleOf(seed));
    result.schedules += 1;
    result.sessions += outcome.sessions;
    result.spared += outcome.spared;
    result.virtualMs += outcome.tookMs;
    for (const kind of outcome.fired) fired.set(kind, (fired.get(kind) ?? 0) + 1);
    if (outcome.violations.length > 0) result.findings.push(await finding(scheduleOf(seed), outcome));
  }
  result.realMs = performance.now() - began;
  return result;
}

/** A table of one line each, for whoever reads the log. */
export function summary({
  schedules,
  sessions,
  spared,
  virtualMs,
  realMs,
  fired,
  findings,
}: Campaign): string {
  const days = (virtualMs / 86_400_000).toFixed(2);
  const seconds = (realMs / 1000).toFixed(1);
  return [
    `${schedules} schedules, ${findings.length} with violations, ${seconds} s (${days} virtual days, ${sessions} sessions, ${spared} outputs by digest)`,
    ...Array.from(fired, ([kind, times]) => `  ${kind.padEnd(20)} ${times}`),
  ].join('\n');
}

/** Everything about one seed, for whoever looks into it. */
export async function retold(seed: number): Promise<string> {
  const outcome = await simulate(scheduleOf(seed), true);
  const found =
    outcome.violations.length === 0 ? 'no promise was broken' : await finding(scheduleOf(seed), outcome);
  return [...outcome.trace, `trace ${outcome.digest}`, found].join('\n');
}

async function finding(schedule: Schedule, { violations }: Outcome): Promise<string> {
  const promise = violations[0]?.promise ?? '';
  const { faults } = await lessened(schedule, promise);
  return [
    `seed ${schedule.seed}:`,
    ...violations.map(({ promise: broken, at, words }) => `  ${broken} at ${Math.round(at)} ms: ${words}`),
    ...(faults.length > 0 ? ['  with'] : ['  without any fault']),
    ...faults.map((fault) => `    ${JSON.stringify(fault)}`),
    `  repeat it, with its trace: SIM_SEED=${schedule.seed} npm run simulate`,
  ].join('\n');
}

/** Without the faults that the same promise is broken without. */
async function lessened(schedule: Schedule, promise: string): Promise<Schedule> {
  let least = schedule;
  for (const fault of schedule.faults) {
    const fewer = { ...least, faults: least.faults.filter((other) => other !== fault) };
    const { violations } = await simulate(fewer);
    if (violations.some((violation) => violation.promise === promise)) least = fewer;
  }
  return least;
}
