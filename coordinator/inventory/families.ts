// The groups of an inventory: what each of them says, who is above whom, and what devices of the same groups share. A
// group's parents are the groups that list it among their children.
import { type Shared, sharedOf } from './entry.js';
import type { Layer, Owner } from './fields.js';
import { readFields } from './fields.js';
import type { Field, InventoryDocument, Place } from './located.js';
import type { FieldWorld } from './values.js';
import { describe, didYouMean, nearest, placeText, quote } from './wording.js';

const MOST_DEPTH = 32;

interface Group {
  at: Place;
  layer: Layer;
  parents: string[];
}

type Groups = Map<string, Group>;

/** What devices of the same groups have in common. */
export interface Common {
  /** The groups and everything above them, nearest first. */
  groups: string[];
  /** Groups that are not there. */
  unknown: string[];
  shared: Shared;
}

/** The groups of one document, or of all that know of each other's. */
export class Family {
  private readonly groups: Groups;
  /** Each group and everything above it. */
  private readonly lineages = new Map<string, string[]>();

  constructor(
    documents: readonly InventoryDocument[],
    private readonly world: FieldWorld,
  ) {
    this.groups = readGroups(documents, world);
    for (const name of this.groups.keys()) this.lineages.set(name, lineageOf(name, this.groups, world));
  }

  children(): [parent: string, child: string][] {
    return Array.from(this.groups).flatMap(([child, { parents }]) =>
      parents.map((parent): [string, string] => [parent, child]),
    );
  }

  reportUnknown(name: string, at: Place): void {
    reportUnknownGroup(name, at, this.groups, this.world);
  }

  common(names: readonly string[], defaults: Layer): Common {
    const groups = Array.from(new Set(names.flatMap((name) => this.lineages.get(name) ?? [name])));
    const layers = groups.toReversed().flatMap((name) => this.groups.get(name)?.layer ?? []);
    const unknown = names.filter((name) => !this.groups.has(name));
    return { groups, unknown, shared: sharedOf([defaults, ...layers]) };
  }
}

/** What devices have in common is worked out once for each list of groups: most have one of a few. */
export class Commons {
  private readonly root = new Branch();

  constructor(
    private readonly family: Family,
    private readonly defaults: Layer,
  ) {}

  of(names: readonly string[]): Common {
    let branch = this.root;
    for (const name of names) branch = branch.below(name);
    branch.common ??= this.family.common(names, this.defaults);
    return branch.common;
  }
}

/** Lists that begin alike share their beginning. */
class Branch {
  private readonly branches = new Map<string, Branch>();
  common: Common | undefined;

  below(name: string): Branch {
    const known = this.branches.get(name);
    if (known !== undefined) return known;
    const made = new Branch();
    this.branches.set(name, made);
    return made;
  }
}

function readGroups(documents: readonly InventoryDocument[], world: FieldWorld): Groups {
  const groups: Groups = new Map();
  const children: { parent: string; child: string; at: Place }[] = [];
  for (const [name, field] of documents.flatMap(({ groups }) => Array.from(groups ?? []))) {
    const first = groups.get(name);
    if (first !== undefined) {
      world.issues.report(field.at, `group ${quote(name)} is given twice (also at ${placeText(first.at)})`);
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

export function layerOf(fields: Map<string, Field> | undefined, owner: Owner, world: FieldWorld): Layer {
  return fields === undefined
    ? { fields: {}, data: {}, places: new Map() }
    : readFields(fields, owner, world);
}

function reportUnknownGroup(name: string, at: Place, groups: Groups, world: FieldWorld): void {
  const meant = nearest(name, groups.keys());
  world.issues.report(
    at,
    `unknown group (found ${quote(name)}, expected a name under groups${didYouMean(meant)})`,
  );
}
