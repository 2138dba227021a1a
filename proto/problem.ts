// What is wrong with a file of platform data, in words: where it stands, what was found, what was expected and
// which field was probably meant. It knows the validator's complaints, not the fields.
import { distance } from 'fastest-levenshtein';
import type * as v from 'valibot';
import { type Document, isMap, isNode, isScalar } from 'yaml';

const SHOWN = 60;

export interface Problem {
  /** Into the file's text. */
  offset: number;
  message: string;
}

/** Fields on the first level that there are none of, all of them; the validator stops at the first. */
export function unknownFields(document: Document, known: readonly string[]): Problem[] {
  const root = document.contents;
  if (root === null) return [];
  if (!isMap(root)) return [{ offset: 0, message: 'the file: found no fields, expected fields with values' }];
  return root.items.flatMap(({ key }) => {
    const name = isScalar(key) ? String(key.value) : String(key);
    if (known.includes(name)) return [];
    return [
      { offset: startOf(key) ?? 0, message: `unknown field (found ${quote(name)}${near(name, known)})` },
    ];
  });
}

/** One complaint of the validator; `document` null: the data came without a file. */
export function problemOf(issue: v.BaseIssue<unknown>, document: Document | null): Problem {
  const path = issue.path?.map((step) => step.key) ?? [];
  return { offset: document === null ? 0 : offsetOf(document, path), message: inWords(issue, path) };
}

/** The validator's word for what `unknownFields` has said already. */
export function isUnknownField({ type, expected, path }: v.BaseIssue<unknown>): boolean {
  return type === 'strict_object' && expected === 'never' && path?.length === 1;
}

/** At a field of the first level. */
export function fieldProblem(document: Document, field: string, message: string): Problem {
  return { offset: offsetOf(document, [field]), message };
}

/** `; did you mean X?`, or nothing where no word is near. */
export function near(word: string, known: readonly string[]): string {
  const away = (other: string) => (isSwapped(word, other) ? 1 : distance(word, other));
  const [match] = known.toSorted((a, b) => away(a) - away(b));
  return match !== undefined && away(match) <= Math.max(2, word.length / 3) ? `; did you mean ${match}?` : '';
}

/** Two letters typed the wrong way round. */
function isSwapped(word: string, other: string): boolean {
  const sorted = (text: string) => Array.from(text).sort().join('');
  return distance(word, other) === 2 && sorted(word) === sorted(other);
}

function inWords(issue: v.BaseIssue<unknown>, path: unknown[]): string {
  const where = path.length === 0 ? 'the file' : path.join('.');
  const found = `found ${shown(issue.input)}`;
  switch (issue.type) {
    case 'strict_object': {
      if (issue.expected === 'Object') return `${where}: ${found}, expected fields with values`;
      if (issue.expected !== 'never') return `${where} is missing`;
      return `${path.slice(0, -1).join('.')}: unknown field (found ${quote(String(path.at(-1)))})`;
    }
    case 'union':
      return path[0] === 'setup'
        ? `${where}: ${found}, expected a line, or line together with beyond`
        : `${where}: ${found}, expected asks together with one of keys, login or fails`;
    case 'picklist':
      return `${where}: ${found}, expected ${issue.expected?.replaceAll('"', '').replaceAll(' | ', ' or ').replace(/[()]/g, '')}`;
    case 'check':
      return `${where}: ${found}, expected ${issue.message}`;
    case 'min_length':
      return `${where}: ${found}, expected at least one item`;
    default:
      return `${where}: ${found}, expected ${WORDS[issue.expected ?? ''] ?? issue.expected}`;
  }
}

/** What the validator calls its types. */
const WORDS: Record<string, string> = { string: 'a text', Array: 'a list', Object: 'fields with values' };

function shown(input: unknown): string {
  if (input === null || input === undefined) return 'nothing';
  if (Array.isArray(input)) return input.length === 0 ? 'an empty list' : `a list of ${input.length}`;
  if (typeof input === 'object') return `the fields ${Object.keys(input).map(quote).join(', ')}`;
  return typeof input === 'string' ? quote(input) : String(input);
}

function quote(text: string): string {
  return JSON.stringify(text.length > SHOWN ? `${text.slice(0, SHOWN)}...` : text);
}

/** The nearest place that the path leads to. */
function offsetOf(document: Document, path: unknown[]): number {
  for (let depth = path.length; depth > 0; depth--) {
    const offset = startOf(document.getIn(path.slice(0, depth), true));
    if (offset !== null) return offset;
  }
  return 0;
}

function startOf(node: unknown): number | null {
  return isNode(node) && node.range ? node.range[0] : null;
}
