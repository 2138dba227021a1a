// From sources as the user names them (a file, a directory, a URL, `-`, each with the name of a shape in front or
// without) to an inventory: detects the shape and hands each to its reader. All errors are thrown at once.
import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, resolve } from 'node:path';
import type { Inventory, LeftOut } from './inventory.js';
import { entriesOf } from './layers.js';
import type { InventoryDocument, Located, Source } from './located.js';
import type { Given, InventoryIo, Reading, Shape } from './shape.js';
import { NATIVE, NODESET, SHAPES, VALUES } from './shapes.js';
import { isUrl, openReading } from './sources.js';
import { count, didYouMean, Issues, nearest, quote, reasonOf } from './wording.js';

/** Devices left out that one warning names. */
const MOST_NAMES = 5;

/** Throws an InputError with everything that is wrong. */
export async function readInventory(sources: string[], io: InventoryIo): Promise<Inventory> {
  const issues = new Issues();
  const warnings = new Issues();
  const reading = openReading(io, issues, warnings);
  const documents: InventoryDocument[] = [];
  for (const source of sources) documents.push(...(await readSource(source, reading)));
  const complete = await Promise.all(documents.map(async (one) => (await one.complete?.()) ?? one));
  const world = { platforms: io.platforms, home: io.env.HOME ?? '', issues, warnings, cwd: io.cwd };
  const { entries, leftOut, children } = entriesOf(complete, world);
  issues.throwIfAny();
  tellLeftOut(leftOut, warnings);
  const found = leftOut.length === 0 ? '' : `found ${count(leftOut.length, 'device')}, ${toldWhy(leftOut)}; `;
  if (entries.length === 0)
    issues.reportAt(null, `no device in ${sources.join(', ')} (${found}expected at least one)`);
  issues.throwIfAny();
  const members = new Map(complete.flatMap((one) => Array.from(one.members?.() ?? [])));
  return { entries, leftOut, children, members, warnings: warnings.list('warning') };
}

/** One warning for all devices that a source gives with one reason. */
function tellLeftOut(leftOut: readonly LeftOut[], warnings: Issues): void {
  const reasons = new Map<string, LeftOut[]>();
  for (const one of leftOut) {
    const key = `${one.at.file}\0${one.why}`;
    const told = reasons.get(key);
    if (told === undefined) reasons.set(key, [one]);
    else told.push(one);
  }
  for (const told of reasons.values()) {
    const [first] = told;
    if (first === undefined) continue;
    const names = told.slice(0, MOST_NAMES).map(({ name }) => quote(name));
    const more = told.length > MOST_NAMES ? `, and ${told.length - MOST_NAMES} more` : '';
    warnings.reportAt(
      first.at,
      `${count(told.length, 'device')} left out: ${first.why} (${names.join(', ')}${more}; netsweep inventory check shows all)`,
    );
  }
}

function toldWhy(leftOut: readonly LeftOut[]): string {
  return Array.from(new Set(leftOut.map(({ why }) => why)))
    .slice(0, 3)
    .join(', ');
}

async function readSource(source: string, reading: Reading): Promise<InventoryDocument[]> {
  const forced = SHAPES.find(({ name }) => source.startsWith(`${name}:`)) ?? null;
  const place =
    forced === null ? source : source.slice(forced.name.length + 1) || (forced.fetches === true ? '' : '.');
  if (forced?.fetches === true) return readAs(forced, { place, source: null, names: null }, reading);
  if (place === '-' || isUrl(place)) return readFile(place, forced, reading);
  const refuse = (message: string) => {
    reading.issues.reportAt({ file: source === '' ? 'inventory' : source, line: 1, column: 1 }, message);
    return [];
  };
  try {
    if (!(await stat(resolve(reading.io.cwd, place))).isDirectory()) return readFile(place, forced, reading);
  } catch (error) {
    // As in Ansible: what has a comma and is no file is a list of names.
    if (forced === null && /^[^/]+,[^/]*$/.test(source))
      return readAs(NODESET, { place: source, source: null, names: null }, reading);
    return refuse(
      `cannot be read (${reasonOf(error)}${didYouMean((forced === null ? meantSource(source) : null) ?? (await meantFile(resolve(reading.io.cwd, place), source)))})`,
    );
  }
  const directory = place.replace(/(?<=.)\/+$/, '');
  const names = (await reading.names(directory)) ?? [];
  const shape = forced ?? SHAPES.find(({ directory }) => directory?.(names) === true);
  if (shape?.directory !== undefined)
    return readAs(shape, { place: directory, source: null, names }, reading);
  const files = names.filter(isInventoryFile);
  if (files.length === 0)
    return refuse('no inventory in this directory (expected *.yaml, *.yml, *.json, *.csv or *.py)');
  const documents: InventoryDocument[] = [];
  for (const name of files) documents.push(...(await readFile(`${directory}/${name}`, forced, reading)));
  return documents;
}

function isInventoryFile(name: string): boolean {
  return !name.startsWith('.') && (VALUES.test(name) || SHAPES.some(({ file }) => file?.test(name) === true));
}

async function readFile(place: string, forced: Shape | null, reading: Reading): Promise<InventoryDocument[]> {
  const source = await reading.text(place);
  if (source === null) return [];
  let root: Located | null | undefined;
  const value = () => {
    if (root === undefined) root = rootOf(source, reading);
    return root;
  };
  const shape = forced ?? shapeOf(source, value);
  return readAs(shape, { place, source, names: null }, reading, value);
}

function rootOf(source: Source, { value, issues }: Reading): Located | null {
  const before = issues.count;
  const root = value(source);
  if (root === null && issues.count === before)
    issues.report({ source, offset: 0 }, 'this file holds no inventory (expected a list of devices)');
  return root;
}

/** By the file's name; then by what its text looks like; YAML and JSON by what is in them. */
function shapeOf(source: Source, value: Given['value']): Shape {
  const name = basename(source.file);
  const named =
    SHAPES.find(({ mark }) => mark?.(source.text) === true) ??
    SHAPES.find(({ file }) => file?.test(name) === true);
  const looks = () => SHAPES.find(({ text }) => text?.(source.text) === true);
  const shape = named ?? (VALUES.test(name) ? undefined : looks());
  if (shape !== undefined) return shape;
  const root = value();
  return (root === null ? undefined : SHAPES.find((one) => one.value?.(root) === true)) ?? NATIVE;
}

async function readAs(
  shape: Shape,
  given: Omit<Given, 'value'>,
  reading: Reading,
  value: Given['value'] = () => null,
): Promise<InventoryDocument[]> {
  const read = await shape.load();
  return read({ ...given, value }, reading);
}

/** A file beside the one that is missing. */
async function meantFile(path: string, source: string): Promise<string | null> {
  const names = await readdir(dirname(path)).catch(() => []);
  const meant = nearest(basename(path), names);
  return meant === null || !source.endsWith(basename(path))
    ? null
    : source.slice(0, -basename(path).length) + meant;
}

/** A nodeset without the name of its shape, or the shape that a word in front of a colon nearly names. */
function meantSource(source: string): string | null {
  if (/^[\w.-]*\[[\d,-]+\][\w.[\],-]*$/.test(source)) return `${NODESET.name}:${source}`;
  const word = /^(\w+):/.exec(source)?.[1] ?? '';
  const meant = nearest(
    word,
    SHAPES.map(({ name }) => name),
  );
  return meant === null ? null : `${meant}:${source.slice(word.length + 1)}`;
}
