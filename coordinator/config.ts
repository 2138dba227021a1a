// Where the program's settings come from: a flag over the environment over netsweep.yaml over the default.
// A setting is described once (name, flags, reader); this file knows how the layers are read and joined.
// Values stay text until one reader turns them into what they mean, so that every layer is checked alike.
import { existsSync, readFileSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { closest, distance } from 'fastest-levenshtein';
import { isMap, isScalar, isSeq, LineCounter, parseDocument, type Scalar } from 'yaml';
import type { LogLevel } from '../proto/operation/log.js';
import type { Authority } from './identity/authority.js';
import { InputError, type Issue, type Position } from './inventory/inventory.js';
import { syntaxSentence } from './inventory/yamlwords.js';
import type { Keep } from './store/versions.js';
import type { TlsFiles } from './tls.js';

/** What `netsweep serve` is started with. */
export interface ServeConfig {
  /** URLs of one NATS cluster. */
  nats: string[];
  /** HOST:PORT. */
  listen: string;
  /** Absolute; the service keeps its state in `serve` below it. */
  state: string;
  /** HOST:PORT. */
  http: string;
  tls: TlsFiles | null;
  /** Our own, which decides who may connect; null: `tls` does. */
  authority: Authority | null;
  /** Path of the key that seals secrets; null: `key` in the state directory. */
  keyFile: string | null;
  natsCreds: string | null;
  /** Where heads of the audit log are written to as well; null: nowhere. */
  auditHeads: string | null;
  keep: Keep;
  logLevel: LogLevel;
}

/** A value that a setting does not take; the message completes "--forks: ...". */
export class ValueError extends Error {}

/** One setting: `flags` as commander writes them, `read` from text to meaning. */
export interface Setting<T> {
  flags: string;
  about: string;
  /** `switch`: no value. `list`: given again and again; the environment separates with commas. */
  shape: 'one' | 'list' | 'switch' | 'count';
  /** Absent from the environment and from netsweep.yaml: it belongs to one call only. */
  once: boolean;
  /** Receives all texts given in the winning layer; throws ValueError. */
  read(texts: string[]): T;
  fallback: T;
  /** The default in words for the help; empty: none. */
  shown: string;
  /** The only words that it takes; empty: any that `read` takes. */
  choices: readonly string[];
}

export type Settings = Record<string, Setting<unknown>>;
export type Values<S extends Settings> = { [K in keyof S]: S[K] extends Setting<infer T> ? T : never };
export type Source = 'flag' | 'environment' | 'file' | 'default';
/** Texts given on the command line, by setting. */
export type Given = Record<string, string[]>;

/** The texts of netsweep.yaml by key, each with its place. */
export type ConfigFile = Map<string, { texts: string[]; at: Position }>;

/** Joins the layers. Throws InputError with every bad value at once. */
export function settle<S extends Settings>(
  settings: S,
  layers: { given: Given; environment: NodeJS.ProcessEnv; file: ConfigFile },
): { values: Values<S>; sources: Record<keyof S, Source> } {
  const issues: Issue[] = [];
  const values: Record<string, unknown> = {};
  const sources: Record<string, Source> = {};
  for (const [key, setting] of Object.entries(settings)) {
    const found = find(key, setting, layers);
    sources[key] = found?.source ?? 'default';
    values[key] = setting.fallback;
    if (found === null) continue;
    try {
      values[key] = setting.read(found.texts);
    } catch (error) {
      if (!(error instanceof ValueError)) throw error;
      issues.push({ at: found.at, message: `${found.name}: ${error.message}` });
    }
  }
  if (issues.length > 0) throw new InputError(issues);
  return { values: values as Values<S>, sources: sources as Record<keyof S, Source> };
}

/** Every setting at its default. */
export function fallbacks<S extends Settings>(settings: S): Values<S> {
  return Object.fromEntries(
    Object.entries(settings).map(([key, { fallback }]) => [key, fallback]),
  ) as Values<S>;
}

interface Found {
  source: Source;
  texts: string[];
  /** How the layer calls the setting. */
  name: string;
  at: Position | null;
}

function find(
  key: string,
  setting: Setting<unknown>,
  { given, environment, file }: { given: Given; environment: NodeJS.ProcessEnv; file: ConfigFile },
): Found | null {
  const texts = given[key];
  if (texts !== undefined) return { source: 'flag', texts, name: `--${longName(setting)}`, at: null };
  if (setting.once) return null;
  const variable = environmentName(setting);
  const text = environment[variable];
  if (text !== undefined && text !== '')
    return {
      source: 'environment',
      texts: setting.shape === 'list' ? text.split(',') : [text],
      name: variable,
      at: null,
    };
  const entry = file.get(longName(setting));
  if (entry === undefined) return null;
  return { source: 'file', texts: entry.texts, name: longName(setting), at: entry.at };
}

/** `connect-timeout` of `-T, --connect-timeout <duration>`. */
export function longName({ flags }: Pick<Setting<unknown>, 'flags'>): string {
  return /--([a-z][a-z-]*)/.exec(flags)?.[1] ?? flags;
}

/** `NETSWEEP_CONNECT_TIMEOUT`. */
export function environmentName(setting: Pick<Setting<unknown>, 'flags'>): string {
  return `NETSWEEP_${longName(setting).replaceAll('-', '_').toUpperCase()}`;
}

/** A key with a shape of its own, read where it is needed. */
export const NOTICES = 'notices';

/** The first netsweep.yaml of `directory`, `$XDG_CONFIG_HOME/netsweep/` and `/etc/netsweep/`; null: there is none. */
export function findConfigFile(environment: NodeJS.ProcessEnv, directory = '.'): string | null {
  const home = environment.XDG_CONFIG_HOME || join(homedir(), '.config');
  const candidates = [
    resolve(directory, 'netsweep.yaml'),
    join(home, 'netsweep/netsweep.yaml'),
    '/etc/netsweep/netsweep.yaml',
  ];
  return candidates.find((path) => existsSync(path)) ?? null;
}

/** Reads netsweep.yaml. `known`: every key that any of our programs takes. Throws InputError. */
export function readConfigFile(path: string, known: ReadonlySet<string>): ConfigFile {
  const directory = dirname(path);
  if ((statSync(directory).mode & 0o002) !== 0)
    throw new InputError([
      {
        at: null,
        message: `${path}: refused, because everybody may write to ${directory} (chmod o-w, or move it)`,
      },
    ]);
  return parseConfigFile(path, readFileSync(path, 'utf8'), known);
}

/** The pure part: text to keys with their places. */
export function parseConfigFile(file: string, text: string, known: ReadonlySet<string>): ConfigFile {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: true });
  const place = (offset: number): Position => {
    const { line, col } = lines.linePos(offset);
    return { file, line, column: col };
  };
  const issues: Issue[] = document.errors.map((error) => ({
    at: place(error.pos[0]),
    message: syntaxSentence(error, text),
  }));
  const entries: ConfigFile = new Map();
  const root = document.contents;
  if (root !== null && !isMap(root))
    issues.push({
      at: place(0),
      message: 'found something else than keys and values (expected `key: value` lines)',
    });
  for (const pair of isMap(root) && issues.length === 0 ? root.items : []) {
    const key = String((pair.key as Scalar).value);
    const at = place((pair.key as Scalar).range?.[0] ?? 0);
    if (!known.has(key)) {
      issues.push({ at, message: `unknown key "${key}"${nearest(key, known)}` });
      continue;
    }
    if (key === NOTICES) continue;
    const texts = textsOf(pair.value);
    if (texts === null) issues.push({ at, message: `${key}: expected a value or a list of values` });
    else entries.set(key, { texts, at });
  }
  if (issues.length > 0) throw new InputError(issues);
  return entries;
}

function textsOf(node: unknown): string[] | null {
  if (isScalar(node)) return node.value === null ? null : [String(node.source ?? node.value)];
  if (!isSeq(node) || !node.items.every(isScalar)) return null;
  return (node.items as Scalar[]).map((item) => String(item.source ?? item.value));
}

/** ` (did you mean "forks"?)`, or nothing where no word is near. */
export function nearest(word: string, known: Iterable<string>): string {
  const words = [...known];
  if (words.length === 0) return '';
  const match = closest(word, words);
  return distance(word, match) <= Math.max(2, word.length / 3) ? ` (did you mean "${match}"?)` : '';
}
