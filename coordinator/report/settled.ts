// An audit whose devices are all judged, as every report reads it: figures at hand, verdicts one device after the
// other and as often as a report goes through them.
import type { Book } from '../audit/book.js';
import type { Audited } from '../audit/scopes.js';
import type { AuditTally } from '../audit/tally.js';
import type { Verdict } from '../audit/verdict.js';

export const AUDIT_FORMATS = ['text', 'json', 'ndjson', 'csv', 'junit', 'sarif'] as const;
export type AuditFormat = (typeof AUDIT_FORMATS)[number];

export interface Settled {
  book: Book;
  audited: readonly Audited[];
  tally: AuditTally;
  sweep: string;
  atMs: number;
  /** Of one device at a time, in the order of the inventory. */
  verdicts(): AsyncIterable<Verdict[]>;
}

/** What an inventory says of a device by a field that is a text. */
export function fieldText({ fields }: Pick<Audited, 'fields'>, name: string): string {
  const value = fields[name];
  return typeof value === 'string' ? value : '';
}

export function byName(audited: readonly Audited[]): ReadonlyMap<string, Audited> {
  return new Map(audited.map((one) => [one.name, one]));
}
