// Rows of a sweep's outputs: which outputs are parsed, and how rows of several shapes fit into one table or file.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { gunzipSync } from 'node:zlib';
import { afterAll, expect, test } from 'vitest';
import { checkOutput } from '../../coordinator/cli/output.ts';
import { Rows } from '../../coordinator/cli/rows.ts';
import { WATCH } from '../../coordinator/cli/settings.ts';
import { Sink } from '../../coordinator/cli/sink.ts';
import { painter } from '../../coordinator/cli/terminal.ts';
import { rowsCsvView, rowsTableView } from '../../coordinator/cli/views/rows.ts';
import type { View } from '../../coordinator/cli/views/view.ts';
import { fallbacks } from '../../coordinator/config.ts';
import { Kind, type Output, Proof, type Report } from '../../proto/gen/netsweep/v1/model.ts';
import { endedSweep, failedReport, okReport, output } from '../combine/reports.ts';

const templates = mkdtempSync(join(tmpdir(), 'netsweep-rows-'));
afterAll(() => rmSync(templates, { recursive: true }));

const FILES = {
  index:
    'Template, Platform, Command\nclock.textfsm, cisco_ios, show clock\nports.textfsm, cisco_ios, show ports\n',
  'clock.textfsm': 'Value TIME (\\S+)\nValue NOTE (\\w+)\n\nStart\n  ^$TIME $NOTE -> Record\n',
  'ports.textfsm':
    'Value PORT (\\w)\nValue List VLAN (\\d+)\n\nStart\n  ^port $PORT -> Continue\n  ^.* $VLAN$$ -> Record\n',
};
for (const [name, text] of Object.entries(FILES)) writeFileSync(join(templates, name), text);

async function* read({ body }: Output) {
  yield gunzipSync(body).toString('utf8');
}

const open = () => Rows.open({ parse: true, templates }, read);
const clock = (proof?: Proof) => output('show clock', '12:30 utc\n', proof);
const ports = () => output('show ports', 'port a 1\nport b 2\n');

/** What a view writes about these reports. */
async function shown(view: (sink: Sink, rows: Rows) => View, ...reports: Report[]): Promise<string> {
  let text = '';
  const stream = new Writable({
    write(chunk, _encoding, done) {
      text += chunk;
      done();
    },
  });
  const sink = new Sink({
    stream,
    isTerminal: false,
    paint: painter(false, true, {}),
    beforeWrite: () => {},
  });
  await using rows = open();
  await view(sink, rows).end?.(endedSweep(...reports), () => rows.ahead(reports));
  await sink.end();
  return text;
}

test('an output that is not complete is not parsed', async () => {
  await using rows = open();
  const report = okReport('R1', clock(), clock(Proof.TRUNCATED), clock(Proof.SUSPECT));
  for await (const { outputs } of rows.ahead([report]))
    expect(outputs.map(rows.of)).toEqual([
      { columns: ['time', 'note'], rows: '[{"time":"12:30","note":"utc"}]', note: null },
      { columns: [], rows: null, note: 'the output is truncated' },
      { columns: [], rows: null, note: 'the output is suspect' },
    ]);
  expect(rows.reasons()).toEqual([
    'no rows on 1 device (R1): show clock: the output is truncated',
    'no rows on 1 device (R1): show clock: the output is suspect',
  ]);
});

test('a reason that many devices share is told once', async () => {
  await using rows = open();
  const reports = ['R1', 'R2', 'R3'].map((name) => okReport(name, output('show lamps', 'x')));
  for await (const _ of rows.ahead(reports));
  const index = join(templates, 'index');
  expect(rows.reasons()).toEqual([
    `no rows on 3 devices (R[1-3]): show lamps: no template for "show lamps" on cisco_ios in ${index}`,
  ]);
});

test('csv has the columns of all templates, and a line for what has no rows', async () => {
  const text = await shown(
    rowsCsvView,
    okReport('R1', clock(), ports()),
    okReport('R2', clock(Proof.SUSPECT)),
    failedReport('R3', Kind.REFUSED),
  );
  expect(text.split('\r\n')).toEqual([
    'device,command,note,time,row_note,port,vlan',
    'R1,show clock,,12:30,utc,,',
    'R1,show ports,,,,a,1',
    'R1,show ports,,,,b,2',
    'R2,show clock,the output is suspect,,,,',
    expect.stringMatching(/^R3,,.+,,,,$/),
    '',
  ]);
});

test('table has one for each command, with a title where there are several', async () => {
  expect(await shown(rowsTableView, okReport('R1', ports()), okReport('R20', ports()))).toBe(
    [
      'DEVICE  PORT  VLAN',
      'R1      a     1',
      'R1      b     2',
      'R20     a     1',
      'R20     b     2',
      '',
    ].join('\n'),
  );
  expect(await shown(rowsTableView, okReport('R1', clock(), ports()))).toBe(
    [
      'show clock',
      'DEVICE  TIME   NOTE',
      'R1      12:30  utc',
      '',
      'show ports',
      'DEVICE  PORT  VLAN',
      'R1      a     1',
      'R1      b     2',
      '',
    ].join('\n'),
  );
});

test('--parse goes with formats that have a place for rows', () => {
  const values = { ...fallbacks(WATCH), parse: true, templates };
  expect(() => checkOutput(values)).not.toThrow();
  expect(() => checkOutput({ ...values, format: 'csv' as const })).not.toThrow();
  for (const other of [
    { format: 'text' as const },
    { format: 'junit' as const },
    { fold: true },
    { oneLine: true },
  ])
    expect(() => checkOutput({ ...values, ...other })).toThrow(
      '--parse goes with --format table, json, ndjson or csv',
    );
});
