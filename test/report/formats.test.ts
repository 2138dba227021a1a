// An audit in the formats that other programs read. Each is read back here.
import { parse } from 'csv-parse/sync';
import { expect, test } from 'vitest';
import { formatted } from '../../coordinator/report/formats.ts';
import { NO_PAST } from '../../coordinator/report/past.ts';
import type { AuditFormat, Settled } from '../../coordinator/report/settled.ts';
import { sarifProblems } from './sarif.ts';
import { HOSTILE, settledAudit, whole } from './settled.ts';

const PARTS = {
  version: '1.2.3',
  past: NO_PAST,
  fileOf: (segment: string, device: string, command: string) =>
    [segment, device, `${command.replaceAll(' ', '_')}.txt`].join('/'),
};

const ALL = settledAudit([
  { device: 'R1', segment: 'dc1', statuses: { 'TELNET-1': 'fail', 'NTP-1': 'pass', 'TEXT-1': 'error' } },
  { device: 'R2', statuses: { 'TELNET-1': 'waived', 'NTP-1': 'unknown', 'TEXT-1': 'not-applicable' } },
  {
    device: '=cmd|calc',
    statuses: { 'TEXT-1': 'fail' },
    evidence: [
      { found: `@SUM(1)${HOSTILE}`, expected: '-1+1' },
      { line: 7, found: HOSTILE },
    ],
  },
]);

const print = (format: AuditFormat, settled: Settled = ALL) => whole(formatted(format, settled, PARTS));

test('CSV has a line for each verdict, and no cell that a spreadsheet would execute', async () => {
  const text = await print('csv');
  const rows: Record<string, string>[] = parse(text, { columns: true });
  expect(rows.map(({ device, rule, status }) => [device, rule, status])).toEqual([
    ['R1', 'TELNET-1', 'fail'],
    ['R1', 'NTP-1', 'pass'],
    ['R1', 'TEXT-1', 'error'],
    ['R2', 'TELNET-1', 'waived'],
    ['R2', 'NTP-1', 'unknown'],
    ['R2', 'TEXT-1', 'not-applicable'],
    ["'=cmd|calc", 'TEXT-1', 'fail'],
  ]);
  expect(rows[0]).toMatchObject({
    ...{ segment: 'dc1', platform: 'cisco_ios', policy: 'lab', severity: 'critical', title: 'no telnet' },
    ...{ command: 'show running-config', line: '3', found: 'telnet on', more_evidence: '0' },
  });
  expect(rows[3]).toMatchObject({
    waived_by: 'netops',
    waived_until: '2027-01-31',
    waived_because: 'CHG0412',
  });
  expect(rows[6]).toMatchObject({ found: `'@SUM(1)${HOSTILE}`, expected: "'-1+1", more_evidence: '1' });
  expect(rows.flatMap((row) => Object.values(row)).filter((cell) => /^[=+\-@\t\r]/.test(cell))).toEqual([]);
});

test('JUnit has a suite for each device and a case for each rule, and says why one is skipped', async () => {
  const root = readXml(await print('junit'));
  expect(root).toMatchObject({
    tag: 'testsuites',
    attributes: { tests: '7', failures: '2', errors: '1', skipped: '3' },
  });
  const [first, second, third] = root.children;
  expect(first?.attributes).toMatchObject({
    name: 'R1',
    tests: '3',
    failures: '1',
    errors: '1',
    skipped: '0',
  });
  const cases = (suite = first) => suite?.children.filter(({ tag }) => tag === 'testcase') ?? [];
  expect(cases().map(({ children }) => children.map(({ tag }) => tag))).toEqual([['failure'], [], ['error']]);
  expect(cases()[0]?.attributes).toMatchObject({ classname: 'lab.R1', name: 'TELNET-1: no telnet' });
  expect(cases()[0]?.children[0]?.text).toContain('remedy: no telnet');
  expect(cases(second).map(({ children }) => children[0]?.attributes.message)).toEqual([
    'waived by netops until 2027-01-31: CHG0412 (show running-config, line 3: found telnet on, expected no such line)',
    'unknown: show running-config, line 3: found telnet on, expected no such line',
    'not-applicable: show running-config, line 3: found telnet on, expected no such line',
  ]);
  const said = cases(third)[0]?.children[0]?.attributes.message;
  expect(said, 'as it was, but for what XML has no place for').toContain(
    HOSTILE.replace(/[\u0007\u001b]/g, '\ufffd'),
  );
});

test('SARIF has the rules with help and grades, and findings that are followed from run to run', async () => {
  const document = JSON.parse(await print('sarif'));
  expect(sarifProblems(document)).toEqual([]);
  expect(document).toMatchObject({ version: '2.1.0', runs: [{ tool: { driver: { name: 'netsweep' } } }] });
  const [run] = document.runs;
  expect(run.tool.driver.rules[0]).toMatchObject({
    id: 'TELNET-1',
    shortDescription: { text: 'no telnet' },
    help: { text: 'Remedy: no telnet\n\nReference: RFC 1149, https://example.net/hardening#telnet.' },
    helpUri: 'https://example.net/hardening#telnet',
    defaultConfiguration: { level: 'error' },
    properties: { 'security-severity': '9.5', tags: ['security', 'lab'] },
  });
  expect(run.results.map(({ ruleId, level }: { ruleId: string; level: string }) => [ruleId, level])).toEqual([
    ['TELNET-1', 'error'],
    ['TELNET-1', 'error'],
    ['TEXT-1', 'note'],
  ]);
  const [finding, waived, hostile] = run.results;
  expect(finding).toMatchObject({
    ruleIndex: 0,
    kind: 'fail',
    message: {
      text: 'R1: no telnet: show running-config, line 3: found telnet on, expected no such line',
    },
    locations: [
      {
        physicalLocation: {
          artifactLocation: { uri: 'dc1/R1/show_running-config.txt' },
          region: { startLine: 3 },
        },
      },
    ],
  });
  expect(finding.suppressions).toBeUndefined();
  expect(waived.suppressions).toEqual([
    { kind: 'external', status: 'accepted', justification: 'CHG0412 (netops, until 2027-01-31)' },
  ]);
  expect(hostile.locations[0].physicalLocation.artifactLocation.uri).toMatch(/^default\/%3Dcmd%7Ccalc\//);
  expect(hostile.relatedLocations).toHaveLength(1);
  const [{ toolExecutionNotifications: notes, executionSuccessful }] = run.invocations;
  expect(executionSuccessful).toBe(false);
  expect(
    notes.map(({ associatedRule, level }: Record<string, { id: string }>) => [associatedRule?.id, level]),
  ).toEqual([
    ['TEXT-1', 'error'],
    ['NTP-1', 'warning'],
  ]);
  // Other evidence, another line: the same finding.
  const later = settledAudit([
    { device: 'R1', statuses: { 'TELNET-1': 'fail' }, evidence: [{ line: 9, found: 'telnet' }] },
  ]);
  const [moved] = JSON.parse(await print('sarif', later)).runs[0].results;
  expect(moved.partialFingerprints).toEqual(finding.partialFingerprints);
  expect(waived.partialFingerprints).not.toEqual(finding.partialFingerprints);
});

test('an audit without verdicts is a whole document in every format', async () => {
  const none = settledAudit([]);
  expect(JSON.parse(await print('sarif', none)).runs[0].results).toEqual([]);
  expect(JSON.parse(await print('json', none)).verdicts).toEqual([]);
  expect(readXml(await print('junit', none)).children).toEqual([]);
  expect(parse(await print('csv', none), { columns: true })).toEqual([]);
  expect(await print('ndjson', none)).toBe('');
});

interface Element {
  tag: string;
  attributes: Record<string, string>;
  children: Element[];
  text: string;
}

/** Throws at what is not well formed, as far as our reports can go wrong. */
function readXml(xml: string): Element {
  const body = xml.replace(/^<\?xml[^>]*\?>\n/, '');
  const root: Element = { tag: '', attributes: {}, children: [], text: '' };
  const open = [root];
  let end = 0;
  for (const match of body.matchAll(/<(\/?)([a-z]+)((?: [a-z]+="[^"<]*")*)(\/?)>/g)) {
    const [all, closes, tag = '', attributes = '', empty] = match;
    const here = open.at(-1) ?? root;
    here.text += unescaped(body.slice(end, match.index));
    end = match.index + all.length;
    if (closes) {
      expect(open.pop()?.tag, `what </${tag}> closes`).toBe(tag);
      continue;
    }
    const pairs = Array.from(attributes.matchAll(/ ([a-z]+)="([^"]*)"/g), ([, name = '', value = '']) => [
      name,
      unescaped(value),
    ]);
    const element = { tag, attributes: Object.fromEntries(pairs), children: [], text: '' };
    here.children.push(element);
    if (!empty) open.push(element);
  }
  expect(open, 'everything is closed').toEqual([root]);
  expect(body.slice(end).trim()).toBe('');
  const [only] = root.children;
  if (only === undefined) throw new Error('there is no element');
  return only;
}

function unescaped(text: string): string {
  expect(text, 'no bare mark-up, nothing that XML forbids').not.toMatch(
    /[<\u0000-\u0008\u000b\u000c\u000e-\u001f]|&(?!(?:amp|lt|gt|quot|#10|#13);)/,
  );
  const characters: Record<string, string> = {
    amp: '&',
    lt: '<',
    gt: '>',
    quot: '"',
    '#10': '\n',
    '#13': '\r',
  };
  return text.replace(/&([a-z#0-9]+);/g, (_, name: string) => characters[name] ?? '');
}
