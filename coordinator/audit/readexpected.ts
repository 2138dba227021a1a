// What a rule expects: values, a field of the device, what else the output holds, or values by platform. Versions have to be quoted, because YAML
// takes 17.10 for 17.1.
import type { Located, LocatedMap } from '../inventory/located.js';
import { describe, quote } from '../inventory/wording.js';
import { Keys } from './keys.js';
import type { As, Comparison, Expected, How } from './policy.js';
import { readByPlatform, reportUncovered } from './readdevices.js';
import { checkFields, fieldMistake, readPattern } from './readpattern.js';
import { familyOf } from './versions/version.js';
import type { PolicyWorld } from './world.js';

export const HOWS: readonly How[] = ['equals', 'includes', 'among', 'at_least', 'at_most'];

export interface ExpectedUse {
  how: How;
  as: As;
  /** Of the rule; empty: any. */
  platforms: readonly string[];
  world: PolicyWorld;
}

interface Written {
  value: string;
  number: boolean;
}

/** All comparisons of a rule, in the order of their names. */
export function readComparisons(
  rule: Keys,
  as: As,
  platforms: readonly string[],
  world: PolicyWorld,
): Comparison[] {
  const comparisons = HOWS.flatMap((how) => {
    const value = rule.value(how);
    const expected = value === null ? null : readExpected(value, { how, as, platforms, world });
    return expected === null ? [] : [{ how, expected }];
  });
  const [least, most] = ['at_least', 'at_most'].map((how) =>
    numberOf(comparisons.find((one) => one.how === how)?.expected),
  );
  if (least !== undefined && most !== undefined && least > most)
    world.issues.report(
      rule.at('at_most'),
      `nothing is at least ${least} and at most ${most} (expected at_most above at_least)`,
    );
  return comparisons;
}

function numberOf(expected: Expected | undefined): number | undefined {
  return expected?.from === 'values' && expected.number ? Number(expected.values[0]) : undefined;
}

function readExpected(value: Located, use: ExpectedUse): Expected | null {
  if (value.kind === 'map') {
    if (value.fields.has('capture')) return readCaptured(value, use);
    return value.fields.has('field') ? readField(value, use) : readOfPlatforms(value, use);
  }
  const written = readValues(value, use, use.platforms);
  if (written === null) return null;
  return {
    from: 'values',
    values: written.map((one) => one.value),
    number: written.length > 0 && written.every((one) => one.number),
  };
}

function readField(value: LocatedMap, { how, world }: ExpectedUse): Expected | null {
  const keys = new Keys(value, how, ['field', 'missing'], world.issues);
  const field = keys.label('field', 'the name of an inventory field');
  if (field === null) return null;
  const missing = keys.choice('missing', ['error', 'not-applicable'], 'error');
  const wrong = fieldMistake(field);
  if (wrong === null) return { from: 'field', field, missing };
  world.issues.report(keys.value('field')?.at ?? value.at, `${how}: ${wrong}`);
  return null;
}

function readCaptured(value: LocatedMap, { how, world }: ExpectedUse): Expected | null {
  const keys = new Keys(value, how, ['capture'], world.issues);
  const given = keys.value('capture');
  const text = given === null ? null : keys.text('capture', given);
  if (how === 'at_least' || how === 'at_most')
    world.issues.report(value.at, `${how} is one value (found capture, expected a number or a version)`);
  const pattern =
    text === null ? null : readPattern(text, given?.at ?? null, { name: how, groups: [1] }, world);
  return pattern === null ? null : { from: 'capture', pattern };
}

function readOfPlatforms(value: LocatedMap, use: ExpectedUse): Expected {
  const of = readByPlatform(use.how, value, use.world, (one, platform) => {
    return readValues(one, use, [platform])?.map((written) => written.value) ?? null;
  });
  reportUncovered(use.how, value, use);
  return { from: 'platform', of };
}

/** Null: something in it was refused. */
function readValues(value: Located, use: ExpectedUse, platforms: readonly string[]): Written[] | null {
  const { how, world } = use;
  const isBound = how === 'at_least' || how === 'at_most';
  if (value.kind === 'list' && value.items.length === 0 && how !== 'equals')
    world.issues.report(value.at, `${how} is an empty list (expected at least one value)`);
  const items = value.kind === 'list' ? value.items : [value];
  const read = items.map((item) => readValue(item, use));
  const written = read.filter((one) => one !== null);
  if (written.length < read.length) return null;
  if (isBound && use.as !== 'number' && !written.every((one) => one.number))
    for (const [place, { value: text }] of written.entries())
      checkVersion(text, items[place] ?? value, { how, platforms, world });
  if (
    isBound &&
    value.kind === 'list' &&
    items.length > 1 &&
    (use.as === 'number' || written.some(({ number }) => number))
  )
    world.issues.report(value.at, `${how} has several numbers (expected one)`);
  return written;
}

function readValue(item: Located, { how, as, world }: ExpectedUse): Written | null {
  const refuse = (message: string) => {
    world.issues.report(item.at, message);
    return null;
  };
  if (item.kind === 'number') {
    if (as === 'number' || /^-?\d+$/.test(item.text)) return { value: item.text, number: true };
    return refuse(
      `${how} has to be quoted (found ${item.text}, which YAML reads as the number ${item.number}, expected '${item.text}')`,
    );
  }
  if (item.kind !== 'text')
    return refuse(
      `${how} is no value to compare with (found ${describe(item)}, expected text in quotes, a list of texts, {field: NAME} or values by platform)`,
    );
  if (as === 'number' && !Number.isFinite(Number(item.text || 'x')))
    return refuse(
      `${how} is no number (found ${quote(item.text)}, expected one, as the rule has as: number)`,
    );
  return checkFields(how, item.text, item.at, world) ? { value: item.text, number: as === 'number' } : null;
}

function checkVersion(
  text: string,
  { at }: Located,
  { how, platforms, world }: { how: How; platforms: readonly string[]; world: PolicyWorld },
): void {
  if (text.includes('{{')) return;
  for (const platform of platforms) {
    const { read, example } = familyOf(platform);
    if (read(text) === null)
      world.issues.report(
        at,
        `${how} is no version of ${platform} (found ${quote(text)}, expected one such as '${example}', or a number without quotes)`,
      );
  }
}
