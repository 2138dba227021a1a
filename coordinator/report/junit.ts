// An audit as a JUnit report: a suite for each device, a test case for each rule. What fails is a failure, what can't
// be evaluated an error; what is unknown, waived or not applicable is skipped, and says why.
import { evidenceLine } from '../audit/evidence.js';
import type { StatusCounts } from '../audit/tally.js';
import type { Verdict } from '../audit/verdict.js';
import { escapeXml } from '../combine/junit.js';
import { byName, fieldText, type Settled } from './settled.js';

export async function* junitReport(settled: Settled): AsyncGenerator<string> {
  const { audited, tally, sweep, atMs, verdicts } = settled;
  const of = byName(audited);
  const at = new Date(atMs).toISOString();
  yield '<?xml version="1.0" encoding="UTF-8"?>\n';
  yield `<testsuites name="netsweep audit of ${escapeXml(sweep)}" ${figures(tally.counts)}>\n`;
  for await (const ofDevice of verdicts()) {
    const device = ofDevice[0]?.device ?? '';
    const about = of.get(device);
    const segment = about === undefined ? '' : fieldText(about, 'segment');
    yield `<testsuite name="${escapeXml(device)}" ${figures(counted(ofDevice))} timestamp="${at}">\n` +
      `<properties><property name="segment" value="${escapeXml(segment)}"/></properties>\n` +
      ofDevice.map(testCase).join('') +
      '</testsuite>\n';
  }
  yield '</testsuites>\n';
}

function figures(counts: StatusCounts): string {
  const { fail, error, unknown, waived, pass, 'not-applicable': none } = counts;
  const skipped = unknown + waived + none;
  return `tests="${fail + error + pass + skipped}" failures="${fail}" errors="${error}" skipped="${skipped}" time="0"`;
}

function counted(verdicts: readonly Verdict[]): StatusCounts {
  const counts = { pass: 0, fail: 0, error: 0, unknown: 0, waived: 0, 'not-applicable': 0 };
  for (const { status } of verdicts) counts[status]++;
  return counts;
}

function testCase(verdict: Verdict): string {
  const { policy, rule, title, device } = verdict;
  const name = `${rule}: ${title}`;
  const open = `<testcase classname="${escapeXml(`${policy}.${device}`)}" name="${escapeXml(name)}" time="0"`;
  const inner = outcome(verdict);
  return inner === '' ? `${open}/>\n` : `${open}>${inner}</testcase>\n`;
}

function outcome({ status, severity, evidence, waiver, remedy, reference }: Verdict): string {
  const lines = evidence.map(evidenceLine);
  const message = lines[0] ?? status;
  const advice = [
    ...(remedy === null ? [] : [`remedy: ${remedy}`]),
    ...(reference === null ? [] : [`reference: ${reference}`]),
  ];
  const text = [...lines, ...advice].join('\n');
  switch (status) {
    case 'pass':
      return '';
    case 'fail':
      return `<failure type="${severity}" message="${escapeXml(message)}">${escapeXml(text)}</failure>`;
    case 'error':
      return `<error type="${severity}" message="${escapeXml(message)}">${escapeXml(text)}</error>`;
    case 'waived':
      return skipped(
        waiver === null
          ? 'waived'
          : `waived by ${waiver.owner} until ${waiver.expires}: ${waiver.reason} (${message})`,
      );
    case 'unknown':
    case 'not-applicable':
      return skipped(`${status}: ${message}`);
  }
  status satisfies never;
  return '';
}

function skipped(message: string): string {
  return `<skipped message="${escapeXml(message)}"/>`;
}
