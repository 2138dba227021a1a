// Platform data: every name that other tools have resolves to one file, every file that ships is valid, and what
// is wrong in a file of the user's is said with its place.
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { isAuto, PlatformError, Platforms, readPlatform } from '../proto/platform.ts';
import { platformText } from '../proto/platformtext.ts';
import { MEANING, NETMIKO } from './platformnames.ts';
import { root } from './process.ts';

const shipped = join(root, 'proto/platforms');
const files = readdirSync(shipped).filter((file) => file.endsWith('.yaml'));
const platforms = new Platforms();

const scratch = mkdtempSync(join(tmpdir(), 'netsweep-platforms-'));
afterAll(() => rmSync(scratch, { recursive: true }));

/** A directory of the user's with these files; gives the platforms over it. */
function withOwn(own: Record<string, string>): Platforms {
  const directory = mkdtempSync(join(scratch, 'own-'));
  mkdirSync(directory, { recursive: true });
  for (const [name, text] of Object.entries(own)) writeFileSync(join(directory, name), text);
  return new Platforms([directory]);
}

/** What is wrong, without the directory. */
function problems(act: () => unknown): string[] {
  try {
    act();
  } catch (error) {
    if (error instanceof PlatformError) return error.problems.map((line) => line.replace(/^.*\//, ''));
    throw error;
  }
  return [];
}

describe('what stands over a platform', () => {
  test('keeps its names, and how it is found, where it builds on it', () => {
    const own = withOwn({ 'cisco_ios.yaml': 'extends: cisco_ios\nreads: [peek]\n' });
    for (const name of ['ios', 'cisco.ios.ios', 'cisco_ios_ssh'])
      expect(own.find(name)).toMatchObject({ name: 'cisco_ios', title: 'Cisco IOS', reads: ['peek'] });
    expect(own.get('cisco_ios')?.detect).toEqual(platforms.get('cisco_ios')?.detect);
    expect(own.get('cisco_xe')?.aliases).toEqual(platforms.get('cisco_xe')?.aliases);
  });

  test('may have names of its own', () => {
    const own = withOwn({ 'cisco_ios.yaml': 'extends: cisco_ios\naliases: [ours]\n' });
    expect([own.canonical('ours'), own.canonical('ios')]).toEqual(['cisco_ios', undefined]);
  });
});

describe('every name means a platform', () => {
  test('all of netmiko, with and without its suffix', () => {
    expect(new Set(NETMIKO).size).toBe(154);
    const unknown = NETMIKO.flatMap((name) => [name, `${name}_ssh`]).filter(
      (name) => !platforms.canonical(name),
    );
    expect(unknown).toEqual([]);
  });

  test.each(Object.entries(MEANING))('%s: %j', (platform, names) => {
    expect(names.map((name) => [name, platforms.canonical(name)])).toEqual(
      names.map((name) => [name, platform]),
    );
  });

  test('in capitals too, and none but those', () => {
    expect(platforms.canonical('Cisco_IOS')).toBe('cisco_ios');
    expect(platforms.canonical('cisco_iox')).toBeUndefined();
    expect(platforms.canonical('auto')).toBeUndefined();
    expect(['auto', 'AUTO', 'autodetect', 'automatic'].map(isAuto)).toEqual([true, true, true, false]);
  });

  test('a platform has all its names, and then those of what it extends', () => {
    const names = platforms.namesOf('xe');
    expect(names[0]).toBe('cisco_xe');
    expect(names.indexOf('iosxe')).toBeLessThan(names.indexOf('cisco_ios'));
    expect(names).toContain('ios');
    expect(platforms.namesOf('cisco_iox')).toEqual([]);
  });

  test('no name is claimed twice, and none stands for the search of one', () => {
    const claims = new Map<string, string[]>();
    for (const name of platforms.names)
      for (const claimed of new Set([name, ...(platforms.get(name)?.aliases ?? [])]))
        claims.set(claimed, [...(claims.get(claimed) ?? []), name]);
    expect([...claims].filter(([, claimants]) => claimants.length > 1)).toEqual([]);
    expect([...claims.keys()].filter(isAuto)).toEqual([]);
  });

  test('the start takes little of the time', () => {
    const times = [0, 0, 0].map(() => {
      const started = performance.now();
      new Platforms().canonical('junipernetworks.junos.junos');
      return performance.now() - started;
    });
    const all = performance.now();
    const fresh = new Platforms();
    for (const name of fresh.names) fresh.get(name);
    const wholeMs = performance.now() - all;
    console.log(
      `names of ${files.length} files: ${Math.min(...times).toFixed(1)} ms; all data: ${wholeMs.toFixed(0)} ms`,
    );
  });
});

describe('a file that ships', () => {
  test.each(files)('%s is valid, its aliases on one line in lower case', (file) => {
    const name = file.replace(/\.yaml$/, '');
    const platform = platforms.get(name);
    expect(platform?.name).toBe(name);
    const lines = readFileSync(join(shipped, file), 'utf8').split('\n');
    const aliases = lines.filter((line) => line.startsWith('aliases:'));
    expect(aliases.length <= 1 && aliases.every((line) => /^aliases: \[[a-z0-9_., -]*\]$/.test(line))).toBe(
      true,
    );
    expect(platforms.aliases.get(platform?.aliases[0] ?? name)).toBe(name);
  });

  test.each(files)('%s is shown as a file that says the same', (file) => {
    const name = file.replace(/\.yaml$/, '');
    const platform = platforms.get(name);
    if (platform === undefined) throw new Error('no such platform');
    const own = withOwn({ [file]: platformText(platform) });
    expect(own.own).toEqual(new Set([name]));
    expect(own.get(name)).toEqual(platform);
    expect(readPlatform(JSON.stringify(platform))).toEqual(platform);
  });
});

describe('a file of the user', () => {
  test('adds a platform, or stands over one that ships and changes what builds on it', () => {
    const own = withOwn({
      'cisco_ios.yaml': 'title: Ours\nextends: cisco_ios\nsetup: [terminal length 0]\naliases: [our-ios]\n',
      'lab.yaml': "title: Lab\nextends: cisco_ios\nprompt: '^lab> $'\n",
    });
    expect(own.get('cisco_ios')).toMatchObject({
      title: 'Ours',
      setup: ['terminal length 0'],
      mode: 'shell',
    });
    expect(own.get('lab')).toMatchObject({
      name: 'lab',
      prompt: '^lab> $',
      setup: ['terminal length 0'],
      aliases: [],
    });
    expect(own.canonical('our-ios')).toBe('cisco_ios');
    expect(platforms.get('cisco_ios')?.title).not.toBe('Ours');
  });

  test.each([
    ['promt: x\n', ['x.yaml:1:1: unknown field (found "promt"; did you mean prompt?)']],
    [
      'title: X\nmode: telnet\ndefault_commands: []\nreads: show\nzzz: 1\n',
      [
        'x.yaml:5:1: unknown field (found "zzz")',
        'x.yaml:2:7: mode: found "telnet", expected shell or exec',
        'x.yaml:3:19: default_commands: found an empty list, expected at least one item',
        'x.yaml:4:8: reads: found "show", expected a list',
      ],
    ],
    ["title: X\nerrors: ['^ok', '(']\n", ['x.yaml:2:17: errors.1: found "(", expected a regular expression']],
    ['title: X\npager: [{ text: more }]\n', ['x.yaml:2:9: pager.0.key is missing']],
    [
      'title: X\npager: [{ text: a, key: b, kye: c }]\n',
      ['x.yaml:2:33: pager.0: unknown field (found "kye")'],
    ],
    [
      "title: X\nentry: [{ asks: 'Go' }]\n",
      [
        'x.yaml:2:9: entry.0: found the fields "asks", expected asks together with one of keys, login or fails',
      ],
    ],
    [
      'extends: cisco_iso\ntitle: X\n',
      ['x.yaml:1:10: extends: there is no such platform (found cisco_iso; did you mean cisco_ios?)'],
    ],
    ['extends: x\ntitle: X\n', ['x.yaml:1:10: extends leads back to itself (found x)']],
    ['name: y\n', ["x.yaml:1:7: name differs from the file's (found y, expected x, or no name)"]],
    ['title: [1\n', [expect.stringMatching(/^x\.yaml:\d:\d+: /)]],
    ['title: X\nmode: shell\n', ['x.yaml:1:1: default_commands is missing']],
    ['- a\n', [expect.stringContaining('x.yaml:1:1: the file: found')]],
    ['', [expect.stringContaining('x.yaml:1:1: the file: found nothing')]],
  ])('%j is refused with its place', (text, expected) => {
    expect(problems(() => withOwn({ 'x.yaml': text }).get('x'))).toEqual(expected);
  });
});
