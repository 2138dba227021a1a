// Fills in the templates of variables that netsweep uses, `"{{ vault_password }}"`, from the other variables of the
// same host. Everything is worked out when it is asked for, since most templates of an inventory are for playbooks.
import type { Located } from '../located.js';
import { didYouMean, nearest, quote } from '../wording.js';
import { type Expression, type Part, parseTemplate, TemplateError } from './expression.js';
import { filtered } from './filters.js';
import { isScope, isTrue, Missing, printed, type Scope, type Value } from './templatevalue.js';
import { isVault } from './vault.js';

const MOST_DEPTH = 32;

export function isTemplate(text: string): boolean {
  return /\{[{%#]/.test(text);
}

/** The value with its templates and vaults resolved. Throws a TemplateError that says what cannot be. */
export function resolveValue(value: Located, scope: Scope): Located {
  if (value.kind !== 'text') return value;
  const text = sealedText(value, scope);
  if (text !== null) return { at: value.at, kind: 'text', text };
  return isTemplate(value.text) ? fill(value, value.text, scope, 0) : value;
}

/** What a template that is nothing but a variable leads to; else the value itself. */
export function lastNamed(value: Located, scope: Scope): Located {
  let current = value;
  for (
    let depth = 0;
    depth <= MOST_DEPTH && current.kind === 'text' && isTemplate(current.text);
    depth += 1
  ) {
    const [only, ...others] = partsOf(current.text);
    if (only === undefined || others.length > 0 || !('expression' in only) || only.expression.kind !== 'name')
      break;
    const named = scope.variable(only.expression.name);
    if (named === undefined) break;
    current = named;
  }
  return current;
}

/** A template that is nothing but one variable is that variable, with the place where it is written. */
function fill(value: Located, text: string, scope: Scope, depth: number): Located {
  const parts = partsOf(text);
  const [only] = parts;
  if (parts.length === 1 && only !== undefined && 'expression' in only && only.expression.kind === 'name') {
    const named = scope.variable(only.expression.name);
    if (named !== undefined) {
      if (depth > MOST_DEPTH) throw new TemplateError('templates that name each other in a circle');
      if (named.kind !== 'text') return named;
      const sealed = sealedText(named, scope);
      if (sealed !== null) return { at: named.at, kind: 'text', text: sealed };
      return isTemplate(named.text) ? fill(named, named.text, scope, depth + 1) : named;
    }
  }
  return { at: value.at, kind: 'text', text: textOf(parts, scope, depth) };
}

const parsed = new Map<string, Part[]>();
const MOST_REMEMBERED = 1_000;

/** Parsed once. Throws a TemplateError. */
export function partsOf(text: string): Part[] {
  const known = parsed.get(text);
  if (known !== undefined) return known;
  const parts = parseTemplate(text);
  if (parsed.size < MOST_REMEMBERED) parsed.set(text, parts);
  return parts;
}

function textOf(parts: readonly Part[], scope: Scope, depth: number): string {
  if (depth > MOST_DEPTH) throw new TemplateError('templates that name each other in a circle');
  return parts
    .map((part) => ('text' in part ? part.text : printed(evaluate(part.expression, scope, depth))))
    .join('');
}

function evaluate(expression: Expression, scope: Scope, depth: number): Value {
  const inner = (one: Expression) => evaluate(one, scope, depth);
  switch (expression.kind) {
    case 'constant':
      return expression.value;
    case 'name':
      return named(expression.name, scope, depth);
    case 'list':
      return expression.items.map(inner);
    case 'member':
      return member(expression, scope, depth);
    case 'filter':
      return filtered(expression.name, inner(expression.of), expression.args.map(inner));
    case 'call':
      return called(expression.name, expression.args.map(inner), scope);
    case 'defined':
      return inner(expression.of) instanceof Missing === expression.not;
    case 'not':
      return !isTrue(inner(expression.of));
    case 'binary':
      return combined(expression, inner);
    case 'choice':
      if (isTrue(inner(expression.condition))) return inner(expression.then);
      return expression.otherwise === null
        ? new Missing('an if without an else')
        : inner(expression.otherwise);
  }
  expression satisfies never;
}

function named(name: string, scope: Scope, depth: number): Value {
  const located = scope.variable(name);
  if (located !== undefined) return plainValue(located, scope, depth + 1);
  if (name === 'omit') return new Missing('omit');
  if (name === 'hostvars') return new Missing('hostvars without a host');
  const special = scope.special(name);
  if (special !== undefined) return special;
  return new Missing(
    `the variable ${quote(name)}, which is not there${didYouMean(nearest(name, scope.names()))}`,
  );
}

function member({ of, key }: Extract<Expression, { kind: 'member' }>, scope: Scope, depth: number): Value {
  const index = evaluate(key, scope, depth);
  if (of.kind === 'name' && of.name === 'hostvars') {
    const host = scope.hostvars(printed(index));
    return host ?? new Missing(`hostvars of ${quote(printed(index))}, which is no host`);
  }
  const container = evaluate(of, scope, depth);
  if (container instanceof Missing) return container;
  if (isScope(container)) return named(printed(index), container, depth);
  const missing = new Missing(`${quote(printed(index))} of a variable that has none`);
  if (Array.isArray(container)) return container.at(Number(index)) ?? missing;
  if (container === null || typeof container !== 'object') return missing;
  return Object.hasOwn(container, printed(index)) ? (container[printed(index)] ?? null) : missing;
}

function combined(
  { operator, left, right }: Extract<Expression, { kind: 'binary' }>,
  inner: (one: Expression) => Value,
): Value {
  const first = inner(left);
  if (operator === 'and') return isTrue(first) ? inner(right) : first;
  if (operator === 'or') return isTrue(first) ? first : inner(right);
  const second = inner(right);
  if (operator === '~') return printed(first) + printed(second);
  if (operator === '==') return isEqual(first, second);
  if (operator === '!=') return !isEqual(first, second);
  if (operator === 'in')
    return Array.isArray(second)
      ? second.some((item) => isEqual(item, first))
      : printed(second).includes(printed(first));
  if (typeof first === 'number' && typeof second === 'number')
    return operator === '+' ? first + second : first - second;
  if (operator === '-') throw new TemplateError('- between what are no numbers');
  return printed(first) + printed(second);
}

function called(name: string, args: Value[], { env }: Scope): Value {
  const [kind, variable] = args.map((arg) => (arg instanceof Missing ? '' : printed(arg)));
  if (name !== 'lookup' && name !== 'query' && name !== 'q') throw new TemplateError(`the function ${name}`);
  if (!/^(?:ansible\.builtin\.)?env$/.test(kind ?? '')) throw new TemplateError(`the lookup ${kind}`);
  return env[variable ?? ''] ?? new Missing(`the environment's ${quote(variable ?? '')}, which is not set`);
}

function plainValue(located: Located, scope: Scope, depth: number): Value {
  if (depth > MOST_DEPTH) throw new TemplateError('templates that name each other in a circle');
  switch (located.kind) {
    case 'text': {
      const sealed = sealedText(located, scope);
      if (sealed !== null) return sealed;
      return isTemplate(located.text) ? textOf(partsOf(located.text), scope, depth) : located.text;
    }
    case 'number':
      return located.number;
    case 'boolean':
      return located.boolean;
    case 'null':
    case 'opaque':
      return null;
    case 'list':
      return located.items.map((item) => plainValue(item, scope, depth + 1));
    case 'map':
      return Object.fromEntries(
        Array.from(located.fields, ([key, { value }]) => [key, plainValue(value, scope, depth + 1)]),
      );
  }
  located satisfies never;
}

/** What a vault holds; null: the text is none. */
function sealedText({ text }: Extract<Located, { kind: 'text' }>, scope: Scope): string | null {
  if (!isVault(text)) return null;
  const opened = scope.open(text);
  if ('wrong' in opened) throw new SealedError(opened.wrong);
  return opened.text.toString('utf8');
}

/** A vault that stays closed; the message follows the name of the variable. */
export class SealedError extends Error {}

function isEqual(first: Value, second: Value): boolean {
  if (first instanceof Missing || second instanceof Missing) return false;
  return JSON.stringify(first) === JSON.stringify(second);
}
