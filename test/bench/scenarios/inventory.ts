// 100,000 devices in each shape that may have as many, through `netsweep inventory check` from its start to its end; and the same
// CSV through `run -C`, which plans a sweep of them.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import { type Measured, measure } from '../account/account.ts';
import type { Bench, Scenario } from '../bench.ts';
import { runningFleet } from '../fleet.ts';
import type { Device } from '../inventory.ts';
import { built } from '../place.ts';
import { type Goal, type Section, short, type Table } from '../report.ts';
import { type Contender, contender, cpuEach, interleave, median, wallSeconds } from '../rounds.ts';

const DEVICES = 100_000;
const TIMEOUT_MS = 600_000;
const GROUPS = 50;
/** As many as netsweep asks for. */
const PAGE = 500;

export const inventory: Scenario = {
  about: `${DEVICES.toLocaleString('en')} devices of each shape checked, from a file to figures`,
  run,
};

/** Of a shape: its files, and what `-i` is given. */
type Writer = (devices: readonly Device[]) => { source: string; files: Record<string, string> };

const groupOf = (index: number) => `g${index % GROUPS}`;
const joined = (devices: readonly Device[], line: (device: Device, group: string) => string) =>
  devices.map((device, index) => line(device, groupOf(index))).join('');

const SHAPES: Record<string, Writer> = {
  CSV: (devices) => ({
    source: 'a.csv',
    files: {
      'a.csv': `name,host,platform,username,password,site,groups\n${joined(devices, ({ name, host }, group) => `${name},${host},cisco_ios,admin,secret,${group},core;${group}\n`)}`,
    },
  }),
  YAML: (devices) => ({
    source: 'a.yaml',
    files: {
      'a.yaml': `defaults:\n  username: admin\n  password: secret\ngroups:\n  core: {}\ndevices:\n${joined(devices, ({ name, host }, group) => `  ${name}:\n    host: ${host}\n    platform: cisco_ios\n    site: ${group}\n    groups: [core]\n`)}`,
    },
  }),
  JSON: (devices) => ({
    source: 'a.json',
    files: {
      'a.json': JSON.stringify(
        devices.map(({ name, host }) => ({
          name,
          host,
          platform: 'cisco_ios',
          username: 'admin',
          password: 'secret',
        })),
        null,
        1,
      ),
    },
  }),
  'Ansible, INI': (devices) => ({
    source: 'hosts',
    files: {
      hosts: `${grouped(
        devices,
        (group) => `[${group}]\n`,
        ({ name, host }) => `${name} ansible_host=${host} rack=7\n`,
      )}[all:vars]\nansible_user=admin\nansible_password=secret\nansible_network_os=ios\n`,
    },
  }),
  'Ansible, YAML': (devices) => ({
    source: 'hosts.yml',
    files: {
      'hosts.yml': `all:\n  vars:\n    ansible_user: admin\n    ansible_network_os: ios\n  children:\n${grouped(
        devices,
        (group) => `    ${group}:\n      hosts:\n`,
        ({ name, host }) => `        ${name}:\n          ansible_host: ${host}\n          rack: 7\n`,
      )}`,
    },
  }),
  'Ansible, --list': (devices) => ({
    source: 'list.json',
    files: {
      'list.json': JSON.stringify({
        _meta: {
          hostvars: Object.fromEntries(devices.map(({ name, host }) => [name, { ansible_host: host }])),
        },
        core: { hosts: devices.map(({ name }) => name), vars: { ansible_user: 'admin' } },
      }),
    },
  }),
  Nornir: (devices) => ({
    source: 'nornir',
    files: {
      'nornir/hosts.yaml': `---\n${joined(devices, ({ name, host }, group) => `${name}:\n  hostname: ${host}\n  groups:\n    - core\n  data:\n    site: ${group}\n`)}`,
      'nornir/groups.yaml': '---\ncore:\n  platform: cisco_ios\n  username: admin\n',
    },
  }),
  '.netmiko.yml': (devices) => ({
    source: '.netmiko.yml',
    files: {
      '.netmiko.yml': joined(
        devices,
        ({ name, host }) => `${name}:\n  device_type: cisco_ios\n  host: ${host}\n  username: admin\n`,
      ),
    },
  }),
  'router.db': (devices) => ({
    source: 'router.db',
    files: { 'router.db': joined(devices, ({ host }) => `${host}:ios\n`) },
  }),
  Python: (devices) => ({
    source: 'a.py',
    files: {
      'a.py': joined(
        devices,
        ({ name, host }) => `${name} = {"device_type": "cisco_ios", "ip": "${host}", "username": "admin"}\n`,
      ),
    },
  }),
  'a list': (devices) => ({
    source: 'hosts.txt',
    files: { 'hosts.txt': joined(devices, ({ host }) => `admin@${host}:22\n`) },
  }),
};

function grouped(
  devices: readonly Device[],
  head: (group: string) => string,
  line: (device: Device) => string,
): string {
  const each = Math.ceil(devices.length / GROUPS);
  return Array.from({ length: GROUPS }, (_, index) => {
    const own = devices.slice(index * each, (index + 1) * each);
    return own.length === 0 ? '' : head(`g${index}`) + own.map(line).join('');
  }).join('');
}

async function run(bench: Bench): Promise<Section> {
  const count = bench.options.devices ?? DEVICES;
  const { devices } = runningFleet('nobody:nothing@127.1.0.1:22', count);
  await using netbox = await standIn(devices);
  const contenders = Object.entries(SHAPES).map(([shape, write]) => {
    const { source, files } = write(devices);
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(dirname(join(bench.folder, name)), { recursive: true });
      writeFileSync(join(bench.folder, name), text, { mode: 0o600 });
    }
    return contender(shape, count, () => check(bench, join(bench.folder, source), count));
  });
  contenders.push(contender('NetBox', count, () => check(bench, `netbox:${netbox.url}`, count)));
  contenders.push(contender('CSV, run -C', count, () => plan(bench, join(bench.folder, 'a.csv'))));
  await interleave(bench.options.repeat, contenders, bench.say);
  return {
    name: 'inventory',
    title: `${count.toLocaleString('en')} devices checked`,
    notes: [
      '`netsweep inventory check` from its start to its end; NetBox is a stand-in in the process of the bench, with its pages made beforehand.',
    ],
    tables: [tableOf(contenders)],
    goals: contenders.map(goalOf),
    data: contenders.map(({ title, devices, rounds }) => ({ title, devices, rounds })),
  };
}

function tableOf(contenders: readonly Contender[]): Table {
  return {
    head: ['shape', 'CPU s', '(median)', 'wall s', 'MiB'],
    rows: contenders.map((one) => [
      one.title,
      short(cpuSeconds(one)),
      short(median(one.rounds.map(({ total }) => total.cpuMs)) / 1_000),
      short(wallSeconds(one)),
      short(Math.max(...one.rounds.map(({ total }) => total.residentMiB))),
    ]),
  };
}

function goalOf(one: Contender): Goal {
  return { what: `${one.title}: CPU`, limit: 2, measured: cpuSeconds(one), unit: ' s' };
}

function cpuSeconds(one: Contender): number {
  return (cpuEach(one) * one.devices) / 1_000;
}

async function check(bench: Bench, source: string, count: number): Promise<Measured> {
  const { measured, out } = await netsweep(bench, ['inventory', 'check', '-i', source, '--json']);
  const { devices } = JSON.parse(out) as { devices: number }; // what it prints
  if (devices !== count) throw new Error(`${source}: ${devices} of ${count} devices`);
  return measured;
}

async function plan(bench: Bench, source: string): Promise<Measured> {
  return (await netsweep(bench, ['run', '-C', '-i', source, 'show version'])).measured;
}

async function netsweep(
  { folder, stop }: Bench,
  words: string[],
): Promise<{ measured: Measured; out: string }> {
  const stdout = join(folder, 'inventory.out');
  const measured = await measure(
    {
      command: [process.execPath, built('coordinator/main.js'), ...words],
      role: 'command line',
      stdout,
      stderr: `${stdout}.err`,
    },
    { timeoutMs: TIMEOUT_MS, stop },
  );
  if (measured.status !== 0)
    throw new Error(
      `${words.join(' ')}: exit ${measured.status}\n${readFileSync(`${stdout}.err`, 'utf8').slice(-2_000)}`,
    );
  return { measured, out: readFileSync(stdout, 'utf8') };
}

/** NetBox's list of devices, in its pages, which are made beforehand: what is measured is how they are read. */
async function standIn(devices: readonly Device[]): Promise<{ url: string } & AsyncDisposable> {
  const pageAt = (offset: number) => ({
    count: devices.length,
    next: offset + PAGE < devices.length ? `http://netbox/?limit=${PAGE}&offset=${offset + PAGE}` : null,
    results: devices.slice(offset, offset + PAGE).map(({ name, host }, index) => ({
      id: offset + index + 1,
      name,
      status: { value: 'active', label: 'Active' },
      platform: { id: 1, name: 'IOS', slug: 'cisco-ios' },
      site: { id: 1, name: 'ZRH', slug: 'zrh' },
      primary_ip: { id: offset + index, address: `${host}/24` },
      tags: [],
      custom_fields: {},
    })),
  });
  const pages = Array.from({ length: Math.ceil(devices.length / PAGE) }, (_, index) =>
    Buffer.from(JSON.stringify(pageAt(index * PAGE))),
  );
  const none = Buffer.from(JSON.stringify({ count: 0, next: null, results: [] }));
  const server = createServer(({ url = '' }, response) => {
    const { pathname, searchParams } = new URL(url, 'http://netbox');
    const at = Number(searchParams.get('offset') ?? 0) / PAGE;
    const page = pathname.startsWith('/api/dcim/') ? pages[at] : none;
    response.writeHead(200, { 'content-type': 'application/json' }).end(page);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, // of a server that listens on a port
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
