// Values that were found against what a rule expects: as sets, as numbers, as versions of the platform.
import { capture, type Found } from './capture.js';
import { fieldValues, fill, hasField } from './fieldtext.js';
import { error, type Outcome, patternFor, type Sphere, shown } from './outcome.js';
import type { As, Comparison, Expected, How } from './policy.js';
import type { Region } from './region.js';
import type { Version } from './versions/parts.js';
import { compareVersions, familyOf } from './versions/version.js';

interface Wanted {
  values: string[];
  /** Unquoted in the policy. */
  number: boolean;
  /** For evidence. */
  words: string;
}

const WORDS: Record<How, string> = {
  equals: '',
  includes: 'at least the values ',
  among: 'none but ',
  at_least: 'at least ',
  at_most: 'at most ',
};
/** Values that evidence names. */
const MOST_VALUES = 12;
/** Fields whose values are secret by their name. */
const SECRET = /pass|secret|communit|key|token/i;

/** The first comparison that is not met decides; an error before a failure. Throws FieldMissing. */
export function compareFound(
  found: Found[],
  { compare, as }: { compare: readonly Comparison[]; as: As },
  region: Region,
  sphere: Sphere,
): Outcome {
  const outcomes = compare.map(({ how, expected }) => {
    const wanted = wantedOf(expected, region, sphere);
    return 'outcome' in wanted ? wanted.outcome : compareBy(how, found, wanted, as, sphere);
  });
  return (
    outcomes.find(({ status }) => status === 'error') ??
    outcomes.find(({ status }) => status === 'fail') ??
    outcomes.find(({ status }) => status === 'not-applicable') ??
    outcomes[0] ??
    error('there is nothing to compare with')
  );
}

/** Values as evidence may show them. */
export function showFound(found: readonly Found[], { mask }: Sphere): string {
  if (found.length === 0) return 'nothing';
  const values = found.map(({ value, within }) => (mask(within) === within ? value : mask(within).trim()));
  const more = values.length - MOST_VALUES;
  return shown(`${values.slice(0, MOST_VALUES).join(', ')}${more > 0 ? ` and ${more} more` : ''}`);
}

function wantedOf(expected: Expected, region: Region, sphere: Sphere): Wanted | { outcome: Outcome } {
  const { fields, platform } = sphere;
  switch (expected.from) {
    case 'values': {
      const values = expected.values.map((value) => fill(value, fields));
      return { values, number: expected.number, words: expected.values.join(', ') };
    }
    case 'platform': {
      const values = expected.of[platform]?.map((value) => fill(value, fields));
      if (values === undefined) return { outcome: error(`the rule expects nothing for ${platform}`) };
      return { values, number: false, words: values.join(', ') };
    }
    case 'capture': {
      const found = capture(region, patternFor(expected.pattern, fields, 'g'), 'all');
      const values = [...new Set(found.map(({ value }) => value))];
      return {
        values,
        number: false,
        words: `${showFound(found, sphere)} (what ${expected.pattern} captures)`,
      };
    }
    case 'field': {
      if (expected.missing === 'not-applicable' && !hasField(expected.field, fields)) {
        const found = `no field ${expected.field}`;
        const sights = [{ line: null, expected: `the field ${expected.field}`, found, message: null }];
        return { outcome: { status: 'not-applicable', sights } };
      }
      const values = fieldValues(expected.field, fields);
      const words = SECRET.test(expected.field) ? 'what it holds' : values.join(', ');
      return { values, number: false, words: `${words} (field ${expected.field})` };
    }
  }
  expected satisfies never;
}

function compareBy(how: How, found: Found[], wanted: Wanted, as: As, sphere: Sphere): Outcome {
  const expected = shown(`${WORDS[how]}${wanted.words === '' ? 'nothing' : wanted.words}`);
  if (how === 'at_least' || how === 'at_most')
    return compareOrdered(how, found, wanted, { as, sphere, expected });
  if (how === 'among' && found.length === 0) return error('nothing was found to compare', expected);
  const values = new Set(found.map(({ value }) => value));
  const missing = how === 'among' ? [] : wanted.values.filter((value) => !values.has(value));
  const others = how === 'includes' ? [] : found.filter(({ value }) => !wanted.values.includes(value));
  const status = missing.length === 0 && others.length === 0 ? 'pass' : 'fail';
  const masked = found.some(({ within }) => sphere.mask(within) !== within);
  const lacks =
    missing.length === 0 ? [] : [masked ? `${missing.length} missing` : `missing: ${missing.join(', ')}`];
  const extra = others.length === 0 || how === 'among' ? [] : [`not expected: ${showFound(others, sphere)}`];
  const message =
    status === 'pass' || found.length === 0 ? null : shown([...lacks, ...extra].join('; ')) || null;
  const line = (others[0] ?? found[0])?.line ?? null;
  return { status, sights: [{ line, expected, found: showFound(found, sphere), message }] };
}

interface Ordering {
  as: As;
  sphere: Sphere;
  expected: string;
}

function compareOrdered(
  how: 'at_least' | 'at_most',
  found: Found[],
  wanted: Wanted,
  ordering: Ordering,
): Outcome {
  const { as, sphere, expected } = ordering;
  if (found.length === 0) return error('nothing was found to compare', expected);
  const isNumber = as === 'number' || (as === 'auto' && wanted.number);
  const sign = how === 'at_least' ? 1 : -1;
  let worst: Outcome = { status: 'pass', sights: [] };
  for (const one of found) {
    const order = isNumber
      ? orderOfNumbers(one.value, wanted)
      : orderOfVersions(one.value, wanted, how, sphere.platform);
    const message = typeof order === 'string' ? order : null;
    const status = typeof order === 'string' ? 'error' : order * sign >= 0 ? 'pass' : 'fail';
    const sights = [{ line: one.line, expected, found: showFound([one], sphere), message }];
    if (status === 'error') return { status, sights };
    if (status === 'fail' || worst.sights.length === 0)
      worst = worst.status === 'fail' ? worst : { status, sights };
  }
  return worst;
}

/** Below 0: less than wanted. A text: why there is no order. */
function orderOfNumbers(value: string, wanted: Wanted): number | string {
  const [number, bound] = [Number(value.trim() || 'x'), Number(wanted.values[0]?.trim() || 'x')];
  if (Number.isNaN(number)) return 'what was found is no number';
  return Number.isNaN(bound) ? 'what is expected is no number' : number - bound;
}

function orderOfVersions(value: string, { values }: Wanted, how: How, platform: string): number | string {
  const { read, example } = familyOf(platform);
  const version = read(value.trim());
  if (version === null) return `what was found is no version of ${platform} (as ${example} is)`;
  const bounds: Version[] = [];
  for (const text of values) {
    const bound = read(text.trim());
    if (bound === null) return `${text} is no version of ${platform} (as ${example} is)`;
    bounds.push(bound);
  }
  const own = bounds.find(({ train }) => train === version.train);
  if (own !== undefined) return compareVersions(version, own) ?? 'versions of different trains have no order';
  const orders = bounds.flatMap((bound) => compareVersions(version, bound) ?? []);
  if (orders.length === 0) return 'versions of different trains have no order';
  // With a bound for each of several trains, a train between them has none.
  const isBeyond = orders.every((order) => order > 0) || orders.every((order) => order < 0);
  return isBeyond ? (orders[0] ?? 0) : `there is no ${how} for train ${version.train}`;
}
