// An inventory in figures: how many devices of what, which of them share an address, and what was left out. Pure; with
// what is left out the devices add up to all that the sources name.
import { Endpoints } from './endpoints.js';
import type { Entry, LeftOut } from './inventory.js';

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
    platforms: countsOf(entries, ({ platform }) => platform),
    sites: countsOf(entries, ({ site }) => (site === '' ? null : site)),
    segments: countsOf(entries, ({ segment }) => segment),
    groups: countsOf(entries, ({ groups }) => groups),
    withoutPlatform: entries.filter(({ platform }) => platform === null).map(({ name }) => name),
    sameAddress: sameAddressOf(entries),
  };
}

function countsOf(
  entries: readonly Entry[],
  valuesOf: (entry: Entry) => string | readonly string[] | null,
): Map<string, number> {
  const counts = new Map<string, number>();
  const add = (value: string) => counts.set(value, (counts.get(value) ?? 0) + 1);
  for (const entry of entries) {
    const values = valuesOf(entry);
    if (typeof values === 'string') add(values);
    else for (const value of values ?? []) add(value);
  }
  return new Map(Array.from(counts).sort(([a, of], [b, other]) => other - of || (a < b ? -1 : 1)));
}

function sameAddressOf(entries: readonly Entry[]): Census['sameAddress'] {
  const endpoints = new Endpoints<Entry>();
  const shared = new Map<Entry, Census['sameAddress'][number]>();
  for (const entry of entries) {
    const first = endpoints.add(entry);
    if (first === null) continue;
    const { segment, host, port } = first;
    const place = shared.get(first) ?? { segment, host, port: port ?? 22, devices: [first.name] };
    place.devices.push(entry.name);
    shared.set(first, place);
  }
  return shared.size === 0 ? [] : entries.flatMap((entry) => shared.get(entry) ?? []);
}
