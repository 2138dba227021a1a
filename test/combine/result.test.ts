import { describe, expect, test, vi } from 'vitest';
import { csvRecord, csvText } from '../../coordinator/combine/csv.ts';
import { endingOf, surprises } from '../../coordinator/combine/endings.ts';
import { junitCase, junitClose, junitOpen } from '../../coordinator/combine/junit.ts';
import { firstLines, prefixed } from '../../coordinator/combine/lines.ts';
import { resultJson, sweepObject } from '../../coordinator/combine/result.ts';
import { sizeText, tableLines } from '../../coordinator/combine/table.ts';
import { Kind, type Output, Proof, Status } from '../../proto/gen/netsweep/v1/model.ts';
import { endedSweep, failedReport, okReport, output } from './reports.ts';

async function* pieces(...texts: string[]) {
  yield* texts;
}

async function join(parts: AsyncIterable<string>): Promise<string> {
  let text = '';
  for await (const part of parts) text += part;
  return text;
}

describe('the result object', () => {
  test('has the keys of the contract in their order', async () => {
    const report = okReport('R1', output('show run', 'hostname R1\n'));
    const text = await join(resultJson(report, () => pieces('hostname', ' R1\n')));
    expect(Object.keys(JSON.parse(text))).toEqual(
      'sweep device host port platform segment groups status failure attempts agent startedAt durationMs notes outputs'.split(
        ' ',
      ),
    );
    expect(JSON.parse(text)).toMatchObject({
      device: 'R1',
      status: 'ok',
      failure: null,
      agent: 'agent-1',
      startedAt: '2026-11-22T11:00:00.000Z',
    });
    const [first] = JSON.parse(text).outputs;
    expect(Object.entries(first).map(([key]) => key)).toEqual(
      'command status output encoding bytes sha256 durationMs exitStatus stderr rows'.split(' '),
    );
    expect(first).toMatchObject({
      status: 'complete',
      output: 'hostname R1\n',
      exitStatus: null,
      rows: null,
    });
  });

  test('names the platform that was found, and what a reader should know', async () => {
    const report = { ...okReport('R1'), platform: 'frr', notes: ['platform auto: frr (by its prompt)'] };
    const text = await join(resultJson(report, () => pieces()));
    expect(JSON.parse(text)).toMatchObject({
      platform: 'frr',
      notes: ['platform auto: frr (by its prompt)'],
    });
    const plain = await join(resultJson(okReport('R1'), () => pieces()));
    expect(JSON.parse(plain)).toMatchObject({ platform: 'cisco_ios', notes: [] });
  });

  test('says null for what a device never had', async () => {
    const text = await join(resultJson(failedReport('R2', Kind.HOST_KEY), () => pieces()));
    expect(JSON.parse(text)).toMatchObject({
      status: 'failed',
      failure: { kind: 'host-key', stage: 'connect', message: 'it said "no"', retryable: true },
      agent: null,
      startedAt: null,
      outputs: [],
    });
  });

  test('keeps a text with every awkward character whole, however it is cut', async () => {
    const text = '"\\\u0000\u001b[31m\u2028\u20ac\ud83d\ude00\n';
    const report = okReport('R1', output('show run', text));
    const cut = await join(
      resultJson(report, () => pieces(text.slice(0, 3), text.slice(3, 9), text.slice(9))),
    );
    expect(JSON.parse(cut).outputs[0].output).toBe(text);
  });

  test('is the same whether an output comes whole or in pieces, and large outputs come in pieces', async () => {
    const texts = new Map([
      ['show run', 'hostname R1\n"\u001b[31m\u20ac'],
      ['show clock', ''],
    ]);
    const outputs = Array.from(texts, ([command, text]) => output(command, text));
    const report = okReport('R1', ...outputs);
    const read = ({ command }: Output) => pieces(...(texts.get(command) ?? ''));
    const whole = vi.fn(({ command }: Output) => texts.get(command) ?? null);
    const inPieces = await join(resultJson(report, read));
    expect(await join(resultJson(report, Object.assign(read, { whole })))).toBe(inPieces);
    expect(whole).toHaveBeenCalledTimes(2);
    const large = { ...report, outputs: outputs.map((one) => ({ ...one, bytes: 600_000 })) };
    await join(resultJson(large, Object.assign(read, { whole })));
    expect(whole).toHaveBeenCalledTimes(2);
  });

  test('gives a sweep its duration only once it has ended', () => {
    const sweep = endedSweep(okReport('R1'));
    expect(sweepObject(sweep)).toMatchObject({ id: '01K0', status: 'ended', durationMs: 4000, reason: null });
    expect(sweepObject({ ...sweep, endedAtMs: 0 })).toMatchObject({ endedAt: null, durationMs: null });
  });
});

describe('comma-separated values', () => {
  test.each([
    [['a', 1, 'b c'], 'a,1,b c\r\n'],
    [['say "no"', 'a,b', 'x\ny'], '"say ""no""","a,b","x\ny"\r\n'],
    [['=1+1', '+x', '-x', '@x', '\tx'], "'=1+1,'+x,'-x,'@x,'\tx\r\n"],
    [[-1], '-1\r\n'],
  ])('%j', (cells, record) => expect(csvRecord(cells)).toBe(record));

  test('a text in pieces is one quoted cell, harmless at its start only', async () => {
    expect(await join(csvText(pieces('', '=a"', '=b')))).toBe('"\'=a""=b"');
  });
});

describe('lines', () => {
  test.each([
    [['a\nb\n'], 'R1: a\nR1: b\n'],
    [['a\nb'], 'R1: a\nR1: b\n'],
    [['a', 'b\n', 'c\n'], 'R1: ab\nR1: c\n'],
    [['a\n', '\n', '\nb'], 'R1: a\nR1: \nR1: \nR1: b\n'],
    [[], ''],
    [[''], ''],
  ])('%j are prefixed one by one', async (texts, shown) => {
    expect(await join(prefixed(pieces(...texts), 'R1: '))).toBe(shown);
  });

  test('a name with a dollar sign stays what it is', async () => {
    expect(await join(prefixed(pieces('a\nb\n'), "$&$': "))).toBe("$&$': a\n$&$': b\n");
  });

  test.each([
    [['1\n2\n3\n'], 3, '1\n2\n3\n'],
    [['1\n2\n', '3\n'], 2, '1\n2\n...\n'],
    [['1\n2\n3\n4\n'], 2, '1\n2\n...\n'],
    [['1'], 1, '1'],
  ])('of %j the first %i', async (texts, most, shown) => {
    expect(await join(firstLines(pieces(...texts), most, '...\n'))).toBe(shown);
  });
});

test('a table is as wide as its widest cells', () => {
  const columns = [
    { title: 'NAME', cell: ({ name }: { name: string; size: number }) => name },
    { title: 'SIZE', cell: ({ size }: { name: string; size: number }) => sizeText(size), right: true },
  ];
  expect(
    tableLines(columns, [
      { name: 'long-name', size: 12 },
      { name: 'b', size: 16_384 },
    ]),
  ).toEqual(['NAME          SIZE', 'long-name     12 B', 'b          16.4 kB']);
});

test('a JUnit report counts and escapes what it holds', () => {
  const bad = failedReport('<R2>', Kind.REFUSED);
  const suspect = { ...okReport('R3', output('show run', 'x', Proof.SUSPECT)), status: Status.SUSPECT };
  const skipped = { ...failedReport('R4', Kind.CREDENTIAL_STOPPED), status: Status.SKIPPED };
  const xml =
    junitOpen(endedSweep(okReport('R1'), bad)) +
    [bad, suspect, skipped].map(junitCase).join('') +
    junitClose();
  expect(xml).toContain('tests="2" failures="1" errors="0" skipped="0" time="4.000"');
  expect(xml).toContain('name="&lt;R2&gt;"');
  expect(xml).toContain('<failure type="refused" message="it said &quot;no&quot;">');
  expect(xml).toContain('<failure type="suspect" message="not proved whole: show run"/>');
  expect(xml).toContain('<skipped message="credential-stopped: ');
});

test('a rehearsal names every device that ended otherwise, or not at all', () => {
  const expected = new Map([
    ['R1', 'ok'],
    ['R2', 'refused'],
    ['R3', 'suspect'],
  ]);
  const ended = new Map([
    ['R1', endingOf(okReport('R1'))],
    ['R2', endingOf(failedReport('R2', Kind.AUTH))],
  ]);
  expect(surprises(expected, ended)).toEqual([
    { device: 'R2', expected: 'refused', ended: 'auth' },
    { device: 'R3', expected: 'suspect', ended: null },
  ]);
});
