// The inventory of a fleet: what a sweep needs to know of it, and how each device must end. The file's
// extension says the shape; it appears whole or not at all.
import { renameSync, writeFileSync } from 'node:fs';
import { extname } from 'node:path';
import { deriveHostKey } from './hostkey.js';
import { type FleetDevice, FleetOptionError } from './plan.js';
import { devicePort } from './share.js';

export interface InventoryOptions {
  devices: readonly FleetDevice[];
  port: number;
  /** That share the fleet; default: one. */
  processes?: number;
  seed: number;
  user: string;
  /** As the inventory shall name them: the text itself, or a reference such as `env:VAR`. */
  password: string;
  enableSecret: string;
}

type Row = Record<string, string | number | boolean>;

const SHAPES: Record<string, (options: InventoryOptions) => string> = {
  '.json': writeJson,
  '.yaml': writeJson,
  '.yml': writeJson,
  '.csv': writeCsv,
  '.py': writePython,
};

/** Throws FleetOptionError when the extension names no shape. */
export function checkInventoryFile(file: string): void {
  if (SHAPES[extname(file)] === undefined)
    throw new FleetOptionError(
      `--inventory ${file}: the name must end in one of ${Object.keys(SHAPES).join(', ')}`,
    );
}

export function writeInventory(file: string, options: InventoryOptions): void {
  checkInventoryFile(file);
  const text = SHAPES[extname(file)]?.(options) ?? '';
  const temporary = `${file}.${process.pid}.tmp`;
  writeFileSync(temporary, text, { mode: 0o600 });
  renameSync(temporary, file);
}

/** The fields of a device; secrets and login apart. */
function describe(device: FleetDevice, options: InventoryOptions): Row {
  const row: Row = {
    host: device.address,
    port: devicePort(device, options.devices.length, options.port, options.processes),
    platform: device.platform,
    segment: device.segment,
  };
  if (device.site !== '') row.site = device.site;
  row.role = device.role;
  row.expect = device.expect;
  if (device.expectStage !== null) row.expect_stage = device.expectStage;
  if (device.fault !== null) row.fault = device.fault;
  if (device.unprivileged) row.secret = options.enableSecret;
  if (device.fault === 'host-key' || device.fault === 'false-proof')
    row.known_host_key = deriveHostKey(options.seed, device.number, 0).public;
  return row;
}

function writeJson(options: InventoryOptions): string {
  const defaults = JSON.stringify({ username: options.user, password: options.password });
  const devices = options.devices.map(
    (device) => `    ${JSON.stringify(device.name)}: ${JSON.stringify(describe(device, options))}`,
  );
  return `{\n  "defaults": ${defaults},\n  "devices": {\n${devices.join(',\n')}\n  }\n}\n`;
}

const CSV_FIELDS = [
  'name',
  'host',
  'port',
  'platform',
  'segment',
  'site',
  'role',
  'username',
  'password',
  'secret',
  'expect',
  'expect_stage',
  'fault',
  'known_host_key',
];

function writeCsv(options: InventoryOptions): string {
  const lines = options.devices.map((device) => {
    const row: Row = {
      ...describe(device, options),
      name: device.name,
      username: options.user,
      password: options.password,
    };
    return CSV_FIELDS.map((field) => quoteCsv(String(row[field] ?? ''))).join(',');
  });
  return `${[CSV_FIELDS.join(','), ...lines].join('\n')}\n`;
}

function quoteCsv(text: string): string {
  return /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

const NETMIKO_TYPES: Record<FleetDevice['platform'], string> = {
  cisco_ios: 'cisco_ios_ssh',
  cisco_xe: 'cisco_xe_ssh',
  cisco_nxos: 'cisco_nxos_ssh',
  cisco_xr: 'cisco_xr_ssh',
  arista_eos: 'arista_eos_ssh',
  juniper_junos: 'juniper_junos_ssh',
  frr: 'frr',
  linux: 'linux_ssh',
};

function writePython(options: InventoryOptions): string {
  const bindings = options.devices.map((device) => {
    const fields: Row = {
      device_type: NETMIKO_TYPES[device.platform],
      ip: device.address,
      port: devicePort(device, options.devices.length, options.port, options.processes),
      username: options.user,
      password: options.password,
    };
    if (device.unprivileged) fields.secret = options.enableSecret;
    return `${device.name} = ${printDictionary(fields)}`;
  });
  const segments = new Map<string, string[]>();
  for (const { segment, name } of options.devices) {
    const names = segments.get(segment);
    if (names === undefined) segments.set(segment, [name]);
    else names.push(name);
  }
  const lists = [...segments].map(([segment, names]) => printList(segment.replaceAll('-', '_'), names));
  const all = printList(
    'nodes',
    options.devices.map((device) => device.name),
  );
  return `${[...bindings, '', ...lists, all].join('\n')}\n`;
}

/** JSON's texts and numbers are Python's too, as long as they are ASCII. */
function printDictionary(fields: Row): string {
  const items = Object.entries(fields).map(
    ([key, value]) => `${JSON.stringify(key)}: ${JSON.stringify(value)}`,
  );
  return `{${items.join(', ')}}`;
}

function printList(name: string, items: string[]): string {
  const lines: string[] = [];
  for (let at = 0; at < items.length; at += 10) lines.push(`    ${items.slice(at, at + 10).join(', ')},`);
  return [`${name} = [`, ...lines, ']'].join('\n');
}
