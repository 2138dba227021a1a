// Which of the values that a Python file sets are devices: a dictionary with an address is one, a list or dictionary of
// devices is a group named after its variable.
import type { Field, Located, LocatedDevice, LocatedMap, Place } from './located.js';
import { describe, type Issues } from './wording.js';

const ADDRESSES = ['host', 'ip', 'hostname', 'ansible_host'];

interface Found {
  at: Place;
  name: string | null;
  groups: Set<string>;
}

export class PythonDevices {
  private readonly found = new Map<LocatedMap, Found>();

  constructor(private readonly issues: Issues) {}

  /** `bases`: dictionaries that were unpacked into others. */
  list(bases: ReadonlySet<Located> = new Set()): LocatedDevice[] {
    return Array.from(this.found)
      .filter(([map]) => hasAddress(map) || !bases.has(map))
      .map(([map, { at, name, groups }]) => ({ at, name, fields: map.fields, groups: Array.from(groups) }));
  }

  /** What a variable of the top level is set to. */
  set(name: string, at: Place, value: Located): void {
    if (value.kind === 'map' && isDevice(value)) this.device(value, name, at, null);
    else if (!holdsDevice(value)) return;
    else if (value.kind === 'list') this.members(value.items, name);
    else if (value.kind === 'map')
      for (const [key, field] of value.fields) this.member(field.value, key, field.at, name);
  }

  private members(items: Located[], group: string): void {
    for (const item of items)
      if (item.kind === 'list') this.members(item.items, group);
      else this.member(item, null, item.at, group);
  }

  private member(value: Located, name: string | null, at: Place, group: string): void {
    if (value.kind === 'map') this.device(value, name, at, group);
    else
      this.issues.report(
        value.at ?? at,
        `this is not a device (found ${describe(value, true)}, expected a dictionary)`,
      );
  }

  private device(map: LocatedMap, name: string | null, at: Place, group: string | null): void {
    const known = this.found.get(map) ?? { at, name, groups: new Set<string>() };
    this.found.set(map, known);
    if (group !== null) known.groups.add(group);
  }
}

export function isOrHoldsDevice(value: Located | undefined): boolean {
  return value !== undefined && (isDevice(value) || holdsDevice(value));
}

function holdsDevice(value: Located): boolean {
  if (value.kind === 'list') return value.items.some((item) => isOrHoldsDevice(item));
  return value.kind === 'map' && Array.from(value.fields.values()).some((field) => isDevice(field.value));
}

function isDevice(value: Located): boolean {
  if (value.kind !== 'map') return false;
  return value.fields.has('device_type') || hasAddress(value);
}

function hasAddress({ fields }: LocatedMap): boolean {
  return ADDRESSES.some((name) => isScalar(fields.get(name)));
}

/** `{"host": {...}}` is a dictionary of something else. */
function isScalar(field: Field | undefined): boolean {
  return field !== undefined && field.value.kind !== 'map' && field.value.kind !== 'list';
}
