// Where inventories come from: files, standard input and URLs as text, directories as lists of names. The one place
// of the inventory's readers that touches the world; what cannot be read is an input error.
import { constants } from 'node:fs';
import { access, open, readdir, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { decodeText } from './decode.js';
import { readJson } from './json.js';
import type { Located, Source } from './located.js';
import { readPlainYaml } from './plainyaml.js';
import type { InventoryIo, Reading } from './shape.js';
import { type Issues, reasonOf } from './wording.js';
import { readYaml } from './yaml.js';

const MOST_BYTES = 64 * 1024 * 1024;
const URL_SOURCE = /^https?:\/\//;
/** How long a URL may take to give its inventory, in ms. */
const URL_MS = 30_000;
/** How often a busy server is asked in all, and how long it may let us wait. */
export const ATTEMPTS = 4;
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 30_000;

export function isUrl(place: string): boolean {
  return URL_SOURCE.test(place);
}

/** A URL without the user name and password in it. */
export function withoutLogin(url: string): string {
  return url.replace(/^(https?:\/\/)[^/]*@/, '$1');
}

export function openReading(io: InventoryIo, issues: Issues, warnings: Issues): Reading {
  return {
    io,
    issues,
    warnings,
    text: (place, { empty = false } = {}) => readText(place, empty ? null : 'an inventory', io, issues),
    value: (source) => readValue(source, issues),
    names: (place) => readNames(resolve(io.cwd, place)),
  };
}

function readValue(source: Source, issues: Issues): Located | null {
  return readJson(source) ?? readPlainYaml(source) ?? readYaml(source, issues);
}

async function readNames(path: string): Promise<string[] | null> {
  try {
    const entries = await readdir(path, { withFileTypes: true });
    const names = entries.map(async (entry) => {
      const isDirectory = entry.isSymbolicLink()
        ? await leadsToDirectory(join(path, entry.name))
        : entry.isDirectory();
      return isDirectory ? `${entry.name}/` : entry.name;
    });
    return (await Promise.all(names)).sort();
  } catch {
    return null;
  }
}

async function leadsToDirectory(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
}

async function readText(
  place: string,
  expected: string | null,
  io: InventoryIo,
  issues: Issues,
): Promise<Source | null> {
  const refuse = (message: string): null => {
    issues.reportAt({ file: withoutLogin(place) || 'inventory', line: 1, column: 1 }, message);
    return null;
  };
  if (place !== withoutLogin(place))
    return refuse('a URL with a user name or password is not taken (it would stand in lists of processes)');
  try {
    const path = resolve(io.cwd, place);
    const { bytes, trusted } = await read(place, path, io);
    if (bytes === null) return refuse(`too large (expected at most ${MOST_BYTES / 1024 / 1024} MB)`);
    const directory = place === '-' || isUrl(place) ? io.cwd : dirname(path);
    return decodeText(place, bytes, { directory, trusted, expected }, issues);
  } catch (error) {
    return refuse(`cannot be read (${reasonOf(error)})`);
  }
}

/** `trusted`: its secrets may be references to files and programs of this machine. */
async function read(
  place: string,
  path: string,
  io: InventoryIo,
): Promise<{ bytes: Buffer | null; trusted: boolean }> {
  if (place === '-') return { bytes: await readAll(io.stdin), trusted: false };
  if (isUrl(place)) return { bytes: await readUrl(place), trusted: false };
  return readFile(path);
}

async function readUrl(url: string): Promise<Buffer | null> {
  for (let attempt = 1; ; attempt += 1) {
    const response = await fetch(url, { signal: AbortSignal.timeout(URL_MS) });
    if (response.ok) return response.body === null ? Buffer.alloc(0) : readAll(response.body);
    await response.body?.cancel();
    if (!isBusy(response) || attempt === ATTEMPTS) throw new Error(answered(response));
    await sleep(pauseMs(response, attempt));
  }
}

function answered({ status, statusText }: Response): string {
  const words = `the server answered ${status} ${statusText}`.trim();
  return status === 401 || status === 403
    ? `${words}; no login is sent: fetch it with what has one, and pass it on as -i -`
    : words;
}

/** Whether asking again may help. */
export function isBusy({ status }: Response): boolean {
  return status === 429 || status >= 500;
}

/** As late as the server says, within bounds; else, or without an answer, later each time. */
export function pauseMs(response: Response | null, attempt: number): number {
  const seconds = Number(response?.headers.get('retry-after') ?? 0);
  const said = Number.isFinite(seconds) ? Math.min(seconds * 1000, LONGEST_PAUSE_MS) : 0;
  return Math.max(said, FIRST_PAUSE_MS * 2 ** (attempt - 1));
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

export async function readAll(stream: AsyncIterable<Uint8Array | string>): Promise<Buffer | null> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of stream) {
    size += chunk.length;
    if (size > MOST_BYTES) return null;
    chunks.push(Buffer.from(chunk as Uint8Array)); // Buffer.from takes both, one overload each
  }
  return Buffer.concat(chunks);
}
