// An audit for programs. The keys and their order are part of the outside contract.
import type { Book } from './book.js';
import { slowRules } from './report.js';
import type { AuditTally } from './tally.js';

/** Everything but the verdicts, which are a list beside it. */
export function auditObject(book: Book, tally: AuditTally, { sweep, atMs }: { sweep: string; atMs: number }) {
  const slow = new Set(slowRules(book, tally).map(({ id }) => id));
  return {
    audit: {
      sweep,
      at: new Date(atMs).toISOString(),
      policies: book.policies,
      devices: tally.devices,
    },
    counts: tally.counts,
    rules: book.rules.map(({ policy, id, severity, title }, number) => {
      const one = tally.rules[number];
      return {
        policy,
        rule: id,
        severity,
        title,
        counts: one?.counts ?? null,
        totalMs: Math.round(one?.totalMs ?? 0),
        slowestMs: Math.round(one?.slowestMs ?? 0),
        slowestDevice: one?.slowestDevice || null,
        slow: slow.has(id),
      };
    }),
  };
}
