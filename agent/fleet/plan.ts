// The plan of a fleet, pure: options and a seed give the list of devices, each with its address, its character,
// what is wrong with it and how a sweep must end there. The program, its inventory and its tests share it.
import { dice, fraction } from './dice.js';
import { breadth, type Expectation, ending, FAULT_NAMES, type Fault, type Stage, suits } from './fault.js';

export const PLATFORMS = [
  'cisco_ios',
  'cisco_xe',
  'cisco_nxos',
  'cisco_xr',
  'arista_eos',
  'juniper_junos',
  'frr',
  'linux',
] as const;
export type FleetPlatform = (typeof PLATFORMS)[number];

export interface PlanOptions {
  devices: number;
  seed: number;
  /** The range, within 127.0.0.0/8, that addresses are dealt from. */
  listen: string;
  /** 0: all devices are in the segment `default`; else `segment-1` to `segment-S`, in blocks. */
  segments: number;
  /** Devices in a site at most; 0: devices have no site. */
  siteSize: number;
  /** Dealt round robin. */
  platforms: readonly FleetPlatform[];
  /** `number`: R1, R2 ...; `platform`: R1, SW2, r3, host4 ... */
  names: 'number' | 'platform';
  /** The share of devices with each fault; round(share * devices) of them. */
  bad: Partial<Record<Fault, number>>;
  /** The share of IOS, IOS XE and EOS devices whose logins start without privileges. */
  unprivileged: number;
  /** The share of devices that take a password by keyboard-interactive only. */
  keyboardInteractive: number;
}

export const PLAN_DEFAULTS: PlanOptions = {
  devices: 10,
  seed: 1,
  listen: '127.0.0.0/8',
  segments: 0,
  siteSize: 50,
  platforms: ['cisco_ios'],
  names: 'number',
  bad: {},
  unprivileged: 0.2,
  keyboardInteractive: 0.1,
};

export interface FleetDevice {
  /** From 1, in the order of addresses. */
  number: number;
  name: string;
  address: string;
  platform: FleetPlatform;
  segment: string;
  /** Empty: none. */
  site: string;
  role: 'core' | 'distribution' | 'access';
  /** A login must be followed by the enable secret before the configuration can be read. */
  unprivileged: boolean;
  passwordMethod: 'password' | 'keyboard-interactive';
  fault: Fault | null;
  /** How a sweep of the platform's default command must end here. */
  expect: Expectation;
  /** Where a failure there must be noticed; null: there is none. */
  expectStage: Stage;
}

/** What was asked of a fleet makes no sense; the message says why, in one line. */
export class FleetOptionError extends Error {
  override name = 'FleetOptionError';
}

export function planFleet(options: Partial<PlanOptions> = {}): FleetDevice[] {
  const plan = { ...PLAN_DEFAULTS, ...options };
  const addresses = dealAddresses(plan.listen, plan.devices);
  const devices = addresses.map((address, index) => describe(plan, address, index));
  spoil(plan, devices);
  return devices;
}

function describe(plan: PlanOptions, address: string, index: number): FleetDevice {
  const number = index + 1;
  const platform = plan.platforms[index % plan.platforms.length];
  if (platform === undefined) throw new FleetOptionError('a fleet needs at least one platform');
  return {
    number,
    name: plan.names === 'number' ? `R${number}` : `${PREFIXES[platform]}${number}`,
    address,
    platform,
    segment:
      plan.segments === 0 ? 'default' : `segment-${Math.floor((index * plan.segments) / plan.devices) + 1}`,
    site: plan.siteSize === 0 ? '' : `site-${Math.floor(index / plan.siteSize) + 1}`,
    role: index % 20 === 0 ? 'core' : index % 5 === 0 ? 'distribution' : 'access',
    unprivileged:
      WITH_ENABLE.includes(platform) && fraction(plan.seed, number, 'unprivileged') < plan.unprivileged,
    passwordMethod:
      fraction(plan.seed, number, 'method') < plan.keyboardInteractive ? 'keyboard-interactive' : 'password',
    fault: null,
    expect: 'ok',
    expectStage: null,
  };
}

const WITH_ENABLE: readonly FleetPlatform[] = ['cisco_ios', 'cisco_xe', 'arista_eos'];
const PREFIXES: Record<FleetPlatform, string> = {
  cisco_ios: 'R',
  cisco_xe: 'SW',
  cisco_nxos: 'N',
  cisco_xr: 'XR',
  arista_eos: 'leaf',
  juniper_junos: 'mx',
  frr: 'r',
  linux: 'host',
};

/** Gives each fault its devices: faults that suit few platforms choose first, each by its own draw. */
function spoil(plan: PlanOptions, devices: FleetDevice[]): void {
  const wanted = FAULT_NAMES.filter((fault) => (plan.bad[fault] ?? 0) > 0);
  wanted.sort((a, b) => (breadth(a) === breadth(b) ? 0 : breadth(a) - breadth(b)));
  for (const fault of wanted) {
    const count = Math.round((plan.bad[fault] ?? 0) * devices.length);
    const candidates = devices
      .filter((device) => device.fault === null && suits(fault, device.platform))
      .map((device) => ({ device, draw: dice(plan.seed, device.number, fault) }))
      .sort((a, b) => a.draw - b.draw || a.device.number - b.device.number);
    if (candidates.length < count)
      throw new FleetOptionError(
        `--bad ${fault}=${plan.bad[fault]} asks for ${count} devices, only ${candidates.length} can be that`,
      );
    for (const { device } of candidates.slice(0, count)) {
      device.fault = fault;
      const { expect, stage } = ending(fault, device.platform);
      device.expect = expect;
      device.expectStage = stage;
      if (NEEDS_ENABLE.has(fault)) device.unprivileged = true;
      if (NEEDS_QUESTIONS.has(fault)) device.passwordMethod = 'keyboard-interactive';
    }
  }
}

const NEEDS_ENABLE: ReadonlySet<Fault> = new Set(['enable', 'no-enable', 'hang-enable']);
const NEEDS_QUESTIONS: ReadonlySet<Fault> = new Set([
  'two-questions',
  'wordless-question',
  'asks-new-password',
]);

/** The first addresses of the range, 127.1.0.1 upwards where it holds that, without .0 and .255 hosts. */
function dealAddresses(listen: string, count: number): string[] {
  const { first, last } = parseRange(listen);
  const addresses: string[] = [];
  const start = first <= FIRST_USUAL && FIRST_USUAL <= last ? FIRST_USUAL : first;
  for (let address = start; address <= last && addresses.length < count; address++) {
    const host = address & 0xff;
    if (host !== 0 && host !== 255) addresses.push(printAddress(address));
  }
  if (addresses.length < count)
    throw new FleetOptionError(`${listen} has room for ${addresses.length} devices, not for ${count}`);
  return addresses;
}

const FIRST_USUAL = 0x7f010001;

function parseRange(listen: string): { first: number; last: number } {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})(?:\/(\d{1,2}))?$/.exec(listen);
  const octets = match?.slice(1, 5).map(Number) ?? [];
  const bits = Number(match?.[5] ?? 32);
  if (octets.length !== 4 || octets.some((octet) => octet > 255) || bits > 32)
    throw new FleetOptionError(`${listen} is not a range of IPv4 addresses such as 127.0.0.0/8`);
  if (octets[0] !== 127 || bits < 8)
    throw new FleetOptionError(`${listen} is not within 127.0.0.0/8; a fleet is for this machine only`);
  const address = octets.reduce((sum, octet) => sum * 256 + octet, 0);
  const size = 2 ** (32 - bits);
  const first = Math.floor(address / size) * size;
  return { first, last: first + size - 1 };
}

function printAddress(address: number): string {
  return `${address >>> 24}.${(address >>> 16) & 0xff}.${(address >>> 8) & 0xff}.${address & 0xff}`;
}
