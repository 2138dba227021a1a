// Vaults of Ansible's, made here as ansible-vault makes them; the recorded inventories hold real ones.
import { chmodSync, chownSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { InputError, type Inventory } from '../../../coordinator/inventory/inventory.ts';
import { readInventory } from '../../../coordinator/inventory/read.ts';
import { resolveSecrets } from '../../../coordinator/inventory/secrets.ts';
import { directoryOf, platforms } from '../files.ts';
import { sealed } from './seal.ts';

const WRONG = 'is in an Ansible vault that no password opens (tried 1 password: default)';

function inYaml(name: string, vault: string): string {
  return `${name}: !vault |\n${vault.replace(/^/gm, '  ')}\n`;
}

interface Given {
  files: Record<string, string>;
  passwords?: string[];
  env?: Record<string, string>;
  prepare?: (directory: string) => void;
}

async function read({ files, passwords = [], env = {}, prepare }: Given): Promise<Inventory> {
  using directory = directoryOf({ 'i/hosts': '[core]\nr1\nr2\n', ...files });
  prepare?.(directory.path);
  const io = { cwd: directory.path, stdin: nothing(), env: { ...env, PATH: process.env.PATH }, platforms };
  return await readInventory(['i'], { ...io, vaultPasswordFiles: passwords });
}

async function passwordOf(given: Given): Promise<unknown> {
  const { entries } = await read(given);
  return entries[0]?.password?.from === 'text' ? entries[0].password.text : entries[0]?.password?.from;
}

async function refusal(given: Given): Promise<string> {
  const found = await read(given).catch((error: unknown) => error);
  return found instanceof InputError ? found.message : 'nothing was wrong';
}

const core = { 'i/group_vars/core.yml': inYaml('ansible_password', sealed('geheim', 'open')) };

describe('a vault', () => {
  test('is opened by the password of a file, of --vault-password-file or of the environment', async () => {
    const files = { ...core, pass: 'open\n' };
    expect(await passwordOf({ files, passwords: ['pass'] })).toBe('geheim');
    expect(await passwordOf({ files, env: { ANSIBLE_VAULT_PASSWORD_FILE: 'pass' } })).toBe('geheim');
    expect(await passwordOf({ files, env: { ANSIBLE_VAULT_IDENTITY_LIST: 'prod@pass, lab@pass' } })).toBe(
      'geheim',
    );
  });

  test('is opened by whichever password fits, that of its label first', async () => {
    const files = {
      'i/group_vars/core.yml': inYaml('ansible_password', sealed('geheim', 'second', 'prod')),
      a: 'first',
      b: 'second',
    };
    expect(await passwordOf({ files, passwords: ['lab@a', 'prod@b'] })).toBe('geheim');
    expect(await passwordOf({ files, passwords: ['prod@a', 'b'] })).toBe('geheim');
    expect(await refusal({ files, passwords: ['lab@a'] })).toBe(
      'i/group_vars/core.yml:1:26: ansible_password is in an Ansible vault of "prod" that no password opens (tried 1 password: lab)',
    );
  });

  test('may be a whole file of variables, and the inventory itself', async () => {
    const files = {
      'i/hosts': sealed('[core]\nr1\n', 'open'),
      'i/group_vars/core/vault.yml': sealed('secret_word: geheim\nport: 2022\n', 'open'),
      'i/group_vars/core/vars.yml': 'ansible_password: "{{ secret_word }}"\nansible_port: "{{ port }}"\n',
      pass: 'open',
    };
    const { entries } = await read({ files, passwords: ['pass'] });
    expect(entries).toMatchObject([{ name: 'r1', port: 2022, password: { text: 'geheim' }, data: {} }]);
    expect(await refusal({ files })).toBe(
      'i/hosts:1:1: this file is in an Ansible vault (expected --vault-password-file FILE or ANSIBLE_VAULT_PASSWORD_FILE)',
    );
  });

  test('is not repeated by a message, whatever field its value is', async () => {
    const files = {
      'i/group_vars/core/vault.yml': sealed('word: geheim\nansible_port: geheim\n', 'open'),
      'i/group_vars/core/vars.yml': `ansible_network_os: "{{ word }}"\n${inYaml('ansible_host', sealed('geheim und mehr', 'open'))}`,
      pass: 'open',
    };
    expect((await refusal({ files, passwords: ['pass'] })).split('\n')).toEqual([
      'i/group_vars/core/vars.yml:2:22: ansible_host is not an address (found text of 15 characters, expected an IPv4 or IPv6 address or a DNS name)',
      'i/group_vars/core/vault.yml:1:7: unknown platform (found text of 6 characters, expected a name that netsweep platforms list shows)',
      'i/group_vars/core/vault.yml:2:15: ansible_port is not a port number (found text of 6 characters, expected a whole number from 1 to 65535)',
    ]);
  });

  test('is asked of a program that the caller owns, with the label where its name ends in -client', async () => {
    const executable =
      (name: string, mode = 0o700) =>
      (directory: string) =>
        chmodSync(join(directory, name), mode);
    const program = { ...core, pass: '#!/bin/sh\necho open\n' };
    expect(await passwordOf({ files: program, passwords: ['pass'], prepare: executable('pass') })).toBe(
      'geheim',
    );
    const client = { ...core, 'pass-client.sh': '#!/bin/sh\n[ "$1 $2" = "--vault-id prod" ] && echo open\n' };
    expect(
      await passwordOf({
        files: client,
        passwords: ['prod@pass-client.sh'],
        prepare: executable('pass-client.sh'),
      }),
    ).toBe('geheim');
    expect(
      await refusal({ files: program, passwords: ['pass'], prepare: executable('pass', 0o777) }),
    ).toMatch(/pass": this program is not run \(expected one that you own and nobody else can write\)$/m);
    const failing = { ...core, pass: '#!/bin/sh\nexit 3\n' };
    expect(await refusal({ files: failing, passwords: ['pass'], prepare: executable('pass') })).toMatch(
      /pass": ended with status 3$/m,
    );
  });

  test.skipIf(process.getuid?.() !== 0)(
    'is not asked of a program of somebody else (needs root to make one)',
    async () => {
      const files = { ...core, pass: '#!/bin/sh\necho open\n' };
      const prepare = (directory: string) => {
        chmodSync(join(directory, 'pass'), 0o755);
        chownSync(join(directory, 'pass'), 65_534, 65_534);
      };
      expect(await refusal({ files, passwords: ['pass'], prepare })).toMatch(/this program is not run/);
    },
  );

  test.each<[string, Given, string]>([
    [
      'with another password',
      { files: { ...core, pass: 'other' }, passwords: ['pass'] },
      `i/group_vars/core.yml:1:26: ansible_password ${WRONG}`,
    ],
    [
      'that is cut off',
      {
        files: {
          'i/group_vars/core.yml': inYaml('ansible_password', sealed('geheim', 'open').slice(0, 200)),
          pass: 'open',
        },
        passwords: ['pass'],
      },
      'i/group_vars/core.yml:1:26: ansible_password is in an Ansible vault that is damaged (expected the lines as ansible-vault wrote them)',
    ],
    [
      'of another version',
      {
        files: {
          'i/group_vars/core.yml': inYaml('ansible_password', '$ANSIBLE_VAULT;1.0;AES\n3031'),
          pass: 'open',
        },
        passwords: ['pass'],
      },
      'i/group_vars/core.yml:1:26: ansible_password is in an Ansible vault of another kind (found "1.0 AES", expected version 1.1 or 1.2 with AES256)',
    ],
  ])('%s is refused', async (_, given, message) => {
    expect(await refusal(given)).toBe(message);
  });

  test.each<[string, (directory: string) => void, RegExp]>([
    [
      'is not there',
      () => {},
      /--vault-password-file ".*\/pass": cannot be read \(no such file or directory\)/,
    ],
    [
      'is empty',
      (directory) => writeFileSync(join(directory, 'pass'), '\n', { mode: 0o600 }),
      /pass": holds no password/,
    ],
    [
      'others can read',
      (directory) => writeFileSync(join(directory, 'pass'), 'open', { mode: 0o644 }),
      /pass": others can read this file \(found mode 644, expected 600; chmod 600 helps\)/,
    ],
  ])('whose password file %s stays closed', async (_, prepare, message) => {
    expect(await refusal({ files: core, passwords: ['pass'], prepare })).toMatch(message);
  });

  test('needs no password where nothing of it is used', async () => {
    const files = { 'i/group_vars/core.yml': inYaml('snmp_community', sealed('geheim', 'open')) };
    const { entries } = await read({ files, passwords: ['not/there'] }).catch(() => read({ files }));
    expect(entries[0]?.data).toEqual({});
  });

  test('of one device among thousands is opened when a sweep asks for it', async () => {
    const names = Array.from({ length: 20 }, (_, index) => `r${index + 10}`);
    const vaults = names.map((name) => [
      `i/host_vars/${name}.yml`,
      inYaml('ansible_password', sealed(`of ${name}`, 'open')),
    ]);
    const files = {
      ...Object.fromEntries(vaults),
      'i/hosts': `[core]\n${names.join('\n')}\n[core:vars]\nansible_user=u\n`,
      pass: 'open',
    };
    const { entries } = await read({ files, passwords: ['pass'] });
    const kinds = entries.map(({ password }) => password?.from);
    expect(kinds.filter((kind) => kind === 'sealed').length).toBeGreaterThan(0);
    const { credentials, of } = await resolveSecrets(entries, {
      env: {},
      cwd: '/',
      ask: () => Promise.reject(new Error('nothing is asked')),
      sshAgent: 'caller',
      vault: 'agents',
    });
    const passwords = of.map((index) => Buffer.from(credentials[index]?.password ?? []).toString());
    expect(passwords).toEqual(names.map((name) => `of ${name}`));
  });
});

async function* nothing(): AsyncGenerator<Uint8Array> {}
