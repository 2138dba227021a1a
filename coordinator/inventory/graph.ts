// The groups of an inventory as a tree, as `ansible-inventory --graph` draws it. Pure. A device stands in its nearest
// groups: not in one whose child it is in too.
import type { Entry } from './inventory.js';

export interface Node {
  group: string;
  groups: Node[];
  devices: string[];
}

const ALL = 'all';
const UNGROUPED = 'ungrouped';

/** `members`: groups with their devices in the order in which their source has them. */
export function treeOf(
  entries: readonly Entry[],
  children: ReadonlyMap<string, readonly string[]>,
  members: ReadonlyMap<string, readonly string[]> = new Map(),
): Node {
  const direct = new Map<string, string[]>();
  const names = new Set(children.keys());
  const inside = new Set(Array.from(children).flatMap(([parent, groups]) => (parent === ALL ? [] : groups)));
  for (const { name, groups } of entries) {
    const nearest = groups.filter((group) => !isIn(groups, group, children));
    for (const group of nearest.length === 0 ? [UNGROUPED] : nearest)
      direct.set(group, [...(direct.get(group) ?? []), name]);
    for (const group of groups) names.add(group);
  }
  names.delete(UNGROUPED);
  const node = (group: string, path: readonly string[]): Node => ({
    group,
    groups: (children.get(group) ?? [])
      .filter((child) => child !== group && !path.includes(child))
      .map((child) => node(child, [...path, group])),
    devices: inOrder(direct.get(group) ?? [], members.get(group)),
  });
  const tops = Array.from(names).filter((group) => group !== ALL && !inside.has(group));
  const all = new Set([UNGROUPED, ...(children.get(ALL) ?? []), ...tops]);
  return { group: ALL, groups: Array.from(all, (group) => node(group, [ALL])), devices: [] };
}

function inOrder(devices: string[], members: readonly string[] = []): string[] {
  const places = new Map(members.map((name, place) => [name, place]));
  const placeOf = (name: string) => places.get(name) ?? members.length;
  return devices.toSorted((a, b) => placeOf(a) - placeOf(b));
}

/** Whether one of the device's other groups is in this one. */
function isIn(
  groups: readonly string[],
  group: string,
  children: ReadonlyMap<string, readonly string[]>,
): boolean {
  return (children.get(group) ?? []).some((child) => child !== group && groups.includes(child));
}

/** `vars`: lines under each device. */
export function drawTree(
  tree: Node,
  { depth = 0, vars = null }: { depth?: number; vars?: ReadonlyMap<string, readonly string[]> | null } = {},
): string[] {
  return [
    branch(`@${tree.group}:`, depth),
    ...tree.groups.flatMap((child) => drawTree(child, { depth: depth + 1, vars })),
    ...tree.devices.flatMap((name) => [
      branch(name, depth + 1),
      ...(vars?.get(name) ?? []).map((line) => branch(line, depth + 2)),
    ]),
  ];
}

function branch(name: string, depth: number): string {
  return depth === 0 ? name : `${'  |'.repeat(depth)}--${name}`;
}
