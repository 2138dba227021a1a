// Judges one sweep under faults by three witnesses that know nothing of each other: what was printed, what the
// store holds, what reached the devices; together with what the driver broke and what the kernel showed of who held
// which connection. Pure: it is itself tested with stories in which something is wrong.
import type { Result } from '../cluster.ts';
import type { Stop } from './arena.ts';
import type { Made } from './driver.ts';
import type { FleetLog, Visit } from './visits.ts';
import type { Holder } from './watch.ts';

export interface Story {
  selected: Plan[];
  commands: string[];
  printed: Result[];
  /** When each was printed; monotonic ms. */
  printedAt: ReadonlyMap<string, number>;
  stored: Result[];
  /** Of `sweeps show`, `selected` among them. */
  counts: Record<string, number>;
  log: FleetLog;
  holder: (visit: Visit) => Holder | null;
  faults: Made[];
  stops: Stop[];
}

export interface Plan {
  name: string;
  /** `ok`, or the kind of its failure. */
  ending: string;
  /** What it prints for the command. */
  output(command: string): string;
}

export interface Finding {
  rule: Rule;
  device: string;
  what: string;
}

export const RULES = [
  'lost',
  'twice',
  'ending',
  'bytes',
  'witnesses differ',
  'overlap',
  'touched again',
  'rework without a fault',
  'stale result',
  'secret',
  'worker died',
] as const;
export type Rule = (typeof RULES)[number];

export interface Verdict {
  findings: Finding[];
  /** Visits beyond those that an attempt is counted for. */
  rework: number;
  /** Devices in flight, summed over the faults that cut. */
  inFlight: number;
  byKind: Map<string, { inFlight: number; rework: number }>;
  /** Visits that began while a stopped process still had its connection to the device. */
  besideStopped: number;
  visits: number;
}

/** How long after a fault's end its cuts may show, in ms: an agent finds out with its next renewal. */
const AFTERMATH_MS = 3_000;
/** How long a result may lie unacknowledged and unprinted, in ms. */
const UNPRINTED_MS = 180_000;

export function check(story: Story): Verdict {
  const visits = byDevice(story.log.visits, ({ device }) => device);
  const meetings = meetingsOf(story, visits);
  const work = reworkOf(story, visits);
  const findings = [
    ...ledgerFindings(story),
    ...endingFindings(story, visits),
    ...meetings.findings,
    ...againFindings(story, visits),
    ...work.findings,
  ];
  const { rework, inFlight, byKind } = work;
  return {
    findings,
    rework,
    inFlight,
    byKind,
    besideStopped: meetings.excused,
    visits: story.log.visits.length,
  };
}

/** Each selected device once on every witness that keeps records. */
function ledgerFindings({ selected, printed, stored, counts }: Story): Finding[] {
  const findings: Finding[] = [];
  const [onPaper, onDisk] = [printed, stored].map((list) => byDevice(list, ({ device }) => device));
  for (const { name } of selected) {
    for (const [where, records] of [
      ['printed', onPaper?.get(name) ?? []],
      ['stored', onDisk?.get(name) ?? []],
    ] as const) {
      if (records.length === 0) findings.push({ rule: 'lost', device: name, what: `not ${where}` });
      if (records.length > 1)
        findings.push({ rule: 'twice', device: name, what: `${where} ${records.length} times` });
    }
    const [paper] = onPaper?.get(name) ?? [];
    const [disk] = onDisk?.get(name) ?? [];
    if (paper && disk && JSON.stringify(paper) !== JSON.stringify(disk))
      findings.push({ rule: 'witnesses differ', device: name, what: 'stored otherwise than printed' });
  }
  const known = new Set(selected.map(({ name }) => name));
  for (const { device } of [...printed, ...stored])
    if (!known.has(device)) findings.push({ rule: 'twice', device, what: 'was not selected' });
  const { selected: total, ...states } = counts;
  const told = Object.fromEntries(Object.entries(states).filter(([, count]) => count > 0));
  const seen: Record<string, number> = {};
  for (const { status } of printed) seen[status] = (seen[status] ?? 0) + 1;
  if (total !== selected.length || !sameCounts(told, seen))
    findings.push({
      rule: 'witnesses differ',
      device: '',
      what: `counts ${JSON.stringify({ counts, seen })}`,
    });
  return findings;
}

function endingFindings({ selected, printed, commands }: Story, visits: Map<string, Visit[]>): Finding[] {
  const results = new Map(printed.map((result) => [result.device, result]));
  return selected.flatMap((plan): Finding[] => {
    const device = plan.name;
    const result = results.get(device);
    if (result === undefined) return [];
    const { status, failure, outputs } = result;
    const ending = failure?.kind ?? status;
    if (ending !== plan.ending) {
      const told = failure === null ? '' : ` (${failure.stage}): ${failure.message}`;
      return [{ rule: 'ending', device, what: `${status} ${ending}${told} instead of ${plan.ending}` }];
    }
    const sent = outputs.map(({ command }) => command);
    if (new Set(sent).size !== sent.length) return [{ rule: 'twice', device, what: `outputs ${sent}` }];
    if (status !== 'ok') return [];
    const whole = (visits.get(device) ?? []).some(({ said }) =>
      commands.every((command) => said.some((one) => one.command === command)),
    );
    if (!whole)
      return [{ rule: 'witnesses differ', device, what: 'ok, but never asked everything in one visit' }];
    return commands.flatMap((command): Finding[] => {
      const output = outputs.find((one) => one.command === command);
      if (output === undefined) return [{ rule: 'lost', device, what: `no output of ${command}` }];
      if (output.status === 'complete' && output.output === plan.output(command)) return [];
      return [{ rule: 'bytes', device, what: `${command}: ${output.status}, ${output.bytes} other bytes` }];
    });
  });
}

/**
 * No device meets two sessions of ours. A stopped process can't close what it has, so a visit beside one of its own
 * is let pass, if the stopped one sends no command after it and its result is not taken.
 */
function meetingsOf(
  { log, holder, stops, printed }: Story,
  visits: Map<string, Visit[]>,
): { findings: Finding[]; excused: number } {
  const findings: Finding[] = [];
  const excusedOf = new Set<string>();
  let excused = 0;
  for (const [device, all] of visits) {
    for (const [n, later] of all.entries()) {
      for (const earlier of all.slice(0, n).filter(({ to }) => to > later.from)) {
        const held = holder(earlier);
        const stopped = stops.some(
          ({ pid, from, to }) => pid === held?.worker && from <= later.from && later.from <= to,
        );
        const spoke = earlier.said.some(({ at }) => at >= later.from);
        if (!stopped || spoke) {
          const how = spoke ? 'which then spoke' : `held by ${JSON.stringify(held)}`;
          const [since, until] = [later.from - earlier.from, earlier.to - later.from];
          const what = `a visit ${since.toFixed(0)} ms after another, which lasted ${until.toFixed(0)} ms more, ${how}`;
          findings.push({ rule: 'overlap', device, what });
          continue;
        }
        excused += 1;
        excusedOf.add(device);
        const result = printed.find((one) => one.device === device);
        const others = all.some((visit) => visit !== earlier && holder(visit)?.agent === held?.agent);
        if (result !== undefined && result.agent === held?.agent && !others)
          findings.push({ rule: 'stale result', device, what: `taken from the stopped ${held.agent}` });
      }
    }
  }
  for (const device of log.met)
    if (!excusedOf.has(device) && !findings.some((finding) => finding.device === device))
      findings.push({ rule: 'overlap', device, what: 'by the word of the fleet' });
  return { findings, excused };
}

/** What has been printed is on disk, and its device is never visited again. */
function againFindings({ printedAt }: Story, visits: Map<string, Visit[]>): Finding[] {
  return [...visits].flatMap(([device, all]) =>
    all.flatMap(({ from }): Finding[] => {
      const at = printedAt.get(device) ?? Infinity;
      const what = `visited ${(from - at).toFixed(0)} ms after its result was printed`;
      return from > at ? [{ rule: 'touched again', device, what }] : [];
    }),
  );
}

/** Every visit beyond the counted attempts has a fault that may have cut the one before. */
function reworkOf(
  { printed, printedAt, holder, faults, selected }: Story,
  visits: Map<string, Visit[]>,
): Pick<Verdict, 'findings' | 'rework' | 'inFlight' | 'byKind'> {
  const byKind: Verdict['byKind'] = new Map();
  const cuts = new Map<string, Made[]>();
  let inFlight = 0;
  for (const fault of faults.filter(({ reach }) => reach.of !== 'nobody')) {
    const row = byKind.get(fault.kind) ?? { inFlight: 0, rework: 0 };
    byKind.set(fault.kind, row);
    for (const [device, all] of visits) {
      const mine = all.filter((visit) => reaches(fault, holder(visit)));
      const at = mine.some((visit) => isInFlight(fault.from, fault.from, visit, all, printedAt.get(device)));
      if (at) row.inFlight += 1;
      if (at) inFlight += 1;
      const until = fault.to + AFTERMATH_MS;
      if (at || mine.some((visit) => isInFlight(fault.from, until, visit, all, printedAt.get(device))))
        cuts.set(device, [...(cuts.get(device) ?? []), fault]);
    }
  }
  const attempts = new Map(printed.map((result) => [result.device, result.attempts]));
  const findings: Finding[] = [];
  let rework = 0;
  for (const { name } of selected) {
    const all = visits.get(name) ?? [];
    const extra = Math.max(0, all.length - Math.max(1, attempts.get(name) ?? 1));
    if (extra === 0) continue;
    rework += extra;
    const mine = cuts.get(name) ?? [];
    for (const visit of all.slice(-extra)) {
      const row = byKind.get(causeOf(visit, all, mine)?.kind ?? '');
      if (row !== undefined) row.rework += 1;
    }
    if (extra > mine.length) {
      const times = all.map(({ from, to }) => `${from.toFixed(0)}-${to.toFixed(0)}`).join(' ');
      const what = `visited ${all.length} times (${times}), cut ${mine.length} times`;
      findings.push({ rule: 'rework without a fault', device: name, what });
    }
  }
  return { findings, rework, inFlight, byKind };
}

/** Of the faults that may have cut the visit before this one, the one that was nearest to its end. */
function causeOf(visit: Visit, all: Visit[], faults: Made[]): Made | undefined {
  const before = all[all.indexOf(visit) - 1];
  const apart = ({ from }: Made) => Math.abs((before?.to ?? 0) - from);
  return faults.filter(({ from }) => from <= visit.from).sort((one, other) => apart(one) - apart(other))[0];
}

/** Open between the two instants, or ended before and not yet printed at the first, without another visit since. */
function isInFlight(from: number, until: number, visit: Visit, all: Visit[], printedAt = Infinity): boolean {
  if (visit.from <= until && visit.to >= from) return true;
  if (visit.to > from || visit.to < from - UNPRINTED_MS || printedAt <= from) return false;
  return !all.some((other) => other.from > visit.from && other.from <= from);
}

/** One that was never seen may have been anybody's. */
function reaches({ reach }: Made, held: Holder | null): boolean {
  if (reach.of === 'everybody' || held === null) return reach.of !== 'nobody';
  if (reach.of === 'agent') return held.agentPid === reach.pid;
  return reach.of === 'worker' && held.worker === reach.pid;
}

function byDevice<T>(list: readonly T[], device: (one: T) => string): Map<string, T[]> {
  const map = new Map<string, T[]>();
  for (const one of list) {
    const there = map.get(device(one));
    if (there === undefined) map.set(device(one), [one]);
    else there.push(one);
  }
  return map;
}

function sameCounts(one: Record<string, number>, other: Record<string, number>): boolean {
  const keys = new Set([...Object.keys(one), ...Object.keys(other)]);
  return [...keys].every((key) => one[key] === other[key]);
}
