// The inventories beside this file against what Ansible made of them, and against Ansible itself where it is.
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, test } from 'vitest';
import { readAnsible } from '../../../coordinator/inventory/ansible/read.ts';
import { sessionOf } from '../../../coordinator/inventory/ansible/session.ts';
import { variableOf } from '../../../coordinator/inventory/ansible/variables.ts';
import type { Entry, Inventory } from '../../../coordinator/inventory/inventory.ts';
import { InputError } from '../../../coordinator/inventory/inventory.ts';
import { bareValue } from '../../../coordinator/inventory/located.ts';
import { readInventory } from '../../../coordinator/inventory/read.ts';
import { selectEntries } from '../../../coordinator/inventory/select.ts';
import { openReading } from '../../../coordinator/inventory/sources.ts';
import { Issues } from '../../../coordinator/inventory/wording.ts';
import { platforms } from '../files.ts';

interface Recorded {
  variables: Record<string, Record<string, unknown>>;
  /** In order, where Ansible has one. */
  groups: Record<string, { ordered: string[] } | { sorted: string[] }>;
  used: Record<string, Record<string, string>>;
  /** A text is what Ansible says against the pattern. */
  patterns: Record<string, string[] | string>;
}

const here = fileURLToPath(new URL('.', import.meta.url));
const wanted: Record<string, { sources: string[]; passwords?: Record<string, string>; patterns: string[] }> =
  read('patterns.json');
const recorded: Record<string, Recorded> = read('recorded.json');
const passwords = mkdtempSync(join(tmpdir(), 'netsweep-vault-'));
afterAll(() => rmSync(passwords, { recursive: true }));

describe.each(Object.keys(wanted))('the inventory %s', (name) => {
  const expected = recorded[name] ?? { variables: {}, groups: {}, used: {}, patterns: {} };

  test('has the variables that ansible-inventory shows for every host', async () => {
    expect(await variablesOf(name)).toEqual(expected.variables);
  });

  test('has the groups of Ansible, their hosts in the same order', async () => {
    const { members } = await inventory(name);
    const groups = Array.from(members, ([group, names]) => {
      const known = expected.groups[group] ?? {};
      return [group, 'sorted' in known ? { sorted: names.toSorted() } : { ordered: names }];
    });
    expect(Object.fromEntries(groups)).toEqual(expected.groups);
  });

  test('logs in with the values that Ansible would', async () => {
    const { entries } = await inventory(name);
    const used = Object.fromEntries(entries.map((entry) => [entry.name, loginOf(entry)]));
    const ansible = Object.entries(expected.used).map(([host, values]) => [
      host,
      expectedLogin(host, values),
    ]);
    expect(used).toEqual(Object.fromEntries(ansible));
  });

  test.each(wanted[name]?.patterns ?? [])(
    'gives for the pattern %s the devices that Ansible lists',
    async (pattern) => {
      const listed = expected.patterns[pattern] ?? 'not recorded';
      const { entries, members } = await inventory(name);
      expect(selected(entries, members, pattern)).toEqual(Array.isArray(listed) ? listed : []);
    },
  );
});

test('on sixty patterns and more', () => {
  expect(Object.values(wanted).flatMap(({ patterns }) => patterns).length).toBeGreaterThan(100);
});

const python = '/usr/bin/python3';
/** What was recorded is of this version; later ones differ in their errors, and in what record.py reaches into. */
const VERSION = '2.14';
const installed = existsSync(python)
  ? spawnSync(python, ['-c', 'import ansible.release; print(ansible.release.__version__)'], {
      encoding: 'utf8',
    }).stdout
  : '';

test.skipIf(!installed.startsWith(VERSION))(
  `what is recorded is what Ansible says (skipped without ansible-core ${VERSION})`,
  () => {
    const now = execFileSync(python, [join(here, 'record.py')], { stdio: ['ignore', 'pipe', 'ignore'] });
    expect(JSON.parse(now.toString('utf8'))).toEqual(recorded);
  },
  120_000,
);

const inventories = new Map<string, Promise<Inventory>>();

/** Read once for all patterns. */
function inventory(name: string): Promise<Inventory> {
  const known = inventories.get(name) ?? readInventory(wanted[name]?.sources ?? [], ioOf(name));
  inventories.set(name, known);
  return known;
}

function selected(entries: readonly Entry[], members: Inventory['members'], limit: string): string[] {
  try {
    return selectEntries(entries, { limit, members, cwd: here })
      .map((entry) => entry.name)
      .sort();
  } catch (error) {
    if (error instanceof InputError) return [];
    throw error;
  }
}

/** Before any template or vault is resolved, as ansible-inventory shows them. */
async function variablesOf(name: string): Promise<Record<string, Record<string, unknown>>> {
  const issues = new Issues();
  const reading = openReading(ioOf(name), issues, new Issues());
  for (const place of wanted[name]?.sources ?? []) {
    const names = await reading.names(place);
    const source = names === null ? await reading.text(place) : null;
    await readAnsible({ place, names, source, value: () => null }, reading);
  }
  const { session } = sessionOf(reading);
  const variables = await session.variables();
  expect(issues.list()).toEqual([]);
  return Object.fromEntries(
    Array.from(session.data.hosts.values(), (host) => {
      const known = variables.of(host);
      const names = new Set([...known.shared.keys(), ...known.own.keys()]);
      return [
        host.name,
        Object.fromEntries(Array.from(names, (one) => [one, shown(variableOf(known, one))])),
      ];
    }),
  );
}

function shown(field: ReturnType<typeof variableOf>): unknown {
  const value = field === undefined ? undefined : bareValue(field.value);
  return typeof value === 'string' && value.startsWith('$ANSIBLE_VAULT') ? { __ansible_vault: value } : value;
}

interface UsedLogin {
  host: string;
  port: string | null;
  username: string | null;
  password: string | null;
  enableSecret: string | null;
  platform: string | null;
  privateKey: string | null;
}

function loginOf({ host, port, username, password, enableSecret, platform, privateKey }: Entry): UsedLogin {
  const text = (reference: Entry['password']) => (reference?.from === 'text' ? reference.text : null);
  return {
    host,
    port: port === null ? null : String(port),
    username,
    password: text(password),
    enableSecret: text(enableSecret),
    platform,
    privateKey: privateKey?.from === 'file' ? privateKey.path : null,
  };
}

function expectedLogin(name: string, values: Record<string, string>): UsedLogin {
  const key = values.ansible_private_key_file;
  const os = values.ansible_network_os;
  return {
    host: values.ansible_host ?? name,
    port: values.ansible_port ?? null,
    username: values.ansible_ssh_user ?? values.ansible_user ?? null,
    password: values.ansible_ssh_pass ?? values.ansible_password ?? null,
    enableSecret: values.ansible_become_password ?? null,
    platform: os === undefined ? null : (platforms.canonical(os) ?? null),
    privateKey: key === undefined ? null : key.replace('~', '/home/me'),
  };
}

function ioOf(name: string) {
  const vaultPasswordFiles = Object.entries(wanted[name]?.passwords ?? {}).map(([label, password]) => {
    const path = join(passwords, label);
    writeFileSync(path, `${password}\n`, { mode: 0o600 });
    return `${label}@${path}`;
  });
  const env = { HOME: '/home/me', PATH: process.env.PATH };
  return { cwd: here, stdin: nothing(), env, platforms, vaultPasswordFiles };
}

async function* nothing(): AsyncGenerator<Uint8Array> {}

function read<T>(file: string): T {
  return JSON.parse(readFileSync(join(here, file), 'utf8')) as T; // as record.py writes it
}
