// A directory of templates: what its index finds for a platform and a command, rows from several templates, and what is
// said where nothing is found or a file is broken.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { parse } from '../../coordinator/parse/parsing.ts';

const directories: string[] = [];
afterAll(() => {
  for (const directory of directories) rmSync(directory, { recursive: true });
});

function library(files: Record<string, string>): string {
  const directory = mkdtempSync(join(tmpdir(), 'netsweep-templates-'));
  directories.push(directory);
  for (const [name, text] of Object.entries(files)) writeFileSync(join(directory, name), text);
  return directory;
}

/** A template that says which one it is. */
const saying = (word: string) => `Value ${word} (.+)\n\nStart\n  ^$${word} -> Record\n`;

const INDEX = `# a comment
Template, Hostname, Platform, Command  # the columns

clock.textfsm, .*, acme_os, sh[[ow]] cl[[ock]]
lab.textfsm, lab-.*, acme_os, show lab
brief.textfsm, .*, acme_os, sh[[ow]] int[[erfaces]] (br[[ief]]|st[[atus]])
any.textfsm, .*, acme_(os|xe), sh[[ow]] int[[erfaces]]
broken.textfsm, .*, acme_os, show broken
missing.textfsm, .*, acme_os, show missing
list.textfsm, .*, acme_os, show a{1,2}
`;
const FILES = {
  index: INDEX,
  'clock.textfsm': saying('CLOCK'),
  'lab.textfsm': saying('LAB'),
  'brief.textfsm': saying('BRIEF'),
  'any.textfsm': saying('ANY'),
  'broken.textfsm': 'Value BROKEN (.+)\n\nStart\n  ^$BROKN -> Record\n  ^$$$\n',
};

function ask(directory: string, command: string, platforms = ['acme_os'], hostname: string | null = null) {
  return parse({ templates: { directory, question: { platforms, command, hostname } }, text: 'x\n' });
}

test.each([
  ['show clock', 'clock'],
  ['sh cl', 'clock'],
  ['sho clo', 'clock'],
  ['show clock detail', 'clock'],
  ['show interfaces brief', 'brief'],
  ['sh int st', 'brief'],
  ['show interfaces', 'any'],
])('%j is parsed by the template %s', (command, column) => {
  expect(ask(library(FILES), command)).toMatchObject({ ok: true, columns: [column] });
});

test('rows are objects with their columns in lower case', () => {
  expect(ask(library(FILES), 'show clock')).toMatchObject({ rows: '[{"clock":"x"}]' });
});

test('a platform is looked for by its names in turn, and a name is compared from its beginning', () => {
  const directory = library(FILES);
  expect(ask(directory, 'show interfaces', ['unknown', 'acme_xe'])).toMatchObject({ columns: ['any'] });
  expect(ask(directory, 'show clock', ['acme_xe'])).toMatchObject({ ok: false });
  expect(ask(directory, 'show clock', ['acme_os_virtual'])).toMatchObject({ columns: ['clock'] });
});

test("a row for some hosts is for them alone, where a device's name is known", () => {
  const directory = library(FILES);
  expect(ask(directory, 'show lab', ['acme_os'], 'lab-1')).toMatchObject({ columns: ['lab'] });
  expect(ask(directory, 'show lab', ['acme_os'], 'core-1')).toMatchObject({ ok: false });
  expect(ask(directory, 'show lab')).toMatchObject({ columns: ['lab'] });
});

test('an index of old calls the platform the vendor', () => {
  const directory = library({
    ...FILES,
    index: 'Template,Vendor,Command\nclock.textfsm,acme_os,show clock\n',
  });
  expect(ask(directory, 'show clock')).toMatchObject({ ok: true });
  expect(ask(directory, 'show clock', ['other'])).toMatchObject({ ok: false });
});

test('rows of several templates are one where their keys are the same', () => {
  const directory = library({
    index: 'Template, Platform, Command\nports.textfsm:speeds.textfsm:notes.textfsm, acme_os, show ports\n',
    'ports.textfsm': 'Value Key PORT (\\w)\nValue STATE (up|down)\n\nStart\n  ^port $PORT $STATE -> Record\n',
    'speeds.textfsm':
      'Value PORT (\\w)\nValue List SPEED (\\d+)\n\nStart\n  ^speed $PORT $SPEED -> Record\n\nEOF\n',
    'notes.textfsm':
      'Value PORT (\\w)\nValue STATE (\\w+)\nValue NOTE (.+)\n\nStart\n  ^note $PORT $NOTE -> Record\n',
  });
  const templates = {
    directory,
    question: { platforms: ['acme_os'], command: 'show ports', hostname: null },
  };
  const text = 'port a up\nport b down\nspeed b 10\nspeed b 100\nspeed c 1\nnote a first\n';
  const parsed = parse({ templates, text });
  expect(parsed).toMatchObject({ columns: ['port', 'state', 'speed', 'note'] });
  expect(JSON.parse(parsed.ok ? parsed.rows : '')).toEqual([
    { port: 'a', state: 'up', speed: '', note: 'first' },
    { port: 'b', state: 'down', speed: ['10'], note: '' },
  ]);
});

test('rows of several templates without keys are joined by their places', () => {
  const directory = library({
    index: 'Template, Platform, Command\na.textfsm:b.textfsm, acme_os, show\n',
    'a.textfsm': 'Value A (\\d)\n\nStart\n  ^a $A -> Record\n',
    'b.textfsm': 'Value B (\\d)\n\nStart\n  ^b $B -> Record\n',
  });
  const templates = { directory, question: { platforms: ['acme_os'], command: 'show', hostname: null } };
  const parsed = parse({ templates, text: 'a 1\na 2\nb 3\n' });
  expect(JSON.parse(parsed.ok ? parsed.rows : '')).toEqual([
    { a: '1', b: '3' },
    { a: '2', b: '' },
  ]);
});

test('what is not found is told with what is near, and with the lines that were passed over', () => {
  const directory = library(FILES);
  const index = join(directory, 'index');
  const passed = `; lines passed over there: ${index}:10:1: found 5 fields, expected 4: Template, Hostname, Platform, Command`;
  const told = (command: string, platform = 'acme_os') => ask(directory, command, [platform]);
  const none = { ok: false, why: 'no-template' };
  expect(told('shwo clock')).toEqual({
    ...none,
    message: `no template for "shwo clock" on acme_os in ${index}; did you mean "show clock"?${passed}`,
  });
  expect(told('show missing things', 'acme_xe')).toEqual({
    ...none,
    message: `no template for "show missing things" on acme_xe in ${index}${passed}`,
  });
  expect(told('show clock', 'acme_so')).toEqual({
    ...none,
    message: `no template for platform acme_so in ${index}; did you mean acme_os?${passed}`,
  });
});

test('a broken template is told with file, line and column, all at once', () => {
  const directory = library(FILES);
  const file = join(directory, 'broken.textfsm');
  expect(ask(directory, 'show broken')).toEqual({
    ok: false,
    why: 'broken-template',
    message: [
      `${file}:4:4: no Value BROKN; did you mean BROKEN?`,
      `${file}:5:6: a single $ (expected $$ for the end of the line, or $ and the name of a Value)`,
    ].join('\n'),
  });
});

test('a file that is not there, too large or no index is told by name', () => {
  const directory = library(FILES);
  const missing = join(directory, 'missing.textfsm');
  expect(ask(directory, 'show missing')).toMatchObject({
    message: `${missing} can't be read: no such file or directory`,
  });
  const large = join(library({}), 'large.textfsm');
  writeFileSync(large, '#'.repeat(1_000_001));
  expect(parse({ templates: { file: large }, text: '' })).toMatchObject({
    message: `${large} is too large (at most 1000000 bytes)`,
  });
  expect(parse({ templates: { file: directory }, text: '' })).toMatchObject({
    message: `${directory} is no file`,
  });
  const other = library({ index: '# nothing\nHostname, Command\n' });
  expect(ask(other, 'show clock')).toMatchObject({
    message: `${join(other, 'index')}:2:1: no column Template (expected Template, Hostname, Platform, Command)`,
  });
  const wrong = library({ index: 'Template, Platform, Command\na, acme_os, (show\n' });
  expect(ask(wrong, 'show clock')).toMatchObject({
    message: `${join(wrong, 'index')}:2:13: a ( that is not closed (found "(show")`,
  });
});

test('a text that the template does not take is told with rule and line', () => {
  const file = join(library({}), 'strict.textfsm');
  mkdirSync(join(file, '..'), { recursive: true });
  writeFileSync(file, 'Value NAME (\\w+)\n\nStart\n  ^name $NAME -> Record\n  ^. -> Error\n');
  expect(parse({ templates: { file }, text: 'name a\nwhat?\n' })).toEqual({
    ok: false,
    why: 'no-match',
    message: `${file}:5: a rule says Error at line 2 of the output: "what?"`,
  });
});

test('what is more than can be matched is told, not thrown', () => {
  const text = 'Value A (((?P<x>a)|b)*)\n\nStart\n  ^$A$$ -> Record\n';
  const file = join(library({ 'deep.textfsm': text }), 'deep.textfsm');
  const parsed = parse({ templates: { file }, text: 'a'.repeat(200_000) });
  expect(parsed.ok ? 'rows' : parsed.message).toBe(
    'more than can be matched: Maximum call stack size exceeded',
  );
});
