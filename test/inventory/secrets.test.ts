// References to secrets, what they come to, and what is said when they come to nothing.
import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { InputError, type ReadyEntry, type SecretReference } from '../../coordinator/inventory/inventory.ts';
import { resolveSecrets } from '../../coordinator/inventory/secrets.ts';
import { type Directory, directoryOf, entryOf } from './files.ts';

const AT = { file: 'a.yaml', line: 3, column: 5 };

function io(directory: Directory, asked: string[] = []) {
  return {
    env: { NETPASS: 'top secret', LINES: 'a\nb', EMPTY: '' },
    cwd: directory.path,
    sshAgent: 'caller' as const,
    vault: 'agents' as const,
    ask: async (question: string) => {
      asked.push(question);
      return Buffer.from('typed');
    },
  };
}

async function refusal(references: SecretReference[], directory: Directory): Promise<string[]> {
  const entries = references.map((password, index) => entryOf({ name: `R${index}`, password }));
  const error = await resolveSecrets(entries, io(directory)).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(InputError);
  return (error as InputError).message.split('\n'); // asserted above
}

describe('secrets', () => {
  test('come from text, the environment, files, programs and people', async () => {
    using directory = directoryOf({ pw: 'from file\r\n', id: '-----BEGIN PRIVATE KEY-----\nabc\n' });
    const asked: string[] = [];
    const fields: Partial<ReadyEntry>[] = [
      { password: { from: 'text', text: 'plain', at: AT } },
      { password: { from: 'env', variable: 'NETPASS', at: AT } },
      { password: { from: 'file', path: join(directory.path, 'pw'), at: AT } },
      { password: { from: 'command', program: `sh -c 'printf "%s\\n" "$1"' x "a b"`, at: AT } },
      { password: { from: 'ask', question: 'Password', at: AT } },
      {
        password: { from: 'ask', question: 'Password', at: null },
        enableSecret: { from: 'ask', question: 'Enable secret', at: AT },
      },
      { privateKey: { from: 'file', path: join(directory.path, 'id'), at: AT } },
    ];
    const { credentials, of } = await resolveSecrets(fields.map(entryOf), io(directory, asked));
    expect(credentials.map(({ password }) => password.toString())).toEqual([
      'plain',
      'top secret',
      'from file',
      'a b',
      'typed',
      'typed',
      '',
    ]);
    expect(credentials[5]?.enableSecret.toString()).toBe('typed');
    expect(credentials[6]?.privateKey.toString()).toBe('-----BEGIN PRIVATE KEY-----\nabc\n');
    expect(
      credentials.every(({ password, privateKey, enableSecret }) =>
        [password, privateKey, enableSecret].every(Buffer.isBuffer),
      ),
    ).toBe(true);
    expect(of).toEqual([0, 1, 2, 3, 4, 5, 6]);
    expect(asked).toEqual(['Password for admin: ', 'Enable secret for admin: ']);
  });

  test('that are equal are one credential, whatever they come from and are called', async () => {
    using directory = directoryOf({});
    const { credentials, of } = await resolveSecrets(
      [
        entryOf({ password: { from: 'text', text: 'top secret', at: AT }, credential: 'lab' }),
        entryOf({ password: { from: 'env', variable: 'NETPASS', at: AT } }),
        entryOf({ password: { from: 'env', variable: 'NETPASS', at: AT }, username: 'other' }),
        entryOf({}),
        entryOf({ enableSecret: { from: 'text', text: 'x', at: AT } }),
      ],
      io(directory),
    );
    expect(of).toEqual([0, 0, 1, 2, 3]);
    expect(credentials.map(({ id, name, username }) => [id, name, username])).toEqual([
      ['c1', 'lab', 'admin'],
      ['c2', 'other', 'other'],
      ['c3', 'admin', 'admin'],
      ['c4', 'admin-2', 'admin'],
    ]);
  });

  test('that differ in anything that logs in are different credentials', async () => {
    using directory = directoryOf({});
    const text = (value: string): SecretReference => ({ from: 'text', text: value, at: AT });
    const key = text('-----BEGIN ENCRYPTED PRIVATE KEY-----');
    const certificate = text(`ssh-rsa-cert-v01@openssh.com ${certificateOf('ssh-rsa-cert-v01@openssh.com')}`);
    const fields: Partial<ReadyEntry>[] = [
      { privateKey: key, passphrase: text('a') },
      { privateKey: key, passphrase: text('b') },
      { privateKey: key, passphrase: text('a'), certificate },
      { privateKey: key, passphrase: text('a'), sshAgent: true },
      { sshAgent: true },
      { sshAgent: false },
      { passphrase: text('a') },
    ];
    const world = { ...io(directory), sshAgent: 'agent' as const };
    const { of } = await resolveSecrets([...fields, ...fields].map(entryOf), world);
    expect(of).toEqual([0, 1, 2, 3, 4, 5, 5, 0, 1, 2, 3, 4, 5, 5]);
  });

  test('run a program once, however many devices name it', async () => {
    using directory = directoryOf({ count: '' });
    const password: SecretReference = {
      from: 'command',
      program: "sh -c 'echo x >> count; wc -l < count'",
      at: AT,
    };
    const { credentials } = await resolveSecrets(
      Array.from({ length: 20 }, () => entryOf({ password })),
      io(directory),
    );
    expect(credentials.map((credential) => credential.password.toString().trim())).toEqual(['1']);
  });

  test('that cannot be had are told all at once, at their places', async () => {
    using directory = directoryOf({ open: 'x', empty: '\n', 'd/x': '' });
    chmodSync(join(directory.path, 'open'), 0o644);
    const path = (name: string) => join(directory.path, name);
    expect(
      await refusal(
        [
          { from: 'env', variable: 'MISSING', at: AT },
          { from: 'env', variable: 'EMPTY', at: AT },
          { from: 'env', variable: 'LINES', at: AT },
          { from: 'file', path: path('missing'), at: { ...AT, line: 4 } },
          { from: 'file', path: path('open'), at: { ...AT, line: 5 } },
          { from: 'file', path: path('empty'), at: { ...AT, line: 6 } },
          { from: 'file', path: path('d'), at: { ...AT, line: 7 } },
          { from: 'command', program: "sh -c 'echo no such entry >&2; exit 3'", at: { ...AT, line: 8 } },
          { from: 'command', program: 'netsweep-has-no-such-program x', at: { ...AT, line: 9 } },
          { from: 'command', program: "sh -c 'open", at: { ...AT, line: 10 } },
          { from: 'command', program: 'head -c 70000 /dev/zero', at: { ...AT, line: 11 } },
        ],
        directory,
      ),
    ).toEqual([
      'a.yaml:3:5: env:MISSING: this environment variable is not set (expected it exported: read -rs MISSING; export MISSING)',
      'a.yaml:3:5: env:EMPTY: there is nothing in it',
      'a.yaml:3:5: env:LINES: more than one line of text is in it',
      `a.yaml:4:5: file:${path('missing')}: no such file (expected one with the secret and nothing else)`,
      `a.yaml:5:5: file:${path('open')}: others can read this file (found mode 644, expected 600; chmod 600 helps)`,
      `a.yaml:6:5: file:${path('empty')}: there is nothing in it`,
      `a.yaml:7:5: file:${path('d')}: this is a directory`,
      'a.yaml:8:5: cmd:sh: ended with status 3, saying "no such entry"',
      'a.yaml:9:5: cmd:netsweep-has-no-such-program: cannot be run (no such program in PATH)',
      'a.yaml:10:5: cmd:sh: a quote is still open at its end',
      'a.yaml:11:5: cmd:head: printed too much for a secret',
    ]);
  });

  test('without a user name are refused', async () => {
    using directory = directoryOf({});
    await expect(resolveSecrets([entryOf({ username: null, at: AT })], io(directory))).rejects.toThrow(
      'a.yaml:3:5: device R1 has no user name (expected username, or -u)',
    );
  });
});

function certificateOf(type: string): string {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(type.length);
  return Buffer.concat([length, Buffer.from(type)]).toString('base64');
}
