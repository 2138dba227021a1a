// Ansible's inventories: INI, YAML, directories of them, programs that print --list, and what they print. Each is read
// into the data that all of them share; what its shape is, is told by what is in it, as Ansible tells it.
import { dirname, join } from 'node:path';
import type { InventoryDocument, Located, Source } from '../located.js';
import type { Given, Reading } from '../shape.js';
import { describe, didYouMean, quote } from '../wording.js';
import { isList, readGroups, readList } from './groups.js';
import { readIni } from './ini.js';
import { isProgram, runInventory, tellVariables } from './program.js';
import { type Session, sessionOf } from './session.js';

/** Of what lies in a directory Ansible reads neither these nor what is hidden. */
const IGNORED =
  /^\.|^(?:group_vars|host_vars|vars_plugins)\/?$|(?:\.(?:pyc|pyo|swp|bak|rpm|md|txt|rst|orig|ini|cfg|retry)|~)$/;
const FOREIGN = /\.(?!ya?ml$|json$)[^./]+$/;
/** A line of an INI inventory that is nothing else. */
const SECTIONS =
  /^\[[^\]\s:,]+(?::(?:vars|children|hosts))?\]\s*(?:#.*)?$|^[^#;\n]*\sansible_\w+=|^\$ANSIBLE_VAULT;/m;
/** A line with a host, and perhaps its variables. */
const HOST = /^[\w.:[\]-]+(?:\s+\w+=.*)?$/;
const MOST_DEPTH = 8;

export async function readAnsible(given: Given, reading: Reading): Promise<InventoryDocument[]> {
  const { session, documents } = sessionOf(reading);
  if (given.names !== null) {
    session.beside(given.place);
    await readDirectory(given.place, given.names, session, 0);
  } else if (given.source !== null) {
    if (given.place !== '-' && !/^https?:/.test(given.place)) session.beside(dirname(given.place));
    await readSource(given.source, given.place, session);
  }
  return documents;
}

/** `exec:PROGRAM`. */
export async function readProgram({ place }: Given, reading: Reading): Promise<InventoryDocument[]> {
  const { session, documents } = sessionOf(reading);
  await readPrinted(place, session);
  return documents;
}

async function readDirectory(
  directory: string,
  names: readonly string[],
  session: Session,
  depth: number,
): Promise<void> {
  const { reading, issues } = session;
  const directories = new Set(names.filter((name) => name.endsWith('/')));
  const read = names
    .map((name) => name.replace(/\/$/, ''))
    .filter((name) => !IGNORED.test(name))
    .sort();
  for (const name of read) {
    const place = join(directory, name);
    if (directories.has(`${name}/`)) {
      if (depth < MOST_DEPTH)
        await readDirectory(place, (await reading.names(place)) ?? [], session, depth + 1);
      continue;
    }
    const source = await reading.text(place);
    if (source === null || (await isForeign(source, place, reading))) continue;
    await readSource(source, place, session);
  }
  if (read.length > 0 || depth > 0) return;
  const ini = names.find((name) => /\.(ini|cfg)$/.test(name));
  const meant =
    ini === undefined ? '' : `; Ansible reads no *.ini in directories${didYouMean(join(directory, ini))}`;
  issues.reportAt(
    { file: directory, line: 1, column: 1 },
    `no inventory in this directory (expected hosts, *.yml or *.json${meant})`,
  );
}

/** Files that lie beside an inventory and are none, which Ansible would try and warn of. */
async function isForeign(source: Source, place: string, reading: Reading): Promise<boolean> {
  const isInventory = SECTIONS.test(source.text) || linesOf(source.text).every((line) => HOST.test(line));
  if (!FOREIGN.test(place) || isInventory || (await isProgram(source, place, reading))) return false;
  reading.warnings.report(
    { source, offset: 0 },
    'this file is not read (expected sections such as [core], or a name that ends in .yml or .json)',
  );
  return true;
}

async function readSource(read: Source, place: string, session: Session): Promise<void> {
  if (await isProgram(read, place, session.reading)) {
    await readPrinted(place, session);
    return;
  }
  const source = await session.opened(read);
  if (source === null) return;
  if (looksLikeIni(source)) {
    readIni(source, session);
    return;
  }
  const root = session.value(source);
  if (root !== null) readStructure(root, source, session);
  else if (session.issues.count === 0)
    session.issues.report({ source, offset: 0 }, 'this file holds no inventory (expected groups with hosts)');
}

async function readPrinted(program: string, session: Session): Promise<void> {
  const source = await runInventory(program, session.reading);
  if (source === null) return;
  const root = session.value(source);
  if (root?.kind !== 'map') {
    const found = root === null ? 'nothing' : describe(root);
    session.issues.report(
      { source, offset: 0 },
      `this program prints no inventory (found ${found}, expected a map of groups in JSON)`,
    );
    return;
  }
  const untold = readList(root, session);
  await tellVariables(program, untold, session);
}

function readStructure(root: Located, source: Source, session: Session): void {
  const at = root.at ?? { source, offset: 0 };
  if (root.kind !== 'map') {
    session.issues.report(
      at,
      `this is no inventory of Ansible (found ${describe(root)}, expected a map of groups)`,
    );
    return;
  }
  const plugin = root.fields.get('plugin');
  if (plugin !== undefined) {
    const name = plugin.value.kind === 'text' ? quote(plugin.value.text) : 'one';
    session.issues.report(
      plugin.at,
      `this asks a plugin of Ansible's (found ${name}, expected its answer: ansible-inventory -i ${quote(source.file)} --list > FILE.json)`,
    );
  } else if (isList(root)) readList(root, session);
  else readGroups(root, session);
}

/** What is neither YAML nor JSON: a section, a host with variables, or nothing but names. */
function looksLikeIni({ file, text }: Source): boolean {
  if (/\.(ya?ml|json)$/i.test(file)) return false;
  if (/\.ini$/i.test(file)) return true;
  const first =
    text
      .split('\n')
      .find((line) => /^\s*[^\s#;]/.test(line))
      ?.trim() ?? '';
  if (first.startsWith('{') || first.startsWith('---') || first.startsWith('%')) return false;
  return !/^["'\w][^\s]*\s*:(?:\s|$)/.test(first);
}

/** Without blank lines and comments. */
function linesOf(text: string): string[] {
  const lines = text.split('\n').map((line) => line.trim());
  return lines.filter((line) => line !== '' && !/^[#;]/.test(line));
}
