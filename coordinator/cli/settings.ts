// Every option of the program, once: its flags, its help, how its text is read and its default, by groups of commands in
// settings/. The commander program, the environment, netsweep.yaml and the help are all made from these tables.
import { longName, NOTICES, type Settings } from '../config.js';
import { RUN } from './settings/run.js';
import { BACKUP } from './settings/schedule.js';
import { SERVE } from './settings/serve.js';

export { AUDIT_RUN, AUDIT_RUNS, AUDIT_TEST } from './settings/audit.js';
export { AUDITLOG } from './settings/auditlog.js';
export { CONNECTION } from './settings/connection.js';
export { ENDPOINT, LEARN, SCAN } from './settings/devices.js';
export { DIFF, HISTORY, SEARCH } from './settings/history.js';
export { INVENTORY, INVENTORY_GRAPH } from './settings/inventory.js';
export { ENROLL, REVOKE } from './settings/members.js';
export { AGENTS_DRAIN, DOCTOR } from './settings/operation.js';
export { FORMATS, NOTIFY, OUTPUT, ROWS, TABLE, TEMPLATES, WATCH } from './settings/output.js';
export { PARSE } from './settings/parse.js';
export { RUN } from './settings/run.js';
export { BACKUP, RUNS, SCHEDULE } from './settings/schedule.js';
export { LOGIN, OWN_PLATFORMS, PLATFORM, SELECTION } from './settings/selection.js';
export { SERVE } from './settings/serve.js';
export { ACTIONS, KEEP, SWEEP, TOLERANCE } from './settings/sweep.js';

/** Every key that netsweep.yaml may hold: ours, and those that only an agent reads. */
export const CONFIG_KEYS: ReadonlySet<string> = new Set([
  ...Object.values<Settings[string]>({ ...RUN, ...SERVE, ...BACKUP })
    .filter((setting) => !setting.once)
    .map(longName),
  NOTICES,
  'segment',
  'name',
  'memory-limit',
  'spool-limit',
  'agent-http',
  'agent-identity',
  'allow-targets',
  'allow-ports',
  'vault-addr',
  'vault-namespace',
  'vault-ca',
  'vault-token-file',
  'vault-role-id-file',
  'vault-secret-id-file',
  'rehearse',
]);
