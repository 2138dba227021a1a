// What is told of an audit: one digest, never an output, never a secret.
import type { StatusCounts } from '../audit/tally.js';
import type { Past, Seen } from '../report/past.js';
import type { Occasion } from './occasion.js';

/** Findings that are named in one notice; of the others there is the number. */
const MOST_NAMED = 50;

/** The keys and their order are part of the outside contract. */
export interface AuditNotice {
  notice: 1;
  kind: 'audit';
  /** ISO 8601. */
  at: string;
  subject: string;
  sweep: string;
  policies: string[];
  devices: number;
  score: number | null;
  counts: StatusCounts;
  /** Null: there was no audit to compare with. */
  new: Named | null;
  fixed: Named | null;
}

export interface Named {
  count: number;
  first: { policy: string; rule: string; device: string }[];
}

export interface AuditFigures {
  atMs: number;
  sweep: string;
  policies: string[];
  devices: number;
  counts: StatusCounts;
}

export function auditNotice(figures: AuditFigures, { score, change }: Past): AuditNotice {
  const { atMs, sweep, policies, devices, counts } = figures;
  const news = change === null ? '' : `, ${change.fresh.length} new, ${change.fixed.length} fixed`;
  return {
    notice: 1,
    kind: 'audit',
    at: new Date(atMs).toISOString(),
    subject: `audit ${policies.join(', ')}: ${counts.fail} findings${news} on ${devices} devices`,
    sweep,
    policies,
    devices,
    score,
    counts,
    new: change && named(change.fresh),
    fixed: change && named(change.fixed),
  };
}

/** `changes`: what is still as it was is not repeated. */
export function isAuditDue({ counts, new: fresh, fixed }: AuditNotice, occasion: Occasion): boolean {
  if (occasion === 'always') return true;
  const isWrong = counts.fail + counts.error > 0;
  if (occasion === 'findings' || fresh === null || fixed === null) return isWrong;
  return fresh.count + fixed.count > 0;
}

/** For people, below the subject. */
export function auditLines({ at, sweep, score, counts, new: fresh, fixed }: AuditNotice): string[] {
  const { fail, error, unknown, waived, pass } = counts;
  return [
    `${at}, sweep ${sweep}${score === null ? '' : `, score ${score} of 100`}`,
    `${fail} findings, ${error} errors, ${unknown} unknown, ${waived} waived, ${pass} passed`,
    ...lines('new', fresh),
    ...lines('fixed', fixed),
  ];
}

function lines(word: string, named: Named | null): string[] {
  if (named === null || named.count === 0) return [];
  const more = named.count - named.first.length;
  return [
    '',
    `${word}:`,
    ...named.first.map(({ policy, rule, device }) => `  ${rule} (${policy}) on ${device}`),
    ...(more > 0 ? [`  and ${more} more`] : []),
  ];
}

function named(seen: readonly Seen[]): Named {
  const first = seen.slice(0, MOST_NAMED).map(({ policy, rule, device }) => ({ policy, rule, device }));
  return { count: seen.length, first };
}
