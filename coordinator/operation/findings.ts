// How many findings are open, of each severity: those of the last audit of each line. Read from the store when somebody
// asks, and again only when another audit has been kept.
import type { KeptAudit } from '../../proto/gen/netsweep/v1/audits.js';
import { Counts } from '../../proto/operation/metric.js';
import type { AuditBook } from '../report/book.js';

const SEVERITIES = ['critical', 'high', 'medium', 'low'] as const;
/** Kept audits that are looked through, newest first. */
const LOOKED_AT = 500;

export class Findings {
  #read: Promise<Counts> | null = null;

  constructor(private readonly book: Pick<AuditBook, 'audits'>) {}

  read(): Promise<Counts> {
    this.#read ??= this.book.audits(null, LOOKED_AT).then(summed, () => {
      this.#read = null;
      return new Counts(SEVERITIES);
    });
    return this.#read;
  }

  /** Another audit is kept. */
  changed(): void {
    this.#read = null;
  }
}

function summed(audits: KeptAudit[]): Counts {
  const counts = new Counts(SEVERITIES);
  const lines = new Set<string>();
  for (const { line, counts: found } of audits) {
    if (lines.has(line)) continue;
    lines.add(line);
    for (const severity of SEVERITIES) counts.add(severity, found?.[severity] ?? 0);
  }
  return counts;
}
