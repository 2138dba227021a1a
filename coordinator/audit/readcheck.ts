// The one check of a rule, found by its key, with the keys that go with it.
import type { Located, LocatedMap } from '../inventory/located.js';
import { describe, didYouMean, nearest, quote } from '../inventory/wording.js';
import { readDate } from './date.js';
import { Keys, orList } from './keys.js';
import type { As, Check, CheckKind, Comparison, Pick, Wanted } from './policy.js';
import { HOWS, readComparisons } from './readexpected.js';
import { checkFields, type Groups, readPattern } from './readpattern.js';
import { rowsMistake } from './rowsexpression.js';
import type { PolicyWorld } from './world.js';

export const CHECKS: readonly CheckKind[] = [
  ...(['present', 'absent', 'count', 'capture', 'rows'] as const),
  ...(['golden', 'unchanged_since', 'same_as', 'any'] as const),
];
/** Keys that mean something only beside some checks. */
export const COMPANIONS: Record<string, readonly CheckKind[]> = {
  ...Object.fromEntries(HOWS.map((how) => [how, ['count', 'capture', 'rows'] as const])),
  pick: ['capture', 'rows'],
  as: ['capture', 'rows'],
  ignore: ['golden', 'same_as'],
  blocks: ['present', 'absent', 'count', 'capture'],
  none: ['present', 'absent', 'count', 'capture', 'rows'],
};
const COUNTED = ['equals', 'at_least', 'at_most'];

export interface CheckUse {
  platforms: readonly string[];
  inBlock: boolean;
  world: PolicyWorld;
  /** Reads several looks, of which one has to hold. */
  any(value: Located): Check | null;
}

/** Null: there is none, or it was refused. */
export function readCheck(rule: Keys, use: CheckUse): Check | null {
  const { world } = use;
  const given = CHECKS.filter((kind) => rule.has(kind));
  const [kind] = given;
  if (kind === undefined) {
    world.issues.report(rule.map.at, `${rule.what} has no check (expected one of ${orList(CHECKS)})`);
    return null;
  }
  if (given.length > 1) {
    world.issues.report(
      rule.at(given[1] ?? kind),
      `${rule.what} has ${given.length} checks (found ${given.join(', ')}, expected exactly one: make a rule of each)`,
    );
    return null;
  }
  checkCompanions(rule, kind, world);
  const value = rule.value(kind);
  return value === null ? null : READERS[kind](rule, value, use);
}

function checkCompanions(rule: Keys, kind: CheckKind, { issues }: PolicyWorld): void {
  for (const [name, checks] of Object.entries(COMPANIONS))
    if (rule.has(name) && !checks.includes(kind))
      issues.report(rule.at(name), `${name} goes with ${orList(checks)} (found it beside ${kind})`);
  if (kind !== 'count') return;
  for (const how of HOWS)
    if (rule.has(how) && !COUNTED.includes(how))
      issues.report(rule.at(how), `count is compared by ${orList(COUNTED)} (found ${how})`);
}

type ReadCheck = (rule: Keys, value: Located, use: CheckUse) => Check | null;

const READERS: Record<CheckKind, ReadCheck> = {
  present(_, value, use) {
    const wanted = readWanted('present', value, use);
    return wanted === null ? null : { kind: 'present', wanted };
  },
  absent(_, value, use) {
    const wanted = readWanted('absent', value, use);
    return wanted === null ? null : { kind: 'absent', wanted };
  },
  count(rule, value, use) {
    const pattern = patternOf('count', value, rule, use, [0, 1]);
    const compare = compared(rule, 'count', use, 'auto');
    for (const { how, expected } of compare)
      if (expected.from === 'values' && !(expected.number && expected.values.length === 1))
        use.world.issues.report(
          rule.value(how)?.at ?? null,
          `${how} is no number of lines (expected one such as 2)`,
        );
    return pattern === null ? null : { kind: 'count', pattern, compare };
  },
  capture(rule, value, use) {
    const pattern = patternOf('capture', value, rule, use, [1]);
    const { pick, as } = readPick(rule);
    const compare = compared(rule, 'capture', use, as);
    return pattern === null ? null : { kind: 'capture', pattern, pick, as, compare };
  },
  rows(rule, value, use) {
    const expression = rule.text('rows', value);
    const { pick, as } = readPick(rule);
    const compare = readComparisons(rule, as, use.platforms, use.world);
    if (expression === null) return null;
    const wrong = rowsMistake(expression);
    if (wrong !== null) {
      use.world.issues.report(value.at, `rows is not JMESPath (found ${quote(expression)}: ${wrong})`);
      return null;
    }
    return { kind: 'rows', expression, pick, as, compare };
  },
  golden(rule, value, use) {
    const text = rule.text('golden', value);
    if (text === null || !checkFields('golden', text, value.at, use.world)) return null;
    return { kind: 'golden', text, ignore: readIgnore(rule, use) };
  },
  unchanged_since(rule, value, use) {
    const date = readDate(rule, 'unchanged_since', value, use.world);
    return date === null ? null : { kind: 'unchanged_since', date };
  },
  same_as(rule, value, use) {
    if (value.kind === 'text' && value.text === 'majority')
      return { kind: 'same_as', ignore: readIgnore(rule, use) };
    const meant = value.kind === 'text' ? nearest(value.text, ['majority']) : null;
    use.world.issues.report(
      value.at,
      `same_as is not known (found ${describe(value)}, expected majority${didYouMean(meant)})`,
    );
    return null;
  },
  any: (_, value, use) => use.any(value),
};

function patternOf(name: string, value: Located, rule: Keys, use: CheckUse, groups: Groups): string | null {
  const text = rule.text(name, value);
  if (text === null) return null;
  const wanted = { name, inBlock: use.inBlock, groups };
  return readPattern(text, value.at, wanted, use.world);
}

function readPick(rule: Keys): { pick: Pick; as: As } {
  const pick = rule.choice('pick', ['all', 'first', 'last'], 'all');
  return { pick, as: rule.choice('as', ['auto', 'number', 'version'], 'auto') };
}

function compared(rule: Keys, kind: 'count' | 'capture', use: CheckUse, as: As): Comparison[] {
  if (!HOWS.some((how) => rule.has(how)))
    use.world.issues.report(
      rule.at(kind),
      `${kind} is compared with nothing (expected ${orList(kind === 'count' ? COUNTED : HOWS)} beside it)`,
    );
  return readComparisons(rule, as, use.platforms, use.world);
}

function readIgnore(rule: Keys, { world }: CheckUse): string[] {
  const value = rule.value('ignore');
  if (value === null) return [];
  return rule
    .texts('ignore', value)
    .map(({ text, at }) => readPattern(text, at, { name: 'ignore' }, world))
    .filter((pattern) => pattern !== null);
}

/** A pattern, a list of them, or a map that says it exactly. */
function readWanted(name: 'present' | 'absent', value: Located, use: CheckUse): Wanted | null {
  const { world } = use;
  if (value.kind === 'map') return readExactly(name, value, use);
  const keys = new Keys({ at: value.at, kind: 'map', fields: new Map() }, name, [], world.issues);
  const patterns = readPatterns(name, value, keys, use);
  return patterns === null ? null : { kind: 'patterns', patterns, every: true, ordered: false };
}

function readPatterns(name: string, value: Located, keys: Keys, use: CheckUse): string[] | null {
  const texts = keys.texts(name, value);
  const read = texts.map(({ text, at }) => readPattern(text, at, { name, inBlock: use.inBlock }, use.world));
  const patterns = read.filter((pattern) => pattern !== null);
  return patterns.length === 0 || patterns.length < read.length ? null : patterns;
}

const FORMS = ['all', 'any', 'lines', 'any_lines', 'block'];

function readExactly(name: 'present' | 'absent', value: LocatedMap, use: CheckUse): Wanted | null {
  const { world } = use;
  const forms = name === 'present' ? FORMS : ['lines', 'block'];
  const keys = new Keys(value, name, [...forms, 'ordered', 'exact'], world.issues);
  const given = forms.filter((form) => keys.has(form));
  const [form] = given;
  if (form === undefined || given.length > 1) {
    const found = form === undefined ? describe(value) : given.join(' and ');
    world.issues.report(value.at, `${name} is not clear (found ${found}, expected one of ${orList(forms)})`);
    return null;
  }
  const ordered = keys.truth('ordered');
  const exact = keys.truth('exact');
  if (exact && form !== 'block')
    world.issues.report(keys.at('exact'), `exact goes with block (found it beside ${form})`);
  if (ordered && form.startsWith('any'))
    world.issues.report(
      keys.at('ordered'),
      `ordered goes with ${orList(forms.filter((one) => !one.startsWith('any')))} (found it beside ${form})`,
    );
  const inner = keys.value(form);
  if (inner === null) return null;
  if (form === 'block') return readBlock(name, keys, inner, { ordered, exact, world });
  if (form === 'all' || form === 'any') {
    const patterns = readPatterns(name, inner, keys, use);
    return patterns === null ? null : { kind: 'patterns', patterns, every: form === 'all', ordered };
  }
  const lines = keys
    .texts(form, inner)
    .flatMap(({ text, at }) => (checkFields(form, text, at, world) ? text.split('\n') : []))
    .map((line) => line.trim())
    .filter((line) => line !== '');
  return lines.length === 0 ? null : { kind: 'lines', lines, every: form === 'lines', ordered };
}

function readBlock(
  name: string,
  keys: Keys,
  value: Located,
  { ordered, exact, world }: { ordered: boolean; exact: boolean; world: PolicyWorld },
): Wanted | null {
  const text = keys.text('block', value);
  if (text === null || !checkFields('block', text, value.at, world)) return null;
  const [head = '', second] = text.split('\n').filter((line) => line.trim() !== '');
  if (second !== undefined && indentOf(second) > indentOf(head))
    return { kind: 'block', text, ordered, exact };
  world.issues.report(
    value.at,
    `${name}: block has no lines below its first (found ${quote(head.trim())}, expected a head, and below it lines with more indentation)`,
  );
  return null;
}

function indentOf(line: string): number {
  return line.length - line.trimStart().length;
}
