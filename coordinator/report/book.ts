// Where kept audits and open findings lie, as those see it who keep and read them. What is handed to one `commit` is
// true together or not at all.
import type { KeptAudit, OpenFindings } from '../../proto/gen/netsweep/v1/audits.js';

export type AuditWrite =
  | { write: 'audit'; audit: KeptAudit }
  | { write: 'openFindings'; policy: string; rule: string; open: OpenFindings };

export interface AuditBook {
  /** Newest first; of one line, or all. */
  audits(line: string | null, limit: number): Promise<KeptAudit[]>;
  /** Of one rule; none where the disk has changed them. */
  openFindings(policy: string, rule: string): Promise<OpenFindings>;
  commit(writes: AuditWrite[]): Promise<unknown>;
}
