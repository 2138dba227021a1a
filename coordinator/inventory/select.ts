// Which devices of an inventory a command means: Ansible's patterns (-l) and nodesets (-w, -x).
// A term that matches nothing is an error, for it is a typo or a device that is not there.
import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { resolve } from 'node:path';
import { knownField } from './fieldnames.js';
import { globTest } from './glob.js';
import { type Entry, InputError } from './inventory.js';
import { hopText } from './jump.js';
import { namedBy } from './named.js';
import { type Members, Patterns } from './patterns.js';
import { count, didYouMean, Issues, nearest, quote, reasonOf } from './wording.js';

export interface Selection {
  /** `-l`: `a:b`, `a,b`, `:&c`, `:!d`, globs, `~regex`, `@file`, group names, `all`, `key=value`. */
  limit?: string | null;
  /** `-w` and `-x`: nodesets. */
  hosts?: string | null;
  exclude?: string | null;
  /** Where the path of `@file` starts. */
  cwd?: string;
  /** Groups with their devices in order, where the inventory says. */
  members?: Members;
}

const PAIR = /^([\w.-]+)=(.*)$/;

const NO_MEMBERS: Members = new Map();

interface Term {
  sign: '' | '&' | '!';
  text: string;
}

/** The selected entries in inventory order; throws an InputError when nothing is left. */
export function selectEntries(entries: readonly Entry[], selection: Selection): Entry[] {
  const issues = new Issues();
  let selected: readonly Entry[] = entries;
  if (selection.limit) {
    const patterns = new Patterns(entries, selection.members ?? NO_MEMBERS);
    const limited = limitTo(entries, { ...selection, limit: selection.limit, patterns }, issues);
    selected = selected.filter((entry) => limited.has(entry));
  }
  if (selection.hosts) {
    const wanted = namedBy(entries, { option: '-w', text: selection.hosts, issues });
    selected = selected.filter(({ name }) => wanted.has(name));
  }
  if (selection.exclude) {
    const unwanted = namedBy(entries, { option: '-x', text: selection.exclude, issues });
    selected = selected.filter(({ name }) => !unwanted.has(name));
  }
  issues.throwIfAny();
  if (selected.length > 0) return Array.from(selected);
  const message = `no device is left of ${count(entries.length, 'device')} (expected -l, -w and -x to leave at least one)`;
  throw new InputError([{ at: null, message }]);
}

/** Of the entries those that a limit names; none where it names nothing, which is no mistake here. */
export function matchLimit(entries: readonly Entry[], limit: string, cwd: string): Set<Entry> {
  return limitTo(
    entries,
    { limit, cwd, patterns: new Patterns(entries, NO_MEMBERS) },
    new Issues(),
    new Issues(),
  );
}

/** Fields that a limit asks for as `key=value`. */
export function limitFields(limit: string, cwd: string): string[] {
  return readTerms(limit, cwd, new Issues()).flatMap(({ text }) => PAIR.exec(text)?.[1] ?? []);
}

/** What is wrong with a limit whatever the inventory holds. */
export function limitMistakes(limit: string, cwd: string): string[] {
  const issues = new Issues();
  limitTo([], { limit, cwd, patterns: new Patterns([], NO_MEMBERS) }, issues, new Issues());
  return issues.list().map(({ message }) => message.replace(/^-l:? /, ''));
}

/** Ansible's order: everything that is named, then what `&` keeps of it, then what `!` takes away. */
function limitTo(
  entries: readonly Entry[],
  { limit, cwd = process.cwd(), patterns }: { limit: string; cwd?: string; patterns: Patterns },
  issues: Issues,
  misses = issues,
): Set<Entry> {
  const terms = readTerms(limit, cwd, issues);
  if (terms.length === 0 && issues.count === 0)
    issues.reportAt(null, `-l names no device (found ${quote(limit)}, expected a pattern)`);
  const evaluated = terms.map((term) => ({
    ...term,
    matched: matchesOf(term, entries, { patterns, issues, misses }),
  }));
  const named = evaluated.filter(({ sign }) => sign === '');
  let kept = new Set(named.length === 0 ? entries : named.flatMap(({ matched }) => Array.from(matched)));
  for (const { sign, matched } of evaluated)
    if (sign === '&') kept = new Set(Array.from(kept).filter((entry) => matched.has(entry)));
  for (const { sign, matched } of evaluated)
    if (sign === '!') for (const entry of matched) kept.delete(entry);
  return kept;
}

function readTerms(limit: string, cwd: string, issues: Issues): Term[] {
  return splitTerms(limit).flatMap((whole): Term[] => {
    const sign = whole.startsWith('&') ? '&' : whole.startsWith('!') ? '!' : '';
    const text = whole.slice(sign.length).trim();
    if (text === '') {
      issues.reportAt(
        null,
        `-l has an empty term (found ${quote(limit)}, expected a pattern after ${quote(whole)})`,
      );
      return [];
    }
    if (!text.startsWith('@')) return [{ sign, text }];
    return fileTerms(text.slice(1), cwd, issues).map((term) => (sign === '' ? term : { ...term, sign }));
  });
}

function fileTerms(file: string, cwd: string, issues: Issues): Term[] {
  try {
    const lines = readFileSync(resolve(cwd, file), 'utf8').split(/\r?\n/);
    const patterns = lines.map((line) => line.trim()).filter((line) => line !== '' && !line.startsWith('#'));
    if (patterns.length === 0) issues.reportAt(null, `-l @${file}: no pattern in this file`);
    return patterns.flatMap(splitTerms).map((whole) => {
      const sign = whole.startsWith('&') ? '&' : whole.startsWith('!') ? '!' : '';
      return { sign, text: whole.slice(sign.length) };
    });
  } catch (error) {
    issues.reportAt(null, `-l @${file}: cannot be read (${reasonOf(error)})`);
    return [];
  }
}

/** Colons and commas separate, except inside brackets and in the colons of an IPv6 address; blanks where no comma is. */
function splitTerms(text: string): string[] {
  const parts = splitOutside(text, ',');
  return parts.flatMap((part) => {
    const bare = part.replace(/^[&!]/, '').replace(/^\w+=/, '');
    if (isIP(bare) !== 0) return [part];
    const isOne = parts.length > 1 || /[=~]/.test(part);
    return splitOutside(part, ':').flatMap((term) => (isOne ? [term] : splitOutside(term, ' ')));
  });
}

function splitOutside(text: string, separator: string): string[] {
  const parts: string[] = [];
  let depth = 0;
  let start = 0;
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at] ?? '';
    if (character === '\\') at += 1;
    else if ('([{'.includes(character)) depth += 1;
    else if (')]}'.includes(character)) depth -= 1;
    else if (character === separator && depth <= 0) {
      parts.push(text.slice(start, at));
      start = at + 1;
    }
  }
  return [...parts, text.slice(start)].map((part) => part.trim()).filter((part) => part !== '');
}

/** `misses`: where a term is reported that is right and matches nothing. */
function matchesOf(
  { text, sign }: Term,
  entries: readonly Entry[],
  { patterns, issues, misses }: { patterns: Patterns; issues: Issues; misses: Issues },
): Set<Entry> {
  const pair = PAIR.exec(text);
  if (pair !== null) return matchField(pair[1] ?? '', pair[2] ?? '', entries, misses);
  const { entries: matched, isKnown, wrong } = patterns.match(text, sign === '');
  if (wrong !== null) (text.startsWith('~') ? issues : misses).reportAt(null, `-l ${quote(text)}: ${wrong}`);
  else if (!isKnown && text.startsWith('~'))
    misses.reportAt(null, `-l matches nothing (found ${quote(text)}, expected a device or a group)`);
  else if (!isKnown) {
    // Ansible's [1:3] are positions in a group; a range of names is a nodeset's.
    const [, base, from, to] = /^([\w.-]+)\[(\d+)[:-](\d+)\]$/.exec(text) ?? [];
    reportNothing(
      text,
      patterns.known(),
      misses,
      base === undefined ? undefined : `-w ${base}[${from}-${to}]`,
    );
  }
  return new Set(matched);
}

function matchField(key: string, glob: string, entries: readonly Entry[], misses: Issues): Set<Entry> {
  const test = globTest(glob);
  const values = new Set<string>();
  let isKnown = selectable(key) !== null;
  const matched = entries.filter((entry) => {
    const found = fieldTexts(entry, key);
    isKnown ||= found.length > 0;
    for (const value of found) values.add(value);
    return found.some((value) => value === glob || test(value));
  });
  if (!isKnown) {
    const keys = new Set(entries.flatMap(({ data }) => Object.keys(data)));
    const meant = nearest(key, ['name', 'host', 'platform', 'site', 'segment', 'groups', ...keys]);
    misses.reportAt(null, `-l names a field that no device has (found ${quote(key)}${didYouMean(meant)})`);
  } else if (matched.length === 0)
    reportNothing(
      `${key}=${glob}`,
      Array.from(values, (value) => `${key}=${value}`),
      misses,
    );
  return new Set(matched);
}

const SELECTABLE = [
  ...(['name', 'host', 'port', 'platform', 'segment', 'site', 'groups', 'commands'] as const),
  ...(['username', 'credential', 'enable', 'enableCommand', 'jump', 'legacy', 'sshAgent'] as const),
];

/** The known field a key names, if it may be asked for: secrets may not. */
function selectable(key: string): (typeof SELECTABLE)[number] | null {
  const known = key === 'group' ? 'groups' : knownField(key);
  return SELECTABLE.find((field) => field === known) ?? null;
}

/** A field's values as text: several for a list, none where it is not given. */
function fieldTexts(entry: Entry, key: string): string[] {
  const field = Object.hasOwn(entry.data, key) ? null : selectable(key);
  if (field === 'jump') return (entry.jump?.hops ?? []).flatMap((hop) => [hop.host, hopText(hop)]);
  if (field === 'port') return [String(entry.port ?? 22)];
  return textsOf(field === null ? entry.data[key] : entry[field]);
}

function textsOf(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(textsOf);
  if (value === null || value === undefined || value === '' || typeof value === 'object') return [];
  return [String(value)];
}

function reportNothing(
  text: string,
  known: Iterable<string>,
  issues: Issues,
  meant = nearest(text, known),
): void {
  issues.reportAt(
    null,
    `-l matches nothing (found ${quote(text)}, expected a device or a group${didYouMean(meant)})`,
  );
}
