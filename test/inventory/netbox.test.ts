// Devices from the REST APIs of NetBox and Nautobot, against a stand-in with the fields of their releases.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type Entry, InputError, type Inventory } from '../../coordinator/inventory/inventory.ts';
import { readInventory } from '../../coordinator/inventory/read.ts';
import { type Device, startDcim, TOKEN } from './dcim.ts';
import { platforms } from './files.ts';

const DEVICES: Device[] = [
  {
    name: 'zrh-core-01',
    address: '10.20.0.1',
    platform: 'cisco-nx-os',
    role: 'core',
    site: 'zrh',
    tags: ['dc', 'tier1'],
    tenant: 'retail',
    custom: { segment: 'dc1', asset_owner: 'netops', port: 8022, jump: null },
  },
  { name: 'zrh-acc-17', address: '2001:db8:20::17', platform: 'ios-xe-17-9-4a', role: 'access', site: 'zrh' },
  {
    name: 'gva-fw-01',
    address: '10.30.0.1',
    platform: 'fortios',
    role: 'firewall',
    site: 'gva',
    tags: ['dc'],
  },
  { name: 'gva-edge-01', address: '10.30.0.2', platform: null, role: 'edge', site: 'gva' },
  { name: 'zrh-patch-1', platform: null, role: 'patch-panel', site: 'zrh' },
  { name: 'zrh-pdu 2', address: '10.20.9.2', platform: 'apc-aos', role: 'pdu', site: 'zrh' },
  { name: null, address: '10.20.9.3', platform: 'cisco-ios', role: 'access', site: 'zrh' },
  {
    name: 'gva-old-01',
    address: '10.30.0.9',
    platform: 'cisco-ios',
    role: 'core',
    site: 'gva',
    status: 'decommissioning',
  },
  { name: 'gva-ups-01', address: '10.30.0.10', platform: 'apc-aos', role: 'ups', site: 'gva' },
  {
    name: 'jump-01',
    address: '10.20.1.1',
    platform: 'ubuntu-24-04',
    role: 'server',
    site: 'zrh',
    machine: true,
  },
];

function read(
  source: string,
  env: Record<string, string> = { NETBOX_TOKEN: TOKEN, NAUTOBOT_TOKEN: TOKEN },
  cwd = '/',
): Promise<Inventory> {
  return readInventory([source], { cwd, stdin: (async function* () {})(), env, platforms });
}

async function refusal(source: string, env?: Record<string, string>): Promise<string[]> {
  const error = await read(source, env).then(
    () => null,
    (thrown: unknown) => thrown,
  );
  if (error instanceof InputError) return error.message.split('\n');
  throw error ?? new Error('nothing was wrong');
}

function row({ name, host, platform, site, segment, groups }: Entry) {
  return [name, host, platform, site, segment, groups.join()];
}

const ROWS = [
  ['zrh-core-01', '10.20.0.1', 'cisco_nxos', 'zrh', 'dc1', 'core,dc,tier1'],
  ['zrh-acc-17', '2001:db8:20::17', 'cisco_xe', 'zrh', 'default', 'access'],
  ['gva-fw-01', '10.30.0.1', 'fortinet', 'gva', 'default', 'firewall,dc'],
  ['gva-edge-01', '10.30.0.2', null, 'gva', 'default', 'edge'],
  ['jump-01', '10.20.1.1', 'linux', 'zrh', 'default', 'server'],
];

describe.each(['netbox', 'netbox 3.5'] as const)('%s', (release) => {
  test('gives devices and virtual machines, page by page, and what it leaves out with the reason', async () => {
    await using dcim = await startDcim(release, DEVICES);
    const { entries, leftOut, warnings } = await read(`netbox:${dcim.url}/?limit=2`);
    expect(entries.map(row)).toEqual(ROWS);
    expect(leftOut.map(({ name, why }) => [name, why])).toEqual([
      ['zrh-patch-1', 'it has no primary address'],
      ['zrh-pdu 2', 'its name cannot stand in lists and patterns'],
      ['C9300-48UXM (7)', 'it has no name'],
      ['gva-old-01', 'its status is decommissioning'],
      [
        'gva-ups-01',
        'its platform "apc-aos" is not known (a platform file of your own may have it as an alias)',
      ],
    ]);
    expect(warnings).toHaveLength(5);
    expect(entries.length + leftOut.length).toBe(DEVICES.length);
    expect(dcim.requests.map(({ url }) => url)).toEqual([
      ...[0, 2, 4, 6, 8].map(
        (offset) =>
          `/api/dcim/devices/?limit=2&exclude=config_context${offset === 0 ? '' : `&offset=${offset}`}`,
      ),
      '/api/virtualization/virtual-machines/?limit=2&exclude=config_context',
    ]);
    expect(new Set(dcim.requests.map(({ authorization }) => authorization))).toEqual(
      new Set([`Token ${TOKEN}`]),
    );
  });
});

test('what NetBox says of a device is data to filter on, custom fields among it', async () => {
  await using dcim = await startDcim('netbox', DEVICES);
  const { entries } = await read(`netbox:${dcim.url}`);
  expect(entries[0]?.data).toEqual({
    role: 'core',
    status: 'active',
    tenant: 'retail',
    rack: 'R11',
    manufacturer: 'cisco',
    model: 'c9300-48uxm',
    serial: 'FOC2001X0AB',
    tags: ['dc', 'tier1'],
    asset_owner: 'netops',
    'data.port': 8022,
  });
});

test.each([
  ['/?site=zrh&role=core', ['zrh-core-01']],
  ['/dcim/devices/?tag=dc', ['zrh-core-01', 'gva-fw-01']],
  ['/api/dcim/devices/?status=decommissioning', ['gva-old-01']],
  ['/virtualization/virtual-machines/', ['jump-01']],
  // What only devices have is not asked of machines, which would answer with all of them.
  ['/?rack_id=11&role=core', ['zrh-core-01']],
])("the query of netbox:URL%s is NetBox's to answer", async (path, names) => {
  await using dcim = await startDcim('netbox', DEVICES);
  const { entries } = await read(`netbox:${dcim.url}${path}`);
  expect(entries.map(({ name }) => name)).toEqual(names);
});

test('Nautobot gives devices with locations, roles and statuses by name, and platforms by their drivers', async () => {
  const named = DEVICES.map((device) => ({
    ...device,
    platform:
      device.name === 'zrh-acc-17'
        ? 'Catalyst switches'
        : device.platform === 'cisco-nx-os'
          ? 'Cisco NX-OS'
          : (device.platform ?? null),
  }));
  await using dcim = await startDcim('nautobot', named);
  const { entries, leftOut } = await read(`nautobot:${dcim.url}`);
  expect(entries.map(row)).toEqual(
    ROWS.map((expected) => (expected[0] === 'zrh-acc-17' ? expected.with(2, 'cisco_ios') : expected)),
  );
  expect(leftOut).toHaveLength(5);
  expect(dcim.requests[0]?.url).toBe('/api/dcim/devices/?limit=500&depth=1');
});

test("a token of NetBox's second kind is a bearer's, and one may be in a file or come from a program", async () => {
  await using dcim = await startDcim('netbox', DEVICES, { token: 'Bearer nbt_abcdefghijkl.secret' });
  const directory = mkdtempSync(join(tmpdir(), 'netsweep-token-'));
  writeFileSync(join(directory, 'token'), 'nbt_abcdefghijkl.secret\n', { mode: 0o600 });
  for (const written of ['nbt_abcdefghijkl.secret', 'file:token', `cmd:cat ${directory}/token`])
    expect((await read(`netbox:${dcim.url}`, { NETBOX_TOKEN: written }, directory)).entries).toHaveLength(5);
  rmSync(directory, { recursive: true });
});

test('the address may be in NETBOX_URL, and only the query in the source', async () => {
  await using dcim = await startDcim('netbox', DEVICES);
  const env = { NETBOX_TOKEN: TOKEN, NETBOX_URL: dcim.url };
  expect((await read('netbox:?role=core', env)).entries.map(({ name }) => name)).toEqual(['zrh-core-01']);
  expect((await read('netbox:', env)).entries).toHaveLength(5);
});

test('a busy server is asked again, as late as it says', async () => {
  await using dcim = await startDcim('netbox', DEVICES);
  dcim.before.push({ status: 429, headers: { 'retry-after': '1' } }, { status: 502 });
  const started = performance.now();
  expect((await read(`netbox:${dcim.url}`)).entries).toHaveLength(5);
  expect(performance.now() - started).toBeGreaterThan(1900);
});

test('a device that moves to the next page while it is read is there once, and one that is missed is told', async () => {
  await using dcim = await startDcim('netbox', DEVICES);
  dcim.before.push({
    status: 200,
    body: JSON.stringify({
      count: 12,
      next: `${dcim.url}/api/dcim/devices/?limit=1000`,
      results: [
        { id: 1, name: 'zrh-core-01', status: { value: 'active' }, primary_ip: { address: '10.20.0.1/26' } },
      ],
    }),
  });
  const { entries, warnings } = await read(`netbox:${dcim.url}/dcim/devices/`);
  expect(entries).toHaveLength(4);
  expect(warnings.map(({ message }) => message)).toContain(
    'the server counted 12 and listed 9: something changed meanwhile',
  );
});

describe('what is wrong is said at the address that was asked', () => {
  const AT = '/api/dcim/devices/?limit=500&exclude=config_context:1:1: ';
  test.each([
    [
      'a wrong token',
      { env: { NETBOX_TOKEN: 'wrong' } },
      'the server answered 403 Forbidden (expected a token that may read this, in NETBOX_TOKEN)',
    ],
    [
      'no token',
      { env: {} },
      'the server answered 403 Forbidden (there is no token; expected one in NETBOX_TOKEN)',
    ],
    [
      'a redirection',
      { status: 301, headers: { location: 'https://netbox.example.com/login/' } },
      'the server answered 301 Moved Permanently (expected no redirection; did you mean https://netbox.example.com?)',
    ],
    [
      'a page of a browser',
      { status: 200, body: '<!doctype html>' },
      'this is no page of a list (found "<!doctype html>", expected JSON)',
    ],
    [
      'another API',
      { status: 200, body: '{"devices": []}' },
      'there is no list in this answer (found a map of 1 field, expected results)',
    ],
    ['nothing', { status: 200, body: '' }, 'this file is empty (expected JSON)'],
    ['a request that it refuses', { status: 400 }, 'the server answered 400 Bad Request'],
  ])(
    '%s',
    async (_, {
      env,
      ...answer
    }: {
      env?: Record<string, string>;
      status?: number;
      body?: string;
      headers?: Record<string, string>;
    }, message) => {
      await using dcim = await startDcim('netbox', DEVICES);
      if (answer.status !== undefined) dcim.before.push({ status: answer.status, ...answer });
      expect(await refusal(`netbox:${dcim.url}/dcim/devices/`, env)).toEqual([`${dcim.url}${AT}${message}`]);
    },
  );

  test('a page that comes again as the next one', async () => {
    await using dcim = await startDcim('netbox', DEVICES);
    const again = {
      status: 200,
      body: JSON.stringify({ count: 9, next: `${dcim.url}/?limit=500&exclude=config_context`, results: [] }),
    };
    dcim.before.push(again, again);
    expect(await refusal(`netbox:${dcim.url}/dcim/devices/`)).toEqual([
      `${dcim.url}${AT}the server gives this page as the next one again`,
    ]);
  });

  test.each([
    [
      'netbox:netbox.example.com',
      'netbox:netbox.example.com:1:1: this is no address of an API (found "netbox.example.com", expected netbox:https://HOST)',
    ],
    [
      'nautobot:https://me:x@nautobot.example.com',
      'nautobot:https://nautobot.example.com:1:1: a URL with a user name or password is not taken (expected a token in NAUTOBOT_TOKEN)',
    ],
  ])('%s', async (source, message) => {
    expect(await refusal(source)).toEqual([message]);
  });

  test('a path under which there is no API', async () => {
    await using dcim = await startDcim('netbox', DEVICES);
    expect((await refusal(`netbox:${dcim.url}/lab`))[0]).toContain(
      '/lab/api/dcim/devices/?limit=500&exclude=config_context:1:1: the server answered 404 Not Found (expected the address that a browser has',
    );
  });
});

test.each([
  ['cisco-ios', 'cisco_ios'],
  ['cisco-ios-xe', 'cisco_xe'],
  ['ios-xe', 'cisco_xe'],
  ['cisco-ios-xr-7-5-2', 'cisco_xr'],
  ['nx-os', 'cisco_nxos'],
  ['cisco-nxos', 'cisco_nxos'],
  ['cisco-asa', 'cisco_asa'],
  ['juniper-junos', 'juniper_junos'],
  ['junos-21-4r3-s5', 'juniper_junos'],
  ['arista-eos', 'arista_eos'],
  ['eos-4-30-1f', 'arista_eos'],
  ['palo-alto-pan-os', 'paloalto_panos'],
  ['fortinet-fortios', 'fortinet'],
  ['aruba-aos-cx', 'aruba_aoscx'],
  ['huawei-vrp', 'huawei'],
  ['mikrotik-routeros', 'mikrotik_routeros'],
  ['hp-comware', 'hp_comware'],
  ['sr-os', 'nokia_sros'],
  ['vyos', 'vyos'],
  ['debian-12', 'linux'],
  ['red-hat-enterprise-linux-9', 'linux'],
  ['apc-aos', null],
  ['windows-server-2022', null],
])('the platform slug %s is %s', async (slug, platform) => {
  const { PlatformSlugs } = await import('../../coordinator/inventory/apiplatform.ts');
  expect(new PlatformSlugs(platforms).find([slug])).toBe(platform);
});
