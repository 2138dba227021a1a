// host_vars and group_vars beside an inventory: files and directories named after a group or a host. Which names
// count and in which order is Ansible's.
import { join } from 'node:path';
import type { Field, LocatedMap, Source } from '../located.js';
import type { Reading } from '../shape.js';
import { describe, didYouMean, nearest, quote } from '../wording.js';
import type { Variables } from './data.js';

const EXTENSIONS = ['', '.yml', '.yaml', '.json'];
const MOST_DEPTH = 16;

/** Reads a file of variables: null: there is nothing in it, or what is wrong was reported. */
export type ReadVariables = (source: Source) => LocatedMap | null;

export interface VarsFiles {
  group: ReadonlyMap<string, Variables>;
  host: ReadonlyMap<string, Variables>;
}

/** Of the groups and hosts that there are; names of no one are a warning. */
export async function readVarsFiles(
  directory: string,
  names: { groups: ReadonlyMap<string, unknown>; hosts: ReadonlyMap<string, unknown> },
  read: (path: string) => Promise<LocatedMap | null>,
  reading: Reading,
): Promise<VarsFiles> {
  return {
    group: await readFolder(join(directory, 'group_vars'), names.groups, 'group', read, reading),
    host: await readFolder(join(directory, 'host_vars'), names.hosts, 'host', read, reading),
  };
}

async function readFolder(
  folder: string,
  owners: ReadonlyMap<string, unknown>,
  noun: 'group' | 'host',
  read: (path: string) => Promise<LocatedMap | null>,
  reading: Reading,
): Promise<Map<string, Variables>> {
  const found = new Map<string, Variables>();
  const names = new Set(await reading.names(folder));
  const seen = new Set<string>();
  for (const name of names) {
    const bare = name.replace(/\/$/, '');
    if (bare.startsWith('.') || bare.endsWith('~')) continue;
    const owner = ownerOf(bare, owners);
    if (owner === null) warnOf(join(folder, bare), bare, owners, noun, reading);
    if (owner === null || seen.has(owner)) continue;
    seen.add(owner);
    const variables: Variables = new Map();
    for (const path of await pathsOf(folder, owner, names, reading))
      for (const [key, field] of (await read(path))?.fields ?? []) variables.set(key, field);
    found.set(owner, variables);
  }
  return found;
}

function ownerOf(file: string, owners: ReadonlyMap<string, unknown>): string | null {
  for (const extension of EXTENSIONS) {
    const name = file.slice(0, file.length - extension.length);
    if (file.endsWith(extension) && owners.has(name)) return name;
  }
  return null;
}

function warnOf(
  path: string,
  file: string,
  owners: ReadonlyMap<string, unknown>,
  noun: string,
  { warnings }: Reading,
): void {
  const name = file.replace(/\.(yml|yaml|json)$/, '');
  const meant = didYouMean(nearest(name, owners.keys()));
  warnings.reportAt(
    { file: path, line: 1, column: 1 },
    `these variables are not used (there is no ${noun} ${quote(name)} in the inventory${meant})`,
  );
}

/** The first of NAME, NAME.yml, NAME.yaml and NAME.json that is there; of a directory, everything in it. */
async function pathsOf(
  folder: string,
  owner: string,
  names: ReadonlySet<string>,
  reading: Reading,
): Promise<string[]> {
  for (const extension of EXTENSIONS) {
    const name = `${owner}${extension}`;
    if (names.has(`${name}/`)) return within(join(folder, name), reading, 0);
    if (names.has(name)) return [join(folder, name)];
  }
  return [];
}

async function within(directory: string, reading: Reading, depth: number): Promise<string[]> {
  const paths: string[] = [];
  const directories = new Set((await reading.names(directory)) ?? []);
  for (const name of Array.from(directories, (one) => one.replace(/\/$/, '')).sort()) {
    if (name.startsWith('.') || name.endsWith('~')) continue;
    const isDirectory = directories.has(`${name}/`);
    const extension = /(?<=[^.])\.[^.]*$/.exec(name)?.[0] ?? '';
    const path = join(directory, name);
    if (isDirectory && extension === '' && depth < MOST_DEPTH)
      paths.push(...(await within(path, reading, depth + 1)));
    else if (!isDirectory && EXTENSIONS.includes(extension)) paths.push(path);
  }
  return paths;
}

/** The value of a file as variables. */
export function variablesIn(
  value: Field['value'] | null,
  source: Source,
  { issues }: Reading,
): LocatedMap | null {
  if (value === null || value.kind === 'null') return null;
  if (value.kind === 'map') return value;
  issues.report(
    value.at ?? { source, offset: 0 },
    `variables cannot be read (found ${describe(value, true)}, expected a map)`,
  );
  return null;
}
