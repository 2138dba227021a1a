// One pattern of a policy: it compiles, it is for a single line, and it says something.
import type { Place } from '../inventory/located.js';
import { quote } from '../inventory/wording.js';
import { fieldsIn, fill, isFieldName } from './fieldtext.js';
import { compile, foreign, groupsIn } from './pattern.js';
import type { PolicyWorld } from './world.js';

/** How many capture groups a pattern may have. */
export type Groups = readonly [1] | readonly [0, 1];

export interface PatternUse {
  /** The key it stands under. */
  name: string;
  groups?: Groups;
  /** Lines are seen without the indentation of their block. */
  inBlock?: boolean;
}

/** Fields that are secret, or lead to one. */
const SECRET_FIELDS = new Set([
  ...['password', 'secret', 'enable_password', 'private_key', 'passphrase', 'ansible_password'],
  ...['certificate', 'key_file', 'private_key_file', 'credential', 'username'],
]);

/** The text as it was written; null: it was refused. */
export function readPattern(text: string, at: Place, use: PatternUse, world: PolicyWorld): string | null {
  const { name } = use;
  const refuse = (message: string) => {
    world.issues.report(at, message);
    return null;
  };
  if (!checkFields(name, text, at, world)) return null;
  const compiled = compile(sample(text));
  if ('wrong' in compiled) {
    const expected = foreign(text);
    return refuse(
      `${name} is not a regular expression (found ${quote(text)}: ${compiled.wrong.toLowerCase()}${expected === null ? '' : `, expected ${expected}`})`,
    );
  }
  const { pattern } = compiled;
  if (/\n|\\n/.test(text.replace(/\\\\/g, '')))
    return refuse(`${name} is tried on one line (found a line end in ${quote(text)}, expected none)`);
  const groups = groupsIn(pattern);
  if (use.groups !== undefined && !use.groups.some((number) => number === groups))
    return refuse(
      `${name} has ${groups === 0 ? 'no group' : `${groups} groups`} (found ${quote(text)}, expected ${use.groups.length > 1 ? 'at most' : 'exactly'} one ( ) around what is captured${groups > 1 ? ', and (?: ) for the others' : ''})`,
    );
  const wrongly = foreign(text);
  if (wrongly !== null)
    return refuse(`${name} is not a pattern here (found ${quote(text)}, expected ${wrongly})`);
  if (pattern.test('') && pattern.test('any line'))
    world.warnings.report(at, `${name} matches every line (found ${quote(text)})`);
  if (use.inBlock && /^(\(\?i\))?\^(?: (?![*?])|\\s\+)/.test(text))
    world.warnings.report(
      at,
      `${name} begins with a space, but lines in a block are seen without its indentation (found ${quote(text)})`,
    );
  return text;
}

/** Whether all `{{ field }}` of a text may be used; those that may not are reported. */
export function checkFields(name: string, text: string, at: Place, world: PolicyWorld): boolean {
  let right = true;
  for (const field of fieldsIn(text)) {
    const wrong = fieldMistake(field);
    if (wrong === null) continue;
    world.issues.report(at, `${name}: ${wrong}`);
    right = false;
  }
  return right;
}

/** Null: a field of that name may be used. */
export function fieldMistake(field: string): string | null {
  if (!isFieldName(field))
    return `this is no name of a field (found ${quote(field)}, expected letters, digits and _)`;
  if (SECRET_FIELDS.has(field.toLowerCase()))
    return `a login's field is not at hand here (found ${quote(field)}, expected another field of the inventory)`;
  return null;
}

/** With something in the place of each field. */
function sample(text: string): string {
  const names = fieldsIn(text);
  return fill(text, Object.fromEntries(names.map((name) => [name, 'x'])), true);
}
