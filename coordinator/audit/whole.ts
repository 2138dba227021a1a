// Whole outputs against a golden text, against their own past, and against those of the other devices. Lines that
// change by themselves are left out on both sides.
import { createHash } from 'node:crypto';
import { startOfDay } from './date.js';
import { fill } from './fieldtext.js';
import { error, type Outcome, patternFor, type Sight, type Sphere, shown } from './outcome.js';
import type { Check } from './policy.js';
import { numberOf, type Region, regionOf, withoutLines } from './region.js';

export function checkGolden(
  check: Extract<Check, { kind: 'golden' }>,
  region: Region,
  sphere: Sphere,
): Outcome {
  const quiet = quietLines(region, check.ignore, sphere);
  const golden = quietLines(regionOf(fill(check.text, sphere.fields)), check.ignore, sphere);
  const sight = difference(quiet, golden, sphere.mask);
  if (sight !== null) return { status: 'fail', sights: [sight] };
  const expected = 'the golden text';
  return { status: 'pass', sights: [{ line: null, expected, found: expected, message: null }] };
}

export function checkUnchanged(
  { date }: Extract<Check, { kind: 'unchanged_since' }>,
  { changedAtMs }: Sphere,
): Outcome {
  const expected = `no change since ${date}`;
  if (changedAtMs === null) return error('nothing is kept of what this output was before', expected);
  const found = `last changed at ${new Date(changedAtMs).toISOString()}`;
  const status = changedAtMs >= (startOfDay(date) ?? 0) ? 'fail' : 'pass';
  return { status, sights: [{ line: null, expected, found, message: null }] };
}

/** Judged only when all devices have been seen. */
export function sightWhole(
  { ignore }: Extract<Check, { kind: 'same_as' }>,
  region: Region,
  sphere: Sphere,
): Outcome {
  const { lines } = quietLines(region, ignore, sphere);
  const sighting = createHash('sha256').update(lines.join('\n')).digest('base64url');
  return { status: 'pass', sights: [], sighting };
}

/** An output as `same_as` compares it. */
export function quietLines(
  region: Region,
  ignore: readonly string[],
  { volatile, fields }: Pick<Sphere, 'volatile' | 'fields'>,
): Region {
  return withoutLines(region, [...volatile, ...ignore.map((text) => patternFor(text, fields))]);
}

/** The first line in which an output differs; null: none does. */
export function difference(found: Region, wanted: Region, mask: (line: string) => string): Sight | null {
  const length = Math.max(found.lines.length, wanted.lines.length);
  for (let place = 0; place < length; place++) {
    const [line, other] = [found.lines[place], wanted.lines[place]];
    if (line === other) continue;
    return {
      line: line === undefined ? null : numberOf(found, place),
      expected: other === undefined ? 'the end of the text' : shown(mask(other)),
      found: line === undefined ? 'the end of the output' : shown(mask(line)),
      message: inNumbers(found.lines, wanted.lines),
    };
  }
  return null;
}

function inNumbers(found: readonly string[], wanted: readonly string[]): string {
  const [here, there] = [new Set(found), new Set(wanted)];
  const extra = found.filter((line) => !there.has(line)).length;
  const missing = wanted.filter((line) => !here.has(line)).length;
  if (extra === 0 && missing === 0) return 'the same lines in another order or number';
  return `${extra} lines not expected, ${missing} missing`;
}
