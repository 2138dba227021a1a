// Good inventories of every shape and good expressions, each a few devices large, for what happens when somebody's finger slips.
import { chmodSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { InputError } from '../../coordinator/inventory/inventory.ts';
import { readInventory } from '../../coordinator/inventory/read.ts';
import { selectEntries } from '../../coordinator/inventory/select.ts';
import { expandNodeset, NodesetError } from '../../coordinator/nodeset/expand.ts';
import { foldNames, orderNames } from '../../coordinator/nodeset/fold.ts';
import { sealed } from './ansible/seal.ts';
import { directoryOf, entryOf, platforms } from './files.ts';

/** What a text was read as: how many devices, those that are left out among them; or what is wrong with it, a line each. */
export type Outcome = number | string[];

export interface Mutant {
  name: string;
  /** Of how many devices; null: an expression, which means as many as it says. */
  devices: string[] | null;
  good: string[];
  /** What separates devices or takes them away: where these signs have changed, so has what is meant. */
  signs: RegExp | null;
  /** How often it is tried, to others. */
  weight: number;
  open(): Promise<Opened>;
}

export interface Opened extends AsyncDisposable {
  read(text: string): Promise<Outcome>;
}

/** Far enough from each other that a slip makes none another. */
export const NAMES = ['alfa', 'bravo', 'kilo', 'delta', 'zulu'];
export const SECRET = 'topsecret';

const each = (line: (name: string, address: string) => string, between = '') =>
  NAMES.map((name, index) => line(name, `10.0.0.${index + 1}`)).join(between);

const HOSTS_INI = `[core]\nalfa ansible_host=10.0.0.1 ansible_port=22\nbravo ansible_host=10.0.0.2 ansible_password="topsecret"\n\n[edge]\nkilo ansible_host=10.0.0.3\ndelta ansible_host=10.0.0.4  # a comment\nzulu ansible_host=10.0.0.5\n\n[site:children]\ncore\nedge\n\n[site:vars]\nansible_user=admin\nansible_password=topsecret\nntp=['10.1.1.1', '10.1.1.2']\n`;
const HOSTS_YML = `all:\n  vars:\n    ansible_user: admin\n    ansible_password: topsecret\n  children:\n    core:\n      hosts:\n        alfa:\n          ansible_host: 10.0.0.1\n        bravo: {ansible_host: 10.0.0.2}\n    edge:\n      hosts:\n        kilo:\n          ansible_host: 10.0.0.3\n          ansible_port: 22\n        delta:\n          ansible_host: 10.0.0.4\n        zulu:\n          ansible_host: 10.0.0.5\n      vars:\n        site: zrh\n`;
const GROUP_VARS = `---\nansible_user: admin\nansible_password: "topsecret"\nansible_ssh_common_args: '-o ProxyJump=me@bastion'\nntp:\n  - 10.1.1.1\n  - 10.1.1.2\n`;
const LISTED = JSON.stringify(
  {
    _meta: {
      hostvars: Object.fromEntries(NAMES.map((name, at) => [name, { ansible_host: `10.0.0.${at + 1}` }])),
    },
    all: { children: ['core', 'edge'] },
    core: { hosts: ['alfa', 'bravo'], vars: { ansible_password: SECRET } },
    edge: { hosts: ['kilo', 'delta', 'zulu'] },
  },
  null,
  1,
);
const VAULT = `all:\n  hosts:\n${each((name, address) => `    ${name}:\n      ansible_host: ${address}\n`)}  vars:\n    ansible_password: !vault |\n${sealed(SECRET, 'open sesame').replace(/^/gm, '      ')}\n`;
const NORNIR_HOSTS = each(
  (name, address) =>
    `${name}:\n  hostname: ${address}\n  groups:\n    - core\n  password: topsecret\n  data: {role: core}\n`,
);
const NORNIR_GROUPS = `core:\n  platform: cisco_ios\n  groups: [all_sites]\n  connection_options:\n    netmiko:\n      port: 22\n      extras: {secret: topsecret}\nall_sites:\n  username: admin\n`;

const LINE = /[\n\r#]/;

export const MUTANTS: Mutant[] = [
  files(
    'YAML',
    {
      'a.yaml': `defaults: {username: admin, password: topsecret}\ngroups:\n  core: {port: 22}\ndevices:\n${each((name, address) => `  ${name}:\n    host: ${address}\n    password: topsecret\n    groups: [core]\n`)}`,
    },
    { weight: 2 },
  ),
  files('YAML, a list', {
    'a.yaml': each(
      (name, address) =>
        `- name: ${name}\n  host: ${address}\n  platform: cisco_ios\n  password: 'topsecret'\n`,
    ),
  }),
  files(
    'JSON',
    {
      'b.json': JSON.stringify(
        NAMES.map((name, at) => ({ name, host: `10.0.0.${at + 1}`, password: SECRET, port: 22 })),
        null,
        1,
      ),
    },
    { weight: 2 },
  ),
  files(
    'CSV',
    {
      'c.csv': `name,host,platform,password,groups\n${each((name, address) => `${name},${address},cisco_ios,"topsecret",a;b\n`)}`,
    },
    { signs: /#/, weight: 2 },
  ),
  files(
    'CSV without quotes',
    {
      'c.csv': `name;ip;port\n${each((name, address) => `${name};${address};22\n`)}`,
    },
    { signs: /#/ },
  ),
  files(
    'Python',
    {
      'd.py': `base = {"device_type": "cisco_ios", "password": "topsecret"}\n${each((name, address) => `${name} = {**base, "ip": "${address}", "port": 22}\n`)}nodes = [${NAMES.join(', ')}]\n`,
    },
    { weight: 2 },
  ),
  files('Nornir, hosts', { 'hosts.yaml': NORNIR_HOSTS, 'groups.yaml': NORNIR_GROUPS }, { source: '.' }),
  files('Nornir, groups', { 'groups.yaml': NORNIR_GROUPS, 'hosts.yaml': NORNIR_HOSTS }, { source: '.' }),
  files('Ansible, INI', { hosts: HOSTS_INI }, { signs: /[\n\r#;]/, weight: 2 }),
  files('Ansible, YAML', { 'hosts.yml': HOSTS_YML }, { weight: 2 }),
  files('Ansible, group_vars', { 'group_vars/site.yml': GROUP_VARS, hosts: HOSTS_INI }, { source: '.' }),
  files('Ansible, --list', { 'list.json': LISTED }),
  files(
    'Ansible, a program',
    { 'data.json': LISTED, 'list.sh': '#!/bin/sh\ncat data.json\n' },
    { source: 'exec:list.sh', weight: 0.2 },
  ),
  files('Ansible Vault', { 'hosts.yml': VAULT }, { weight: 0.2 }),
  files('.netmiko.yml', {
    '.netmiko.yml': `${each((name, address) => `${name}:\n  device_type: cisco_ios\n  host: ${address}\n  password: topsecret\n`)}core: [${NAMES.join(', ')}]\n`,
  }),
  files('router.db of Oxidized', { 'router.db': each((name) => `${name}:ios\n`) }, { signs: LINE }),
  files(
    'router.db with --map',
    { 'router.db': each((name, address) => `${name};${address};ios;admin;topsecret\n`) },
    { signs: LINE, columns: 'name:ip:model:username:password' },
  ),
  files('router.db of RANCID', { 'router.db': each((name) => `${name};cisco;up\n`) }, { signs: LINE }),
  files('a list', { 'hosts.txt': each((name) => `me@${name}:22\n`) }, { signs: /[\n\r#,&!^]/ }),
  files(
    '/etc/hosts',
    { 'hosts.txt': each((name, address) => `${address}\t${name}\n`) },
    { signs: /[\n\r#,&!^\t ]/, source: 'list:hosts.txt' },
  ),
  api('netbox'),
  api('nautobot'),
  expressions(
    'nodesets',
    [
      'sw[1-9]',
      'sw[08-12/2],r[1-3]!r2',
      'n[1-2]x[01-03]y',
      'a,b,c!b',
      'sw[1-5]&sw[4-9]^x1',
      '10.0.[0-3].[1-9/3]',
      'r1-s[001-010]p',
    ],
    async () => (text) => {
      const names = expandNodeset(text);
      const again = expandNodeset(foldNames(names));
      if (again.join() !== orderNames(names).join()) throw new Error(`folded and expanded: ${again.join()}`);
      return names.length;
    },
  ),
  expressions(
    'nodesets as inventories',
    [
      'nodeset:sw[1-9]',
      'nodeset:me@sw[08-12/2]:22,r[1-3]',
      'sw1,sw2,',
      'nodeset:10.0.[0-3].[1-9/3]!10.0.1.1',
    ],
    async () => async (text) => {
      const { entries } = await readInventory([text], {
        cwd: '/nowhere',
        stdin: nothing(),
        env: {},
        platforms,
      });
      return entries.length;
    },
  ),
  selections(
    '-l',
    [
      'all:!edge',
      'core:&site_a,bravo',
      'a*:zulu',
      '~^(alfa|kilo)$',
      'core[0]',
      'edge[0:1]:!kilo',
      'platform=cisco_*',
      'site=zrh:!alfa',
      '[ab]*',
    ],
    (limit) => ({ limit }),
  ),
  selections(
    '-w',
    ['alfa,bravo', 'sw[1-3]', '@core', '@edge!kilo', 'alfa,zulu!alfa', 'sw*', '@*&sw[1-9]'],
    (hosts) => ({ hosts }),
  ),
  selections('-x', ['alfa,bravo', 'sw[1-2]', '@core', '@edge!kilo', 'sw*'], (exclude) => ({ exclude })),
];

interface FileOptions {
  source?: string;
  signs?: RegExp;
  weight?: number;
  columns?: string;
}

/** The first file is the one that is changed. */
function files(
  name: string,
  content: Record<string, string>,
  { source, signs, weight = 1, columns }: FileOptions = {},
): Mutant {
  const [[file, good] = ['', '']] = Object.entries(content);
  return {
    name,
    devices: NAMES,
    good: [good],
    // What stands behind it is a comment in most shapes.
    signs: signs ?? /#/,
    weight,
    open: async () => {
      const directory = directoryOf({ ...content, 'vault.password': 'open sesame\n' });
      for (const program of Object.keys(content).filter((one) => one.endsWith('.sh')))
        chmodSync(join(directory.path, program), 0o700);
      const opened = { cwd: directory.path, env: { HOME: '/nowhere', PATH: process.env.PATH }, platforms };
      const more = { vaultPasswordFiles: ['vault.password'], ...(columns === undefined ? {} : { columns }) };
      return {
        read: async (text) => {
          writeFileSync(join(directory.path, file), text, { mode: 0o600 });
          return outcome(async () => {
            const wanted = source === '.' ? directory.path : (source ?? file);
            const { entries, leftOut, warnings } = await readInventory([wanted], {
              ...opened,
              ...more,
              stdin: nothing(),
            });
            const told = warnings.filter(({ message }) =>
              /is in no group|looks like a host/.test(message),
            ).length;
            return entries.length + leftOut.length + told;
          });
        },
        [Symbol.asyncDispose]: async () => directory[Symbol.dispose](),
      };
    },
  };
}

/** Two pages, of which the first is changed. */
function api(tool: 'netbox' | 'nautobot'): Mutant {
  const page = (next: string | null, results: unknown[]) =>
    JSON.stringify({ count: NAMES.length, next, results }, null, 1);
  const devices = NAMES.map((name, at) => deviceOf(tool, name, at + 1));
  return {
    name: tool,
    devices: NAMES,
    good: [page('http://inside:8080/api/dcim/devices/?offset=3', devices.slice(0, 3))],
    signs: null,
    weight: 1,
    open: async () => {
      let first = '';
      const server = createServer(({ url = '' }, response) => {
        response.writeHead(200, { 'content-type': 'application/json' });
        if (url.startsWith('/api/virtualization'))
          response.end(JSON.stringify({ count: 0, next: null, results: [] }));
        else
          response.end(
            url.includes('offset=3')
              ? page(null, devices.slice(3))
              : url.includes('offset')
                ? page(null, [])
                : first,
          );
      });
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      const { port } = server.address() as AddressInfo; // of a server that listens on a port
      return {
        read: (text) => {
          first = text;
          return outcome(async () => {
            const { entries, leftOut, warnings } = await readInventory([`${tool}:http://127.0.0.1:${port}`], {
              cwd: '/',
              env: {},
              platforms,
              stdin: nothing(),
            });
            const missing = warnings.flatMap(
              ({ message }) => /counted (\d+) and listed (\d+)/.exec(message) ?? [],
            );
            return entries.length + leftOut.length + Number(missing[1] ?? 0) - Number(missing[2] ?? 0);
          });
        },
        async [Symbol.asyncDispose]() {
          server.closeAllConnections();
          await new Promise((resolve) => server.close(resolve));
        },
      };
    },
  };
}

function deviceOf(tool: 'netbox' | 'nautobot', name: string, id: number): Record<string, unknown> {
  const named = (slug: string) =>
    tool === 'netbox' ? { id, name: slug.toUpperCase(), slug } : { id, name: slug, display: slug };
  return {
    id: tool === 'netbox' ? id : `00000000-0000-4000-8000-00000000000${id}`,
    name,
    status: tool === 'netbox' ? { value: 'active', label: 'Active' } : named('Active'),
    platform: named('cisco-ios'),
    primary_ip4: { id, address: `10.0.0.${id}/24` },
    tags: [named('tier1')],
    custom_fields: { owner: 'netops' },
  };
}

function expressions(
  name: string,
  good: string[],
  open: () => Promise<(text: string) => number | Promise<number>>,
): Mutant {
  return {
    name,
    devices: null,
    good,
    signs: null,
    weight: 2,
    open: async () => {
      const read = await open();
      return { read: (text) => outcome(() => read(text)), [Symbol.asyncDispose]: async () => undefined };
    },
  };
}

function selections(
  name: string,
  good: string[],
  selection: (text: string) => { limit?: string; hosts?: string; exclude?: string },
): Mutant {
  const entries = [...NAMES, 'sw1', 'sw2', 'sw3'].map((device, at) =>
    entryOf({
      name: device,
      host: `10.0.0.${at}`,
      site: 'zrh',
      groups: [at < 2 ? 'core' : 'edge', 'site_a'],
    }),
  );
  return expressions(
    name,
    good,
    async () => (text) => selectEntries(entries, { ...selection(text), cwd: '/nowhere' }).length,
  );
}

async function outcome(read: () => number | Promise<number>): Promise<Outcome> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof InputError) return error.message.split('\n');
    if (error instanceof NodesetError) return [`nodeset:1:${error.column}: ${error.message}`];
    throw error;
  }
}

async function* nothing(): AsyncGenerator<Uint8Array> {}
