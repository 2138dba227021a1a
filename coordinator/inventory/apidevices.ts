// A device of NetBox or Nautobot as a device of ours. Both name the same things a little differently, and each has
// changed its names: what is here takes a name where any of their releases has it.
import { readHost } from './address.js';
import type { PlatformSlugs } from './apiplatform.js';
import { slugOf } from './apiplatform.js';
import { addData } from './foreign.js';
import type { Field, Located, LocatedDevice, LocatedMap, Place } from './located.js';
import { quote } from './wording.js';

/** `asked`: devices of any status were asked for. */
export interface Reader {
  slugs: PlatformSlugs;
  asked: boolean;
  /** The whole of it: a place in an answer of the server says nothing to anybody. */
  at: Place;
}

/** Our names for what both keep as objects, and where they keep it; the later names are those of older releases. */
const OBJECTS: [string, string[][]][] = [
  ['role', [['role'], ['device_role']]],
  ['tenant', [['tenant']]],
  ['status', [['status']]],
  ['location', [['location']]],
  ['region', [['region']]],
  ['rack', [['rack']]],
  ['cluster', [['cluster']]],
  ['manufacturer', [['device_type', 'manufacturer']]],
  ['model', [['device_type']]],
];
const TEXTS = ['serial', 'asset_tag', 'description'];

export function deviceOf(device: LocatedMap, { slugs, asked, at }: Reader): LocatedDevice {
  const name = textAt(device, ['name']) ?? '';
  const address = addressOf(device);
  const platform = platformOf(device, slugs);
  const role = wordAt(device, ['role']) ?? wordAt(device, ['device_role']);
  const tags = tagsOf(device);
  const fields = new Map<string, Field>();
  const put = (key: string, text: string | null) => {
    if (text !== null && text !== '') fields.set(key, { at, value: { at, kind: 'text', text } });
  };
  put('host', address);
  put('platform', platform);
  put('site', wordAt(device, ['site']) ?? wordAt(device, ['location']));
  const data = dataOf(device, tags);
  const custom = device.fields.get('custom_fields')?.value;
  if (custom?.kind === 'map') addData(fields, customFields(custom, at), data);
  const why = whyNot(device, { name, address, platform, asked });
  const groups = [...(role === null ? [] : [role]), ...tags].map(slugOf);
  const shown = name === '' ? (textAt(device, ['display']) ?? 'a device without a name') : name;
  return {
    at,
    name: shown,
    fields,
    groups: Array.from(new Set(groups.filter((group) => group !== '' && group !== 'all'))),
    data: [data],
    ...(why === null ? {} : { leftOut: why }),
  };
}

/** What is only data, as bare values: a field for each of them would be the most part of a large inventory. */
function dataOf(device: LocatedMap, tags: string[]): Record<string, unknown> {
  const data: Record<string, unknown> = {};
  for (const [key, paths] of OBJECTS) {
    const word = firstOf(paths, (path) => wordAt(device, path)) ?? '';
    if (word !== '') data[key] = word;
  }
  for (const key of TEXTS) {
    const text = textAt(device, [key]) ?? '';
    if (text !== '') data[key] = text;
  }
  if (tags.length > 0) data.tags = tags;
  return data;
}

function* customFields({ fields }: LocatedMap, at: Place): Generator<[string, Field]> {
  for (const [key, { value }] of fields)
    if (value.kind !== 'null') yield [key, { at, value: { ...value, at } }];
}

interface Known {
  name: string;
  address: string | null;
  platform: string | null;
  asked: boolean;
}

/** Why a device cannot be swept, as its source has it. */
function whyNot(device: LocatedMap, { name, address, platform, asked }: Known): string | null {
  const status = wordAt(device, ['status']);
  if (!asked && status !== null && status.toLowerCase() !== 'active') return `its status is ${status}`;
  if (name === '') return 'it has no name';
  if (/\s|^[-=+@!&~]/.test(name) || name.length > 255) return 'its name cannot stand in lists and patterns';
  if (address === null) return 'it has no primary address';
  if (readHost(address) === null) return `its address is ${quote(address)}`;
  const written = device.fields.get('platform')?.value;
  if (platform !== null || written === undefined || written.kind === 'null') return null;
  return `its platform ${quote(wordAt(device, ['platform']) ?? '')} is not known (a platform file of your own may have it as an alias)`;
}

/** NetBox says which of both addresses it prefers; Nautobot does not. */
const ADDRESSES = [
  ['primary_ip', 'address'],
  ['primary_ip4', 'address'],
  ['primary_ip6', 'address'],
];

function addressOf(device: LocatedMap): string | null {
  return firstOf(ADDRESSES, (path) => textAt(device, path))?.replace(/\/\d+$/, '') ?? null;
}

/** What may name a platform, the surest first. */
const PLATFORMS = [
  ['network_driver_mappings', 'netmiko'],
  ['network_driver'],
  ['slug'],
  ['name'],
  ['napalm_driver'],
];

function platformOf(device: LocatedMap, slugs: PlatformSlugs): string | null {
  const platform = device.fields.get('platform')?.value;
  if (platform?.kind !== 'map') return null;
  return slugs.find(PLATFORMS.map((path) => textAt(platform, path) ?? '').filter((word) => word !== ''));
}

function tagsOf(device: LocatedMap): string[] {
  const tags = device.fields.get('tags')?.value;
  return tags?.kind === 'list' ? tags.items.flatMap((tag) => wordOf(tag) ?? []) : [];
}

function wordAt(device: LocatedMap, path: readonly string[]): string | null {
  return wordOf(valueAt(device, path));
}

/** What people filter by: a slug or a value where there is one, else the name. */
function wordOf(value: Located | null): string | null {
  if (value?.kind === 'text') return value.text;
  if (value?.kind !== 'map') return null;
  for (const key of ['slug', 'value', 'name', 'model', 'display']) {
    const text = textAt(value, [key]);
    if (text !== null && text !== '') return text;
  }
  return null;
}

function textAt(map: LocatedMap, path: readonly string[]): string | null {
  const value = valueAt(map, path);
  return value?.kind === 'text' || value?.kind === 'number' ? value.text : null;
}

function valueAt(map: LocatedMap, path: readonly string[]): Located | null {
  let value: Located | undefined = map;
  for (const key of path) {
    if (value?.kind !== 'map') return null;
    value = value.fields.get(key)?.value;
  }
  return value ?? null;
}

function firstOf<T>(paths: readonly string[][], find: (path: string[]) => T | null): T | null {
  for (const path of paths) {
    const found = find(path);
    if (found !== null) return found;
  }
  return null;
}
