// Names folded the way ClusterShell writes them: R1 R2 R3 R7 is `R[1-3,7]`, sw1.a sw2.a sw1.b sw2.b stays
// readable as `sw[1-2].a,sw[1-2].b`. Pure; padding is kept, so that every folded text unfolds to its names.

/** Numbers beyond this many digits are text. */
const MOST_DIGITS = 15;

/** A name taken apart: text and numbers in turn, beginning and ending with text. */
interface Shape {
  texts: string[];
  numbers: string[];
}

/** Names under one shape: in each place a number or ranges already folded. */
interface Family {
  texts: string[];
  rows: string[][];
}

/** Folds names; order and repeats don't matter. */
export function foldNames(names: Iterable<string>): string {
  const families = new Map<string, Family>();
  for (const name of new Set(names)) {
    const { texts, numbers } = shapeOf(name);
    const key = texts.join('\0');
    const family = families.get(key) ?? { texts, rows: [] };
    family.rows.push(numbers);
    families.set(key, family);
  }
  return [...families.values()].flatMap(foldFamily).join(',');
}

function foldFamily({ texts, rows }: Family): string[] {
  let folded = rows;
  for (let place = texts.length - 2; place >= 0; place--) folded = foldPlace(folded, place);
  return folded.map((row) => texts.map((text, place) => text + (row[place] ?? '')).join(''));
}

/** Joins rows that differ only at one place. */
function foldPlace(rows: string[][], place: number): string[][] {
  const groups = new Map<string, { row: string[]; numbers: string[] }>();
  for (const row of rows) {
    const key = row.toSpliced(place, 1, '').join('\0');
    const group = groups.get(key) ?? { row, numbers: [] };
    group.numbers.push(row[place] ?? '');
    groups.set(key, group);
  }
  return [...groups.values()].map(({ row, numbers }) => row.with(place, foldNumbers(numbers)));
}

function foldNumbers(numbers: string[]): string {
  if (numbers.length === 1) return numbers[0] ?? '';
  const sorted = numbers.toSorted((a, b) => Number(a) - Number(b) || a.length - b.length);
  const ranges: { first: string; last: string }[] = [];
  for (const number of sorted) {
    const range = ranges.at(-1);
    if (range !== undefined && follows(range, number)) range.last = number;
    else ranges.push({ first: number, last: number });
  }
  return `[${ranges.map(({ first, last }) => (first === last ? first : `${first}-${last}`)).join(',')}]`;
}

/** Is `number` what comes after the range when it is counted up with the padding of its first number? */
function follows({ first, last }: { first: string; last: string }, number: string): boolean {
  const padded = first.startsWith('0') && first.length > 1;
  const next = String(Number(last) + 1);
  return (
    number === (padded ? next.padStart(first.length, '0') : next) &&
    (!padded || number.length === first.length)
  );
}

function shapeOf(name: string): Shape {
  const texts: string[] = [''];
  const numbers: string[] = [];
  for (const part of name.split(/(\d+)/)) {
    if (/^\d+$/.test(part) && part.length <= MOST_DIGITS) {
      numbers.push(part);
      texts.push('');
    } else texts[texts.length - 1] += part;
  }
  return { texts, numbers };
}
