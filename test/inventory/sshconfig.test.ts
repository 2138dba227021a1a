// ssh's configuration: what OpenSSH itself reads from the same files, and what is said of files that are wrong.
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { hopText } from '../../coordinator/inventory/jump.ts';
import type { SshConfig } from '../../coordinator/inventory/sshconfig.ts';
import { SshConfigs } from '../../coordinator/inventory/sshconfigs.ts';
import { Issues } from '../../coordinator/inventory/wording.ts';
import { program } from '../process.ts';
import { type Directory, directoryOf } from './files.ts';

const SEED = Number(process.env.NETSWEEP_TEST_SEED ?? Date.now() % 1_000_000);
const ssh = program('ssh');

interface Read {
  config: SshConfig;
  issues: Issues;
  warnings: Issues;
}

function read(directory: Directory, system: string | null = null): Read {
  const issues = new Issues();
  const warnings = new Issues();
  const configs = new SshConfigs(
    { cwd: directory.path, env: { HOME: directory.path }, system },
    issues,
    warnings,
  );
  return { config: configs.of(null), issues, warnings };
}

function configured(text: string, host: string) {
  using directory = directoryOf({ '.ssh/config': text });
  const { config, issues } = read(directory);
  const said = config.of(host);
  expect(issues.list()).toEqual([]);
  return { ...said, jump: said.jump === null ? null : said.jump.hops.map(hopText).join() };
}

/** What is wrong, with the file's name cut to its last part. */
function wrongWith(text: string, host = 'r1'): string[] {
  using directory = directoryOf({ '.ssh/config': text });
  const { config, issues } = read(directory);
  config.of(host);
  return issues.list().map(({ at, message }) => `${at?.line}:${at?.column}: ${message}`);
}

describe("ssh's configuration", () => {
  test.each([
    [
      'the first value wins',
      'Host r1\n Port 1\nHost *\n Port 2\n User u\n',
      'r1',
      { port: 1, username: 'u' },
    ],
    ['what stands before any Host holds for all', 'User u\nHost r2\nUser v\n', 'r2', { username: 'u' }],
    ['several patterns', 'Host r1 r2 x*\nPort 7\n', 'xyz', { port: 7 }],
    ['? is one character', 'Host r?\nPort 7\n', 'r12', { port: null }],
    ['a negated pattern takes away', 'Host r* !r1\nPort 7\n', 'r1', { port: null }],
    ['a negated pattern alone gives nothing', 'Host !r1\nPort 7\n', 'r2', { port: null }],
    ['brackets are only characters', 'Host r[12]\nPort 7\n', 'r1', { port: null }],
    ['names are told apart by case', 'Host R1\nPort 7\n', 'r1', { port: null }],
    ['keywords are not', 'hOST r1\npOrT 7\n', 'r1', { port: 7 }],
    ['= and quotes', 'Host=r1\n\tUser = "a b"\n  Port="7"\n', 'r1', { username: 'a b', port: 7 }],
    ['single quotes', "Host 'r1'\nUser 'a\"b'\n", 'r1', { username: 'a"b' }],
    ['a backslash before a blank', 'Host r1\nUser a\\ b\n', 'r1', { username: 'a b' }],
    ['comments', '# Host r1\nHost r1 # r2\n  Port 7 # mine\n#Port 8\n', 'r1', { port: 7 }],
    ['a comment sign inside a word', 'Host r1\nUser a#b\n', 'r1', { username: 'a#b' }],
    ['Windows line ends', 'Host r1\r\n  Port 7\r\n', 'r1', { port: 7 }],
    ['unknown keywords', 'Frobnicate yes\nIdentitiesOnly yes\nHost r1\nPort 7\n', 'r1', { port: 7 }],
    ['a HostName made of the name', 'Host r1\nHostName %h.lab.example\n', 'r1', { host: 'r1.lab.example' }],
    ['an IPv6 HostName', 'Host r1\nHostName 2001:db8::1\n', 'r1', { host: '2001:db8::1' }],
    [
      'all key files',
      'Host r1\nIdentityFile a\nHost *\nIdentityFile b\n',
      'r1',
      { identityFiles: ['a', 'b'] },
    ],
    ['certificates', 'CertificateFile "c d"\n', 'r1', { certificateFiles: ['c d'] }],
    [
      'ProxyJump',
      'Host r1\nProxyJump me@b1:22, [::1]:7,ssh://x@b3/\n',
      'r1',
      { jump: 'me@b1:22,[::1]:7,x@b3' },
    ],
    ['ProxyJump none', 'Host r1\nProxyJump none\nHost *\nProxyJump b\n', 'r1', { jump: '' }],
    ['ProxyJump with the name in it', 'ProxyJump gw.%h\n', 'r1', { jump: 'gw.r1' }],
    [
      'ProxyCommand before ProxyJump',
      'Host r1\nProxyCommand none\nHost *\nProxyJump b\n',
      'r1',
      { jump: null },
    ],
    ['Match all', 'Host r2\nMatch all\nPort 7\n', 'r1', { port: 7 }],
    ['Match host', 'Match host r1,r2\nPort 7\n', 'r1', { port: 7 }],
    ['Match host by HostName', 'Host r1\nHostName X.lab\nMatch host x.*\nPort 7\n', 'r1', { port: 7 }],
    ['Match originalhost', 'Host r1\nHostName x\nMatch originalhost r1\nPort 7\n', 'r1', { port: 7 }],
    ['Match not host', 'Match !host r1\nPort 7\n', 'r1', { port: null }],
    ['Match exec, which is not run', 'Match host r1 exec "true"\nPort 7\n', 'r1', { port: null }],
    ['Match user, which is not known', 'Match user me\nPort 7\nMatch all\nPort 8\n', 'r1', { port: 8 }],
  ])('%s', (_, text, host, expected) => {
    expect(configured(text, host)).toMatchObject(expected);
  });

  test.each([
    [
      ['.ssh/config', 'Include one *.conf\nPort 9\n'],
      ['.ssh/one', 'User u\n'],
      ['.ssh/a.conf', 'Port 7\n'],
    ],
    [
      ['.ssh/config', 'Include ~/x/y\n'],
      ['x/y', 'Port 7\nUser u\n'],
    ],
    [
      ['.ssh/config', 'Host r1\nInclude in\nUser u\n'],
      ['.ssh/in', 'Port 7\nHost r2\nUser v\n'],
    ],
    [
      ['.ssh/config', 'Host r2\nInclude in\nMatch all\nPort 7\nUser u\n'],
      ['.ssh/in', 'Host r1\nPort 8\n'],
    ],
    [['.ssh/config', 'Include nothing.d/*\nPort 7\nUser u\n']],
  ])('files it includes: %j', (...files) => {
    using directory = directoryOf(Object.fromEntries(files));
    const { config, issues } = read(directory);
    expect(config.of('r1')).toMatchObject({ port: 7, username: 'u' });
    expect(issues.list()).toEqual([]);
  });

  test("the caller's file counts over the system's, and needs not be there", () => {
    using directory = directoryOf({ system: 'Port 7\nUser v\nInclude more\n', more: 'HostName x\n' });
    const { config } = read(directory, join(directory.path, 'system'));
    expect(config.of('r1')).toMatchObject({ port: 7, username: 'v', host: 'x' });
    mkdirSync(join(directory.path, '.ssh'));
    writeFileSync(join(directory.path, '.ssh/config'), 'User u\n', { mode: 0o600 });
    const again = read(directory, join(directory.path, 'system'));
    expect(again.config.of('r1')).toMatchObject({ port: 7, username: 'u' });
  });

  test.each([
    ['Host r1\n  Port x\n', ['2:8: Port is not a port number (found "x", expected 1 to 65535)']],
    ['Host r1\nPort 0\nPort 70000\n', ['2:6:', '3:6:']],
    ['Host\n', ['1:1: Host says nothing (expected a value after it)']],
    ['Host r1\n User\n', ['2:2: User says nothing']],
    ['User "a\n', ['1:6: a quote is still open at the end of the line']],
    ['User a b\n', ['1:8: User takes one value (found "b" behind it)']],
    ['User ""\n', ['1:6: User is empty or holds a control character (found "")']],
    ['HostName 10.0.0.256\n', ['1:10: HostName is not an address (found "10.0.0.256"']],
    ['HostName %p.x\n', ['1:10: HostName is not an address (found "%p.x"']],
    ['ProxyJump a,,b\n', ['1:11: ProxyJump: a jump host is empty']],
    ['Match host\n', ['1:7: Match host names no host']],
    ['Include config\n', ['1:9: files include one another too deeply (expected at most 16 levels)']],
  ])('%j is refused at its place', (text, expected) => {
    const found = wrongWith(text);
    expect(found).toHaveLength(expected.length);
    for (const [index, start] of expected.entries()) expect(found[index]).toContain(start);
  });

  test('that others may write is refused, as ssh does', () => {
    using directory = directoryOf({ '.ssh/config': 'Port 7\n' });
    chmodSync(join(directory.path, '.ssh/config'), 0o666);
    const { issues } = read(directory);
    expect(issues.list()[0]?.message).toContain('others can write this file of ssh');
  });

  test('warns of a ProxyCommand that would be needed, once', () => {
    using directory = directoryOf({ '.ssh/config': 'Host *\n  ProxyCommand nc -X 5 %h %p\n' });
    const { config, warnings } = read(directory);
    for (const host of ['r1', 'r2', 'r3']) config.of(host);
    expect(warnings.list().map(({ at, message }) => [at?.line, at?.column, message])).toEqual([
      [2, 16, 'ProxyCommand is not run, such devices are connected directly (expected ProxyJump)'],
    ]);
  });

  test('is not gone through anew for each of a hundred thousand devices', () => {
    const named = Array.from({ length: 100 }, (_, index) => `Host r${index} s${index}\n Port ${index + 1}\n`);
    const wild = Array.from(
      { length: 100 },
      (_, index) => `Host site${index}-* *.dc${index}\n User u${index}\n`,
    );
    using directory = directoryOf({ '.ssh/config': [...named, ...wild].join('') });
    const { config } = read(directory);
    const started = process.cpuUsage();
    for (let index = 0; index < 100_000; index += 1) config.of(`site${index % 200}-r${index}`);
    // About 300 ms; every pattern against every device would be minutes.
    expect(process.cpuUsage(started).user / 1_000).toBeLessThan(5_000);
    expect(config.of('site42-r42').username).toBe('u42');
    expect(config.of('s42').port).toBe(43);
  });
});

describe.skipIf(ssh === null)(`OpenSSH itself (NETSWEEP_TEST_SEED=${SEED})`, () => {
  test('reads the same from random files', { timeout: 120_000 }, () => {
    const random = dice(SEED);
    for (let round = 0; round < 60; round += 1) {
      using directory = directoryOf({ more: randomConfig(random, null) });
      const text = randomConfig(random, join(directory.path, 'more'));
      mkdirSync(join(directory.path, '.ssh'));
      writeFileSync(join(directory.path, '.ssh/config'), text, { mode: 0o600 });
      const { config, issues } = read(directory);
      for (const host of ['r1', 'r2', 'R1', 'sw1.lab', 'x']) {
        const said = config.of(host);
        const ours = {
          hostname: (said.host ?? host).toLowerCase(),
          port: String(said.port ?? 22),
          user: said.username ?? userInfo().username,
          identityfile: said.identityFiles,
          proxyjump: said.jump === null ? '' : said.jump.hops.map(hopText).join(),
        };
        const context = `round ${round}, host ${host}:\n${text}\n-- more:\n${readFileSync(join(directory.path, 'more'), 'utf8')}`;
        expect(ours, context).toEqual(theirs(join(directory.path, '.ssh/config'), host));
      }
      expect(issues.list()).toEqual([]);
    }
  });
});

/** What `ssh -G` says. */
function theirs(file: string, host: string) {
  const text = spawnSync(ssh ?? '', ['-T', '-F', file, '-G', host], { encoding: 'utf8' });
  expect([text.status, text.stderr]).toEqual([0, '']);
  const lines = text.stdout.split('\n').map((line) => [line.split(' ', 1)[0] ?? '', line] as const);
  const values = (keyword: string) =>
    lines.filter(([word]) => word === keyword).map(([word, line]) => line.slice(word.length + 1));
  const one = (keyword: string) => values(keyword)[0] ?? '';
  return {
    hostname: one('hostname'),
    port: one('port'),
    user: one('user'),
    identityfile: values('identityfile').filter((path) => !path.includes('/id_')),
    proxyjump: one('proxyjump').replace(/^none$/, ''),
  };
}

function randomConfig(random: () => number, included: string | null): string {
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T; // the list is not empty
  const pattern = () =>
    pick(['r1', 'r2', 'r*', '!r1', '*', 'sw?.lab', '*.lab', 'R1', '"x"', 'r?', '!*.lab', 'x,r1']);
  const gap = () => pick([' ', '\t', '=', ' = ', '  ']);
  const line = () =>
    pick([
      () => `Host ${pattern()} ${pattern()}`,
      () => `Host${gap()}${pattern()}`,
      () => `Match host ${pick(['r1', 'r*,!r2', '10.*', 'SW1.LAB', '!r1,*'])}`,
      () => `Match originalhost ${pick(['r1', 'sw*', '*,!x'])}`,
      () => `Match !host ${pick(['r1', '*.lab'])}`,
      () => 'Match all',
      () => `  HostName${gap()}${pick(['10.0.0.1', '%h.example', 'r9'])}`,
      () => `\tport${gap()}${pick(['1', '65535', '"22"', "'2222'"])}`,
      () => `User${gap()}${pick(['u', '"v w"', "x'y z'", 'a\\ b # c'])}`,
      () => `IdentityFile${gap()}${pick(['/a', '/b', '"/c d"', '/e\\ f', "'/g'"])}`,
      () => `ProxyJump ${pick(['b1', 'none', 'me@b1:7', 'b1,b2', 'me@[::1]:7,b3'])}`,
      () => pick(['# Port 1', '', '   ', 'Compression no # Port 2', 'IdentitiesOnly yes']),
      () => (included === null ? 'ForwardAgent no' : `Include ${included}`),
    ])();
  return Array.from({ length: 2 + Math.floor(random() * 14) }, line).join('\n');
}

function dice(seed: number): () => number {
  let state = seed || 1;
  return () => {
    state = (Math.imul(state, 48_271) >>> 0) % 2_147_483_647;
    return state / 2_147_483_647;
  };
}
