// Groups as YAML and the --list JSON of inventory programs write them, into the data that all sources share.
import type { Field, Located, LocatedMap, Place } from '../located.js';
import { describe, didYouMean, type Issues, nearest, quote } from '../wording.js';
import { ALL, type AnsibleData, type Group, type Host, UNGROUPED } from './data.js';
import { expandHosts } from './hostpattern.js';

const PARTS = ['hosts', 'vars', 'children'];
const MOST_DEPTH = 64;

interface World {
  data: AnsibleData;
  issues: Issues;
  warnings: Issues;
}

/** `all: {hosts: ..., vars: ..., children: ...}`, and any other group at the top. */
export function readGroups(root: LocatedMap, world: World): void {
  for (const [name, field] of root.fields) readGroup(name, field, world, 0);
}

function readGroup(name: string, { at, value }: Field, world: World, depth: number): Group | null {
  if (value.kind !== 'map' && value.kind !== 'null') {
    world.issues.report(
      at,
      `group ${quote(name)} cannot be read (found ${describe(value)}, expected a map of hosts, vars and children)`,
    );
    return null;
  }
  if (depth > MOST_DEPTH) {
    world.issues.report(
      at,
      `group ${quote(name)} is nested too deeply (expected at most ${MOST_DEPTH} levels)`,
    );
    return null;
  }
  const group = world.data.group(name, at);
  for (const [part, field] of value.kind === 'map' ? value.fields : []) {
    const inside = partOf(part, field, group, world);
    if (inside === null) continue;
    if (part === 'hosts') readHosts(inside, group, world);
    else if (part === 'vars') readVariables(inside, group, world);
    else
      for (const [child, below] of inside.fields) {
        const read = readGroup(child, below, world, depth + 1);
        if (read !== null) world.data.addChild(group, read, below.at);
      }
  }
  return group;
}

/** A part that is a map, or one name in place of it; null: there is nothing in it, or it is wrong. */
function partOf(part: string, { at, value }: Field, group: Group, world: World): LocatedMap | null {
  if (!PARTS.includes(part)) {
    const meant = didYouMean(nearest(part, PARTS));
    world.issues.report(
      at,
      `${quote(part)} is no part of a group (found in ${quote(group.name)}, expected hosts, vars or children${meant})`,
    );
    return null;
  }
  if (value.kind === 'null') return null;
  if (value.kind === 'map') return value;
  if (value.kind === 'text') {
    const nothing: Located = { at: value.at, kind: 'null' };
    return {
      at: value.at,
      kind: 'map',
      fields: new Map([[value.text, { at: value.at ?? at, value: nothing }]]),
    };
  }
  world.issues.report(
    value.at ?? at,
    `${part} of group ${quote(group.name)} cannot be read (found ${describe(value, part === 'vars')}, expected a map${part === 'vars' ? '' : ', each name with a colon behind it'})`,
  );
  return null;
}

/** A host that stands too far to the right is a variable of the one above it, for Ansible too. */
function warnOfHosts(host: string, variables: LocatedMap, warnings: Issues): void {
  for (const [name, { at, value }] of variables.fields)
    if (value.kind === 'map' && Array.from(value.fields.keys()).some((one) => one.startsWith('ansible_')))
      warnings.report(
        at,
        `${quote(name)} looks like a host and is a variable of host ${quote(host)} (expected as few spaces before it as before that)`,
      );
}

function readHosts(hosts: LocatedMap, group: Group, { data, issues, warnings }: World): void {
  for (const [pattern, { at, value }] of hosts.fields) {
    const expanded = expandHosts(pattern);
    if (typeof expanded === 'string') issues.report(at, expanded);
    else if (value.kind !== 'map' && value.kind !== 'null')
      issues.report(
        value.at ?? at,
        `the variables of host ${quote(pattern)} cannot be read (found ${describe(value, true)}, expected a map)`,
      );
    else
      for (const name of expanded.names) {
        const host = data.addHost(name, group, { at, port: expanded.port });
        if (value.kind === 'map') setAll(host, value);
      }
    if (value.kind === 'map') warnOfHosts(pattern, value, warnings);
  }
}

function readVariables(variables: LocatedMap, group: Group, { data }: World): void {
  for (const [name, field] of variables.fields) data.setGroupVariable(group, name, field);
}

function setAll(host: Host, variables: LocatedMap): void {
  for (const [name, field] of variables.fields) host.variables.set(name, field);
}

/** What a program prints for --list; the hosts whose variables it has not told. */
export function readList(root: LocatedMap, world: World): Host[] {
  const named = new Set<Host>();
  for (const [name, field] of root.fields)
    if (name !== '_meta') for (const host of readListed(name, field, root, world)) named.add(host);
  const meta = root.fields.get('_meta')?.value;
  const told = meta?.kind === 'map' ? meta.fields.get('hostvars') : undefined;
  if (told === undefined) return Array.from(named);
  if (told.value.kind !== 'map') {
    world.issues.report(
      told.at,
      `hostvars cannot be read (found ${describe(told.value, true)}, expected a map)`,
    );
    return [];
  }
  for (const [name, { at, value }] of told.value.fields) {
    const host = world.data.hosts.get(name);
    if (host === undefined || !named.has(host))
      world.warnings.report(at, `hostvars of ${quote(name)}, which is in no group, are not used`);
    else if (value.kind === 'map') setAll(host, value);
    else if (value.kind !== 'null')
      world.issues.report(
        at,
        `hostvars of ${quote(name)} cannot be read (found ${describe(value, true)}, expected a map)`,
      );
  }
  return [];
}

/** Ansible itself lists groups without hosts among children alone; people who write lists into YAML forget their hosts. */
function isUnwritten({ text, at }: { text: string; at: Place }, root: LocatedMap): boolean {
  return (
    !root.fields.has(text) &&
    text !== UNGROUPED &&
    !root.fields.has('_meta') &&
    /\.ya?ml$/i.test(at?.source.file ?? '')
  );
}

function readListed(name: string, { at, value }: Field, root: LocatedMap, world: World): Host[] {
  const { data, issues } = world;
  const group = data.group(name, at);
  if (value.kind !== 'map') return listedHosts(name, { at, value }, group, world);
  const { fields } = value;
  for (const [part, { at, value }] of fields) {
    const meant =
      PARTS.includes(part) || (value.kind !== 'list' && value.kind !== 'map') ? null : nearest(part, PARTS);
    if (meant !== null)
      issues.report(
        at,
        `${quote(part)} is no part of a group (found in ${quote(name)}, expected hosts, vars or children${didYouMean(meant)})`,
      );
  }
  // A map of nothing but variables is a host that is a group of its own.
  if (!PARTS.some((part) => fields.has(part))) {
    for (const [variable, field] of fields) data.setGroupVariable(group, variable, field);
    return [data.addHost(name, group, { at })];
  }
  const variables = fields.get('vars');
  if (variables?.value.kind === 'map') readVariables(variables.value, group, world);
  else if (variables !== undefined && variables.value.kind !== 'null')
    issues.report(
      variables.at,
      `vars of group ${quote(name)} cannot be read (found ${describe(variables.value, true)}, expected a map)`,
    );
  const hosts = fields.get('hosts');
  const listed = hosts === undefined ? [] : listedHosts(name, hosts, group, world);
  for (const child of texts(fields.get('children'), `children of group ${quote(name)}`, world))
    if (isUnwritten(child, root))
      issues.report(
        child.at,
        `children of group ${quote(name)} name a group that is not there (found ${quote(child.text)}, expected its hosts below it, with a colon behind it)`,
      );
    else if (child.text !== ALL || name === ALL)
      data.addChild(group, data.group(child.text, child.at), child.at);
    else issues.report(child.at, `group all cannot be a child (found under ${quote(name)})`);
  return listed;
}

function listedHosts(name: string, field: Field, group: Group, world: World): Host[] {
  return texts(field, `hosts of group ${quote(name)}`, world).map(({ text, at }) =>
    world.data.addHost(text, group, { at }),
  );
}

function texts(field: Field | undefined, what: string, { issues }: World): { text: string; at: Place }[] {
  if (field === undefined || field.value.kind === 'null') return [];
  const { value } = field;
  if (value.kind === 'list' && value.items.every(({ kind }) => kind === 'text'))
    return value.items.flatMap((item) =>
      item.kind === 'text' ? [{ text: item.text, at: item.at ?? field.at }] : [],
    );
  issues.report(
    value.at ?? field.at,
    `${what} cannot be read (found ${describe(value)}, expected a list of names)`,
  );
  return [];
}

/** Whether a value's structure is that of --list: `_meta`, or groups whose hosts are lists. */
export function isList(root: Located): boolean {
  if (root.kind !== 'map') return false;
  if (root.fields.has('_meta')) return true;
  const all = root.fields.get(ALL)?.value;
  if (all?.kind === 'map' && !PARTS.some((part) => all.fields.has(part))) return false;
  const groups = Array.from(root.fields.values(), ({ value }) => value);
  return groups.every((value) => isListedGroup(value)) && groups.some((value) => hasList(value));
}

function hasList(value: Located): boolean {
  return (
    value.kind === 'list' ||
    (value.kind === 'map' &&
      ['hosts', 'children'].some((part) => value.fields.get(part)?.value.kind === 'list'))
  );
}

function isListedGroup(value: Located): boolean {
  if (value.kind === 'list') return value.items.every(({ kind }) => kind === 'text');
  if (value.kind !== 'map') return false;
  const lists = ['hosts', 'children'].map((part) => value.fields.get(part)?.value);
  return lists.some((part) => part?.kind === 'list') || lists.every((part) => part === undefined);
}
