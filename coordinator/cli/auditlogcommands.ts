// The audit log in the tree of commands.
import type { Command } from 'commander';
import { addCommand, type Edge } from './command.js';
import { AUDITLOG } from './settings.js';

export function addAuditLog(program: Command, edge: Edge): void {
  const log = program.command('auditlog').description('the record of who did what, when and on which device');
  addCommand(log, edge, {
    usage: 'show',
    about: 'its records, oldest first, from the files of the state directory; doctor --audit-log checks them',
    settings: AUDITLOG,
    examples: [
      'netsweep auditlog show -d R7 --since 7d',
      'netsweep auditlog show --sweep last --act submit,attempt',
      'netsweep auditlog show --by alice --state /var/lib/netsweep --json',
    ],
    act: async (call) => (await import('./auditlog.js')).showAuditLog(call),
  });
}
