// Every message that a wrong inventory gives, word for word.
import { describe, expect, test } from 'vitest';
import { InputError } from '../../coordinator/inventory/inventory.ts';
import { BAD_ANSIBLE } from './badansible.ts';
import { BAD_APIS, saidOfApi } from './badapis.ts';
import { BAD_FILES } from './badfiles.ts';
import { BAD_NAMES } from './badnames.ts';
import { BAD_TOOLS } from './badtools.ts';
import { saidOf } from './broken.ts';
import { errorsOf, inventoryOf } from './files.ts';

const BROKEN = [...BAD_ANSIBLE, ...BAD_TOOLS, ...BAD_NAMES];
const COUNT = BAD_FILES.length + BROKEN.length + BAD_APIS.length;

describe('a wrong inventory', () => {
  test.each(BAD_FILES)('says what is wrong with $title', async ({ file, content, errors }) => {
    expect(await errorsOf({ [file]: content })).toEqual(errors);
  });

  test.each(BAD_FILES)('shows no password for $title', async ({ file, content }) => {
    expect((await errorsOf({ [file]: content })).join('\n')).not.toContain('secret"');
    expect((await errorsOf({ [file]: content })).join('\n')).not.toContain('topsecret');
  });

  test.each(BROKEN)('says what is wrong with $title', async ({ errors, ...one }) => {
    const said = await saidOf({ ...one, errors });
    expect(said).toEqual(errors);
    expect(said.join('\n')).not.toContain('topsecret');
  });

  test.each(BAD_APIS)('says what is wrong with $title', async ({ errors, ...one }) => {
    const said = await saidOfApi({ ...one, errors });
    expect(said).toEqual(errors);
    expect(said.join('\n')).not.toContain('topsecret');
  });

  test(`is one of ${COUNT} kinds, two hundred at least`, () => expect(COUNT).toBeGreaterThanOrEqual(200));

  test('shows the first 50 errors and counts the others', async () => {
    const content = Array.from({ length: 80 }, (_, index) => `- {name: R${index}, host: h, port: x}\n`).join(
      '',
    );
    const errors = await errorsOf({ 'a.yaml': content });
    expect(errors).toHaveLength(51);
    expect(errors[50]).toBe('a.yaml: and 30 more errors');
  });

  test('tells the errors of all files at once', async () => {
    const errors = await errorsOf({
      'a.yaml': '- {name: R1, host: h, port: x}\n',
      'b.py': 'R2 = {"ip": "h",, }\n',
      'c.csv': '',
    });
    expect(errors.map((error) => error.split(':')[0])).toEqual(['a.yaml', 'b.py', 'c.csv']);
  });

  test('names both places of a device that two files have', async () => {
    expect(await errorsOf({ 'a.csv': 'name,host\nR1,h\n', 'b.py': 'x = 1\nR1 = {"ip": "i"}\n' })).toEqual([
      'b.py:2:1: device "R1" is given twice (also at a.csv:2:1)',
    ]);
  });

  test('is named as the user named it', async () => {
    const files = { 'sites/a.yaml': '- {name: R1, host: h, port: x}\n' };
    for (const [source, shown] of [
      ['./sites', './sites/a.yaml'],
      ['sites/', 'sites/a.yaml'],
      ['sites/../sites/a.yaml', 'sites/../sites/a.yaml'],
    ] as const)
      expect((await errorsOf(files, { sources: [source] }))[0]).toContain(`${shown}:1:29: port`);
  });

  test.each([
    ['missing.yaml', 'missing.yaml:1:1: cannot be read (no such file or directory)'],
    ['empty', 'empty:1:1: no inventory in this directory (expected *.yaml, *.yml, *.json, *.csv or *.py)'],
    ['a.yaml/b', 'a.yaml/b:1:1: cannot be read (a part of the path is not a directory)'],
    [
      'pyton:lab.py',
      'pyton:lab.py:1:1: cannot be read (no such file or directory; did you mean python:lab.py?)',
    ],
    [
      'https://me:secret@inventory.example.com/lab.yaml',
      'https://inventory.example.com/lab.yaml:1:1: a URL with a user name or password is not taken (it would stand in lists of processes)',
    ],
    ['-', '-:1:1: this file is empty (expected an inventory)'],
  ])('says why the source %s cannot be read', async (source, message) => {
    expect(await errorsOf({ 'a.yaml': '- {host: h}\n', 'empty/README': '' }, { sources: [source] })).toEqual([
      message,
    ]);
  });

  test('says that there is no device in files that hold none', async () => {
    expect(await errorsOf({ 'a.yaml': 'defaults: {port: 22}\n', 'b.csv': 'name,host\n' })).toEqual([
      'no device in a.yaml, b.csv (expected at least one)',
    ]);
  });

  test('of 65 MB is refused unread', async () => {
    expect(await errorsOf({ 'a.csv': Buffer.alloc(65 * 1024 * 1024, 'a') })).toEqual([
      'a.csv:1:1: too large (expected at most 64 MB)',
    ]);
  });

  test('cannot name files and programs from standard input', async () => {
    const stdin = '- {name: R1, host: h, password: "file:/etc/shadow", secret: "cmd:reboot now"}\n';
    await expect(inventoryOf({}, { sources: ['-'], stdin })).rejects.toThrow(InputError);
    expect(await errorsOf({}, { sources: ['-'], stdin })).toEqual([
      '-:1:33: password cannot use file: in this file (expected a local file that you or root own and nobody else can write)',
      '-:1:61: secret cannot use cmd: in this file (expected a local file that you or root own and nobody else can write)',
    ]);
  });
});
