// Options that fill gaps, and --set, which overrides.
import { userInfo } from 'node:os';
import { describe, expect, test } from 'vitest';
import { InputError, type ReadyEntry, type SecretReference } from '../../coordinator/inventory/inventory.ts';
import { applyLogin, type Login } from '../../coordinator/inventory/login.ts';
import { entryOf, platforms } from './files.ts';

const IO = { cwd: '/srv', env: { HOME: '/home/me' }, platforms, system: null };
const OWN: SecretReference = { from: 'text', text: 'own', at: { file: 'a.yaml', line: 1, column: 1 } };
const GIVEN: SecretReference = { from: 'ask', question: 'Password', at: null };

function applied(entries: ReadyEntry[], login: Login): ReadyEntry[] {
  return applyLogin(entries, login, IO).entries;
}

function refusal(login: Login): string {
  try {
    applied([entryOf({})], login);
  } catch (error) {
    if (error instanceof InputError) return error.message;
    throw error;
  }
  throw new Error('nothing was wrong');
}

describe('a login', () => {
  test('fills only what the inventory leaves open', () => {
    const entries = [entryOf({ username: null }), entryOf({ password: OWN })];
    const [open, own] = applied(entries, {
      username: 'me',
      password: GIVEN,
      enableSecret: GIVEN,
      privateKey: GIVEN,
    });
    expect(open).toMatchObject({ username: 'me', password: GIVEN, enableSecret: GIVEN, privateKey: GIVEN });
    expect(own).toMatchObject({ username: 'admin', password: OWN });
    expect(entries[0]?.username).toBeNull();
  });

  test("uses the caller's name where nobody gives one", () => {
    expect(applied([entryOf({ username: null })], {})[0]?.username).toBe(userInfo().username);
  });

  test('overrides any field with --set, the last one counting', () => {
    const set = [
      'port=830',
      'port=831',
      'device_type=ios',
      'username=root',
      'password=env:X',
      'key_file=id',
      'groups=a;b',
      'timeouts=connect=1',
      'enable=no',
      'rack=r=7',
      'site=New York',
      'commands=show version;show clock',
    ];
    const [entry] = applied([entryOf({ password: OWN, limits: { idleMs: 7 }, data: { old: 1 } })], {
      username: 'me',
      set,
    });
    expect(entry).toMatchObject({
      port: 831,
      platform: 'cisco_ios',
      username: 'root',
      groups: ['a', 'b'],
      enable: false,
      site: 'New York',
    });
    expect(entry).toMatchObject({
      password: { from: 'env', variable: 'X', at: null },
      privateKey: { from: 'file', path: '/srv/id' },
    });
    expect(entry).toMatchObject({
      limits: { idleMs: 7, connectMs: 1000 },
      data: { old: 1, rack: 'r=7' },
      commands: ['show version', 'show clock'],
    });
  });

  test.each([
    ['port=x', '--set port: port is not a port number (found "x", expected a whole number from 1 to 65535)'],
    ['platfrom=ios', '--set platfrom: unknown field (found "platfrom"; did you mean platform?)'],
    [
      'platform=ioss',
      '--set platform: unknown platform (found "ioss", expected a name that netsweep platforms list shows; did you mean ios?)',
    ],
    ['port', '--set: no = in it (expected KEY=VALUE)'],
    ['name=R2', '--set name: cannot be the same for all devices (expected another field)'],
    [
      'password={{ x }}',
      '--set password: password is not resolved (found a template, expected the value itself or a reference such as env:VAR)',
    ],
    [
      'jump=b:0',
      '--set jump: jump: the port of jump host "b" is not one (expected a whole number from 1 to 65535)',
    ],
    [
      'legacy=perhaps',
      '--set legacy: legacy is neither true nor false (found "perhaps", expected true or false)',
    ],
    ['__proto__=b', '--set __proto__: a field cannot be called __proto__'],
  ])('refuses --set %s', (set, message) => {
    expect(refusal({ set: [set] })).toBe(message);
  });

  test('tells everything that is wrong with --set at once', () => {
    expect(refusal({ set: ['port=0', 'enable=x'] }).split('\n')).toHaveLength(2);
  });
});
