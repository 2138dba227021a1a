// What several sources of Ansible's say together: hosts, groups, their variables, and who belongs to whom. Depth and
// order are kept as Ansible keeps them, for they decide whose value counts and what core[0:2] means.
import type { Field, Place } from '../located.js';
import { type Issues, quote } from '../wording.js';

export type Variables = Map<string, Field>;

export interface Group {
  readonly name: string;
  readonly at: Place;
  readonly variables: Variables;
  readonly hosts: Set<Host>;
  readonly children: Set<Group>;
  readonly parents: Set<Group>;
  depth: number;
  priority: number;
}

export interface Host {
  readonly name: string;
  readonly at: Place;
  readonly variables: Variables;
  /** Those that name the host themselves. */
  readonly groups: Set<Group>;
}

export const ALL = 'all';
export const UNGROUPED = 'ungrouped';

export class AnsibleData {
  readonly groups = new Map<string, Group>();
  readonly hosts = new Map<string, Host>();
  readonly all: Group;
  readonly ungrouped: Group;

  constructor(private readonly issues: Issues) {
    this.all = this.group(ALL, null);
    this.ungrouped = this.group(UNGROUPED, null);
    this.addChild(this.all, this.ungrouped, null);
  }

  /** The group of this name, made where it is not there yet. */
  group(name: string, at: Place): Group {
    const known = this.groups.get(name);
    if (known !== undefined) return known;
    const group: Group = {
      name,
      at,
      variables: new Map(),
      hosts: new Set(),
      children: new Set(),
      parents: new Set(),
      depth: 0,
      priority: 1,
    };
    this.groups.set(name, group);
    return group;
  }

  /** A port counts only where the host is new, as in Ansible. */
  addHost(name: string, group: Group, { at, port = null }: { at: Place; port?: number | null }): Host {
    let host = this.hosts.get(name);
    if (host === undefined) {
      host = { name, at, variables: new Map(), groups: new Set() };
      this.hosts.set(name, host);
      if (port !== null && port !== 0)
        host.variables.set('ansible_port', {
          at,
          value: { at, kind: 'number', number: port, text: String(port) },
        });
    }
    group.hosts.add(host);
    host.groups.add(group);
    return host;
  }

  addChild(parent: Group, child: Group, at: Place): void {
    if (parent.children.has(child)) return;
    if (parent === child || ancestorsOf(parent).has(child)) {
      this.issues.report(
        at,
        `group ${quote(child.name)} is a child of itself (found under ${quote(parent.name)})`,
      );
      return;
    }
    parent.children.add(child);
    child.parents.add(parent);
    deepen(child, parent.depth + 1);
  }

  setGroupVariable(group: Group, name: string, field: Field): void {
    if (name !== 'ansible_group_priority') {
      group.variables.set(name, field);
      return;
    }
    const { value } = field;
    const text = value.kind === 'number' || value.kind === 'text' ? value.text.trim() : '';
    if (/^[+-]?\d{1,15}$/.test(text)) group.priority = Number(text);
    else this.issues.report(value.at ?? field.at, `${name} is no whole number (found ${quote(text)})`);
  }

  /** Once, when every source is read: what belongs to no group is ungrouped, and every group is a child of all. */
  settle(): void {
    for (const group of this.groups.values())
      if (group !== this.all && group.parents.size === 0) this.addChild(this.all, group, group.at);
    for (const host of this.hosts.values()) {
      const isGrouped = Array.from(host.groups).some(
        (group) => group !== this.all && group !== this.ungrouped,
      );
      if (isGrouped) {
        this.ungrouped.hosts.delete(host);
        host.groups.delete(this.ungrouped);
      } else {
        this.ungrouped.hosts.add(host);
        host.groups.add(this.ungrouped);
      }
    }
  }
}

export function ancestorsOf(group: Group): Set<Group> {
  const found = new Set<Group>();
  const climb = (current: Group) => {
    for (const parent of current.parents) {
      if (found.has(parent)) continue;
      found.add(parent);
      climb(parent);
    }
  };
  climb(group);
  return found;
}

/** A group's hosts: its own, then its children's, level by level. */
export function membersOf(group: Group): Host[] {
  const seen = new Set<Group>([group]);
  for (const one of seen) for (const child of one.children) seen.add(child);
  return Array.from(new Set(Array.from(seen).flatMap(({ hosts }) => Array.from(hosts))));
}

function deepen(group: Group, depth: number): void {
  if (depth <= group.depth) return;
  group.depth = depth;
  for (const child of group.children) deepen(child, depth + 1);
}
