// What a pattern captures in an output, and how many lines it matches.
import { capture, type Found } from './capture.js';
import { compareFound } from './compare.js';
import { type Outcome, patternFor, type Sphere } from './outcome.js';
import { groupsIn } from './pattern.js';
import type { Check, Look } from './policy.js';
import { numberOf, type Region } from './region.js';

type Checked<Kind extends Check['kind']> = Extract<Check, { kind: Kind }>;

/** `none`: what it means that nothing is captured; null: that there are no values, which may be compared. */
export function checkCapture(
  check: Checked<'capture'>,
  none: Look['none'],
  region: Region,
  sphere: Sphere,
): Outcome {
  const found = capture(region, patternFor(check.pattern, sphere.fields, 'g'), check.pick);
  const outcome = compareFound(found, check, region, sphere);
  if (found.length > 0) return outcome;
  const message = `nothing matches ${check.pattern}`;
  const sights = outcome.sights.map((sight) => ({ ...sight, found: 'nothing', message }));
  return { ...outcome, status: none ?? outcome.status, sights };
}

/** Lines, or the different values of the pattern's group. */
export function checkCount({ pattern, compare }: Checked<'count'>, region: Region, sphere: Sphere): Outcome {
  const [count, line] = counted(region, patternFor(pattern, sphere.fields, 'g'));
  const found: Found = { value: String(count), line, within: '' };
  const outcome = compareFound([found], { compare, as: 'number' }, region, sphere);
  const message = `lines that match ${pattern}`;
  return {
    ...outcome,
    sights: outcome.sights.map((sight) => ({ ...sight, message: sight.message ?? message })),
  };
}

function counted(region: Region, pattern: RegExp): [count: number, line: number | null] {
  if (groupsIn(pattern) > 0) {
    const found = capture(region, pattern, 'all');
    return [new Set(found.map(({ value }) => value)).size, found[0]?.line ?? null];
  }
  const places = Array.from(region.lines.keys()).filter((place) => {
    pattern.lastIndex = 0;
    return pattern.test(region.lines[place] ?? '');
  });
  return [places.length, places[0] === undefined ? null : numberOf(region, places[0])];
}
