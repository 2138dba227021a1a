// Which versions a coordinator that is started keeps, as the options say it.
import type { Values } from '../config.js';
import type { Keep } from '../store/versions.js';
import type { KEEP } from './settings.js';

export function keepBy({ keepVersions, keepDays, keepAuditDays }: Values<typeof KEEP>): Keep {
  return { versions: keepVersions, days: keepDays, auditDays: keepAuditDays };
}
