// What the pace makes of a sweep: how long its logins take in each domain, and its sessions at each site and bastion.
// Pure; for the plan.
import type { Device, SweepOptions } from '../../proto/gen/netsweep/v1/model.js';
import { count } from '../inventory/wording.js';
import { isLocal } from './pace.js';

/** A limit, whose it is, and how long it alone makes the sweep, in ms. */
interface PaceRow {
  name: string;
  devices: number;
  ms: number;
}

export interface PlannedPace {
  loginRate: number;
  siteSessions: number;
  /** Those with paced logins; an empty name is that of all devices without a domain. */
  domains: PaceRow[];
  /** Sites and bastions with more devices than sessions. */
  places: PaceRow[];
  /** Devices whose logins are not paced, as their addresses are on loopback. */
  local: number;
  /** How long all this makes the sweep at least, in ms. */
  ms: number;
}

/** Places that are told one by one; the slowest first. */
const TOLD = 8;

/** `deviceMs`: what a device takes. */
export function planPace(
  devices: readonly Device[],
  { loginRate, siteSessions }: Pick<SweepOptions, 'loginRate' | 'siteSessions'>,
  deviceMs: number,
): PlannedPace {
  const far = devices.filter((device) => !isLocal(device));
  const domains = loginRate === 0 ? [] : rowsOf(far.map(({ domain }) => domain));
  for (const row of domains) row.ms = (row.devices / loginRate) * 1_000;
  const places = siteSessions === 0 ? [] : rowsOf(devices.flatMap(placesOf));
  for (const row of places) row.ms = Math.ceil(row.devices / siteSessions) * deviceMs;
  const full = places.filter((row) => row.devices > siteSessions);
  return {
    loginRate,
    siteSessions,
    domains: slowestFirst(domains),
    places: slowestFirst(full),
    local: devices.length - far.length,
    ms: Math.max(0, ...domains.map(({ ms }) => ms), ...full.map(({ ms }) => ms)),
  };
}

/** For people; one item a line. */
export function printPace(pace: PlannedPace, printMs: (ms: number) => string): string[] {
  const { loginRate, siteSessions, domains, places, local } = pace;
  const rate = `${count(loginRate, 'login')} per second${domains.length > 1 ? ' in each domain' : ''}`;
  const free = local === 0 ? '' : `; ${count(local, 'device')} on loopback at any rate`;
  const row = ({ name, devices, ms }: PaceRow) =>
    `${name}: ${count(devices, 'device')}, about ${printMs(ms)}`;
  return [
    loginRate === 0 ? 'no limit on logins' : rate + free,
    ...told(
      domains.map((one) => row({ ...one, name: one.name === '' ? 'logins' : `logins, domain ${one.name}` })),
    ),
    siteSessions === 0
      ? 'no limit on sessions at a site or jump host'
      : `${count(siteSessions, 'session')} at most at a site or jump host`,
    ...told(places.map(row)),
  ];
}

function told(lines: string[]): string[] {
  const rest = lines.length - TOLD;
  return rest > 0 ? [...lines.slice(0, TOLD), `and ${rest} more that take no longer`] : lines;
}

function placesOf({ site, jump }: Device): string[] {
  const bastions = new Set(
    jump.map(({ host, port }) => `jump host ${host.includes(':') ? `[${host}]` : host}:${port}`),
  );
  return site === '' ? [...bastions] : [`site ${site}`, ...bastions];
}

function rowsOf(names: string[]): PaceRow[] {
  const rows = new Map<string, PaceRow>();
  for (const name of names) {
    const row = rows.get(name) ?? { name, devices: 0, ms: 0 };
    row.devices += 1;
    rows.set(name, row);
  }
  return [...rows.values()];
}

function slowestFirst(rows: PaceRow[]): PaceRow[] {
  return rows.sort((one, other) => other.ms - one.ms);
}
