// How gently devices are treated, over all agents and sweeps: logins per second in a domain, sessions at a site and
// through a bastion. Pure: one table of the ledger, asked before devices are handed out and told when they are done.
import { isIP } from 'node:net';
import type { Device, SweepOptions } from '../../proto/gen/netsweep/v1/model.js';
import { Purpose } from '../../proto/gen/netsweep/v1/model.js';
import { sameHost } from '../inventory/address.js';
import { Caps } from './caps.js';
import { placeKey, placeOf } from './endpoints.js';
import { LoginPace, type Paced } from './loginpace.js';

/** Devices of a sweep for which the same limits hold. */
export interface Track {
  /** Null: their logins are not paced. */
  paced: Paced | null;
  /** Where only so many sessions may be at once. */
  places: readonly string[];
}

const FREE: Track = { paced: null, places: [] };
/** Before the name of a domain, where the names of places stand, too. */
const DOMAIN = 'domain\n';
const SITE = 'site\n';
export const LIMIT_KINDS = ['login-rate', 'site', 'jump-host'] as const;

/** The tracks of one sweep. */
export class Tracks {
  readonly #known = new Map<string, Track>();

  constructor(
    private readonly sweep: string,
    private readonly options: Pick<SweepOptions, 'loginRate' | 'siteSessions' | 'purpose'>,
  ) {}

  of(device: Device): Track {
    const { loginRate: rate, siteSessions, purpose } = this.options;
    const paced = rate > 0 && purpose !== Purpose.HOST_KEYS && !isLocal(device);
    const places = siteSessions > 0 ? placesOf(device) : [];
    if (!paced && places.length === 0) return FREE;
    const { domain } = device;
    const key = [paced ? domain : '', paced, ...places].join('\n\n');
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const track = { paced: paced ? { domain, sweep: this.sweep, rate } : null, places };
    this.#known.set(key, track);
    return track;
  }
}

export class Pace {
  readonly logins = new LoginPace();
  readonly caps = new Caps();
  /** Whoever rehearses logs in nowhere. */
  rehearses = false;

  isPaced({ paced }: Track): boolean {
    return paced !== null && !this.rehearses;
  }

  /** Within which devices that are handed out together begin, so that they are not connected in one instant, in ms. */
  spreadMs(tracks: readonly Track[]): number {
    const [first, ...others] = tracks.filter((track) => this.isPaced(track));
    return first?.paced == null ? 0 : Math.round((others.length * 1_000) / first.paced.rate);
  }

  /** As in Limits, for one sweep. */
  fullAt({ paced, places }: Track, devices: number, most: number, now: number): string | null {
    for (const place of places) {
      const there = this.caps.count(place, now);
      // More of one endpoint go in turn, and would never fit where the cap is lower.
      if (there > 0 && there + devices > most) return place;
    }
    if (paced === null || this.rehearses) return null;
    return this.logins.hasRoom(paced, devices, now) ? null : DOMAIN + paced.domain;
  }

  roomAt(limit: string, sweep: string, { loginRate: rate, siteSessions }: SweepOptions, now: number): number {
    if (!limit.startsWith(DOMAIN)) return siteSessions - this.caps.count(limit, now);
    if (this.rehearses) return Number.POSITIVE_INFINITY;
    return this.logins.room({ domain: limit.slice(DOMAIN.length), sweep, rate }, now);
  }

  /** A device is handed out. */
  take({ paced, places }: Track, index: number, now: number): void {
    for (const place of places) this.caps.take(place);
    if (paced !== null && !this.rehearses) this.logins.handOut(paced, index, now);
  }

  /** Nobody works on the device any more; a session of it may last until then. */
  release({ paced, places }: Track, index: number, until: number): void {
    for (const place of places) this.caps.release(place, until);
    if (paced !== null) this.logins.left(paced, index);
  }
}

/** What holds devices in line, by the names of limits, in a few words; empty: nothing does. */
export function paceWords(
  limits: Iterable<string>,
  { loginRate, siteSessions }: Pick<SweepOptions, 'loginRate' | 'siteSessions'>,
): string {
  const domains: string[] = [];
  const places: string[] = [];
  for (const limit of limits)
    if (limit.startsWith(DOMAIN)) domains.push(limit.slice(DOMAIN.length));
    else places.push(limit.startsWith(SITE) ? `site ${limit.slice(SITE.length)}` : 'a jump host');
  const [domain = ''] = domains;
  const where =
    domains.length > 1 ? ` in each of ${domains.length} domains` : domain && ` in domain ${domain}`;
  const full = places.length > 1 ? `${places.length} sites and jump hosts are` : `${places[0]} is`;
  return [
    ...(domains.length === 0 ? [] : [`paced at ${loginRate} logins per second${where}`]),
    ...(places.length === 0 ? [] : [`${full} full (${siteSessions} sessions)`]),
  ].join('; ');
}

/** Which kind of limit that is. */
export function limitKind(limit: string): (typeof LIMIT_KINDS)[number] {
  if (limit.startsWith(DOMAIN)) return 'login-rate';
  return limit.startsWith(SITE) ? 'site' : 'jump-host';
}

function placesOf(device: Device): string[] {
  const bastions = device.jump.map((_, at) => `jump\n${placeKey(placeOf(device, at + 1))}`);
  return device.site === '' ? bastions : [SITE + device.site, ...bastions];
}

/** Whether it is on the agent's own host: it is rehearsed with, or nobody's AAA server hears of it. */
export function isLocal({ host, jump }: Pick<Device, 'host' | 'jump'>): boolean {
  return [...jump, { host }].every((one) => isLoopback(one.host));
}

function isLoopback(host: string): boolean {
  const version = isIP(host);
  if (version === 4) return host.startsWith('127.');
  return version === 6 ? /^::(1|ffff:7f.*)$/.test(sameHost(host)) : /^localhost\.?$/i.test(host);
}
