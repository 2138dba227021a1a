// An inventory in figures: how many devices of what, which of them share an address, and what was left out. Pure; with
// what is left out the devices add up to all that the sources name.
import { addressKey } from './address.js';
import type { Entry, LeftOut } from './inventory.js';
import { hopText } from './jump.js';

export interface Census {
  devices: number;
  leftOut: readonly LeftOut[];
  platforms: Map<string, number>;
  sites: Map<string, number>;
  segments: Map<string, number>;
  groups: Map<string, number>;
  withoutPlatform: string[];
  /** Devices that are one place to connect to, as names. */
  sameAddress: { segment: string; host: string; port: number; devices: string[] }[];
}

/** Counts are in the order of their size. */
export function censusOf(entries: readonly Entry[], leftOut: readonly LeftOut[]): Census {
  return {
    devices: entries.length,
    leftOut,
    platforms: countsOf(entries.flatMap(({ platform }) => platform ?? [])),
    sites: countsOf(entries.flatMap(({ site }) => (site === '' ? [] : site))),
    segments: countsOf(entries.map(({ segment }) => segment)),
    groups: countsOf(entries.flatMap(({ groups }) => groups)),
    withoutPlatform: entries.filter(({ platform }) => platform === null).map(({ name }) => name),
    sameAddress: sameAddressOf(entries),
  };
}

function countsOf(values: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return new Map(Array.from(counts).sort(([a, of], [b, other]) => other - of || (a < b ? -1 : 1)));
}

function sameAddressOf(entries: readonly Entry[]): Census['sameAddress'] {
  const places = new Map<string, Census['sameAddress'][number]>();
  for (const { name, segment, host, port: given, jump } of entries) {
    const port = given ?? 22;
    const key = `${addressKey({ segment, host, port })} ${(jump?.hops ?? []).map(hopText).join()}`;
    const place = places.get(key);
    if (place === undefined) places.set(key, { segment, host, port, devices: [name] });
    else place.devices.push(name);
  }
  return Array.from(places.values()).filter(({ devices }) => devices.length > 1);
}
