// A strict reader of the text format that `/metrics` answers in (Prometheus, version 0.0.4): whatever a scraper might
// refuse, or a linter complain of, throws.

export interface Sample {
  name: string;
  labels: Record<string, string>;
  value: number;
}

export interface MetricFamily {
  name: string;
  type: string;
  help: string;
  samples: Sample[];
}

const NAME = /^[a-zA-Z_][a-zA-Z0-9_]*$/;
const TYPES = ['counter', 'gauge', 'histogram'];
const OTHER_UNITS = /_(ms|milliseconds|minutes|kb|mb|kilobytes|percent)(_|$)/;

export class Exposition {
  readonly families = new Map<string, MetricFamily>();

  constructor(text: string) {
    if (!text.endsWith('\n')) throw new Error('the last line has no end');
    let family: MetricFamily | null = null;
    for (const line of text.slice(0, -1).split('\n')) {
      const [, kind, name = '', rest = ''] = /^# (HELP|TYPE) (\S+) (.+)$/.exec(line) ?? [];
      if (kind === 'HELP') {
        if (this.families.has(name) || !NAME.test(name)) throw new Error(`a second or bad name: ${name}`);
        family = { name, help: rest, type: '', samples: [] };
        this.families.set(name, family);
      } else if (kind === 'TYPE') {
        if (family?.name !== name || family.type !== '' || !TYPES.includes(rest)) throw new Error(line);
        family.type = rest;
      } else if (family === null || family.type === '') throw new Error(`a sample of nothing: ${line}`);
      else family.samples.push(sampleOf(line, family));
    }
    for (const one of this.families.values()) check(one);
  }

  family(name: string): MetricFamily {
    const family = this.families.get(name);
    if (family === undefined) throw new Error(`there is no ${name}`);
    return family;
  }

  /** Every value by those of its labels. */
  all(name: string): Record<string, number> {
    const pairs = this.family(name).samples.map(({ labels, value }) => [
      Object.values(labels).join(' '),
      value,
    ]);
    return Object.fromEntries(pairs);
  }

  /** The sum of the samples with these labels. */
  value(name: string, labels: Record<string, string> = {}): number {
    const family = this.families.get(name) ?? this.family(name.replace(/_(bucket|sum|count)$/, ''));
    return family.samples
      .filter((sample) => sample.name === name)
      .filter((sample) => Object.entries(labels).every(([label, value]) => sample.labels[label] === value))
      .reduce((sum, { value }) => sum + value, 0);
  }
}

function sampleOf(line: string, { name: family, type }: MetricFamily): Sample {
  const [, name = '', braces = '', number = ''] =
    /^([a-zA-Z_][a-zA-Z0-9_]*)(\{.*\})? (\S+)$/.exec(line) ?? [];
  const names = type === 'histogram' ? ['_bucket', '_sum', '_count'].map((end) => family + end) : [family];
  if (!names.includes(name)) throw new Error(`not a sample of ${family}: ${line}`);
  if (!/^([+-]?Inf|NaN|-?\d+(\.\d+)?(e[+-]?\d+)?)$/.test(number)) throw new Error(`not a number: ${line}`);
  const labels: Record<string, string> = {};
  let left = braces.slice(1, -1);
  while (left !== '') {
    const found = /^([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\["\\n])*)"(,|$)/.exec(left);
    if (found === null) throw new Error(`bad labels: ${line}`);
    const [whole, label = '', value = ''] = found;
    if (label in labels) throw new Error(`a label twice: ${line}`);
    labels[label] = value.replace(/\\(.)/g, (_all, one: string) => (one === 'n' ? '\n' : one));
    left = left.slice(whole.length);
  }
  return { name, labels, value: number.endsWith('Inf') ? Number(`${number}inity`) : Number(number) };
}

/** What `promtool check metrics` would complain of, and what no scraper would take. */
function check({ name, type, help, samples }: MetricFamily): void {
  const wrong = (what: string) => {
    throw new Error(`${name}: ${what}`);
  };
  if (help.trim() === '') wrong('no help');
  if ((type === 'counter') !== name.endsWith('_total')) wrong(`a ${type} of that name`);
  if (OTHER_UNITS.test(name)) wrong('no base unit');
  const seen = new Set(
    samples.map((sample) => JSON.stringify([sample.name, Object.entries(sample.labels).sort()])),
  );
  if (seen.size !== samples.length) wrong('a sample twice');
  const shapes = new Set(samples.map(({ labels: { le, ...labels } }) => Object.keys(labels).sort().join()));
  if (shapes.size > 1) wrong('samples with different labels');
  for (const { value } of samples) if (type !== 'gauge' && !(value >= 0)) wrong('a count below zero');
  if (type === 'histogram') checkBuckets(samples, wrong);
}

function checkBuckets(samples: Sample[], wrong: (what: string) => void): void {
  const groups = new Map<string, Sample[]>();
  for (const sample of samples) {
    const { le, ...labels } = sample.labels;
    const key = JSON.stringify(labels);
    groups.set(key, [...(groups.get(key) ?? []), sample]);
  }
  for (const group of groups.values()) {
    const buckets = group.filter(({ name }) => name.endsWith('_bucket'));
    const bounds = buckets.map(({ labels: { le = '' } }) =>
      le === '+Inf' ? Number.POSITIVE_INFINITY : Number(le),
    );
    if (bounds.some((bound, at) => !(bound > (bounds[at - 1] ?? Number.NEGATIVE_INFINITY))))
      wrong('bounds that fall');
    if (bounds.at(-1) !== Number.POSITIVE_INFINITY) wrong('no +Inf');
    if (buckets.some(({ value }, at) => value < (buckets[at - 1]?.value ?? 0))) wrong('buckets that fall');
    if (group.find(({ name }) => name.endsWith('_count'))?.value !== buckets.at(-1)?.value)
      wrong('a wrong count');
    if (group.filter(({ name }) => name.endsWith('_sum')).length !== 1) wrong('no sum');
  }
}
