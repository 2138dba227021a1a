// Names folded the way ClusterShell writes them: R1 R2 R3 R7 is `R[1-3,7]`, r1s1 r1s2 r2s1 r2s2 is `r[1-2]s[1-2]`.
// Pure. Every folded text unfolds to its names, and their order in it is the order in which it unfolds.
import { compareNumbers, foldNumbers } from './numbers.js';
import { mergeRows } from './rows.js';

/** Names folded, with what a list of such is ordered by. */
export interface Folded {
  text: string;
  /** Of the names without repeats. */
  size: number;
  /** The name that it unfolds to first; '' where there is none. */
  first: string;
}

/** Names under one pattern: text and numbers in turn, beginning and ending with text. */
interface Family {
  /** The pattern as it sorts: a placeholder for each number. */
  key: string;
  texts: string[];
  rows: string[][];
}

/** Order and repeats of the names don't matter. */
export function foldNames(names: Iterable<string>): string {
  return fold(names).text;
}

export function fold(names: Iterable<string>): Folded {
  const unique = names instanceof Set ? (names as Set<string>) : new Set(names);
  const parts = familiesOf(unique).flatMap(({ texts, rows }) =>
    vectorsOf(rows).map((vector) => ({ texts, vector })),
  );
  return {
    text: parts.map(({ texts, vector }) => written(texts, vector.map(bracketed))).join(','),
    size: unique.size,
    first: parts[0] === undefined ? '' : written(parts[0].texts, parts[0].vector.map(firstOf)),
  };
}

/** The names without repeats, in the order in which their folded text unfolds. */
export function orderNames(names: Iterable<string>): string[] {
  return familiesOf(new Set(names)).flatMap(({ texts, rows }) =>
    vectorsOf(rows).flatMap((vector) => productOf(vector).map((numbers) => written(texts, numbers))),
  );
}

function familiesOf(names: Set<string>): Family[] {
  const families = new Map<string, Family>();
  for (const name of names) {
    const { texts, numbers } = partsOf(name);
    const key = texts.join('%s');
    const family = families.get(key);
    if (family === undefined) families.set(key, { key, texts, rows: [numbers] });
    else family.rows.push(numbers);
  }
  return Array.from(families.values()).sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
}

/** Character by character: a pattern takes four times as long, and an inventory has a hundred thousand names. */
function partsOf(name: string): { texts: string[]; numbers: string[] } {
  const texts: string[] = [];
  const numbers: string[] = [];
  let from = 0;
  for (let at = 0; at < name.length; at += 1) {
    if (!isDigit(name, at)) continue;
    let end = at + 1;
    while (isDigit(name, end)) end += 1;
    texts.push(name.slice(from, at));
    numbers.push(name.slice(at, end));
    from = end;
    at = end;
  }
  texts.push(name.slice(from));
  return { texts, numbers };
}

function isDigit(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  return code >= 0x30 && code <= 0x39;
}

type Numbers = readonly string[];

/** Each has sorted numbers for every place; together they hold each row once. */
function vectorsOf(rows: string[][]): Numbers[][] {
  if (rows[0]?.length === 1) return [[rows.map(([number = '']) => number).sort(compareNumbers)]];
  return mergeRows(rows).map((vector) => vector.map((set) => set.sorted));
}

function written(texts: readonly string[], numbers: readonly string[]): string {
  return texts.map((text, place) => text + (numbers[place] ?? '')).join('');
}

function bracketed(numbers: Numbers): string {
  const folded = foldNumbers(numbers);
  return numbers.length > 1 ? `[${folded}]` : folded;
}

function firstOf(numbers: Numbers): string {
  return numbers[0] ?? '';
}

/** The last place counts fastest. */
function productOf(places: readonly (readonly string[])[]): string[][] {
  let rows: string[][] = [[]];
  for (const place of places) rows = rows.flatMap((row) => place.map((number) => [...row, number]));
  return rows;
}
