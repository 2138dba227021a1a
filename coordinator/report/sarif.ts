// An audit as SARIF 2.1.0, for code scanning: findings point into the files that `netsweep backup` writes, so that in a
// repository of those the line is shown. What could not be judged is a notification of the tool, never a result.
import { evidenceLine } from '../audit/evidence.js';
import type { Rule } from '../audit/policy.js';
import type { Evidence, Severity, Verdict } from '../audit/verdict.js';
import { findingKey } from './key.js';
import { byName, fieldText, type Settled } from './settled.js';

const SCHEMA = 'https://json.schemastore.org/sarif-2.1.0.json';

/** What code scanning shows; `security`: its scale from 0 to 10, where 9, 7 and 4 begin the grades. */
const LEVELS: Record<Severity, { level: 'error' | 'warning' | 'note'; security: string }> = {
  critical: { level: 'error', security: '9.5' },
  high: { level: 'error', security: '8.0' },
  medium: { level: 'warning', security: '5.5' },
  low: { level: 'note', security: '2.5' },
};

export interface SarifParts {
  version: string;
  /** Where a command's output lies in a backup. */
  fileOf(segment: string, device: string, command: string): string;
}

export async function* sarifReport(settled: Settled, parts: SarifParts): AsyncGenerator<string> {
  const { book, audited, tally, sweep, atMs } = settled;
  const of = byName(audited);
  const places = new Map(book.rules.map(({ policy, id }, place) => [`${policy} ${id}`, place]));
  const fileOf = (device: string, command: string) => {
    const about = of.get(device);
    return parts.fileOf(about === undefined ? '' : fieldText(about, 'segment'), device, command);
  };
  const driver = { name: 'netsweep', version: parts.version, rules: book.rules.map(ruleObject) };
  yield `{"$schema":"${SCHEMA}","version":"2.1.0","runs":[{"tool":{"driver":${JSON.stringify(driver)}},`;
  yield '"columnKind":"utf16CodeUnits",';
  yield `"automationDetails":${JSON.stringify({ id: `netsweep/${book.policies.join('+')}/` })},"results":[`;
  yield* list(settled, (verdict) => {
    if (verdict.status !== 'fail' && verdict.status !== 'waived') return null;
    const place = places.get(`${verdict.policy} ${verdict.rule}`) ?? -1;
    return resultObject(verdict, place, (command) => fileOf(verdict.device, command));
  });
  const end = new Date(atMs).toISOString();
  const invocation = { executionSuccessful: tally.counts.error === 0, endTimeUtc: end };
  yield `],"invocations":[${JSON.stringify(invocation).slice(0, -1)},"toolExecutionNotifications":[`;
  yield* list(settled, notification);
  yield `]}],"properties":${JSON.stringify({ sweep, counts: tally.counts })}}]}\n`;
}

async function* list({ verdicts }: Settled, objectOf: (verdict: Verdict) => unknown): AsyncGenerator<string> {
  let separator = '\n';
  for await (const ofDevice of verdicts())
    for (const verdict of ofDevice) {
      const object = objectOf(verdict);
      if (object === null) continue;
      yield separator + JSON.stringify(object);
      separator = ',\n';
    }
}

function ruleObject({ policy, id, severity, title, remedy, reference }: Rule) {
  const { level, security } = LEVELS[severity];
  const help = [
    ...(remedy === null ? [] : [`Remedy: ${remedy}`]),
    ...(reference === null ? [] : [`Reference: ${reference}`]),
  ].join('\n\n');
  const url = reference?.match(/https?:\/\/[^\s)>,]*[^\s)>,.;]/)?.[0];
  return {
    id,
    shortDescription: { text: title },
    fullDescription: { text: title },
    help: { text: help === '' ? title : help },
    ...(url === undefined ? {} : { helpUri: url }),
    defaultConfiguration: { level },
    properties: { tags: ['security', policy], precision: 'high', 'security-severity': security, severity },
  };
}

function resultObject(verdict: Verdict, ruleIndex: number, fileOf: (command: string) => string) {
  const { rule, severity, device, title, evidence, waiver } = verdict;
  const [first] = evidence;
  const key = findingKey(verdict).toString('hex');
  const said = first === undefined ? '' : `: ${evidenceLine(first)}`;
  const related = evidence
    .slice(1)
    .map((one) => ({ ...location(one), message: { text: evidenceLine(one) } }));
  function location({ command, line }: Evidence) {
    const uri = fileOf(command ?? '')
      .split('/')
      .map(encodeURIComponent)
      .join('/');
    return { physicalLocation: { artifactLocation: { uri }, region: { startLine: line ?? 1 } } };
  }
  return {
    ruleId: rule,
    ruleIndex,
    kind: 'fail',
    level: LEVELS[severity].level,
    message: { text: `${device}: ${title}${said}` },
    locations: first === undefined ? [] : [location(first)],
    ...(related.length === 0 ? {} : { relatedLocations: related }),
    // Code scanning follows a finding by the first of them; the other is for everybody else.
    partialFingerprints: { primaryLocationLineHash: `${key}:1`, 'netsweepFinding/v1': key },
    ...(waiver === null
      ? {}
      : {
          suppressions: [
            {
              kind: 'external',
              status: 'accepted',
              justification: `${waiver.reason} (${waiver.owner}, until ${waiver.expires})`,
            },
          ],
        }),
  };
}

function notification({ status, rule, device, evidence }: Verdict) {
  if (status !== 'error' && status !== 'unknown') return null;
  const [first] = evidence;
  const said = first === undefined ? status : evidenceLine(first);
  return {
    level: status === 'error' ? 'error' : 'warning',
    message: { text: `${device}: ${status}: ${said}` },
    associatedRule: { id: rule },
  };
}
