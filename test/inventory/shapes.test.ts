// Inventories as other tools write them: what becomes of the examples, and what each shape leaves out and why.
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import type { Entry, Inventory } from '../../coordinator/inventory/inventory.ts';
import { readInventory } from '../../coordinator/inventory/read.ts';
import { resolveSecrets } from '../../coordinator/inventory/secrets.ts';
import { directoryOf, errorsOf, inventoryOf, platforms } from './files.ts';

const EXAMPLES = fileURLToPath(new URL('examples', import.meta.url));

/** Sources are paths under the examples. */
function read(sources: string[], more: { columns?: string } = {}): Promise<Inventory> {
  const stdin = (async function* () {})();
  return readInventory(sources, { cwd: EXAMPLES, stdin, env: { HOME: '/home/me' }, platforms, ...more });
}

/** Where a secret comes from, as one word. */
function secret(reference: Entry['password']): string | null {
  return reference?.from === 'env' ? reference.variable : (reference?.from ?? null);
}

function row({ name, host, port, platform, username, password, enableSecret, site, groups }: Entry) {
  return [name, host, port, platform, username, secret(password), secret(enableSecret), site, groups.join()];
}

const NORNIR = [
  ['core-sw-zrh-01', '10.20.0.11', 22, 'cisco_nxos', 'svc-netops', 'TACACS_PASSWORD', null, 'zrh1'],
  ['core-sw-zrh-02', '10.20.0.12', 2222, 'cisco_nxos', 'svc-netops', 'TACACS_PASSWORD', null, 'zrh1'],
  [
    'acc-sw-gva-01',
    'acc-sw-gva-01.net.example.com',
    22,
    'cisco_ios',
    'access-ro',
    'LAB_PASSWORD',
    'GVA_ENABLE',
    'gva2',
  ],
  ['edge-fw-gva-01', '10.30.0.1', 22, 'juniper_junos', 'admin', 'LAB_PASSWORD', 'LAB_ENABLE', 'gva2'],
  ['mgmt-gva-01', 'mgmt-gva-01', 22, 'linux', 'admin', 'LAB_PASSWORD', 'LAB_ENABLE', ''],
];
const NORNIR_GROUPS = ['core,switch,tacacs,zrh', 'core,switch,tacacs,zrh', 'access,switch,gva', 'gva', ''];

test.each(['nornir', 'nornir/', 'nornir:nornir', 'nornir/hosts.yaml', 'nornir/config.yaml'])(
  'reads the inventory of Nornir that %s is',
  async (source) => {
    const { entries, warnings } = await read([source]);
    expect(entries.map(row)).toEqual(NORNIR.map((device, index) => [...device, NORNIR_GROUPS[index]]));
    expect(warnings).toEqual([]);
  },
);

test("a host of Nornir's has the data of its groups, nearest first, and extras whole from one level", async () => {
  const { entries } = await read(['nornir']);
  expect(entries[0]?.data).toEqual({
    role: 'core',
    vendor: 'cisco',
    backup: true,
    domain: 'net.example.com',
    fast_cli: false,
  });
  expect(entries[1]?.data).toMatchObject({
    vendor: 'unknown',
    asset: { serial: 'FDO2245E0QW', bought: 2023 },
  });
  expect(entries.map(({ limits }) => limits.connectMs)).toEqual([
    undefined,
    undefined,
    undefined,
    20_000,
    20_000,
  ]);
  expect(entries[0]?.at).toMatchObject({ file: 'nornir/hosts.yaml', line: 2, column: 1 });
});

test('options of a connection count over everything that the host, its groups and the defaults say', async () => {
  const { entries } = await inventoryOf(
    {
      'n/hosts.yaml':
        'R1: {hostname: 10.0.0.1, port: 22, groups: [a]}\nR2: {hostname: 10.0.0.2, connection_options: {netmiko: {port: 4022}}}\nR3: {hostname: 10.0.0.3, connection_options: {scrapli: {platform: arista_eos, extras: {auth_secondary: s3, timeout_socket: 7}}}}\n',
      'n/groups.yaml':
        'a: {username: ua, connection_options: {paramiko: {username: up}, netmiko: {hostname: 192.0.2.1, username: un}}}\n',
      'n/defaults.yaml':
        'platform: ios\nconnection_options: {netmiko: {port: 8022, extras: {device_type: cisco_xr}}}\n',
    },
    { sources: ['n'] },
  );
  expect(entries.map(({ host, port, username, platform }) => [host, port, username, platform])).toEqual([
    ['192.0.2.1', 8022, 'un', 'cisco_xr'],
    ['10.0.0.2', 4022, null, 'cisco_xr'],
    ['10.0.0.3', 8022, null, 'cisco_xr'],
  ]);
});

test.each([
  [
    'a group that is nowhere',
    { 'n/hosts.yaml': 'R1: {hostname: h, groups: [cor]}\n', 'n/groups.yaml': 'core: {}\n' },
    'n/hosts.yaml:1:28: unknown group (found "cor", expected a name in groups.yaml; did you mean core?)',
  ],
  [
    'a group in itself',
    {
      'n/hosts.yaml': 'R1: {hostname: h, groups: [a]}\n',
      'n/groups.yaml': 'a: {groups: [b]}\nb: {groups: [a]}\n',
    },
    'n/groups.yaml:1:1: group "a" is in itself (found a > b > a)',
  ],
  [
    'a misspelt attribute',
    { 'n/hosts.yaml': 'R1: {hostname: h, usrname: x}\n', 'n/defaults.yaml': '' },
    'n/hosts.yaml:1:19: unknown field (found "usrname"; did you mean username?)',
  ],
  [
    'a host that is a list',
    { 'n/hosts.yaml': 'R1: [10.0.0.1]\n', 'n/groups.yaml': '' },
    'n/hosts.yaml:1:1: host "R1" cannot be read (found a list of 1 item, expected a map)',
  ],
  [
    'data that is no map',
    { 'n/hosts.yaml': 'R1: {hostname: h, data: x}\n', 'n/groups.yaml': '' },
    'n/hosts.yaml:1:25: data is not a map (found text of 1 character, expected a map)',
  ],
  [
    'another plugin',
    { 'n/config.yaml': 'inventory:\n  plugin: NetBoxInventory2\n' },
    'n/config.yaml:2:11: this plugin of Nornir\'s cannot be run (found "NetBoxInventory2", expected SimpleInventory; did you mean -i netbox:URL?)',
  ],
  [
    'nothing',
    { 'n/readme.txt': 'x' },
    "n:1:1: no inventory of Nornir's in this directory (expected hosts.yaml, or a config.yaml with an inventory)",
  ],
])("of a directory of Nornir's with %s it is said where", async (_, files, message) => {
  expect(await errorsOf(files as unknown as Record<string, string>, { sources: ['nornir:n'] })).toEqual([
    message,
  ]);
});

test('two inventories of Nornir may have groups of one name, each its own', async () => {
  const site = (address: string, user: string) => ({
    'hosts.yaml': `R${address}: {hostname: ${address}, groups: [core]}\n`,
    'groups.yaml': `core: {username: ${user}}\n`,
  });
  const files = Object.fromEntries(
    [site('10.0.0.1', 'a'), site('10.0.0.2', 'b')].flatMap((one, index) =>
      Object.entries(one).map(([name, text]) => [`${index}/${name}`, text]),
    ),
  );
  const { entries } = await inventoryOf(files, { sources: ['0', '1'] });
  expect(entries.map(({ username }) => username)).toEqual(['a', 'b']);
});

test('reads the .netmiko.yml of netmiko-tools, groups in groups among them', async () => {
  for (const source of ['netmiko/.netmiko.yml', 'netmiko:netmiko/.netmiko.yml']) {
    const { entries } = await read([source]);
    expect(entries.map(row)).toEqual([
      ['rtr1', 'rtr1.twin.example.com', null, 'cisco_ios', 'pyclass', 'LAB_PASSWORD', null, '', 'cisco,lab'],
      ['rtr2', '10.220.88.21', 8022, 'cisco_xe', 'pyclass', 'LAB_PASSWORD', 'LAB_ENABLE', '', 'cisco,lab'],
      ['arista1', 'arista1.twin.example.com', null, 'arista_eos', 'admin', null, null, '', 'lab'],
    ]);
  }
});

test.each([
  [
    '- R9',
    '.netmiko.yml:2:3: no device of this name (found "R9" in group "g", expected a device of this file; did you mean R1?)',
  ],
  [
    '- switch',
    '.netmiko.yml:2:3: no device of this name (found "switch" in group "g", expected a device of this file)',
  ],
])('a group of .netmiko.yml with %s is an error', async (member, message) => {
  const text = `g:\n${member}\nR1: {device_type: cisco_ios, host: 10.0.0.1}\n`.replace('\n-', '\n-');
  expect(await errorsOf({ '.netmiko.yml': text })).toEqual([message]);
});

/** As netmiko-tools 4.5 encrypts `lab-passwörd` and `admin` under the key `boguskey`. */
const SEALED = {
  fernet: {
    password:
      '__encrypt__xKlDbgXiFID3oYCU8MZ+gA==:Z0FBQUFBQnJBX3djeHFmYkEyc1ktVHBLN3ZQWmE4Qk1velA3WFBUcFNla1UzenFzdnhfaTlyakx0aS1OTkpaRE9nZ2NwM0NnRjhzaGE0YUtxQlowWWlLOUwyNGdKa01BU1E9PQ==',
    username:
      '__encrypt__pdXiTTdp6w/2/CVGRQpaUQ==:Z0FBQUFBQnJBX3djN2xwcDRjODRZODVFNDRHczZBVkxWUEtrOV9OOEdWb3I1OXlpNnpNREFJNFFIRTUtZjVUalpRRFctdU9zcy1xVElFMWt0YUkzN1VNY0pFSWxkMUFtbGc9PQ==',
  },
  aes128: {
    password: '__encrypt__9eUDNSpUmptfCNCi84r3gA==:EJmKohmY5Fqmu1ZN8+b6SorDErmZU9IL3MjnVvLZLGU=',
    username: '__encrypt__tk68mkogk8/e/pb1Y8DjuA==:lUs6q/+0nAyqRkoqJoOjtfEdw34zUdLuQc4WkJHeXfs=',
  },
};

describe.each(['fernet', 'aes128'] as const)('a .netmiko.yml encrypted with %s', (type) => {
  const { username, password } = SEALED[type];
  const file = {
    '.netmiko.yml': `__meta__: {encryption: true, encryption_type: ${type}}\nR1:\n  device_type: cisco_ios\n  host: 10.0.0.1\n  username: ${username}\n  password: >\n    ${password.slice(0, 40)}\n    ${password.slice(40)}\n`,
  };
  const resolve = async (key: string | undefined) => {
    const env = { HOME: '/home/me', NETMIKO_TOOLS_KEY: 'boguskey' };
    const { entries } = await inventoryOf(file, { env });
    const ask = async () => Buffer.alloc(0);
    return resolveSecrets(entries, {
      env: key === undefined ? {} : { NETMIKO_TOOLS_KEY: key },
      cwd: '/',
      ask,
      sshAgent: 'caller',
      vault: 'agents',
    });
  };

  test('is opened with the key in NETMIKO_TOOLS_KEY', async () => {
    const { credentials } = await resolve('boguskey');
    expect(credentials.map((one) => [one.username, Buffer.from(one.password).toString()])).toEqual([
      ['admin', 'lab-passwörd'],
    ]);
  });

  test.each([
    [undefined, 'the key is missing (expected the variable NETMIKO_TOOLS_KEY)'],
    ['other', 'it does not fit the key (expected NETMIKO_TOOLS_KEY as it was when the value was encrypted)'],
  ])('with the key %s is an input error at its place', async (key, reason) => {
    await expect(resolve(key)).rejects.toThrow(`.netmiko.yml:6:13: encrypted in .netmiko.yml: ${reason}`);
    const env = key === undefined ? {} : { NETMIKO_TOOLS_KEY: key };
    expect(await errorsOf(file, { env })).toEqual([
      `.netmiko.yml:5:13: username is encrypted and cannot be read: ${reason}`,
    ]);
  });
});

test.each([
  ['.netmiko.yml', 'R1: {device_type: cisco_ios, host: h}\npassword: topsecret\n'],
  ['n.yaml', 'R1: {hostname: h}\npassword: topsecret\n'],
])(
  'a line of %s that is where no line should be is told without what may be a secret',
  async (file, text) => {
    const shape = file === 'n.yaml' ? 'nornir:' : '';
    const errors = await errorsOf({ [file]: text }, { sources: [shape + file] });
    expect(errors.join()).not.toContain('topsecret');
    expect(errors[0]).toContain(`${file}:2:1: `);
  },
);

test('netmiko: without a file is the one that netmiko-tools find', async () => {
  const files = {
    'home/.netmiko.yml': 'R1: {device_type: cisco_ios, host: 10.0.0.1}\n',
    'other/x.yml': 'R2: {device_type: linux, host: h}\n',
  };
  using directory = directoryOf(files);
  const names = async (env: Record<string, string>) => {
    const io = { cwd: `${directory.path}/other`, stdin: (async function* () {})(), platforms, env };
    return (await readInventory(['netmiko:'], io)).entries.map(({ name }) => name);
  };
  expect(await names({ HOME: `${directory.path}/home` })).toEqual(['R1']);
  expect(await names({ NETMIKO_TOOLS_CFG: `${directory.path}/other/x.yml` })).toEqual(['R2']);
  await expect(names({ HOME: '/nowhere' })).rejects.toThrow('.:1:1: no .netmiko.yml here');
});

test('reads a router.db of Oxidized by the columns that --map names', async () => {
  for (const columns of [
    'name:ip:model:username:password:enable:group:ssh_port',
    'ip=1,name=0,model=2,username=3,password=4,enable=5,group=6,ssh_port=7',
  ]) {
    const { entries } = await read(['oxidized/router.db'], { columns });
    expect(entries.map(row)).toEqual([
      ['core1.zrh', '10.20.0.1', 22, 'cisco_nxos', 'svc-backup', 'LAB_PASSWORD', null, '', 'zrh'],
      ['acc17.zrh', '10.20.7.17', null, 'cisco_ios', 'svc-backup', 'LAB_PASSWORD', 'LAB_ENABLE', '', 'zrh'],
      ['fw1.gva', '2001:db8:30::1', 2222, 'fortinet', 'svc-backup', 'LAB_PASSWORD', null, '', 'gva'],
      ['oob3.gva', '10.30.9.3', null, 'cisco_ios', 'svc-backup', 'LAB_PASSWORD', null, '', 'gva'],
    ]);
  }
});

test('columns that nobody names are not guessed at, but a map is proposed', async () => {
  expect(await errorsOf({ 'router.db': 'sw1:10.0.0.1:ios:admin:x\nsw2:10.0.0.2:ios:admin:x\n' })).toEqual([
    'router.db:1:1: nobody says what these columns are (found 5 columns, expected name:model, or --map with a name for each; did you mean --map name:ip:model:-:-?)',
  ]);
});

test("reads RANCID's router.db, also a directory of groups, and tells what is down", async () => {
  const inventory = await read(['rancid:rancid']);
  expect(inventory.entries.map(({ name, platform, groups }) => [name, platform, groups.join()])).toEqual([
    ['acc1.example.com', 'cisco_ios', 'access'],
    ['acc2.example.com', 'hp_procurve', 'access'],
    ['acc3.example.com', 'cisco_s300', 'access'],
    ['zrh-core1.example.com', 'cisco_nxos', 'core'],
    ['zrh-core2.example.com', 'cisco_nxos', 'core'],
    ['gva-edge1.example.com', 'juniper_junos', 'core'],
  ]);
  expect(inventory.leftOut).toEqual([
    {
      name: 'old-core9.example.com',
      why: 'its state is "down"',
      at: { file: 'rancid/core/router.db', line: 5, column: 1 },
    },
  ]);
  expect(inventory.warnings.map(({ message }) => message)).toEqual([
    '1 device left out: its state is "down" ("old-core9.example.com"; netsweep inventory check shows all)',
  ]);
});

test('RANCID before its third version had colons', async () => {
  const { entries, leftOut } = await inventoryOf({ 'router.db': 'r1:cisco:up\nr2:juniper:down\n' });
  expect([entries.map(({ platform }) => platform), leftOut.map(({ name }) => name)]).toEqual([
    ['cisco_ios'],
    ['r2'],
  ]);
});

test.each([
  ['r1\n', 'router.db:1:1: this line does not fit (found 1 column, expected 2 as in name:platform)'],
  [
    'r1:iso\n',
    'router.db:1:4: unknown platform (found "iso", expected a name that netsweep platforms list shows; did you mean ios?)',
  ],
  [
    'r1;cisco;up\nr2;cisco\n',
    'router.db:2:1: this line does not fit (found 2 columns, expected 3 as in name;platform;state)',
  ],
])('a router.db of %j is an error', async (text, message) => {
  expect((await errorsOf({ 'router.db': text }))[0]).toContain(message);
});

test('a router.db in which every device is down is no inventory, which says why', async () => {
  expect(await errorsOf({ 'router.db': 'r1;cisco;down\n' })).toEqual([
    'no device in router.db (found 1 device, its state is "down"; expected at least one)',
  ]);
});
