// Variables that hold a secret though nothing says so: those that the templates of passwords are made of. They are no
// data, so that no list of devices shows them and no filter asks for them.
import type { Field } from '../located.js';
import type { Variables } from './data.js';
import { type Expression, TemplateError } from './expression.js';
import { isTemplate, partsOf } from './template.js';

/** What is called so is a secret, whoever uses it. */
const CALLED_SO =
  /pass(?:word|wd|phrase)?(?:$|_)|secret|token|communit|credential|(?:^|_)psk(?:$|_)|private_key/i;

/** `from`: variables that are secrets; with them all that their templates name, and what that names. */
export function secretNames(maps: readonly Variables[], from: ReadonlySet<string>): ReadonlySet<string> {
  const names = new Set(from);
  for (const name of names)
    for (const map of maps) for (const other of namesIn(map.get(name))) names.add(other);
  return names;
}

export function isCalledSecret(name: string): boolean {
  return CALLED_SO.test(name);
}

function namesIn(field: Field | undefined): string[] {
  if (field?.value.kind !== 'text' || !isTemplate(field.value.text)) return [];
  try {
    return partsOf(field.value.text).flatMap((part) =>
      'expression' in part ? valuesOf(part.expression) : [],
    );
  } catch (error) {
    if (error instanceof TemplateError) return []; // told where it is used
    throw error;
  }
}

/** Names whose values become part of the text: no conditions, no keys of maps. */
function valuesOf(expression: Expression): string[] {
  switch (expression.kind) {
    case 'name':
      return [expression.name];
    case 'constant':
    case 'defined':
    case 'not':
    case 'call':
      return [];
    case 'list':
      return expression.items.flatMap(valuesOf);
    case 'member':
      return valuesOf(expression.of);
    case 'filter':
      return [expression.of, ...expression.args].flatMap(valuesOf);
    case 'binary':
      return [expression.left, expression.right].flatMap(valuesOf);
    case 'choice':
      return [expression.then, ...(expression.otherwise === null ? [] : [expression.otherwise])].flatMap(
        valuesOf,
      );
  }
  expression satisfies never;
}
