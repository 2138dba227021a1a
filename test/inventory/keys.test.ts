// Keys, passphrases, certificates and the ssh-agent, with keys that OpenSSH itself has made.
import { spawnSync } from 'node:child_process';
import { chmodSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { InputError, type ReadyEntry, type SecretReference } from '../../coordinator/inventory/inventory.ts';
import { isEncrypted } from '../../coordinator/inventory/keys.ts';
import { applyLogin, type Login } from '../../coordinator/inventory/login.ts';
import { resolveSecrets, type SecretsIo } from '../../coordinator/inventory/secrets.ts';
import { program } from '../process.ts';
import { type Directory, directoryOf, entryOf, platforms } from './files.ts';

const keygen = program('ssh-keygen');
const AT = { file: 'a.yaml', line: 3, column: 5 };
const PASSPHRASE = 'pass phrase';

interface Asking extends SecretsIo {
  asked: string[];
}

function io(directory: Directory, more: Partial<SecretsIo> = {}): Asking {
  const asked: string[] = [];
  const ask = async (question: string) => {
    asked.push(question);
    return Buffer.from('typed');
  };
  return {
    env: { P: PASSPHRASE },
    cwd: directory.path,
    ask,
    sshAgent: 'caller',
    vault: 'agents',
    asked,
    ...more,
  };
}

function generate(...args: string[]): void {
  const run = spawnSync(keygen ?? '', ['-q', ...args], { encoding: 'utf8' });
  expect(run.stderr + String(run.status)).toBe('0');
}

/** Paths of a plain and an encrypted key, the plain one with a certificate beside it. */
function keysIn(directory: Directory) {
  const path = (name: string) => join(directory.path, name);
  generate('-t', 'ed25519', '-N', '', '-C', '', '-f', path('plain'));
  generate('-t', 'ed25519', '-N', PASSPHRASE, '-C', '', '-f', path('locked'));
  generate('-s', path('plain'), '-I', 'me', '-n', 'admin', path('plain.pub'));
  return { plain: path('plain'), locked: path('locked') };
}

function file(path: string, found?: true): SecretReference {
  return { from: 'file', path, at: AT, ...(found ? { found } : {}) };
}

async function refusal(entry: Partial<ReadyEntry>, directory: Directory, more?: Partial<SecretsIo>) {
  const error = await resolveSecrets([entryOf(entry)], io(directory, more)).catch(
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof InputError)) throw new Error('nothing was wrong');
  return error.message;
}

describe.skipIf(keygen === null)('a private key', () => {
  test.each([
    ['ed25519', []],
    ['rsa', ['-b', '2048']],
    ['ecdsa', []],
    ['rsa', ['-b', '2048', '-m', 'PEM']],
    ['ecdsa', ['-m', 'PEM']],
    ['rsa', ['-b', '2048', '-m', 'PKCS8']],
    ['ecdsa', ['-m', 'PKCS8']],
  ])('of the kind %s %j shows whether it is encrypted', (kind, more) => {
    using directory = directoryOf({});
    for (const passphrase of ['', PASSPHRASE]) {
      const path = join(directory.path, `key${passphrase.length}`);
      generate('-t', kind, ...more, '-N', passphrase, '-f', path);
      const key = readFileSync(path);
      expect(isEncrypted(key)).toBe(passphrase !== '');
      expect(isEncrypted(Buffer.concat([Buffer.from('\n \r\n'), key]))).toBe(passphrase !== '');
    }
  });

  test("of PuTTY's shows it too, and something else shows nothing", () => {
    const putty = (cipher: string) =>
      Buffer.from(`PuTTY-User-Key-File-3: ssh-ed25519\r\nEncryption: ${cipher}\r\n`);
    expect([isEncrypted(putty('none')), isEncrypted(putty('aes256-cbc'))]).toEqual([false, true]);
    for (const text of ['', 'x', 'ssh-ed25519 AAAA', '-----BEGIN'])
      expect(isEncrypted(Buffer.from(text))).not.toBe(true);
    for (const end of ['', 'AAAA', 'b3BlbnNzaC1rZXktdjEA', 'b3BlbnNzaC1rZXktdjEA/////w=='])
      expect(() => isEncrypted(Buffer.from(`-----BEGIN OPENSSH PRIVATE KEY-----\n${end}`))).not.toThrow();
  });

  test('that is encrypted is asked about once, whoever uses it', async () => {
    using directory = directoryOf({});
    const { locked, plain } = keysIn(directory);
    const entries = [
      entryOf({ privateKey: file(locked) }),
      entryOf({ privateKey: file(locked), username: 'other' }),
      entryOf({ privateKey: file(locked), passphrase: { from: 'ask', question: 'Passphrase', at: AT } }),
      entryOf({ privateKey: file(plain) }),
    ];
    const world = io(directory);
    const { credentials, of } = await resolveSecrets(entries, world);
    expect(world.asked).toEqual([`Passphrase for ${locked}: `]);
    expect(credentials.map(({ passphrase }) => passphrase.toString())).toEqual(['typed', 'typed', '']);
    expect(of).toEqual([0, 1, 0, 2]);
  });

  test('takes its passphrase from where it is said to be, if it needs one', async () => {
    using directory = directoryOf({});
    const { locked, plain } = keysIn(directory);
    const passphrase: SecretReference = { from: 'env', variable: 'P', at: AT };
    const entries = [locked, plain].map((path) => entryOf({ privateKey: file(path), passphrase }));
    const { credentials } = await resolveSecrets(entries, io(directory));
    expect(credentials.map((one) => one.passphrase.toString())).toEqual([PASSPHRASE, '']);
  });

  test('that nobody named stays closed where there is another way in', async () => {
    using directory = directoryOf({});
    const { locked } = keysIn(directory);
    const password: SecretReference = { from: 'text', text: 'x', at: AT };
    const world = io(directory);
    const entries = [
      entryOf({ privateKey: file(locked, true), password }),
      entryOf({ privateKey: file(locked, true) }),
    ];
    const { credentials } = await resolveSecrets(entries, world);
    expect(credentials.map(({ privateKey }) => privateKey.length > 0)).toEqual([false, true]);
    expect(world.asked).toHaveLength(1);
  });

  test('that is none is refused before anything starts, unless nobody named it', async () => {
    using directory = directoryOf({ none: 'top secret\n' });
    const { plain } = keysIn(directory);
    chmodSync(`${plain}.pub`, 0o600);
    const none = join(directory.path, 'none');
    const said = 'this is no private key (expected PEM, or the format of OpenSSH or PuTTY)';
    expect(await refusal({ privateKey: file(none) }, directory)).toBe(`a.yaml:3:5: file:${none}: ${said}`);
    expect(await refusal({ privateKey: file(`${plain}.pub`) }, directory)).toBe(
      `a.yaml:3:5: file:${plain}.pub: this is a public key (expected the private one)`,
    );
    const text: SecretReference = { from: 'text', text: 'top secret', at: AT };
    expect(await refusal({ privateKey: text }, directory)).toBe(`a.yaml:3:5: inventory a.yaml: ${said}`);
    const { credentials } = await resolveSecrets([entryOf({ privateKey: file(none, true) })], io(directory));
    expect(credentials).toHaveLength(1);
  });
});

describe.skipIf(keygen === null)('a certificate', () => {
  test('beside the key is used, others may read it, and its comment is left out', async () => {
    using directory = directoryOf({});
    const { plain } = keysIn(directory);
    const { entries } = applyLogin(
      [entryOf({ privateKey: file(plain) })],
      {},
      { cwd: directory.path, env: { HOME: directory.path }, platforms, system: null },
    );
    const { credentials } = await resolveSecrets(entries, io(directory));
    expect(credentials[0]?.certificate.toString()).toMatch(
      /^ssh-ed25519-cert-v01@openssh\.com [A-Za-z0-9+/=]+$/,
    );
  });

  test('that is none is refused', async () => {
    using directory = directoryOf({});
    const { plain } = keysIn(directory);
    const message = await refusal({ privateKey: file(plain), certificate: file(`${plain}.pub`) }, directory);
    expect(message).toContain(`a.yaml:3:5: file:${plain}.pub: this is no OpenSSH certificate`);
  });

  test('without a key is not read', async () => {
    using directory = directoryOf({});
    const { credentials } = await resolveSecrets([entryOf({ certificate: file('/none') })], io(directory));
    expect(credentials[0]?.certificate).toHaveLength(0);
  });
});

describe('the ssh-agent', () => {
  test('is the one that the caller has, or the one of the agent that logs in', async () => {
    using directory = directoryOf({});
    const socket = join(directory.path, 'agent.sock');
    await using server = createServer();
    await new Promise<void>((resolve) => server.listen(socket, resolve));
    const entries = [entryOf({ sshAgent: true }), entryOf({ sshAgent: false }), entryOf({})];
    const env = { SSH_AUTH_SOCK: 'agent.sock' };
    const caller = await resolveSecrets(entries, io(directory, { env }));
    expect(caller.of.map((index) => caller.credentials[index]?.sshAgent)).toEqual([socket, '', '']);
    const agent = await resolveSecrets(entries, io(directory, { sshAgent: 'agent' }));
    expect(agent.of.map((index) => agent.credentials[index]?.sshAgent)).toEqual(['own', '', '']);
  });

  test('that is not there is told once', async () => {
    using directory = directoryOf({ file: '' });
    const told = await refusal({ sshAgent: true }, directory, { env: {} });
    expect(told).toBe(
      'there is no ssh-agent (SSH_AUTH_SOCK is not set; expected a running one, or neither --ssh-agent nor ssh_agent)',
    );
    const env = { SSH_AUTH_SOCK: join(directory.path, 'file') };
    expect(await refusal({ sshAgent: true }, directory, { env })).toContain('which is no socket');
  });
});

describe("what ssh's configuration says of a login", () => {
  const OWN: SecretReference = { from: 'text', text: 'own', at: AT };
  const config = 'Host *\n  User cfg\n  Port 7\n  HostName %h.lab\n  IdentityFile ~/.ssh/%r-%n-%h\n';

  function applied(fields: Partial<ReadyEntry>, login: Login = {}) {
    using directory = directoryOf({
      '.ssh/config': config,
      '.ssh/cfg-h-h.lab': 'k',
      '.ssh/id_rsa': 'k',
      '.ssh/id_rsa-cert.pub': 'c',
    });
    const world = { cwd: '/srv', env: { HOME: directory.path }, platforms, system: null };
    const entry = { ...entryOf({ host: 'h', username: null, ...fields }), port: fields.port ?? null };
    return applyLogin([entry], login, world).entries[0];
  }

  const key = { privateKey: { from: 'file', path: expect.stringMatching(/cfg-h-h\.lab$/) } };

  test.each<[string, Partial<ReadyEntry>, Login, object]>([
    ['fills all that is open', {}, {}, { host: 'h.lab', port: 7, username: 'cfg', ...key }],
    [
      'yields to the inventory',
      { port: 22, username: 'me' },
      {},
      { host: 'h.lab', port: 22, username: 'me' },
    ],
    ['yields to options', {}, { username: 'opt' }, { username: 'opt', privateKey: null }],
    ['gives no key beside a password', { password: OWN }, {}, { privateKey: null }],
    ['gives no key beside a password asked for', {}, { password: OWN }, { privateKey: null }],
    ['gives no key beside an ssh-agent', {}, { sshAgent: true }, { privateKey: null, sshAgent: true }],
    ['gives a key where the ssh-agent is switched off', { sshAgent: false }, { sshAgent: true }, key],
    ['gives no key that is not there', { username: 'x' }, {}, { privateKey: null }],
    ['leaves keys alone that are named', { privateKey: OWN }, {}, { privateKey: OWN }],
  ])('%s', (_, fields, login, expected) => {
    expect(applied(fields, login)).toMatchObject(expected);
  });

  test('use_keys takes the usual keys of OpenSSH', () => {
    expect(applied({ username: 'x', useKeys: true })).toMatchObject({
      privateKey: { path: expect.stringMatching(/id_rsa$/), found: true },
      certificate: { path: expect.stringMatching(/id_rsa-cert\.pub$/) },
    });
  });
});
