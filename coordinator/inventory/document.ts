// The native structure, from a file's value to its devices: a list of devices, or
// `{defaults, groups, devices}`. Only the structure is judged here, fields are judged later.
import type { Field, InventoryDocument, Located, LocatedDevice, LocatedMap, Place } from './located.js';
import { describe, didYouMean, type Issues, nearest, quote } from './wording.js';

const PARTS = ['defaults', 'groups', 'devices'];
const EXPECTED = 'a list of devices, or a map of defaults, groups and devices';

export function readDocument(root: Located, issues: Issues): InventoryDocument {
  if (root.kind === 'list')
    return { defaults: null, groups: null, devices: devicesOf(root, root.at, issues) };
  if (root.kind !== 'map') {
    issues.report(root.at, `this is not an inventory (found ${describe(root)}, expected ${EXPECTED})`);
    return { defaults: null, groups: null, devices: [] };
  }
  checkParts(root, issues);
  const defaults = root.fields.get('defaults')?.value;
  const groups = root.fields.get('groups');
  const devices = root.fields.get('devices');
  return {
    defaults: defaults === undefined ? null : mapOf(defaults, 'defaults', issues),
    groups: groups === undefined ? null : (mapOf(groups.value, 'groups', issues)?.fields ?? new Map()),
    devices: devices === undefined ? [] : devicesOf(devices.value, devices.at, issues),
  };
}

function checkParts(root: LocatedMap, issues: Issues): void {
  if (!PARTS.some((part) => root.fields.has(part))) {
    const names = Array.from(root.fields.keys());
    const meant = names.map((name) => nearest(name, PARTS)).find((part) => part !== null) ?? null;
    const found = names.slice(0, 3).map(quote).join(', ') + (names.length > 3 ? ', ...' : '');
    issues.report(
      root.at,
      `this is not an inventory (found a map of ${found || 'nothing'}, expected ${EXPECTED}${didYouMean(meant)})`,
    );
    return;
  }
  for (const [name, field] of root.fields) {
    if (PARTS.includes(name)) continue;
    const meant = nearest(name, PARTS);
    issues.report(
      field.at,
      `${quote(name)} is not a part of an inventory (expected defaults, groups or devices${didYouMean(meant)})`,
    );
  }
}

function devicesOf(value: Located, at: Place, issues: Issues): LocatedDevice[] {
  if (value.kind === 'null') return [];
  if (value.kind === 'list' && isPlaybook(value.items[0])) {
    issues.report(at, "this is a playbook of Ansible's (expected the inventory that it is run with)");
    return [];
  }
  if (value.kind === 'list') return value.items.flatMap((item) => device(null, item.at ?? at, item, issues));
  if (value.kind === 'map')
    return Array.from(value.fields).flatMap(([name, field]) => device(name, field.at, field.value, issues));
  issues.report(at, `devices cannot be read (found ${describe(value)}, expected a list or a map of devices)`);
  return [];
}

function isPlaybook(first: Located | undefined): boolean {
  const parts = ['tasks', 'roles', 'pre_tasks', 'post_tasks', 'import_playbook'];
  return first?.kind === 'map' && parts.some((part) => first.fields.has(part));
}

function device(name: string | null, at: Place, value: Located, issues: Issues): LocatedDevice[] {
  if (value.kind === 'map') return [{ at, name, fields: value.fields, groups: [] }];
  if (value.kind === 'null' && name !== null)
    return [{ at, name, fields: new Map<string, Field>(), groups: [] }];
  issues.report(
    at,
    `a device cannot be read (found ${describe(value)}, expected a map with at least a host)`,
  );
  return [];
}

function mapOf(value: Located, part: string, issues: Issues): LocatedMap | null {
  if (value.kind === 'map') return value;
  if (value.kind !== 'null')
    issues.report(value.at, `${part} cannot be read (found ${describe(value)}, expected a map)`);
  return null;
}
