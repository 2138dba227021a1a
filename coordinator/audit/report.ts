// An audit for people: findings by severity with what they are about, then what could not be evaluated or is not known,
// what is waived, and the figures of each rule. Devices with the same evidence stand together.

import { type Column, tableLines } from '../combine/table.js';
import { count } from '../inventory/wording.js';
import { foldNames } from '../nodeset/fold.js';
import type { Book } from './book.js';
import { evidenceLine } from './evidence.js';
import type { AuditTally, RuleTally } from './tally.js';
import { SEVERITIES, type Severity, type Verdict, type VerdictStatus } from './verdict.js';

/** Distinct evidences of a rule that are kept for people; the devices of the others are named together. */
const MOST_GROUPS = 200;
const MOST_LINES = 5;
const NAMES_WIDTH = 200;
/** From here on a rule is called slow. */
const SLOW_MS = 250;
/** Or if it takes so long on each device. */
const SLOW_EACH_MS = 20;
const MOST_SLOW = 10;

interface GroupOfDevices {
  lines: string[];
  devices: string[];
}

/** Verdicts of one rule and one status. */
export interface Section {
  rule: Pick<Verdict, 'rule' | 'title' | 'severity' | 'remedy' | 'reference'>;
  groups: Map<string, GroupOfDevices>;
  others: string[];
  devices: number;
}

export class Findings {
  readonly #sections = new Map<string, Section>();

  add(verdict: Verdict): void {
    const { status, rule, device } = verdict;
    if (status === 'pass' || status === 'not-applicable') return;
    const key = `${status} ${rule}`;
    const section: Section = this.#sections.get(key) ?? {
      rule: verdict,
      groups: new Map(),
      others: [],
      devices: 0,
    };
    this.#sections.set(key, section);
    section.devices++;
    const lines = linesOf(verdict);
    const text = lines.join('\n');
    const group = section.groups.get(text);
    if (group !== undefined) group.devices.push(device);
    else if (section.groups.size < MOST_GROUPS) section.groups.set(text, { lines, devices: [device] });
    else section.others.push(device);
  }

  /** By severity, the gravest first; in it by the number of devices. */
  sections(status: VerdictStatus): Section[] {
    return [...this.#sections]
      .filter(([key]) => key.startsWith(`${status} `))
      .map(([, section]) => section)
      .sort((a, b) => grave(b.rule.severity) - grave(a.rule.severity) || b.devices - a.devices);
  }
}

/** All lines of the report. */
export function* reportLines(findings: Findings, book: Book, tally: AuditTally): Generator<string> {
  for (const severity of [...SEVERITIES].reverse()) {
    const sections = findings.sections('fail').filter(({ rule }) => rule.severity === severity);
    if (sections.length === 0) continue;
    yield `${severity}: ${count(tally.findingsOf(severity), 'finding')}`;
    for (const section of sections) yield* sectionLines(section, true);
    yield '';
  }
  for (const [status, title] of OTHERS) {
    const sections = findings.sections(status);
    if (sections.length === 0) continue;
    yield `${title}: ${tally.counts[status]}`;
    for (const section of sections) yield* sectionLines(section, false);
    yield '';
  }
  yield* tableLines(COLUMNS, rowsOf(book, tally));
  yield* slowLines(book, tally);
}

/** `12 findings (2 critical, 10 low), 3 errors, 1 unknown, 4 waived, 480 passed on 12 devices`. */
export function summaryLine(tally: AuditTally): string {
  const { counts, devices } = tally;
  const grades = [...SEVERITIES].reverse().flatMap((severity) => {
    const findings = tally.findingsOf(severity);
    return findings === 0 ? [] : [`${findings} ${severity}`];
  });
  const parts = [
    `${count(counts.fail, 'finding')}${grades.length === 0 ? '' : ` (${grades.join(', ')})`}`,
    ...(counts.error === 0 ? [] : [count(counts.error, 'error')]),
    ...(counts.unknown === 0 ? [] : [`${counts.unknown} unknown`]),
    ...(counts.waived === 0 ? [] : [`${counts.waived} waived`]),
    `${counts.pass} passed`,
  ];
  return `${parts.join(', ')} on ${count(devices, 'device')}`;
}

const OTHERS: [status: VerdictStatus, title: string][] = [
  ['error', 'could not be evaluated'],
  ['unknown', 'unknown, as there is no whole output'],
  ['waived', 'waived'],
];

function* sectionLines({ rule, groups, others }: Section, advice: boolean): Generator<string> {
  yield `  ${rule.rule}  ${rule.title}`;
  for (const { lines, devices } of groups.values()) {
    yield `    ${named(devices)}`;
    for (const line of lines) yield `      ${line}`;
  }
  if (others.length > 0) yield `    ${named(others)}: other evidence (--format json tells it)`;
  if (!advice) return;
  if (rule.remedy !== null) for (const line of rule.remedy.split('\n')) yield `    remedy: ${line}`;
  if (rule.reference !== null) yield `    reference: ${rule.reference}`;
}

function linesOf({ evidence, waiver }: Verdict): string[] {
  const by = waiver === null ? [] : [`by ${waiver.owner} until ${waiver.expires}: ${waiver.reason}`];
  const lines = evidence.slice(0, MOST_LINES).map(evidenceLine);
  const more = evidence.length - lines.length;
  return [...by, ...lines, ...(more > 0 ? [`and ${more} more`] : [])];
}

function named(devices: readonly string[]): string {
  const names = foldNames(devices);
  const short = names.length > NAMES_WIDTH ? `${names.slice(0, NAMES_WIDTH)}...` : names;
  return devices.length > 1 ? `${short} (${devices.length})` : short;
}

interface Row extends RuleTally {
  id: string;
  severity: Severity;
}

const COLUMNS: Column<Row>[] = [
  { title: 'RULE', cell: ({ id }) => id },
  { title: 'SEVERITY', cell: ({ severity }) => severity },
  { title: 'PASS', cell: ({ counts }) => String(counts.pass), right: true },
  { title: 'FAIL', cell: ({ counts }) => String(counts.fail), right: true },
  { title: 'ERROR', cell: ({ counts }) => String(counts.error), right: true },
  { title: 'UNKNOWN', cell: ({ counts }) => String(counts.unknown), right: true },
  { title: 'WAIVED', cell: ({ counts }) => String(counts.waived), right: true },
  { title: 'N/A', cell: ({ counts }) => String(counts['not-applicable']), right: true },
];

function rowsOf({ rules }: Book, tally: AuditTally): Row[] {
  return rules.flatMap(({ id, severity }, number) => {
    const one = tally.rules[number];
    return one === undefined ? [] : [{ id, severity, ...one }];
  });
}

/** Rules that held the others up, the slowest first. */
export function slowRules(book: Book, tally: AuditTally): Row[] {
  return rowsOf(book, tally)
    .filter(({ slowestMs, totalMs, stopped }) => {
      const each = totalMs / Math.max(1, tally.devices);
      return slowestMs >= SLOW_MS || each >= SLOW_EACH_MS || stopped > 0;
    })
    .sort((a, b) => b.slowestMs - a.slowestMs)
    .slice(0, MOST_SLOW);
}

function* slowLines(book: Book, tally: AuditTally): Generator<string> {
  const slow = slowRules(book, tally);
  if (slow.length > 0) yield '';
  for (const { id, slowestMs, slowestDevice, totalMs, stopped } of slow) {
    const ended = stopped === 0 ? '' : `, stopped on ${count(stopped, 'device')}`;
    yield `slow: ${id} took ${Math.round(slowestMs)} ms on ${slowestDevice}, ${(totalMs / 1000).toFixed(1)} s in all${ended}`;
  }
}

function grave(severity: Severity): number {
  return SEVERITIES.indexOf(severity);
}
