// The .netmiko.yml of netmiko-tools: devices by name, lists of names as groups, and with `__meta__` encrypted values.
// Secrets stay encrypted until a sweep needs them: opening one takes 25 ms.
import { join } from 'node:path';
import { knownField } from './fieldnames.js';
import type { Field, InventoryDocument, Located, LocatedDevice, LocatedMap } from './located.js';
import { isSealed, openSealed, type Seal, SealError } from './netmikoseal.js';
import type { Reading, ShapeReader } from './shape.js';
import { describe, didYouMean, type Issues, nearest, quote } from './wording.js';

const META = '__meta__';
const FILE = /^\.netmiko\.ya?ml$/;
const SEALS: readonly string[] = ['fernet', 'aes128'];

export const readNetmiko: ShapeReader = async (given, reading) => {
  const root = given.source === null ? await rootIn(given.place, reading) : given.value();
  if (root === null) return [];
  if (root.kind === 'map') return [await documentOf(root, reading)];
  const expected = 'a map of devices and of lists of their names';
  reading.issues.report(
    root.at,
    `this is no inventory of netmiko-tools (found ${describe(root)}, expected ${expected})`,
  );
  return [];
};

/** Where netmiko-tools look, when no file is named: what a variable names, this directory, the home directory. */
async function rootIn(place: string, reading: Reading): Promise<Located | null> {
  const { env } = reading.io;
  const told = env.NETMIKO_TOOLS_CFG ?? '';
  const places = place === '.' ? [...(told === '' ? [] : [told]), '.', env.HOME ?? '.'] : [place];
  for (const one of places) {
    const names = await reading.names(one);
    const name = names?.find((entry) => FILE.test(entry));
    const file = name !== undefined ? join(one, name) : names === null && one === told ? one : null;
    const source = file === null ? null : await reading.text(file);
    if (file !== null) return source === null ? null : reading.value(source);
  }
  reading.issues.reportAt(
    { file: place, line: 1, column: 1 },
    'no .netmiko.yml here (expected one in NETMIKO_TOOLS_CFG, this directory or the home directory)',
  );
  return null;
}

async function documentOf(root: LocatedMap, reading: Reading): Promise<InventoryDocument> {
  const { issues } = reading;
  const seal = sealOf(root.fields.get(META), issues);
  const groups = groupsOf(root, issues);
  const devices: LocatedDevice[] = [];
  for (const [name, { at, value }] of root.fields) {
    if (name === META || value.kind === 'list') continue;
    if (value.kind === 'map')
      devices.push({
        at,
        name,
        fields: seal === null ? value.fields : await unsealed(value.fields, seal, reading),
        groups: groups.get(name) ?? [],
      });
    else
      issues.report(
        at,
        `${quote(name)} cannot be read (found ${describe(value, true)}, expected a map of a device or a list of names)`,
      );
  }
  return { defaults: null, groups: null, devices };
}

/** The groups of each device, in the order of the file; a list may name lists. */
function groupsOf(root: LocatedMap, issues: Issues): Map<string, string[]> {
  const groups = new Map<string, string[]>();
  // `all` is every device, whatever a file says.
  for (const [name, { value }] of root.fields)
    if (value.kind === 'list' && name !== 'all')
      for (const device of new Set(membersOf(name, root, [], issues)))
        groups.set(device, [...(groups.get(device) ?? []), name]);
  return groups;
}

function membersOf(name: string, root: LocatedMap, path: string[], issues: Issues): string[] {
  const field = root.fields.get(name);
  if (field?.value.kind !== 'list') return [name];
  if (path.includes(name)) {
    issues.report(
      field.at,
      `group ${quote(name)} is in itself (found ${[...path.slice(path.indexOf(name)), name].join(' > ')})`,
    );
    return [];
  }
  return field.value.items.flatMap((item) => {
    const member = item.kind === 'text' || item.kind === 'number' ? item.text : null;
    if (member !== null && member !== META && root.fields.has(member))
      return membersOf(member, root, [...path, name], issues);
    const meant = member === null ? null : nearest(member, root.fields.keys());
    issues.report(
      item.at ?? field.at,
      `no device of this name (found ${describe(item)} in group ${quote(name)}, expected a device of this file${didYouMean(meant)})`,
    );
    return [];
  });
}

/** How values are encrypted; null: they are not. */
function sealOf(meta: Field | undefined, issues: Issues): Seal | null {
  const fields = meta?.value.kind === 'map' ? meta.value.fields : null;
  const encryption = fields?.get('encryption')?.value;
  if (encryption?.kind !== 'boolean' || !encryption.boolean) return null;
  const type = fields?.get('encryption_type')?.value;
  if (type === undefined || type.kind === 'null') return 'fernet';
  if (type.kind === 'text' && SEALS.includes(type.text)) return type.text as Seal; // one of the list
  const meant = type.kind === 'text' ? nearest(type.text, SEALS) : null;
  issues.report(
    type.at,
    `this encryption is not known (found ${describe(type)}, expected ${SEALS.join(' or ')}${didYouMean(meant)})`,
  );
  return null;
}

async function unsealed(
  fields: LocatedMap['fields'],
  seal: Seal,
  { io, issues }: Reading,
): Promise<Map<string, Field>> {
  const opened = new Map<string, Field>();
  for (const [name, { at, value }] of fields)
    opened.set(name, { at, value: await openedOf(name, value, seal) });
  return opened;

  async function openedOf(name: string, value: Located, by: Seal): Promise<Located> {
    if (value.kind !== 'text' || !isSealed(value.text)) return value;
    if (['password', 'enableSecret', 'passphrase'].includes(knownField(name) ?? ''))
      return { ...value, sealed: by };
    try {
      return { ...value, text: await openSealed(value.text, by, io.env) };
    } catch (error) {
      if (!(error instanceof SealError)) throw error;
      issues.report(value.at, `${name} is encrypted and cannot be read: ${error.message}`);
      return { at: value.at, kind: 'null' };
    }
  }
}
