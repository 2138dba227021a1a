// Names folded the way ClusterShell writes them: R1 R2 R3 R7 is `R[1-3,7]`, r1s1 r1s2 r2s1 r2s2 is `r[1-2]s[1-2]`.
// Pure. Every folded text unfolds to its names, and their order in it is the order in which it unfolds.
import { compareNumbers, foldNumbers } from './numbers.js';
import { mergeRows, NumberSet } from './rows.js';

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
    vectorsOf(rows).flatMap((vector) =>
      productOf(vector.map((set) => set.sorted)).map((numbers) => written(texts, numbers)),
    ),
  );
}

function familiesOf(names: Set<string>): Family[] {
  const families = new Map<string, Family>();
  for (const name of names) {
    const parts = name.split(/(\d+)/);
    const texts = parts.filter((_, index) => index % 2 === 0);
    const key = texts.join('%s');
    const family = families.get(key) ?? { key, texts, rows: [] };
    families.set(key, family);
    family.rows.push(parts.filter((_, index) => index % 2 === 1));
  }
  return Array.from(families.values()).sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
}

/** Each is a set for every place; together they hold each row once. */
function vectorsOf(rows: string[][]): NumberSet[][] {
  if (rows[0]?.length === 1)
    return [[NumberSet.of(rows.map(([number = '']) => number).sort(compareNumbers))]];
  return mergeRows(rows);
}

function written(texts: readonly string[], numbers: readonly string[]): string {
  return texts.map((text, place) => text + (numbers[place] ?? '')).join('');
}

function bracketed(set: NumberSet): string {
  const folded = foldNumbers(set.sorted);
  return set.size > 1 ? `[${folded}]` : folded;
}

function firstOf(set: NumberSet): string {
  return set.sorted[0] ?? '';
}

/** The last place counts fastest. */
function productOf(places: readonly (readonly string[])[]): string[][] {
  let rows: string[][] = [[]];
  for (const place of places) rows = rows.flatMap((row) => place.map((number) => [...row, number]));
  return rows;
}
