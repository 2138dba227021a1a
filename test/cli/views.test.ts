import { mkdtempSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { OutputClosed } from '../../coordinator/cli/sink.ts';
import { harmless, harmlessLine, painter } from '../../coordinator/cli/terminal.ts';
import { foldView } from '../../coordinator/cli/views/fold.ts';
import { jsonView, mapView, ndjsonView } from '../../coordinator/cli/views/json.ts';
import { csvView, junitView, tableView } from '../../coordinator/cli/views/table.ts';
import { headedView, oneLineView, prefixedView } from '../../coordinator/cli/views/text.ts';
import { commandName, treeName, treeView } from '../../coordinator/cli/views/tree.ts';
import { Device, Kind, Proof, Status } from '../../proto/gen/netsweep/v1/model.ts';
import { failedReport, okReport, output } from '../combine/reports.ts';
import { desk, show } from './desk.ts';

const VERSION = 'IOS 15.7\nuptime 3 days\n';
const REPORTS = [
  okReport('R1', output('show version', VERSION)),
  okReport('R2', output('show version', 'IOS 17.9\n')),
  okReport('R3', output('show version', VERSION)),
  failedReport('R4', Kind.REFUSED),
  { ...failedReport('R5', Kind.DISCONNECTED), outputs: [output('show version', 'IOS', Proof.TRUNCATED)] },
  { ...okReport('R6', output('show version', 'half', Proof.SUSPECT)), status: Status.SUSPECT },
];

describe('text', () => {
  test('on a pipe is a line with its device in front, failures apart', async () => {
    const { out, err, ...parts } = desk();
    await show(prefixedView(parts), parts.sink, REPORTS);
    expect(out.text).toBe(
      'R1: IOS 15.7\nR1: uptime 3 days\nR2: IOS 17.9\nR3: IOS 15.7\nR3: uptime 3 days\nR6: half\n',
    );
    expect(err.text).toBe(
      'R4: failed refused (connect): it said "no"\n' +
        'R5: failed disconnected (connect): it said "no"\n' +
        'R6: suspect: "show version" is not proved whole\n',
    );
  });

  test('keeps failures to itself when it is asked to be quiet', async () => {
    const { err, ...parts } = desk({ quiet: true });
    await show(prefixedView(parts), parts.sink, REPORTS);
    expect(err.text).toBe('');
  });

  test('on a pipe passes the bytes of a device as they are', async () => {
    const { out, ...parts } = desk();
    await show(prefixedView(parts), parts.sink, [
      okReport('R1', output('show x', 'a\u001b]0;evil\u0007b\n')),
    ]);
    expect(out.text).toBe('R1: a\u001b]0;evil\u0007b\n');
  });

  test('on a terminal has headers and nothing that a terminal obeys', async () => {
    const { out, ...parts } = desk({ isTerminal: true });
    const evil = '\u001b]52;c;ZXZpbA==\u0007\u009b31m\u202egnp.exe\r\n';
    await show(headedView(parts, 1, String), parts.sink, [okReport('R\u001b[1m', output('show x', evil))]);
    expect(out.text).toBe(
      '\u001b[1m=== R^[[1m ===\u001b[0m\n^[]52;c;ZXZpbA==^G<U+009B>31m<U+202E>gnp.exe^M\n',
    );
  });

  test('above 20 devices on a terminal is folded at the end, with the command for the rest', async () => {
    const { out, err, ...parts } = desk({ isTerminal: true });
    const view = headedView(parts, 21, (id) => `netsweep sweeps results ${id}`);
    expect(view.bodies).toBe(false);
    await show(view, parts.sink, REPORTS);
    expect(out.text).toContain('R[1,3] (2)');
    expect(out.text.match(/uptime/g)).toHaveLength(1);
    expect(out.text).toContain('Everything in full: netsweep sweeps results 01K0 | less\n');
    expect(err.text).toBe('');
  });

  test('above 2,000 lines on a terminal folds what comes after', async () => {
    const { out, ...parts } = desk({ isTerminal: true });
    const long = (name: string) => okReport(name, output('show run', `${name}\n`.repeat(1500)));
    await show(
      headedView(parts, 2, (id) => id),
      parts.sink,
      [long('R1'), long('R2')],
    );
    expect(out.text.match(/^R1$/gm)).toHaveLength(1500);
    expect(out.text.match(/^R2$/gm)?.length).toBeLessThan(30);
    expect(out.text).toContain('Everything in full');
  });

  test('one line for each device has line ends written out', async () => {
    const { out, ...parts } = desk();
    await show(oneLineView(parts), parts.sink, REPORTS.slice(0, 4));
    expect(out.text.split('\n').slice(0, 4)).toEqual([
      'R1 | ok | IOS 15.7\\nuptime 3 days\\n',
      'R2 | ok | IOS 17.9\\n',
      'R3 | ok | IOS 15.7\\nuptime 3 days\\n',
      'R4 | failed | refused (connect): it said "no"',
    ]);
  });

  test('folded shows identical outputs once, the largest group first', async () => {
    const { out, ...parts } = desk();
    await show(foldView(parts), parts.sink, REPORTS.slice(0, 4).toReversed());
    const rule = '---------------';
    expect(out.text).toBe(`${rule}\nR[1,3] (2)\n${rule}\n${VERSION}${rule}\nR2\n${rule}\nIOS 17.9\n`);
  });
});

describe('formats for programs', () => {
  test('ndjson is one object for each device, as they end', async () => {
    const { out, sink, read } = desk();
    await show(ndjsonView(sink, read), sink, REPORTS);
    const lines = out.text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(lines.map(({ device, status }) => `${device} ${status}`)).toEqual([
      'R1 ok',
      'R2 ok',
      'R3 ok',
      'R4 failed',
      'R5 failed',
      'R6 suspect',
    ]);
    expect(lines[4].outputs[0]).toMatchObject({ status: 'truncated', output: 'IOS' });
  });

  test('json is one document', async () => {
    const { out, sink, read } = desk();
    await show(jsonView(sink, read), sink, REPORTS);
    const document = JSON.parse(out.text);
    expect(Object.keys(document)).toEqual(['sweep', 'counts', 'devices']);
    expect(document.counts).toMatchObject({ selected: 6, ok: 3 });
    expect(document.devices).toHaveLength(6);
  });

  test('the map is null unless complete', async () => {
    const { out, sink, read } = desk();
    await show(mapView(sink, read), sink, REPORTS);
    expect(JSON.parse(out.text)).toEqual({
      R1: VERSION,
      R2: 'IOS 17.9\n',
      R3: VERSION,
      R4: null,
      R5: null,
      R6: null,
    });
  });

  test('the map has commands where any device ran several', async () => {
    const { out, sink, read } = desk();
    const two = okReport('R9', output('show version', 'a\n'), output('show clock', 'b\n'));
    await show(mapView(sink, read), sink, [two, failedReport('R4', Kind.REFUSED)]);
    expect(JSON.parse(out.text)).toEqual({
      R9: { 'show version': 'a\n', 'show clock': 'b\n' },
      R4: { 'show version': null },
    });
  });

  test('csv has as many cells in every record', async () => {
    const { out, sink, read } = desk();
    await show(csvView(sink, read), sink, REPORTS);
    const [header = '', ...records] = out.text.trimEnd().split('\r\n');
    expect(records).toHaveLength(6);
    const cells = (record: string) => record.match(/("([^"]|"")*"|[^,"]*)(,|$)/g)?.filter(Boolean).length;
    for (const record of records.filter((line) => !line.endsWith(',')))
      expect(cells(record)).toBe(cells(header));
    expect(records[3]?.split(',')).toHaveLength(header.split(',').length);
  });

  test('table and junit need no outputs', async () => {
    const { out, sink } = desk();
    await show(tableView(sink), sink, REPORTS);
    await show(junitView(sink), sink, REPORTS);
    expect(out.text).toMatch(/^R4 +10\.0\.0\.1 +cisco_ios +default +failed +refused \(connect\) +3 /m);
    expect(out.text.match(/<testcase/g)).toHaveLength(6);
  });

  test.each([
    ['table', tableView, /^R\d/gm],
    ['junit', junitView, /(?<=<testcase .*name=")R\d/g],
  ])('%s is in inventory order, in whatever order devices end', async (_, view, name) => {
    const { out, sink } = desk();
    const ended = REPORTS.map((report, index) => ({
      ...report,
      device: Device.create({ ...report.device, index }),
    }));
    await show(view(sink), sink, ended.toReversed());
    expect(out.text.match(name)).toEqual(['R1', 'R2', 'R3', 'R4', 'R5', 'R6']);
  });
});

describe('the tree', () => {
  const read = (path: string) => readFileSync(path, 'utf8');

  test('holds complete outputs, private, and a list of all devices', async () => {
    const { sink, read: body } = desk();
    const directory = join(mkdtempSync(join(tmpdir(), 'netsweep-tree-')), 'out');
    await show(treeView(directory, body), sink, REPORTS);
    expect(readdirSync(directory, { recursive: true }).toSorted()).toEqual([
      ...[
        'R1',
        'R1/show_version.txt',
        'R2',
        'R2/show_version.txt',
        'R3',
        'R3/show_version.txt',
        '_sweep.json',
      ],
    ]);
    expect(read(join(directory, 'R1/show_version.txt'))).toBe(VERSION);
    expect(statSync(join(directory, 'R1/show_version.txt')).mode & 0o777).toBe(0o600);
    const { devices } = JSON.parse(read(join(directory, '_sweep.json')));
    expect(devices).toHaveLength(6);
    expect(devices[0]).toEqual({ device: 'R1', status: 'ok', failure: null, files: ['R1/show_version.txt'] });
    expect(devices[3]).toMatchObject({ device: 'R4', failure: { kind: 'refused' }, files: [] });
  });

  test('sets an older file aside when its command did not come back whole', async () => {
    const { sink, read: body } = desk();
    const directory = mkdtempSync(join(tmpdir(), 'netsweep-tree-'));
    await show(treeView(directory, body), sink, [okReport('R4', output('show version', VERSION))]);
    await show(treeView(directory, body), sink, [failedReport('R4', Kind.REFUSED)]);
    expect(readdirSync(join(directory, 'R4'))).toEqual([]);
    expect(read(join(directory, '.stale/R4/show_version.txt'))).toBe(VERSION);
  });

  test.each([
    ['R1', 'R1'],
    ['../../etc', '%2E.%2F..%2Fetc'],
    ['.', '%2E'],
    ['a/b', 'a%2Fb'],
    ['sw 1', 'sw%201'],
    ['é', '%C3%A9'],
    ['_sweep.json', '%5Fsweep.json'],
    ['a%2Fb', 'a%252Fb'],
  ])('a device called %j becomes %j', (name, encoded) => expect(treeName(name)).toBe(encoded));

  test.each([
    ['show version', 'show_version'],
    ['show_version', 'show%5Fversion'],
    ['show run | include ^hostname', 'show_run_%7C_include_%5Ehostname'],
    ['dir flash:/', 'dir_flash%3A%2F'],
  ])('a command %j becomes %j', (command, encoded) => expect(commandName(command)).toBe(encoded));

  test('a name that is too long for a file is cut without meeting another', () => {
    const names = ['a', 'b'].map((end) => commandName(`show ${'x'.repeat(400)}${end}`));
    expect(names[0]?.length).toBeLessThan(250);
    expect(names[0]).not.toBe(names[1]);
  });
});

describe('the terminal', () => {
  test('is given no control character but tab and line end, and no change of direction', () => {
    const all = Array.from({ length: 0x3000 }, (_, code) => String.fromCharCode(code)).join('');
    const shown = harmless(all);
    expect(shown).not.toMatch(
      /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/,
    );
    expect(shown).toContain('\t\n');
    expect(harmlessLine('a\nb')).toBe('a b');
  });

  test.each([
    ['a pipe', false, false, {}, 'x'],
    ['a terminal', true, false, {}, '\u001b[31mx\u001b[0m'],
    ['--no-color', true, true, {}, 'x'],
    ['NO_COLOR', true, false, { NO_COLOR: '1' }, 'x'],
    ['an empty NO_COLOR', true, false, { NO_COLOR: '' }, '\u001b[31mx\u001b[0m'],
  ])('colours on %s', (_, isTerminal, noColor, environment, painted) =>
    expect(painter(isTerminal, noColor, environment)('x', 'red')).toBe(painted),
  );

  test('a reader that has gone ends the writing', async () => {
    const { out, sink } = desk();
    out.destroy(Object.assign(new Error('broken pipe'), { code: 'EPIPE' }));
    await new Promise((resolve) => out.once('close', resolve));
    await sink.write('x');
    await expect(sink.flush()).rejects.toThrow(OutputClosed);
  });
});
