// `netsweep parse` as people type it: one output from a file, many through a pipe, and what is said when it can't be.
import { mkdirSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { Place } from '../place.ts';
import { until } from '../process.ts';

const CLOCK = 'Value TIME ([\\d:]+)\nValue List ZONE (\\w+)\n\nStart\n  ^$TIME $ZONE -> Record\n';
const SLOW = 'Value A ((?=(?:a+)+$$)a*)\n\nStart\n  ^$A -> Record\n';
const INDEX =
  'Template, Hostname, Platform, Command\n\nclock.textfsm, .*, cisco_ios, sh[[ow]] clock\nslow.textfsm, .*, cisco_ios, show slow\n';
const ROWS = [{ time: '12:30', zone: ['UTC'] }];

async function placeWithTemplates(): Promise<Place> {
  const place = await Place.open();
  await place.write('ntc/templates/index', INDEX);
  await place.write('ntc/templates/clock.textfsm', CLOCK);
  await place.write('ntc/templates/slow.textfsm', SLOW);
  await place.write('clock.txt', '12:30 UTC\n');
  return place;
}

describe('one output', () => {
  test('is printed as rows, by the index of a directory or of the templates below it', async () => {
    await using place = await placeWithTemplates();
    const words = ['parse', '--platform', 'cisco_xe', '--command', 'show clock'];
    const given = await place.netsweep([...words, '--templates', place.path('ntc'), 'clock.txt']);
    expect(given).toMatchObject({ status: 0, stderr: '' });
    expect(JSON.parse(given.stdout)).toEqual(ROWS);
    const NET_TEXTFSM = place.path('ntc/templates');
    const piped = await place.netsweep([...words, '-'], { env: { NET_TEXTFSM }, input: '12:30 UTC' });
    expect(JSON.parse(piped.stdout)).toEqual(ROWS);
  });

  test('is parsed by one template that is named', async () => {
    await using place = await placeWithTemplates();
    const words = ['parse', '--template', 'ntc/templates/clock.textfsm', 'clock.txt'];
    expect(JSON.parse((await place.netsweep(words)).stdout)).toEqual(ROWS);
  });

  test('that can not be parsed ends with 2 and says why', async () => {
    await using place = await placeWithTemplates();
    await place.write('bad.textfsm', 'Value A (a)\n\nStart\n  ^$B\n');
    const parse = async (...words: string[]) => {
      const { status, stderr, stdout } = await place.netsweep(['parse', ...words]);
      expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
      return stderr.replaceAll(place.folder, '.').trimEnd();
    };
    const at = ['--templates', 'ntc', 'clock.txt'];
    expect(await parse('clock.txt')).toBe(
      'netsweep: --platform and --command say which template; or name one with --template',
    );
    expect(await parse('--platform', 'cisco_ios', '--command', 'show clock')).toBe(
      'netsweep: no templates: name a directory with --templates DIR or NET_TEXTFSM (as of ntc-templates)',
    );
    expect(await parse('--platform', 'cisco_ios', '--command', 'shwo clock', ...at)).toBe(
      'netsweep: no template for "shwo clock" on cisco_ios in ./ntc/templates/index; did you mean "show clock"?',
    );
    expect(await parse('--template', 'bad.textfsm', 'clock.txt')).toBe(
      'netsweep: ./bad.textfsm:4:4: no Value B; did you mean A?',
    );
    expect(await parse('--template', 'ntc/templates/clock.textfsm', 'missing.txt')).toBe(
      "netsweep: missing.txt can't be read: no such file or directory",
    );
    mkdirSync(place.path('empty'));
    expect(await parse('--platform', 'x', '--command', 'y', '--templates', 'empty')).toBe(
      'netsweep: --templates: no file "index" (looked in ./empty and in its templates)',
    );
  });
});

describe('a batch', () => {
  test('gives a line for each line, in their order, and goes on behind what fails', async () => {
    await using place = await placeWithTemplates();
    const line = (id: unknown, command: string, raw: string) =>
      JSON.stringify({ id, platform: 'cisco_ios', command, raw });
    const lines = [
      line('slow', 'show slow', `${'a'.repeat(40)}!`),
      line(1, 'show clock', '12:30 UTC\n'),
      'no object',
      '',
      '{"id":2,"platform":"cisco_ios","command":"show clock"}',
      line('none', 'show nothing', ''),
      ...Array.from({ length: 100 }, (_, id) => line(id, 'sh clock', `12:${id} Z`)),
    ];
    const batch = ['parse', '--batch', '--templates', 'ntc'];
    const { status, stdout } = await place.netsweep(batch, { input: lines.join('\n') });
    const answers = stdout
      .trimEnd()
      .split('\n')
      .map((text) => JSON.parse(text));
    const index = place.path('ntc/templates/index');
    expect(answers.slice(0, 5)).toEqual([
      { id: 'slow', records: null, error: 'parsing it was given up: took longer than 1000 ms' },
      { id: 1, records: ROWS, error: null },
      { id: null, records: null, error: 'line 3: found "no object", expected an object in JSON' },
      { id: null, records: null, error: 'line 5: raw: expected a text' },
      { id: 'none', records: null, error: `no template for "show nothing" on cisco_ios in ${index}` },
    ]);
    expect(answers.slice(5)).toEqual(
      Array.from({ length: 100 }, (_, id) => ({
        id,
        records: [{ time: `12:${id}`, zone: ['Z'] }],
        error: null,
      })),
    );
    expect(status).toBe(1);
  });

  test('is left at once when it is interrupted, whatever its patterns are at', async () => {
    await using place = await placeWithTemplates();
    const line = (command: string, raw: string) =>
      `${JSON.stringify({ id: command, platform: 'cisco_ios', command, raw })}\n`;
    const stuck = line('show slow', `${'a'.repeat(40)}!`);
    const input = line('show clock', '12:30 Z') + stuck.repeat(20);
    await using batch = place.start(['parse', '--batch', '--templates', 'ntc'], { input });
    await until('the first answer', () => batch.stdout.includes('12:30'));
    batch.kill('SIGINT');
    expect(await batch.finished).toMatchObject({ status: 130, stderr: '' });
  });

  test('without a failure ends with 0', async () => {
    await using place = await placeWithTemplates();
    const words = ['parse', '--batch', '--template', 'ntc/templates/clock.textfsm', '-'];
    const input = '{"id":"a","platform":"","command":"","raw":"1:2 Z"}\n';
    const { status, stdout } = await place.netsweep(words, { input });
    expect({ status, stdout }).toEqual({
      status: 0,
      stdout: '{"id":"a","records":[{"time":"1:2","zone":["Z"]}],"error":null}\n',
    });
  });
});
