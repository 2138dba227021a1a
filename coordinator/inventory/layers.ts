// Devices over groups in order over defaults: from the documents of all sources to entries. The nearer a layer is to
// the device, the more it counts.
import { Endpoints } from './endpoints.js';
import { entryOf } from './entry.js';
import { type Common, Commons, Family, layerOf } from './families.js';
import { type Layer, readFields, readName } from './fields.js';
import type { Entry, Inventory, LeftOut } from './inventory.js';
import type { InventoryDocument, LocatedDevice, Place } from './located.js';
import { positionOf } from './located.js';
import type { FieldWorld } from './values.js';
import { placeText, quote } from './wording.js';

/** Entries and what is left out in the order of the documents. What is wrong is reported in `world.issues`. */
export function entriesOf(
  documents: InventoryDocument[],
  world: FieldWorld,
): Pick<Inventory, 'entries' | 'leftOut' | 'children'> {
  const kin = new Family(
    documents.filter(({ ownGroups }) => ownGroups !== true),
    world,
  );
  const leftOut: LeftOut[] = [];
  const candidates = documents.flatMap((document) => {
    const family = document.ownGroups === true ? new Family([document], world) : kin;
    const defaults = layerOf(document.defaults?.fields, 'defaults', world);
    const commons = new Commons(family, defaults);
    return Array.from(document.devices, (device) => {
      if (device.leftOut !== undefined) {
        leftOut.push(...leave(device, device.leftOut));
        return null;
      }
      const own = readFields(device.fields, 'device', world, device.name !== null);
      const common = commons.of(groupsOf(own, device));
      for (const name of document.groups === null ? [] : common.unknown)
        family.reportUnknown(name, own.places.get('groups') ?? device.at);
      return candidate(device, own, common, world);
    });
  });
  reportDuplicates(candidates.filter(isGiven), world);
  const entries = candidates.flatMap((one) => one?.entry ?? []);
  return { entries, leftOut, children: childrenIn(kin, documents) };
}

/** Those that the device names itself, then those that its source gives it. */
function groupsOf({ fields }: Layer, { groups }: LocatedDevice): readonly string[] {
  return fields.groups === undefined ? groups : [...fields.groups, ...groups];
}

function childrenIn(family: Family, documents: readonly InventoryDocument[]): Map<string, string[]> {
  const children = new Map<string, string[]>();
  const add = (parent: string, child: string) => {
    const known = children.get(parent);
    if (known === undefined) children.set(parent, [child]);
    else if (!known.includes(child)) known.push(child);
  };
  for (const [parent, child] of family.children()) add(parent, child);
  for (const { children: own } of documents)
    for (const [parent, names] of own ?? []) for (const child of names) add(parent, child);
  return children;
}

function leave({ name, at: place }: LocatedDevice, why: string): LeftOut[] {
  const at = positionOf(place);
  return at === null ? [] : [{ name: name ?? '', why, at }];
}

function isGiven<T>(value: T | null | undefined): value is T {
  return value !== null && value !== undefined;
}

/** What a device came to: its name for the search for duplicates, and its entry unless something is wrong. */
interface Candidate {
  name: string;
  at: Place;
  entry: Entry | null;
}

function candidate(
  device: LocatedDevice,
  own: Layer,
  { groups, shared }: Common,
  world: FieldWorld,
): Candidate | null {
  const { host } = own.fields;
  const written = own.fields.name ?? (own.places.has('name') ? null : (device.name ?? host ?? null));
  const name =
    written === null || written === own.fields.name ? written : readName(written, device.at, world);
  if (host === undefined && !own.places.has('host')) {
    const who = name === null ? 'this device' : `device ${quote(name)}`;
    world.issues.report(device.at, `${who} has no address (expected host, ip, ansible_host or hostname)`);
  }
  if (name === null) return null;
  const at = positionOf(device.at);
  if (host === undefined || at === null) return { name, at: device.at, entry: null };
  const entry = entryOf({ name, host, groups, at }, own, shared, device.data);
  return { name, at: device.at, entry };
}

function reportDuplicates(candidates: Candidate[], world: FieldWorld): void {
  const names = new Map<string, Candidate>();
  const endpoints = new Endpoints<Entry>();
  for (const candidate of candidates) {
    const { name, at, entry } = candidate;
    const first = names.get(name);
    if (first === undefined) names.set(name, candidate);
    else world.issues.report(at, `device ${quote(name)} is given twice (also at ${placeText(first.at)})`);
    if (first !== undefined || entry === null) continue;
    const other = endpoints.add(entry);
    if (other !== null)
      world.warnings.report(
        at,
        `${quote(name)} has the address of ${quote(other.name)} at ${placeText(other.at)} (${entry.host} port ${entry.port ?? 22} in segment ${entry.segment}); their sessions wait for each other`,
      );
  }
}
