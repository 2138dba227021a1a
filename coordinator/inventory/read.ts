// From sources as the user names them (a file, a directory, a URL, `-`) to an inventory: finds the files, decodes them,
// detects their shape and hands each to its reader. All errors of all sources are thrown at once.
import { constants, type Dirent } from 'node:fs';
import { access, open, readdir, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import type { Platforms } from '../../proto/platform.js';
import { decodeText } from './decode.js';
import { readDocument } from './document.js';
import type { Inventory } from './inventory.js';
import { readJson } from './json.js';
import { entriesOf } from './layers.js';
import type { InventoryDocument, Source } from './located.js';
import { readPlainYaml } from './plainyaml.js';
import { Issues, reasonOf } from './wording.js';
import { readYaml } from './yaml.js';

export interface InventoryIo {
  /** Where relative sources start. */
  cwd: string;
  /** Read for the source `-`. */
  stdin: AsyncIterable<Uint8Array | string>;
  env: Readonly<Record<string, string | undefined>>;
  platforms: Platforms;
}

type Shape = 'yaml' | 'csv' | 'python';

const MOST_BYTES = 64 * 1024 * 1024;
const SHAPE_OF: Record<string, Shape> = { yaml: 'yaml', yml: 'yaml', json: 'yaml', csv: 'csv', py: 'python' };
const SHAPES = 'YAML or JSON, CSV with a header, a Python file of netmiko dictionaries';
const LATER = /^(nornir|netbox|nautobot|ansible|netmiko|oxidized|rancid|exec):/;
const URL_SOURCE = /^https?:\/\//;
/** How long a URL may take to give its inventory, in ms. */
const URL_MS = 30_000;

/** Throws an InputError with everything that is wrong. */
export async function readInventory(sources: string[], io: InventoryIo): Promise<Inventory> {
  const issues = new Issues();
  const warnings = new Issues();
  const documents: InventoryDocument[] = [];
  for (const source of sources)
    for (const file of await filesOf(source, io, issues)) {
      const text = await readSource(file, io, issues);
      if (text !== null) documents.push(await readShape(text, issues));
    }
  const world = { platforms: io.platforms, home: io.env.HOME ?? '', issues, warnings, cwd: io.cwd };
  const entries = entriesOf(documents, world);
  issues.throwIfAny();
  if (entries.length === 0)
    issues.reportAt(null, `no device in ${sources.join(', ')} (expected at least one)`);
  issues.throwIfAny();
  return { entries, warnings: warnings.list('warning') };
}

/** The files that a source stands for, named as the user named it. */
async function filesOf(source: string, io: InventoryIo, issues: Issues): Promise<string[]> {
  if (source === '-') return [source];
  const refuse = (message: string) => {
    issues.reportAt({ file: source === '' ? 'inventory' : source, line: 1, column: 1 }, message);
    return [];
  };
  if (URL_SOURCE.test(source)) {
    if (!/^https?:\/\/[^/]*@/.test(source)) return [source];
    source = source.replace(/\/\/[^/]*@/, '//');
    return refuse('a URL with a user name or password is not taken (it would stand in lists of processes)');
  }
  const path = resolve(io.cwd, source);
  try {
    const found = await stat(path);
    if (!found.isDirectory()) return [source];
    const names = (await readdir(path, { withFileTypes: true }))
      .filter(isInventoryFile)
      .map(({ name }) => name);
    if (names.length === 0)
      return refuse('no inventory in this directory (expected *.yaml, *.yml, *.json, *.csv or *.py)');
    return names.sort().map((name) => `${source.replace(/\/+$/, '')}/${name}`);
  } catch (error) {
    if (LATER.test(source)) return refuse(`sources of this kind come later (known now: ${SHAPES})`);
    return refuse(`cannot be read (${reasonOf(error)})`);
  }
}

function isInventoryFile(entry: Dirent): boolean {
  return !entry.isDirectory() && !entry.name.startsWith('.') && extensionShape(entry.name) !== undefined;
}

async function readSource(file: string, io: InventoryIo, issues: Issues): Promise<Source | null> {
  const refuse = (message: string): null => {
    issues.reportAt({ file, line: 1, column: 1 }, message);
    return null;
  };
  try {
    const path = resolve(io.cwd, file);
    const { bytes, trusted } = await read(file, path, io);
    if (bytes === null) return refuse(`too large (expected at most ${MOST_BYTES / 1024 / 1024} MB)`);
    const directory = file === '-' || URL_SOURCE.test(file) ? io.cwd : dirname(path);
    return decodeText(file, bytes, { directory, trusted, expected: SHAPES }, issues);
  } catch (error) {
    return refuse(`cannot be read (${reasonOf(error)})`);
  }
}

/** `trusted`: its secrets may be references to files and programs of this machine. */
async function read(
  file: string,
  path: string,
  io: InventoryIo,
): Promise<{ bytes: Buffer | null; trusted: boolean }> {
  if (file === '-') return { bytes: await readAll(io.stdin), trusted: false };
  if (URL_SOURCE.test(file)) return { bytes: await readUrl(file), trusted: false };
  return readFile(path);
}

async function readUrl(url: string): Promise<Buffer | null> {
  const response = await fetch(url, { signal: AbortSignal.timeout(URL_MS) });
  if (!response.ok) throw new Error(`the server answered ${response.status} ${response.statusText}`.trim());
  return response.body === null ? Buffer.alloc(0) : readAll(response.body);
}

async function readFile(path: string): Promise<{ bytes: Buffer | null; trusted: boolean }> {
  await access(path, constants.R_OK);
  await using file = await open(path);
  const { size, uid, mode } = await file.stat();
  // Asked of the file that is open, so that it cannot be exchanged between the question and the reading.
  const trusted = (uid === 0 || uid === process.getuid?.()) && (mode & 0o002) === 0;
  return {
    bytes: size > MOST_BYTES ? null : await readAll(file.createReadStream({ autoClose: false })),
    trusted,
  };
}

async function readAll(stream: AsyncIterable<Uint8Array | string>): Promise<Buffer | null> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of stream) {
    size += chunk.length;
    if (size > MOST_BYTES) return null;
    chunks.push(Buffer.from(chunk as Uint8Array)); // Buffer.from takes both, one overload each
  }
  return Buffer.concat(chunks);
}

/** The parsers of the rarer shapes are loaded only for them. */
async function readShape(source: Source, issues: Issues): Promise<InventoryDocument> {
  const shape = extensionShape(source.file) ?? contentShape(source.text);
  if (shape === 'csv') return (await import('./csv.js')).readCsv(source, issues);
  if (shape === 'python') return (await import('./python.js')).readPython(source, issues);
  const before = issues.count;
  const root = readJson(source) ?? readPlainYaml(source) ?? readYaml(source, issues);
  if (root !== null) return readDocument(root, issues);
  if (issues.count === before)
    issues.report({ source, offset: 0 }, `this file holds no inventory (expected a list of devices)`);
  return { defaults: null, groups: null, devices: [] };
}

function extensionShape(file: string): Shape | undefined {
  const extension = /\.([^./]+)$/.exec(file)?.[1]?.toLowerCase() ?? '';
  return Object.hasOwn(SHAPE_OF, extension) ? SHAPE_OF[extension] : undefined;
}

/** For standard input and files without a telling name. */
function contentShape(text: string): Shape {
  if (/^(from\s+\w|import\s+\w|\w+\s*=\s*[[{(])/m.test(text)) return 'python';
  const first = text.split('\n').find((line) => line.trim() !== '' && !line.startsWith('#')) ?? '';
  return /^[\w"][^:{}[\]]*[,;\t]/.test(first) ? 'csv' : 'yaml';
}
