// What earlier audits of the same policies leave for a report: how their scores went, and what has changed since the last.

export interface Past {
  /** Oldest first, without this audit. */
  trend: readonly { atMs: number; score: number | null; findings: number }[];
  /** Since the audit before; null: there was none. */
  change: Change | null;
}

export interface Change {
  /** Of the audit before. */
  atMs: number;
  /** Of open findings, by key in hex: when each was first seen, Unix ms. */
  firstSeen: ReadonlyMap<string, number>;
  /** Open findings that the audit before had not. */
  fresh: ReadonlySet<string>;
  fixed: readonly Fixed[];
}

/** A finding that is none any more. */
export interface Fixed {
  policy: string;
  rule: string;
  device: string;
  firstSeenMs: number;
}

export const NO_PAST: Past = { trend: [], change: null };
