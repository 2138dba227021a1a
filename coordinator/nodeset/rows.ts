// Rows of several numbers joined into few vectors of sets, as ClusterShell joins them: passes over all vectors, the
// largest first, each taking in those after it that differ from it in one place. There, the last pass compares each with
// each; here those that differ in one place lie in one bucket, so that 100,000 irregular names cost no square.
import { compareNumbers } from './numbers.js';

/** Numbers that stand for each other in one place. It only grows, and only before it is first asked for its order. */
export class NumberSet {
  readonly #numbers: string[];
  #sorted = true;
  /** The same for two sets with the same numbers; differs for others but once in 2^60. */
  #low: number;
  #high: number;

  private constructor(numbers: string[], low: number, high: number) {
    this.#numbers = numbers;
    this.#low = low;
    this.#high = high;
  }

  /** Of sorted numbers without repeats. */
  static of(numbers: string[]): NumberSet {
    let low = 0;
    let high = 0;
    for (const number of numbers) {
      low = (low + hashOf(number, LOW)) >>> 0;
      high = (high + hashOf(number, HIGH)) >>> 0;
    }
    return new NumberSet(numbers, low, high);
  }

  get size(): number {
    return this.#numbers.length;
  }

  get key(): string {
    return `${this.size.toString(36)}.${this.#low.toString(36)}.${this.#high.toString(36)}`;
  }

  get sorted(): readonly string[] {
    if (!this.#sorted) this.#numbers.sort(compareNumbers);
    this.#sorted = true;
    return this.#numbers;
  }

  copy(): NumberSet {
    return new NumberSet([...this.sorted], this.#low, this.#high);
  }

  /** Takes in a set that has none of its numbers. */
  take(other: NumberSet): void {
    for (const number of other.#numbers) this.#numbers.push(number);
    this.#sorted = false;
    this.#low = (this.#low + other.#low) >>> 0;
    this.#high = (this.#high + other.#high) >>> 0;
  }
}

type Vector = NumberSet[];

/** Rows of equal length, none twice. */
export function mergeRows(rows: readonly (readonly string[])[]): Vector[] {
  const sets = new Map<string, NumberSet>();
  const setOf = (number: string) => {
    const set = sets.get(number) ?? NumberSet.of([number]);
    sets.set(number, set);
    return set;
  };
  let vectors = rows.map((row) => row.map(setOf));
  for (const pass of [neighbours, everyOther])
    for (let before = -1; before !== vectors.length; ) {
      before = vectors.length;
      vectors = pass(inOrder(vectors));
    }
  return vectors;
}

/** More names first, then the larger set, then the lower first and last number, as texts. */
function inOrder(vectors: Vector[]): Vector[] {
  const keyed = vectors.map((vector) => ({
    vector,
    size: vector.reduce((size, set) => size * set.size, 1),
  }));
  keyed.sort((a, b) => b.size - a.size || compareVectors(a.vector, b.vector));
  return keyed.map(({ vector }) => vector);
}

function compareVectors(a: Vector, b: Vector): number {
  for (const [place, set] of a.entries()) {
    const other = b[place];
    if (other === undefined || set === other) continue;
    const order =
      other.size - set.size ||
      compareTexts(set.sorted[0], other.sorted[0]) ||
      compareTexts(set.sorted.at(-1), other.sorted.at(-1));
    if (order !== 0) return order;
  }
  return 0;
}

function compareTexts(a = '', b = ''): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Each takes in those right behind it as long as they fit. */
function neighbours(vectors: Vector[]): Vector[] {
  const merged: Merging[] = [];
  for (const vector of vectors) {
    const last = merged.at(-1);
    const place = last?.placeFor(vector) ?? -1;
    if (last !== undefined && place >= 0) last.take(vector, place);
    else merged.push(new Merging(vector));
  }
  return merged.map(({ vector }) => vector);
}

/** Each takes in whatever fits behind it, in order. */
function everyOther(vectors: Vector[]): Vector[] {
  const buckets = new Map<string, Bucket>();
  for (const [index, vector] of vectors.entries())
    for (const place of vector.keys()) {
      const key = keyWithout(vector, place);
      const bucket = buckets.get(key);
      if (bucket === undefined) buckets.set(key, new Bucket(index));
      else bucket.indexes.push(index);
    }
  const isTaken = new Uint8Array(vectors.length);
  const merged: Vector[] = [];
  for (const [index, vector] of vectors.entries()) {
    if (isTaken[index] === 1) continue;
    const merging = new Merging(vector);
    for (let at = index; ; ) {
      const next = nextFor(merging, at, buckets, isTaken);
      if (next === null) break;
      isTaken[next.index] = 1;
      merging.take(vectors[next.index] ?? [], next.place);
      at = next.index;
    }
    merged.push(merging.vector);
  }
  return merged;
}

/** The first behind `after` that differs in one place, and the place. */
function nextFor(
  { vector }: Merging,
  after: number,
  buckets: Map<string, Bucket>,
  isTaken: Uint8Array,
): { index: number; place: number } | null {
  let found: { index: number; place: number } | null = null;
  for (const place of vector.keys()) {
    const index = buckets.get(keyWithout(vector, place))?.firstAfter(after, isTaken) ?? null;
    if (index !== null && (found === null || index < found.index)) found = { index, place };
  }
  return found;
}

/** Vectors that are the same but for one place, by their index. */
class Bucket {
  readonly indexes: number[];

  constructor(first: number) {
    this.indexes = [first];
  }

  firstAfter(after: number, isTaken: Uint8Array): number | null {
    let low = 0;
    let high = this.indexes.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.indexes[middle] ?? 0) <= after) low = middle + 1;
      else high = middle;
    }
    for (; low < this.indexes.length; low += 1) {
      const index = this.indexes[low] ?? 0;
      if (isTaken[index] === 0) return index;
    }
    return null;
  }
}

/** A vector that takes in others; the sets of the one that it began as stay as they were. */
class Merging {
  vector: Vector;
  /** Places whose set is its own. */
  readonly #own = new Set<number>();

  constructor(vector: Vector) {
    this.vector = vector;
  }

  /** The one place where they differ; -1: in several. */
  placeFor(other: Vector): number {
    let found = -1;
    for (const [place, set] of this.vector.entries()) {
      const theirs = other[place];
      if (set === theirs || set.key === theirs?.key) continue;
      if (found >= 0) return -1;
      found = place;
    }
    return found;
  }

  take(other: Vector, place: number): void {
    const theirs = other[place];
    const ours = this.vector[place];
    if (theirs === undefined || ours === undefined) return;
    if (!this.#own.has(place)) {
      this.#own.add(place);
      this.vector = this.vector.with(place, ours.copy());
    }
    this.vector[place]?.take(theirs);
  }
}

function keyWithout(vector: Vector, place: number): string {
  let key = `${place}`;
  for (const [at, set] of vector.entries()) if (at !== place) key += `;${set.key}`;
  return key;
}

const LOW = 0x811c_9dc5;
const HIGH = 0x2545_f491;

/** FNV-1a with an end that spreads it, 32 bits. */
function hashOf(text: string, seed: number): number {
  let hash = seed;
  for (let at = 0; at < text.length; at += 1)
    hash = Math.imul(hash ^ text.charCodeAt(at), 0x0100_0193) ^ (hash >>> 15);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85eb_ca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2_ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
