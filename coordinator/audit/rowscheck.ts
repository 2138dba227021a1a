// A rule's expression over the rows that a template makes of an output.
import { type Found, pickFrom } from './capture.js';
import { compareFound } from './compare.js';
import { error, type Outcome, type Sphere, shown } from './outcome.js';
import type { Check, Look } from './policy.js';
import type { Region } from './region.js';
import { askRows } from './rowsexpression.js';

export function checkRows(
  check: Extract<Check, { kind: 'rows' }>,
  none: Look['none'],
  region: Region,
  sphere: Sphere,
): Outcome {
  const parsed = sphere.rows();
  if ('wrong' in parsed) return error(parsed.wrong, check.expression);
  let answer: unknown;
  try {
    answer = askRows(check.expression, parsed.rows);
  } catch (reason) {
    return error(reason instanceof Error ? reason.message : String(reason), check.expression);
  }
  if (check.compare.length === 0) return isTrue(answer, check.expression);
  const values = valuesOf(answer);
  if (values === null)
    return error(
      `the expression gave ${shown(JSON.stringify(answer))}, expected texts or numbers`,
      check.expression,
    );
  const found = pickFrom(
    values.map((value) => foundIn(value, region)),
    check.pick,
  );
  const outcome = compareFound(found, check, region, sphere);
  return found.length > 0 || none === null ? outcome : { ...outcome, status: none };
}

function isTrue(answer: unknown, expression: string): Outcome {
  if (typeof answer !== 'boolean')
    return error(
      `the expression gave ${shown(JSON.stringify(answer) ?? 'nothing')}, expected true or false`,
      expression,
    );
  const sight = { line: null, expected: `${expression} is true`, found: String(answer), message: null };
  return { status: answer ? 'pass' : 'fail', sights: [sight] };
}

/** Null: there are others than texts, numbers and truths among them. */
function valuesOf(answer: unknown): string[] | null {
  if (answer === null || answer === undefined) return [];
  const values = Array.isArray(answer) ? answer : [answer];
  return values.every((value) => ['string', 'number', 'boolean'].includes(typeof value))
    ? values.map(String)
    : null;
}

/** The first line that holds the value: mostly where it came from. */
function foundIn(value: string, { lines }: Region): Found {
  const place = value === '' ? -1 : lines.findIndex((line) => line.includes(value));
  return { value, line: place < 0 ? null : place + 1, within: place < 0 ? value : (lines[place] ?? '') };
}
