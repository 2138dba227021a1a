// A sweep as a JUnit report: one test case for each device, so that CI systems show what failed.
import { type Report, Status } from '../../proto/gen/netsweep/v1/model.js';
import type { Sweep } from '../../proto/gen/netsweep/v1/sweeps.js';
import { label } from '../../proto/label.js';
import { isoTime } from './result.js';

/** Not allowed in XML 1.0, not even escaped. */
const ILLEGAL = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g;

export function junitOpen({ id, counts, startedAtMs, endedAtMs }: Sweep): string {
  const selected = counts?.selected ?? 0;
  const skipped = (counts?.skipped ?? 0) + (counts?.cancelled ?? 0);
  const failures = selected - skipped - (counts?.ok ?? 0);
  const figures = `tests="${selected}" failures="${failures}" errors="0" skipped="${skipped}"`;
  const seconds = secondsText(Math.max(0, endedAtMs - startedAtMs));
  return (
    '<?xml version="1.0" encoding="UTF-8"?>\n' +
    `<testsuites name="netsweep" ${figures} time="${seconds}">\n` +
    `<testsuite name="sweep ${escapeXml(id)}" ${figures} time="${seconds}" timestamp="${isoTime(startedAtMs) ?? ''}">\n`
  );
}

export function junitCase(report: Report): string {
  const { device, durationMs } = report;
  const name = `name="${escapeXml(device?.name ?? '')}"`;
  const open = `<testcase classname="netsweep.${escapeXml(device?.segment ?? '')}" ${name} time="${secondsText(durationMs)}"`;
  const inner = outcome(report);
  return inner === '' ? `${open}/>\n` : `${open}>${inner}</testcase>\n`;
}

export function junitClose(): string {
  return '</testsuite>\n</testsuites>\n';
}

function outcome({ status, failure, outputs }: Report): string {
  const type = failure === undefined ? label('STATUS', status) : label('KIND', failure.kind);
  const message = failure?.message ?? label('STATUS', status);
  switch (status) {
    case Status.OK:
      return '';
    case Status.SKIPPED:
    case Status.CANCELLED:
      return `<skipped message="${escapeXml(`${type}: ${message}`)}"/>`;
    case Status.SUSPECT: {
      const unproved = outputs.filter(({ proof }) => label('PROOF', proof) !== 'complete');
      const commands = unproved.map(({ command }) => command).join(', ');
      return `<failure type="suspect" message="${escapeXml(`not proved whole: ${commands}`)}"/>`;
    }
    default: {
      const stage = failure === undefined ? '' : ` (${label('STAGE', failure.stage)})`;
      return `<failure type="${type}" message="${escapeXml(message)}">${escapeXml(`${type}${stage}: ${message}`)}</failure>`;
    }
  }
}

function secondsText(ms: number): string {
  return (ms / 1000).toFixed(3);
}

export function escapeXml(text: string): string {
  return text
    .replace(ILLEGAL, '\ufffd')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll('\n', '&#10;')
    .replaceAll('\r', '&#13;');
}
