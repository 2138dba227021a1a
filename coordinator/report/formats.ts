// Every shape in which an audit is printed, as pieces of text.
import { auditObject } from '../audit/json.js';
import { Findings, reportLines } from '../audit/report.js';
import { csvReport } from './csv.js';
import { junitReport } from './junit.js';
import { type Past, pastLines, pastObject } from './past.js';
import { type SarifParts, sarifReport } from './sarif.js';
import type { AuditFormat, Settled } from './settled.js';

export function formatted(
  format: AuditFormat,
  settled: Settled,
  { past, ...parts }: SarifParts & { past: Past },
): AsyncGenerator<string> {
  switch (format) {
    case 'text':
      return textReport(settled, past);
    case 'json':
      return jsonReport(settled, past);
    case 'ndjson':
      return ndjsonReport(settled);
    case 'csv':
      return csvReport(settled);
    case 'junit':
      return junitReport(settled);
    case 'sarif':
      return sarifReport(settled, parts);
  }
}

async function* textReport({ book, tally, verdicts }: Settled, past: Past): AsyncGenerator<string> {
  const findings = new Findings();
  for await (const ofDevice of verdicts()) for (const verdict of ofDevice) findings.add(verdict);
  for (const line of [...reportLines(findings, book, tally), ...pastLines(past)]) yield `${line}\n`;
}

async function* jsonReport(
  { book, tally, sweep, atMs, verdicts }: Settled,
  past: Past,
): AsyncGenerator<string> {
  const head = JSON.stringify({ ...auditObject(book, tally, { sweep, atMs }), ...pastObject(past) });
  yield `${head.slice(0, -1)},"verdicts":[`;
  let separator = '\n';
  for await (const ofDevice of verdicts())
    for (const verdict of ofDevice) {
      yield separator + JSON.stringify(verdict);
      separator = ',\n';
    }
  yield '\n]}\n';
}

async function* ndjsonReport({ verdicts }: Settled): AsyncGenerator<string> {
  for await (const ofDevice of verdicts())
    for (const verdict of ofDevice) yield `${JSON.stringify(verdict)}\n`;
}
