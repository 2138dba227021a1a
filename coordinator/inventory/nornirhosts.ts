// What Nornir's hosts, groups and defaults mean: a host over its groups in order, each before the groups that it
// lists itself, over the defaults; and the options of its SSH connection over all of that, as Nornir resolves them.
import { knownField } from './fieldnames.js';
import { addData } from './foreign.js';
import type { Field, InventoryDocument, Located, LocatedDevice, LocatedMap } from './located.js';
import type { Reading } from './shape.js';
import { describe, didYouMean, type Issues, nearest, quote } from './wording.js';

interface Parts {
  hosts: LocatedMap;
  groups: LocatedMap | null;
  defaults: LocatedMap | null;
}

type Fields = Map<string, Field>;

/** Connections that are SSH to a command line; the first one that has options is taken. */
const CONNECTIONS = ['netmiko', 'scrapli', 'paramiko'];
const PARAMETERS = ['hostname', 'port', 'username', 'password', 'platform', 'extras'];
/** What scrapli and paramiko call what netmiko calls otherwise. */
const EXTRAS: Record<string, string> = {
  auth_username: 'username',
  auth_password: 'password',
  auth_secondary: 'secret',
  auth_private_key: 'private_key',
  auth_private_key_passphrase: 'passphrase',
  timeout_socket: 'conn_timeout',
  timeout_transport: 'auth_timeout',
  timeout_ops: 'read_timeout_override',
  key_filename: 'key_file',
  look_for_keys: 'use_keys',
};
const NOT_EXTRAS = new Set(['timeout', 'host', 'ip', 'groups', 'commands']);

export function nornirDocument({ hosts, groups, defaults }: Parts, { issues }: Reading): InventoryDocument {
  const lineage = new Lineages(groups?.fields ?? new Map(), defaults, issues);
  const shared = new Map<string, Field>();
  for (const [name, { at, value }] of groups?.fields ?? []) {
    const own = fieldsOf(value, issues);
    shared.set(name, { at, value: own === null ? value : { at: value.at, kind: 'map', fields: own } });
  }
  const over = defaults === null ? null : fieldsOf(defaults, issues);
  return {
    defaults: over === null ? null : { at: defaults?.at ?? null, kind: 'map', fields: over },
    groups: shared,
    ownGroups: true,
    children: lineage.children(),
    devices: devicesOf(hosts, lineage, issues),
  };
}

function* devicesOf(hosts: LocatedMap, lineage: Lineages, issues: Issues): Generator<LocatedDevice> {
  for (const [name, { at, value }] of hosts.fields) {
    const own = value.kind === 'null' ? new Map<string, Field>() : fieldsOf(value, issues);
    if (own === null) {
      issues.report(
        at,
        `host ${quote(name)} cannot be read (found ${describe(value, true)}, expected a map)`,
      );
      continue;
    }
    const map = value.kind === 'map' ? value.fields : own;
    const groups = lineage.of(map);
    lineage.connect(own, map, groups);
    if (!own.has('hostname')) own.set('hostname', { at, value: { at, kind: 'text', text: name } });
    yield { at, name, fields: own, groups };
  }
}

/** The attributes of a host, a group or the defaults as fields of ours; `groups` and the connections apart. */
function fieldsOf(value: Located, issues: Issues): Fields | null {
  if (value.kind !== 'map') return null;
  const fields: Fields = new Map();
  for (const [name, field] of value.fields)
    if (name !== 'groups' && name !== 'data' && name !== 'connection_options' && !isNull(field))
      fields.set(name, field);
  const data = value.fields.get('data');
  if (data?.value.kind === 'map') addData(fields, data.value.fields);
  else if (data !== undefined && !isNull(data))
    issues.report(data.value.at, `data is not a map (found ${describe(data.value, true)}, expected a map)`);
  return fields;
}

/** Which groups a host has by inheritance, and what its connection comes to. */
class Lineages {
  private readonly extended = new Map<string, string[]>();
  private readonly lists = new Map<string, string[]>();
  /** By the names of groups: most hosts share a few lists. */
  private readonly connections = new Map<string, Fields>();

  constructor(
    private readonly groups: ReadonlyMap<string, Field>,
    private readonly defaults: LocatedMap | null,
    private readonly issues: Issues,
  ) {}

  /** As Nornir orders them: each group is followed by the groups that it lists. */
  of(map: Fields): string[] {
    const listed = this.listed(map);
    const key = listed.join('\0');
    const known = this.lists.get(key);
    const names = known ?? Array.from(new Set(listed.flatMap((name) => this.extend(name, []))));
    if (known === undefined) this.lists.set(key, names);
    return names;
  }

  /** A group that lists another one is in it. */
  children(): Map<string, string[]> {
    const children = new Map<string, string[]>();
    for (const [name, { value }] of this.groups)
      for (const parent of value.kind === 'map' ? this.listed(value.fields) : [])
        children.set(parent, [...(children.get(parent) ?? []), name]);
    return children;
  }

  /** Puts the options of the connection over the host's own fields. */
  connect(fields: Fields, map: Fields, groups: readonly string[]): void {
    const own = connectionsOf(map, this.issues);
    const options = own === null ? this.sharedBy(groups) : this.resolve([own, ...this.levels(groups)]);
    if (options.size === 0) return;
    const given = new Set(Array.from(options.keys(), knownField));
    for (const name of Array.from(fields.keys()))
      if (given.has(knownField(name)) && knownField(name) !== null) fields.delete(name);
    for (const [name, field] of options) fields.set(name, field);
  }

  private sharedBy(groups: readonly string[]): Fields {
    const key = groups.join('\0');
    const known = this.connections.get(key);
    const options = known ?? this.resolve(this.levels(groups));
    if (known === undefined) this.connections.set(key, options);
    return options;
  }

  private levels(groups: readonly string[]): Fields[] {
    const maps = groups.map((name) => this.groups.get(name)?.value);
    return [...maps, this.defaults].flatMap((value) =>
      value?.kind === 'map' ? (connectionsOf(value.fields, this.issues) ?? []) : [],
    );
  }

  /** Each parameter from the first level that has it; extras are one parameter and not merged. */
  private resolve(levels: readonly Fields[]): Fields {
    const resolved: Fields = new Map();
    const connection = CONNECTIONS.find((name) => levels.some((level) => level.has(name)));
    if (connection === undefined) return resolved;
    const options = levels.flatMap((level) => {
      const value = level.get(connection)?.value;
      return value?.kind === 'map' ? [value.fields] : [];
    });
    for (const name of PARAMETERS) {
      const field = options.map((one) => one.get(name)).find((one) => one !== undefined && !isNull(one));
      if (field === undefined) continue;
      if (name === 'extras') addExtras(resolved, field, this.issues);
      else resolved.set(name, field);
    }
    return resolved;
  }

  private extend(name: string, path: readonly string[]): string[] {
    const known = this.extended.get(name);
    if (known !== undefined) return known;
    const field = this.groups.get(name);
    if (path.includes(name)) {
      this.issues.report(
        field?.at ?? null,
        `group ${quote(name)} is in itself (found ${[...path.slice(path.indexOf(name)), name].join(' > ')})`,
      );
      return [];
    }
    const parents = field?.value.kind === 'map' ? this.listed(field.value.fields) : [];
    const all = [name, ...parents.flatMap((parent) => this.extend(parent, [...path, name]))];
    const names = Array.from(new Set(all));
    this.extended.set(name, names);
    return names;
  }

  /** The groups that a host or group lists; those that are not there are reported. */
  private listed(map: Fields): string[] {
    const value = map.get('groups')?.value;
    if (value === undefined || value.kind === 'null') return [];
    if (value.kind !== 'list') {
      this.issues.report(
        value.at,
        `groups is not a list (found ${describe(value)}, expected a list of names)`,
      );
      return [];
    }
    return value.items.flatMap((item) => {
      const name = item.kind === 'text' || item.kind === 'number' ? item.text : null;
      if (name !== null && this.groups.has(name)) return [name];
      const meant = name === null ? null : nearest(name, this.groups.keys());
      const where = this.groups.size === 0 ? 'and there is no groups.yaml' : 'expected a name in groups.yaml';
      this.issues.report(item.at, `unknown group (found ${describe(item)}, ${where}${didYouMean(meant)})`);
      return [];
    });
  }
}

function connectionsOf(map: Fields, issues: Issues): Fields | null {
  const field = map.get('connection_options');
  if (field === undefined || isNull(field)) return null;
  if (field.value.kind === 'map') return field.value.fields;
  issues.report(
    field.value.at,
    `connection_options is not a map (found ${describe(field.value, true)}, expected a map of netmiko, scrapli or paramiko)`,
  );
  return null;
}

/** What the connection's own library is given: netmiko's names are ours too. */
function addExtras(fields: Fields, { value }: Field, issues: Issues): void {
  if (value.kind !== 'map') {
    issues.report(value.at, `extras is not a map (found ${describe(value, true)}, expected a map)`);
    return;
  }
  for (const [written, field] of value.fields) {
    const name = EXTRAS[written] ?? written;
    if (isNull(field)) continue;
    const known = knownField(name);
    for (const other of Array.from(fields.keys()))
      if (known !== null && knownField(other) === known) fields.delete(other);
    if (known !== null && !NOT_EXTRAS.has(name)) fields.set(name, field);
    else fields.set(fields.has(name) ? `extras.${name}` : name, { ...field, data: true });
  }
}

function isNull({ value }: Field): boolean {
  return value.kind === 'null';
}
