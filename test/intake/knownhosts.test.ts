// OpenSSH's known_hosts: what it says of a host, held against what OpenSSH itself finds in the same file.
import { createHmac, randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { KnownHosts, KnownHostsFiles } from '../../coordinator/intake/knownhosts.ts';
import { beginKey, finish, LONGEST, STATE, textBlock, wordsOf } from '../../coordinator/intake/sha1.ts';
import { Place } from '../place.ts';
import { output, program } from '../process.ts';

/** A key with these words inside, as a line has it. */
function key(words: string): string {
  const string = (bytes: Buffer) => Buffer.concat([Buffer.from([0, 0, 0, bytes.length]), bytes]);
  const inside = Buffer.alloc(32, words);
  return `ssh-ed25519 ${Buffer.concat([string(Buffer.from('ssh-ed25519')), string(inside)]).toString('base64')}`;
}

function hashed(name: string): string {
  const salt = Buffer.alloc(20, 7);
  return `|1|${salt.toString('base64')}|${createHmac('sha1', salt).update(name).digest('base64')}`;
}

const LINES = [
  `r1 ${key('plain')}`,
  `r1,R2,10.0.0.1 ${key('several')} a comment`,
  `[r1]:2222 ${key('port')}`,
  `${hashed('r3')} ${key('hashed')}`,
  `${hashed('[r3]:2222')} ${key('hashed with a port')}`,
  `*.lab.example,!gw.lab.example ${key('all but one')}`,
  `!*.bad.example,*.example ${key('exception first')}`,
  `10.0.0.? ${key('one sign')}`,
  `[*]:2022 ${key('any at a port')}`,
  `a*b*c ${key('two stars')}`,
  `fe80::1 ${key('IPv6')}`,
  `[fe80::1]:2222 ${key('IPv6 and a port')}`,
];

const ASKED: [host: string, port: number][] = [
  ...['r1', 'R1', 'r2', 'r3', 'r33', '10.0.0.1', '10.0.0.12', '10.0.0.x', 'gw.lab.example'].map(
    (host): [string, number] => [host, 22],
  ),
  ...['x.lab.example', 'gw.lab.example.org', 'x.bad.example', 'y.example', 'example', 'abc', 'aXbYc'].map(
    (host): [string, number] => [host, 22],
  ),
  ...['ac', 'acb', 'abcb', 'fe80::1', 'FE80::1', '!r1', '*'].map((host): [string, number] => [host, 22]),
  ...['r1', 'r3', 'r2', 'fe80::1'].map((host): [string, number] => [host, 2222]),
  ...['r1', 'whatever'].map((host): [string, number] => [host, 2022]),
];

test('a host has the keys that OpenSSH finds for it', async () => {
  await using place = await Place.open();
  const file = await place.write('known_hosts', `${LINES.join('\n')}\n`);
  const known = KnownHosts.parse(readFileSync(file, 'utf8'));
  expect(known.problems).toEqual([]);
  const ours: string[][] = [];
  const theirs: string[][] = [];
  for (const [host, port] of ASKED) {
    const name = port === 22 ? host : `[${host}]:${port}`;
    const found = await output(program('ssh-keygen') ?? 'ssh-keygen', ['-F', name, '-f', file]).catch(
      () => '',
    );
    const blobs = found.split('\n').flatMap((line) => /^[^#].* ssh-ed25519 (\S+)/.exec(line)?.[1] ?? []);
    theirs.push([name, ...blobs.sort()]);
    ours.push([
      name,
      ...known
        .lookUp(host, port)
        .map(({ blob }) => blob.toString('base64'))
        .sort(),
    ]);
  }
  expect(ours).toEqual(theirs);
  expect(theirs.filter((one) => one.length > 1).length).toBeGreaterThan(14);
});

test('revoked keys and authorities are told apart from keys that are known', () => {
  const [one = '', other = ''] = [key('one'), key('other')].map((words) => words.split(' ')[1]);
  const known = KnownHosts.parse(
    [
      `@cert-authority *.lab.example ssh-ed25519 ${one}`,
      `@revoked * ssh-ed25519 ${other}`,
      `@revoked ${hashed('r9')} ssh-ed25519 ${one}`,
    ].join('\n'),
  );
  const blob = (text: string) => Buffer.from(text, 'base64');
  expect(known.lookUp('r1.lab.example', 22)).toEqual([]);
  expect(known.marks('r1.lab.example', 22)).toEqual({
    revoked: [blob(other)],
    authorities: [blob(one)],
    vouchedFor: true,
  });
  expect(known.marks('r1', 2222)).toEqual({ revoked: [blob(other)], authorities: [], vouchedFor: false });
  expect(known.marks('r9', 22)?.revoked).toEqual([blob(other), blob(one)]);
  expect(KnownHosts.parse(`r1 ${key('x')}`).marks('r1', 22)).toBeUndefined();
});

test('an authority for all hosts leaves hosts without a certificate as they are', () => {
  expect(KnownHosts.parse(`@cert-authority * ${key('ca')}`).marks('r1', 22)?.vouchedFor).toBe(false);
});

test('lines that can not be read are told of, and the others count', () => {
  const damaged = key('x').slice(0, -12);
  const known = KnownHosts.parse(
    [
      '# a comment',
      '',
      'r1 1024 35 1234567890',
      'r1 ssh-ed25519',
      `@gone r1 ${key('x')}`,
      `r1 ssh-rsa ${key('x').split(' ')[1]}`,
      `|1|c2FsdA==|abc ${key('x')}`,
      `r1 ssh-ed25519 %%%`,
      `  r1\t${key('good')}`,
      damaged,
    ].join('\n'),
    'kh',
  );
  expect(known.lookUp('r1', 22)).toHaveLength(1);
  expect(known.problems).toEqual([
    'kh:3: this is a key of SSH 1',
    'kh:4: a key is missing (expected names, type and key)',
    'kh:5: the mark is not known (found @gone, expected @revoked or @cert-authority)',
    'kh:6: the key is damaged, or not of the type "ssh-rsa"',
    'kh:7: the hashed name is damaged',
    'kh:8: the key is damaged, or not of the type "ssh-ed25519"',
    expect.stringMatching(/^kh:10: /),
  ]);
});

test('files are read again when they have changed, and those that are not there say nothing', async () => {
  await using place = await Place.open();
  let now = 0;
  const files = ['one', 'two'].map((name) => place.path(name));
  const known = new KnownHostsFiles(files, () => now);
  expect([known.now.lookUp('r1', 22), known.now.problems]).toEqual([[], []]);
  writeFileSync(files[1] ?? '', `r1 ${key('x')}\n`);
  expect(known.now.lookUp('r1', 22)).toEqual([]);
  now = 5_000;
  expect(known.now.lookUp('r1', 22)).toHaveLength(1);
});

test('no line makes a name take long', () => {
  const known = KnownHosts.parse(`${'*a'.repeat(400)}b ${key('x')}`);
  const before = performance.now();
  expect(known.lookUp('a'.repeat(2_000), 22)).toEqual([]);
  expect(performance.now() - before).toBeLessThan(5_000);
});

test('thousands of hashed lines with a salt each are told apart, whatever has been looked for before', () => {
  const names = Array.from({ length: 600 }, (_, at) => (at % 2 === 0 ? `r${at}` : `[r${at}]:2222`));
  const lines = names.map((name, at) => {
    const salt = randomBytes(20);
    const hash = createHmac('sha1', salt).update(name).digest('base64');
    return `|1|${salt.toString('base64')}|${hash} ${key(String(at))}`;
  });
  const twice = [...lines, `${hashed('r0')} ${key('r0 again')}`, `${hashed('r2')} ${key('r2 again')}`];
  const known = KnownHosts.parse([...twice, `@revoked ${hashed('r4')} ${key('gone')}`].join('\n'));
  expect(known.isDear).toBe(true);
  const words = (host: string, port = 22) =>
    known.lookUp(host, port).map(({ blob }) => blob.toString('base64'));
  const blob = (of: string) => key(of).split(' ')[1];
  expect(words('r1')).toEqual([]);
  for (const at of [0, 598, 2, 300, 4, 0]) {
    const again = at === 0 || at === 2 ? [blob(`r${at} again`)] : [];
    expect(words(`r${at}`).sort(), `r${at}`).toEqual([blob(String(at)), ...again].sort());
  }
  expect(words('r1', 2_222)).toEqual([blob('1')]);
  expect(known.marks('r4', 22)?.revoked).toHaveLength(1);
  expect(known.marks('r6', 22)).toBeUndefined();
  for (let at = 0; at < 600; at += 2) expect(words(`r${at}`)).toContain(blob(String(at)));
  for (let at = 1; at < 600; at += 2) expect(words(`r${at}`, 2_222)).toEqual([blob(String(at))]);
  expect(known.isDear).toBe(false);
  expect(words('r8')).toEqual([blob('8')]);
});

test('an HMAC is the one that Node makes, of every length that a name may have', () => {
  const digest = new Int32Array(STATE);
  const states = new Int32Array(2 * STATE);
  for (let length = 0; length <= LONGEST; length += 1) {
    const [salt, text] = [randomBytes(20), randomBytes(length)];
    beginKey(salt, states, 0);
    finish(states, 0, textBlock(text), digest);
    expect([...digest], `${length} bytes`).toEqual([
      ...wordsOf(createHmac('sha1', salt).update(text).digest()),
    ]);
  }
});
