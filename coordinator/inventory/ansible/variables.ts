// Which value of a variable counts for a host, as Ansible decides: the inventory's all, its groups by depth, priority
// and name, then group_vars of each source in the same order, then the host's own, then host_vars.
import type { Field } from '../located.js';
import { ALL, type AnsibleData, ancestorsOf, type Group, type Host, type Variables } from './data.js';
import type { VarsFiles } from './varsfiles.js';

/** What one host sees. */
export interface HostVariables {
  readonly host: Host;
  /** All but `all`, those that count most last. */
  readonly groups: readonly Group[];
  /** Of its groups, the same map for all hosts with the same groups. */
  readonly shared: Variables;
  readonly own: Variables;
}

export class VariablesOfHosts {
  private readonly lineages = new Map<Group, Set<Group>>();
  private readonly byGroups = new Map<string, { groups: Group[]; shared: Variables }>();

  constructor(
    private readonly data: AnsibleData,
    /** In the order of the sources. */
    private readonly files: readonly VarsFiles[],
  ) {}

  of(host: Host): HostVariables {
    const { groups, shared } = this.sharedBy(host);
    return { host, groups, shared, own: this.ownOf(host) };
  }

  /** Every map of variables that there is. */
  maps(): Variables[] {
    const files = this.files.flatMap(({ group, host }) => [...group.values(), ...host.values()]);
    const { groups, hosts } = this.data;
    return [...Array.from([...groups.values(), ...hosts.values()], ({ variables }) => variables), ...files];
  }

  private sharedBy(host: Host): { groups: Group[]; shared: Variables } {
    const direct = Array.from(host.groups);
    const key = direct.map(({ name }) => name).join('\n');
    const known = this.byGroups.get(key);
    if (known !== undefined) return known;
    const groups = Array.from(new Set(direct.flatMap((group) => Array.from(this.lineage(group)))))
      .filter(({ name }) => name !== ALL)
      .sort(byWeight);
    const made = { groups, shared: this.flatten(groups) };
    this.byGroups.set(key, made);
    return made;
  }

  private flatten(groups: readonly Group[]): Variables {
    const shared: Variables = new Map(this.data.all.variables);
    for (const group of groups) assign(shared, group.variables);
    for (const { group } of this.files) assign(shared, group.get(ALL));
    for (const files of this.files) for (const { name } of groups) assign(shared, files.group.get(name));
    return shared;
  }

  private ownOf(host: Host): Variables {
    const files = this.files
      .map(({ host: variables }) => variables.get(host.name))
      .filter((one) => one !== undefined);
    if (files.length === 0) return host.variables;
    const own: Variables = new Map(host.variables);
    for (const variables of files) assign(own, variables);
    return own;
  }

  private lineage(group: Group): Set<Group> {
    const known = this.lineages.get(group);
    if (known !== undefined) return known;
    const made = ancestorsOf(group).add(group);
    this.lineages.set(group, made);
    return made;
  }
}

export function variableOf({ own, shared }: HostVariables, name: string): Field | undefined {
  return own.get(name) ?? shared.get(name);
}

function assign(to: Variables, from: Variables | undefined): void {
  for (const [name, field] of from ?? []) to.set(name, field);
}

function byWeight(a: Group, b: Group): number {
  return a.depth - b.depth || a.priority - b.priority || (a.name < b.name ? -1 : 1);
}
