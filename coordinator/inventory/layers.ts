// Devices over groups in order over defaults: from the documents of all sources to entries. A group's parents
// are the groups that list it among their children; the nearer a layer is to the device, the more it counts.
import { Endpoints } from './endpoints.js';
import { entryOf } from './entry.js';
import type { Fields } from './fieldnames.js';
import { type Layer, type Owner, readFields, readName } from './fields.js';
import type { Entry, Inventory, LeftOut, Position } from './inventory.js';
import type { Field, InventoryDocument, LocatedDevice, Place } from './located.js';
import { bareValue, positionOf } from './located.js';
import type { FieldWorld } from './values.js';
import { describe, didYouMean, nearest, quote } from './wording.js';

const MOST_DEPTH = 32;

interface Group {
  at: Place;
  layer: Layer;
  parents: string[];
}

type Groups = Map<string, Group>;

interface Family {
  groups: Groups;
  /** Each group and everything above it. */
  lineages: Map<string, string[]>;
}

/** Entries and what is left out in the order of the documents. What is wrong is reported in `world.issues`. */
export function entriesOf(
  documents: InventoryDocument[],
  world: FieldWorld,
): Pick<Inventory, 'entries' | 'leftOut' | 'children'> {
  const shared = familyOf(
    documents.filter(({ ownGroups }) => ownGroups !== true),
    world,
  );
  const leftOut: LeftOut[] = [];
  const candidates = documents.flatMap((document) => {
    const family = document.ownGroups === true ? familyOf([document], world) : shared;
    const defaults = layerOf(document.defaults?.fields, 'defaults', world);
    return Array.from(document.devices, (device) => {
      if (device.leftOut !== undefined) {
        leftOut.push(...leave(device, device.leftOut));
        return null;
      }
      const own = readFields(device.fields, 'device', world, device.name !== null);
      const names = groupsOf(device, own, document, family, world);
      const layers = names.toReversed().map((name) => family.groups.get(name)?.layer);
      const data = (device.data ?? []).map(dataLayer);
      return candidate(device, names, [defaults, ...layers, ...data, own].filter(isGiven), world);
    });
  });
  reportDuplicates(candidates.filter(isGiven), world);
  const entries = candidates.flatMap((one) => one?.entry ?? []);
  return { entries, leftOut, children: childrenIn(shared.groups, documents) };
}

function childrenIn(groups: Groups, documents: readonly InventoryDocument[]): Map<string, string[]> {
  const children = new Map<string, string[]>();
  const add = (parent: string, child: string) => {
    const known = children.get(parent);
    if (known === undefined) children.set(parent, [child]);
    else if (!known.includes(child)) known.push(child);
  };
  for (const [child, { parents }] of groups) for (const parent of parents) add(parent, child);
  for (const { children: own } of documents)
    for (const [parent, names] of own ?? []) for (const child of names) add(parent, child);
  return children;
}

function leave({ name, at: place }: LocatedDevice, why: string): LeftOut[] {
  const at = positionOf(place);
  return at === null ? [] : [{ name: name ?? '', why, at }];
}

function familyOf(documents: InventoryDocument[], world: FieldWorld): Family {
  const groups = readGroups(documents, world);
  const lineages = new Map<string, string[]>();
  for (const name of groups.keys()) lineages.set(name, lineageOf(name, groups, world));
  return { groups, lineages };
}

/** A layer of nothing but data, made once for all devices that share it. */
function dataLayer(map: ReadonlyMap<string, Field>): Layer {
  const known = dataLayers.get(map);
  if (known !== undefined) return known;
  const data: Record<string, unknown> = {};
  for (const [name, { value }] of map) {
    const bare = bareValue(value);
    if (bare !== undefined) data[name] = bare;
  }
  const layer: Layer = { fields: {}, data, places: new Map() };
  dataLayers.set(map, layer);
  return layer;
}

const dataLayers = new WeakMap<ReadonlyMap<string, Field>, Layer>();

function isGiven<T>(value: T | null | undefined): value is T {
  return value !== null && value !== undefined;
}

function readGroups(documents: InventoryDocument[], world: FieldWorld): Groups {
  const groups: Groups = new Map();
  const children: { parent: string; child: string; at: Place }[] = [];
  for (const [name, field] of documents.flatMap(({ groups }) => Array.from(groups ?? []))) {
    const first = groups.get(name);
    if (first !== undefined) {
      world.issues.report(field.at, `group ${quote(name)} is given twice (also at ${print(first.at)})`);
      continue;
    }
    const fields = fieldsOf(name, field, world);
    groups.set(name, { at: field.at, layer: layerOf(fields, 'group', world), parents: [] });
    for (const child of childrenOf(fields, world)) children.push({ parent: name, ...child });
  }
  for (const { parent, child, at } of children) {
    const group = groups.get(child);
    if (group === undefined) reportUnknownGroup(child, at, groups, world);
    else group.parents.push(parent);
  }
  return groups;
}

function fieldsOf(name: string, { at, value }: Field, world: FieldWorld): Map<string, Field> | undefined {
  if (name === '' || name === 'all' || /[\s\x00-\x1f,:;]/.test(name))
    world.issues.report(
      at,
      `a group cannot be called ${quote(name)} (expected a name other than all, without , : ; and white space)`,
    );
  if (value.kind === 'map') return value.fields;
  if (value.kind !== 'null')
    world.issues.report(at, `group ${quote(name)} cannot be read (found ${describe(value)}, expected a map)`);
  return undefined;
}

/** As a list of names, or as a map whose keys are names. */
function childrenOf(
  fields: Map<string, Field> | undefined,
  world: FieldWorld,
): { child: string; at: Place }[] {
  const field = fields?.get('children');
  if (field === undefined || field.value.kind === 'null') return [];
  const { value } = field;
  if (value.kind === 'map') return Array.from(value.fields, ([child, { at }]) => ({ child, at }));
  const items = value.kind === 'list' ? value.items : [value];
  return items.flatMap((item) => {
    if (item.kind === 'text') return [{ child: item.text, at: item.at }];
    world.issues.report(
      item.at ?? field.at,
      `children are not group names (found ${describe(item)}, expected a list)`,
    );
    return [];
  });
}

/** The group and everything above it, nearest first. */
function lineageOf(name: string, groups: Groups, world: FieldWorld): string[] {
  const lineage = new Set<string>();
  const complain = (message: string) => world.issues.report(groups.get(name)?.at ?? null, message);
  const climb = (current: string, path: string[]): void => {
    if (current === name && path.length > 0)
      complain(
        `group ${quote(name)} is a child of itself (found ${[...path, current].toReversed().join(' > ')})`,
      );
    else if (path.length > MOST_DEPTH)
      complain(`group ${quote(name)} is nested too deeply (expected at most ${MOST_DEPTH} levels)`);
    if (lineage.has(current) || path.length > MOST_DEPTH) return;
    lineage.add(current);
    for (const parent of groups.get(current)?.parents ?? []) climb(parent, [...path, current]);
  };
  climb(name, []);
  return Array.from(lineage);
}

function layerOf(fields: Map<string, Field> | undefined, owner: Owner, world: FieldWorld): Layer {
  return fields === undefined
    ? { fields: {}, data: {}, places: new Map() }
    : readFields(fields, owner, world);
}

function groupsOf(
  device: LocatedDevice,
  own: Layer,
  document: InventoryDocument,
  { groups, lineages }: Family,
  world: FieldWorld,
): string[] {
  const names = [...(own.fields.groups ?? []), ...device.groups];
  for (const name of document.groups === null ? [] : names)
    if (!groups.has(name)) reportUnknownGroup(name, own.places.get('groups') ?? device.at, groups, world);
  return Array.from(new Set(names.flatMap((name) => lineages.get(name) ?? [name])));
}

function reportUnknownGroup(name: string, at: Place, groups: Groups, world: FieldWorld): void {
  const meant = nearest(name, groups.keys());
  world.issues.report(
    at,
    `unknown group (found ${quote(name)}, expected a name under groups${didYouMean(meant)})`,
  );
}

/** What a device came to: its name for the search for duplicates, and its entry unless something is wrong. */
interface Candidate {
  name: string;
  at: Place;
  entry: Entry | null;
}

function candidate(
  device: LocatedDevice,
  groups: string[],
  layers: Layer[],
  world: FieldWorld,
): Candidate | null {
  const fields: Fields = Object.assign({}, ...layers.map((layer) => layer.fields));
  const { host } = fields;
  const isRefused = (field: keyof Fields) => layers.some(({ places }) => places.has(field));
  const written = fields.name ?? (isRefused('name') ? null : (device.name ?? host ?? null));
  const name = written === null || written === fields.name ? written : readName(written, device.at, world);
  if (host === undefined && !isRefused('host')) {
    const who = name === null ? 'this device' : `device ${quote(name)}`;
    world.issues.report(device.at, `${who} has no address (expected host, ip, ansible_host or hostname)`);
  }
  if (name === null) return null;
  const at = positionOf(device.at);
  if (host === undefined || at === null) return { name, at: device.at, entry: null };
  const entry = entryOf({ name, host, groups, at }, fields, layers);
  return { name, at: device.at, entry };
}

function reportDuplicates(candidates: Candidate[], world: FieldWorld): void {
  const names = new Map<string, Candidate>();
  const endpoints = new Endpoints<Entry>();
  for (const candidate of candidates) {
    const { name, at, entry } = candidate;
    const first = names.get(name);
    if (first === undefined) names.set(name, candidate);
    else world.issues.report(at, `device ${quote(name)} is given twice (also at ${print(first.at)})`);
    if (first !== undefined || entry === null) continue;
    const other = endpoints.add(entry);
    if (other !== null)
      world.warnings.report(
        at,
        `${quote(name)} has the address of ${quote(other.name)} at ${printPosition(other.at)} (${entry.host} port ${entry.port ?? 22} in segment ${entry.segment}); their sessions wait for each other`,
      );
  }
}

function print(place: Place): string {
  const at = positionOf(place);
  return at === null ? 'the command line' : printPosition(at);
}

function printPosition({ file, line, column }: Position): string {
  return `${file}:${line}:${column}`;
}
