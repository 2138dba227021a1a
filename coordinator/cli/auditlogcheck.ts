// `netsweep doctor --audit-log`: says of every audit log of a state directory whether it is what was written to it.
import { relative } from 'node:path';
import { type Checked, checkLogs } from '../auditlog/check.js';
import type { Call } from './command.js';
import { EXIT, type ExitCode, UsageError } from './exit.js';
import { printLines } from './print.js';
import type { DOCTOR } from './settings.js';

export async function checkAuditLogs({ values }: Call<typeof DOCTOR>): Promise<ExitCode> {
  const { state, keyFile, auditKey, auditHeads, json } = values;
  const logs = await checkLogs({ state, keyFile, keys: auditKey, heads: auditHeads });
  if (logs.length === 0) throw new UsageError(`there is no audit log in ${state}`);
  await printLines(json ? [JSON.stringify(logs, null, 2)] : logs.flatMap(linesOf));
  return logs.some(({ findings }) => findings.length > 0) ? EXIT.failures : EXIT.ok;
}

function linesOf(log: Checked): string[] {
  const { directory, findings, notes, records, files, first, last, unknown, anchors } = log;
  const path = (file: string) => relative(process.cwd(), `${directory}/${file}`) || file;
  const summary = `${directory}: ${records} records (${first} to ${last}) in ${files} files`;
  const verdict = findings.length === 0 ? 'nothing was changed' : 'NOT what was written';
  return [
    `${summary}: ${verdict}`,
    ...findings.map(({ file, line, kind, message }) => `${path(file)}:${line}: ${kind}: ${message}`),
    ...(unknown > 0 ? [`${unknown} records of acts that were begun and that the store does not know`] : []),
    ...heldAgainst(anchors),
    ...notes.map((note) => `note: ${note}`),
  ];
}

function heldAgainst(anchors: readonly string[]): string[] {
  const counts = new Map<string, number>();
  for (const from of anchors) {
    const where = from.replace(/:\d+$/, '');
    counts.set(where, (counts.get(where) ?? 0) + 1);
  }
  return [...counts].map(([where, count]) =>
    count === 1 ? `held against the head in ${where}` : `held against ${count} heads in ${where}`,
  );
}
