// How messages about bad input are worded: quoting that is harmless on a terminal, the nearest known word,
// and the list of everything wrong, capped so that a broken file of a million lines stays readable.
import { distance } from 'fastest-levenshtein';
import { InputError, type Issue, type Position } from './inventory.js';
import { type Located, type Place, positionOf } from './located.js';

const SHOWN_PER_FILE = 50;
const QUOTED_CHARACTERS = 60;

/** Collects what is wrong, file by file, in the order it is found. */
export class Issues {
  private readonly files = new Map<string, { shown: Issue[]; count: number }>();

  /** Files are listed in the order they are opened here, else of their first error. */
  open(file: string): void {
    if (!this.files.has(file)) this.files.set(file, { shown: [], count: 0 });
  }

  report(place: Place, message: string): void {
    this.add(place?.source.file ?? '', () => ({ at: positionOf(place), message }));
  }

  reportAt(at: Position | null, message: string): void {
    this.add(at?.file ?? '', () => ({ at, message }));
  }

  get count(): number {
    return Array.from(this.files.values()).reduce((sum, { count }) => sum + count, 0);
  }

  /** In the order of each file's lines. */
  list(noun: 'error' | 'warning' = 'error'): Issue[] {
    return Array.from(this.files).flatMap(([file, { shown, count }]) => {
      const more = count - shown.length;
      const sorted = shown.toSorted((a, b) => byPosition(a.at, b.at));
      if (more === 0) return sorted;
      const where = file === '' ? '' : `${file}: `;
      return [...sorted, { at: null, message: `${where}and ${more} more ${noun}${more === 1 ? '' : 's'}` }];
    });
  }

  /** Throws when anything was reported. */
  throwIfAny(): void {
    if (this.count > 0) throw new InputError(this.list());
  }

  private add(file: string, issue: () => Issue): void {
    this.open(file);
    const entry = this.files.get(file) ?? { shown: [], count: 0 };
    const made = entry.shown.length < SHOWN_PER_FILE ? issue() : null;
    // A value that several devices share, through an alias or a variable, is wrong once.
    if (made !== null && entry.shown.some((other) => isSame(other, made))) return;
    entry.count += 1;
    if (made !== null) entry.shown.push(made);
  }
}

/** What stands behind the name of a secret, where a blank or a line end was forgotten. */
const TOLD = /((?:password|passphrase|passwd|pass|secret|token)["']?\s*[=:])\s*[^\s].*$/is;

/** A text from an input file as a message may show it: one line, bounded, no secret, nothing a terminal would obey. */
export function quote(whole: string): string {
  const text = whole.replace(TOLD, '$1...');
  const cut = text.length > QUOTED_CHARACTERS ? `${text.slice(0, QUOTED_CHARACTERS)}...` : text;
  return JSON.stringify(cut).replace(
    /[\u007f-\u009f\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** What was found; of a secret only its type and length. */
export function describe(value: Located, isSecret = false): string {
  const secret = isSecret || value.at?.source.isSealed === true;
  switch (value.kind) {
    case 'text':
      return secret ? `text of ${count(value.text.length, 'character')}` : quote(value.text);
    case 'number':
      return secret ? 'a number' : `the number ${value.text.slice(0, QUOTED_CHARACTERS)}`;
    case 'boolean':
      return secret ? 'a boolean' : String(value.boolean);
    case 'null':
      return 'nothing';
    case 'list':
      return `a list of ${count(value.items.length, 'item')}`;
    case 'map':
      return `a map of ${count(value.fields.size, 'field')}`;
    case 'opaque':
      return value.words;
  }
  value satisfies never;
}

/** `1 device`, `2 devices`. */
export function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}

/** The known word that was probably meant, or null. */
export function nearest(word: string, known: Iterable<string>): string | null {
  const wanted = word.toLowerCase();
  const limit = Math.max(1, Math.min(3, Math.floor(wanted.length / 3)));
  let best: string | null = null;
  let bestDistance = limit + 1;
  for (const candidate of known) {
    if (Math.abs(candidate.length - word.length) >= bestDistance) continue;
    const other = candidate.toLowerCase();
    const away = isSwapped(wanted, other) ? 1 : distance(wanted, other);
    if (away < bestDistance) [best, bestDistance] = [candidate, away];
  }
  return best;
}

/** The same letters in another order: two of them typed the wrong way round, if the words are near at all. */
export function isSwapped(word: string, other: string): boolean {
  const sorted = (text: string) => Array.from(text).sort().join('');
  return word !== other && distance(word, other) === 2 && sorted(word) === sorted(other);
}

/** `; did you mean X?` or nothing. */
export function didYouMean(word: string | null): string {
  return word === null ? '' : `; did you mean ${word}?`;
}

/** A place that a message about another one names. */
export function placeText(place: Place | Position): string {
  const at = place !== null && 'source' in place ? positionOf(place) : place;
  return at === null ? 'the command line' : `${at.file}:${at.line}:${at.column}`;
}

function isSame(a: Issue, b: Issue): boolean {
  return a.at?.line === b.at?.line && a.at?.column === b.at?.column && a.message === b.message;
}

function byPosition(a: Position | null, b: Position | null): number {
  return (a?.line ?? 0) - (b?.line ?? 0) || (a?.column ?? 0) - (b?.column ?? 0);
}

/** Why a file can't be read. */
export function reasonOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'ENOENT') return 'no such file or directory';
  if (code === 'EACCES' || code === 'EPERM') return 'permission denied';
  if (code === 'EISDIR') return 'this is a directory';
  if (code === 'ENOTDIR') return 'a part of the path is not a directory';
  if (!(error instanceof Error)) return String(error);
  const under = error.cause instanceof Error && 'code' in error.cause ? String(error.cause.code) : '';
  if (/SELF_SIGNED|UNABLE_TO_(VERIFY|GET_ISSUER)/.test(under))
    return `${(error.cause as Error).message}; NODE_EXTRA_CA_CERTS=FILE names an authority to trust`;
  // What fetch says itself is only that it failed.
  return error.cause instanceof Error ? error.cause.message : error.message;
}
