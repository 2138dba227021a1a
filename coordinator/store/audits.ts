// Kept audits and open findings: rows of one message each, under a checksum. What the disk has changed is left out: an
// audit without its past says more than one with a wrong one.
import { deflateRawSync, inflateRawSync } from 'node:zlib';
import { KeptAudit, OpenFindings } from '../../proto/gen/netsweep/v1/audits.js';
import type { AuditWrite } from '../report/book.js';
import type { Sql } from './sql.js';
import { isIntact, sumOf } from './sums.js';

/** Latest audits that are kept. */
const KEPT_AUDITS = 1_000;

export function applyAudit(sql: Sql, write: AuditWrite): void {
  switch (write.write) {
    case 'audit':
      putAudit(sql, write.audit);
      break;
    case 'openFindings':
      putOpen(sql, write);
      break;
    default:
      write satisfies never;
  }
}

function putAudit(sql: Sql, audit: KeptAudit): void {
  const { line } = audit;
  const about = KeptAudit.encode(audit).finish();
  sql.run('INSERT INTO audits (line, about, sum) VALUES (?, ?, ?)', line, about, sumOf(line, about));
  sql.run(
    `DELETE FROM audits WHERE no <= (SELECT no FROM audits ORDER BY no DESC LIMIT 1 OFFSET ${KEPT_AUDITS})`,
  );
}

function putOpen(sql: Sql, { policy, rule, open }: AuditWrite & { write: 'openFindings' }): void {
  if (open.devices.length === 0) {
    sql.run('DELETE FROM open_findings WHERE policy = ? AND rule = ?', policy, rule);
    return;
  }
  const about = deflateRawSync(OpenFindings.encode(open).finish(), { level: 1 });
  const values = [policy, rule, about] as const;
  sql.run('INSERT OR REPLACE INTO open_findings VALUES (?, ?, ?, ?)', ...values, sumOf(...values));
}

export function audits(sql: Sql, of: string | null, limit: number): KeptAudit[] {
  const rows = sql.all<{ line: string; about: Uint8Array; sum: number }>(
    `SELECT line, about, sum FROM audits WHERE ${of === null ? '? IS NULL' : 'line = ?'} ORDER BY no DESC LIMIT ?`,
    of,
    limit,
  );
  return rows.flatMap(({ line, about, sum }) =>
    isIntact(sum, line, about) ? [KeptAudit.decode(about)] : [],
  );
}

export function openFindings(sql: Sql, policy: string, rule: string): OpenFindings {
  const row = sql.get<{ about: Uint8Array; sum: number }>(
    'SELECT about, sum FROM open_findings WHERE policy = ? AND rule = ?',
    policy,
    rule,
  );
  if (row === undefined || !isIntact(row.sum, policy, rule, row.about)) return OpenFindings.create();
  return OpenFindings.decode(inflateRawSync(row.about));
}
