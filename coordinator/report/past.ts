// What earlier audits of the same policies leave for a report: how their scores went, and what has changed since the last.
import { foldNames } from '../nodeset/fold.js';
import { scoreText } from './standing.js';

const NAMES_WIDTH = 200;

export interface Past {
  /** Of this audit; null: it was not kept, or nothing was judged. */
  score: number | null;
  /** Oldest first, without this audit. */
  trend: readonly { atMs: number; score: number | null; findings: number }[];
  /** Since the audit before; null: there was none. */
  change: Change | null;
}

export interface Change {
  /** Of the audit before. */
  atMs: number;
  /** Findings that the audit before had not. */
  fresh: readonly Seen[];
  /** Findings that are none any more. */
  fixed: readonly Seen[];
  /** Findings that were there before. */
  open: number;
  /** Since when the oldest of those is there; null: there is none. */
  oldestMs: number | null;
}

export interface Seen {
  policy: string;
  rule: string;
  device: string;
  firstSeenMs: number;
}

export const NO_PAST: Past = { score: null, trend: [], change: null };

/** For programs; nothing where nothing is known. */
export function pastObject({ score, trend, change }: Past) {
  if (score === null && change === null) return {};
  return {
    score,
    trend: trend.map(({ atMs, ...one }) => ({ at: iso(atMs), ...one })),
    since: change && {
      at: iso(change.atMs),
      new: change.fresh.map(seenObject),
      fixed: change.fixed.map(seenObject),
      open: change.open,
      oldest: change.oldestMs === null ? null : iso(change.oldestMs),
    },
  };
}

const MOST_SCORES = 10;

/** For people. */
export function* pastLines({ score, trend, change }: Past): Generator<string> {
  if (change === null) return;
  const { fresh, fixed, open, oldestMs } = change;
  const oldest = oldestMs === null ? '' : `, the oldest since ${iso(oldestMs)}`;
  yield '';
  yield `since ${iso(change.atMs)}: ${fresh.length} new, ${fixed.length} fixed, ${open} still open${oldest}`;
  for (const [word, seen] of [
    ['new', fresh],
    ['fixed', fixed],
  ] as const)
    for (const [rule, devices] of byRule(seen)) yield `  ${word}: ${rule}  ${shortNames(devices)}`;
  const scores = trend.slice(-MOST_SCORES).map((one) => scoreText(one.score));
  yield `score: ${scoreText(score)} of 100 (before: ${scores.join(', ')})`;
}

/** Devices of each rule. */
export function byRule(seen: readonly Seen[]): Map<string, string[]> {
  const devices = new Map<string, string[]>();
  for (const { rule, device } of seen) {
    const known = devices.get(rule);
    if (known === undefined) devices.set(rule, [device]);
    else known.push(device);
  }
  return devices;
}

function shortNames(devices: readonly string[]): string {
  const names = foldNames(devices);
  const short = names.length > NAMES_WIDTH ? `${names.slice(0, NAMES_WIDTH)}...` : names;
  return devices.length > 1 ? `${short} (${devices.length})` : short;
}

function seenObject({ policy, rule, device, firstSeenMs }: Seen) {
  return { policy, rule, device, firstSeen: iso(firstSeenMs) };
}

function iso(atMs: number): string {
  return new Date(atMs).toISOString();
}
