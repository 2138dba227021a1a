// Nornir's SimpleInventory: hosts.yaml with groups.yaml and defaults.yaml beside it, or a config.yaml that names them.
// What it means is in nornirhosts.ts; here the files are found and read.
import { dirname, isAbsolute, join, resolve } from 'node:path';
import type { Located, LocatedMap, Source } from './located.js';
import { nornirDocument } from './nornirhosts.js';
import type { Given, Reading, ShapeReader } from './shape.js';
import { isConfig } from './signs.js';
import { describe, didYouMean, nearest, quote } from './wording.js';

const PARTS = ['hosts', 'groups', 'defaults'] as const;
type Part = (typeof PARTS)[number];
type Places = Record<Part, string | null>;

const PLUGIN = 'SimpleInventory';
const OPTIONS: Record<string, Part> = {
  host_file: 'hosts',
  hosts_file: 'hosts',
  group_file: 'groups',
  groups_file: 'groups',
  defaults_file: 'defaults',
};

export const readNornir: ShapeReader = async (given, reading) => {
  const places = await placesOf(given, reading);
  if (places?.hosts == null) return [];
  const hosts = await mapOf(places.hosts, 'hosts', reading, given);
  const groups = await mapOf(places.groups, 'groups', reading);
  const defaults = await mapOf(places.defaults, 'defaults', reading);
  return hosts === null ? [] : [nornirDocument({ hosts, groups, defaults }, reading)];
};

async function placesOf(given: Given, reading: Reading): Promise<Places | null> {
  if (given.source !== null) {
    const root = given.value();
    if (root !== null && isConfig(root)) return configured(root, given.source, reading);
    const names = given.place === '-' ? null : await reading.names(given.source.directory);
    return { ...beside(names ?? [], (name) => join(dirname(given.place), name)), hosts: given.place };
  }
  const found = beside(given.names ?? [], (name) => `${given.place}/${name}`);
  if (found.hosts !== null) return found;
  const config = given.names?.find((name) => /^(nornir|config)\.ya?ml$/.test(name));
  const source = config === undefined ? null : await reading.text(`${given.place}/${config}`);
  const root = source === null ? null : reading.value(source);
  if (source !== null && root !== null && isConfig(root)) return configured(root, source, reading);
  const expected = 'hosts.yaml, or a config.yaml with an inventory';
  reading.issues.reportAt(
    { file: given.place, line: 1, column: 1 },
    `no inventory of Nornir's in this directory (expected ${expected})`,
  );
  return null;
}

function beside(names: readonly string[], path: (name: string) => string): Places {
  const find = (part: Part) => {
    const name = [`${part}.yaml`, `${part}.yml`].find((one) => names.includes(one));
    return name === undefined ? null : path(name);
  };
  return { hosts: find('hosts'), groups: find('groups'), defaults: find('defaults') };
}

/** The files that a configuration names; Nornir's own names where it names none. */
async function configured(root: Located, source: Source, reading: Reading): Promise<Places | null> {
  const inventory = fieldOf(root, 'inventory');
  const plugin = fieldOf(inventory, 'plugin');
  if (plugin?.kind === 'text' && plugin.text.split('.').at(-1) !== PLUGIN) {
    const api = /netbox|nautobot/i.exec(plugin.text)?.[0]?.toLowerCase();
    reading.issues.report(
      plugin.at,
      `this plugin of Nornir's cannot be run (found ${quote(plugin.text)}, expected ${PLUGIN}${didYouMean(api === undefined ? null : `-i ${api}:URL`)})`,
    );
    return null;
  }
  const transform = fieldOf(inventory, 'transform_function');
  if (transform?.kind === 'text' && transform.text !== '')
    reading.warnings.report(
      transform.at,
      `a transform function is a program and not run (found ${quote(transform.text)}); give what it sets by -u, -k or -e`,
    );
  const places: Places = { hosts: 'hosts.yaml', groups: 'groups.yaml', defaults: 'defaults.yaml' };
  let named: Located | null = null;
  const options = fieldOf(inventory, 'options');
  for (const [name, { at, value }] of options?.kind === 'map' ? options.fields : []) {
    const part = OPTIONS[name];
    if (part === undefined) {
      const meant = nearest(name, Object.keys(OPTIONS));
      reading.issues.report(at, `unknown option of ${PLUGIN} (found ${quote(name)}${didYouMean(meant)})`);
    } else if (value.kind === 'text') {
      places[part] = value.text;
      if (part === 'hosts') named = value;
    } else reading.issues.report(value.at, `${name} is not a path (found ${describe(value)}, expected text)`);
  }
  const found = await Promise.all(PARTS.map((part) => located(places[part] ?? '', source, reading)));
  if (named !== null && found[0] === null) {
    reading.issues.report(
      named.at,
      `there is no such file (found ${describe(named)}, expected a path from here or from this file)`,
    );
    return null;
  }
  return {
    hosts: found[0] ?? places.hosts,
    groups: found[1] ?? null,
    defaults: found[2] ?? null,
  };
}

/** Nornir starts from where its program was started; that is mostly the directory of its configuration. */
async function located(path: string, source: Source, { io, names }: Reading): Promise<string | null> {
  const written = path.replace(/^~(?=\/)/, io.env.HOME ?? '~');
  const starts = isAbsolute(written) ? ['/'] : [source.directory, io.cwd];
  for (const start of starts) {
    const whole = resolve(start, written);
    const name = whole.slice(dirname(whole).replace(/\/$/, '').length + 1);
    if ((await names(dirname(whole)))?.includes(name) === true) return whole;
  }
  return null;
}

function fieldOf(value: Located | null | undefined, name: string): Located | null {
  return value?.kind === 'map' ? (value.fields.get(name)?.value ?? null) : null;
}

/** Groups and defaults may be missing or empty, hosts may not. */
async function mapOf(
  place: string | null,
  part: Part,
  reading: Reading,
  given?: Given,
): Promise<LocatedMap | null> {
  if (place === null) return null;
  const known = given?.source?.file === place ? given.value() : undefined;
  const value = known === undefined ? await valueAt(place, part, reading) : known;
  if (value === null || value.kind === 'map') return value;
  reading.issues.report(
    value.at,
    `${part} of Nornir cannot be read (found ${describe(value)}, expected a map${part === 'hosts' ? ' of names' : ''})`,
  );
  return null;
}

async function valueAt(place: string, part: Part, reading: Reading): Promise<Located | null> {
  const source = await reading.text(place, { empty: part !== 'hosts' });
  return source === null ? null : reading.value(source);
}
