// An audit for spreadsheets: a line for each verdict, with its first piece of evidence.
import { csvRecord } from '../combine/csv.js';
import { byName, fieldText, type Settled } from './settled.js';

const COLUMNS = [
  'device',
  'segment',
  'platform',
  'policy',
  'rule',
  'severity',
  'status',
  'title',
  'command',
  'line',
  'expected',
  'found',
  'message',
  'more_evidence',
  'waived_by',
  'waived_until',
  'waived_because',
  'remedy',
  'reference',
];

export async function* csvReport({ audited, verdicts }: Settled): AsyncGenerator<string> {
  const of = byName(audited);
  yield csvRecord(COLUMNS);
  for await (const ofDevice of verdicts())
    for (const { device, policy, rule, severity, status, title, evidence, ...rest } of ofDevice) {
      const [first] = evidence;
      const about = of.get(device);
      const { waiver, remedy, reference } = rest;
      yield csvRecord([
        device,
        ...(about === undefined ? ['', ''] : [fieldText(about, 'segment'), about.platform]),
        ...[policy, rule, severity, status, title],
        ...[first?.command ?? '', first?.line ?? '', first?.expected ?? '', first?.found ?? ''],
        ...[first?.message ?? '', Math.max(0, evidence.length - 1)],
        ...[waiver?.owner ?? '', waiver?.expires ?? '', waiver?.reason ?? ''],
        ...[remedy ?? '', reference ?? ''],
      ]);
    }
}
