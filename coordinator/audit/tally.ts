// What an audit came to, in numbers: verdicts by rule, and how long each rule took. Pure; holds no verdict.
import type { Book } from './book.js';
import { isAtLeast, type Severity, type VerdictStatus } from './verdict.js';

export type StatusCounts = Record<VerdictStatus, number>;

export interface RuleTally {
  counts: StatusCounts;
  totalMs: number;
  slowestMs: number;
  /** Where it was slowest. */
  slowestDevice: string;
  /** Devices on which it was stopped because it took too long, or too much memory. */
  stopped: number;
}

export class AuditTally {
  readonly rules: RuleTally[];
  /** Devices that were judged by a rule at least. */
  devices = 0;

  constructor(private readonly book: Book) {
    this.rules = book.rules.map(() => ({
      counts: noCounts(),
      totalMs: 0,
      slowestMs: 0,
      slowestDevice: '',
      stopped: 0,
    }));
  }

  add(rule: number, status: VerdictStatus): void {
    const tally = this.rules[rule];
    if (tally !== undefined) tally.counts[status]++;
  }

  time(rule: number, ms: number, device: string): void {
    const tally = this.rules[rule];
    if (tally === undefined) return;
    tally.totalMs += ms;
    if (ms <= tally.slowestMs) return;
    tally.slowestMs = ms;
    tally.slowestDevice = device;
  }

  stop(rule: number): void {
    const tally = this.rules[rule];
    if (tally !== undefined) tally.stopped++;
  }

  get counts(): StatusCounts {
    return sum(this.rules.map(({ counts }) => counts));
  }

  /** Verdicts that are not as they should be, of rules at least this grave: failures, and what could not be evaluated. */
  wrong(least: Severity): number {
    return this.book.rules
      .map((rule, number) => ({ rule, counts: this.rules[number]?.counts ?? noCounts() }))
      .filter(({ rule }) => isAtLeast(rule.severity, least))
      .reduce((all, { counts }) => all + counts.fail + counts.error, 0);
  }

  findingsOf(severity: Severity): number {
    return this.rules.reduce(
      (all, { counts }, number) => all + (this.book.rules[number]?.severity === severity ? counts.fail : 0),
      0,
    );
  }
}

function noCounts(): StatusCounts {
  return { pass: 0, fail: 0, error: 0, unknown: 0, waived: 0, 'not-applicable': 0 };
}

function sum(all: readonly StatusCounts[]): StatusCounts {
  const total = noCounts();
  for (const counts of all)
    for (const status of Object.keys(total) as VerdictStatus[]) total[status] += counts[status];
  return total;
}
