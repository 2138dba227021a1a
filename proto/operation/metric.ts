// What a program counts, and how it is shown: the text format of Prometheus. A count is a number in memory that its
// station adds to; everything else is done when somebody looks.

/** One metric. A family without labels has one value. */
export interface Family {
  type: 'counter' | 'gauge' | 'histogram';
  labels: readonly string[];
  help: string;
}

export type Families = Readonly<Record<string, Family>>;

/** One value, or one for each combination of label values, these joined by LABELS. */
export type Reading = number | Histogram | Iterable<readonly [string, number | Histogram]>;
export type Readings<F extends Families> = { readonly [name in keyof F]: Reading };

/** Between the values of labels in a key. */
export const LABELS = '\n';

/** A count for each of some words, or for each combination of them. */
export class Counts {
  readonly #values: Map<string, number>;

  /** `keys`: those that stand at 0 before anything was counted. */
  constructor(keys: readonly string[] = []) {
    this.#values = new Map(keys.map((key) => [key, 0]));
  }

  add(key: string, by = 1): void {
    this.#values.set(key, (this.#values.get(key) ?? 0) + by);
  }

  get(key: string): number {
    return this.#values.get(key) ?? 0;
  }

  [Symbol.iterator](): IterableIterator<[string, number]> {
    return this.#values.entries();
  }
}

export class Histogram {
  /** One more than there are bounds: what is above all of them. */
  readonly #buckets: Float64Array;
  #sum = 0;

  /** `bounds`: upper ones, rising. */
  constructor(private readonly bounds: readonly number[]) {
    this.#buckets = new Float64Array(bounds.length + 1);
  }

  observe(value: number): void {
    let at = 0;
    while (at < this.bounds.length && value > (this.bounds[at] ?? 0)) at += 1;
    this.#buckets[at] = (this.#buckets[at] ?? 0) + 1;
    this.#sum += value;
  }

  /** Its lines. `labels`: as they stand in braces, without these. */
  lines(name: string, labels: string): string[] {
    const before = labels === '' ? '' : `${labels},`;
    const after = labels === '' ? '' : `{${labels}}`;
    let count = 0;
    const buckets = Array.from(this.#buckets, (held, at) => {
      count += held;
      return `${name}_bucket{${before}le="${this.bounds[at] ?? '+Inf'}"} ${count}`;
    });
    return [...buckets, `${name}_sum${after} ${this.#sum}`, `${name}_count${after} ${count}`];
  }
}

/** From a hundred microseconds to ten seconds, in seconds. */
export const SECONDS = [
  0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
];

/** As `/metrics` answers, version 0.0.4 of the format. */
export function exposition<F extends Families>(families: F, readings: Readings<F>): string {
  const lines: string[] = [];
  for (const [name, { type, labels, help }] of Object.entries(families)) {
    lines.push(
      `# HELP ${name} ${help.replace(/\\/g, '\\\\').replace(/\n/g, '\\n')}`,
      `# TYPE ${name} ${type}`,
    );
    const reading = readings[name] ?? [];
    const pairs =
      typeof reading === 'number' || reading instanceof Histogram ? [['', reading] as const] : reading;
    for (const [key, value] of pairs) {
      const braced = labels.length === 0 ? '' : inBraces(labels, key.split(LABELS));
      if (value instanceof Histogram) lines.push(...value.lines(name, braced));
      else lines.push(`${name}${braced === '' ? '' : `{${braced}}`} ${value}`);
    }
  }
  return `${lines.join('\n')}\n`;
}

function inBraces(labels: readonly string[], values: readonly string[]): string {
  return labels.map((label, at) => `${label}="${escaped(values[at] ?? '')}"`).join(',');
}

function escaped(value: string): string {
  return value.replace(/\\/g, '\\\\').replace(/"/g, '\\"').replace(/\n/g, '\\n');
}
