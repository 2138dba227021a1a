// Nodesets as ClusterShell reads them: `sw[1-100].site1,!sw[7-9].site1`, `r[01-20/2]s[1-4]`, `@core&@dc1`, `sw*^sw1`.
// The operators are taken from left to right; none binds tighter than another.
import { globTest } from '../inventory/glob.js';
import { didYouMean, nearest, quote } from '../inventory/wording.js';
import { orderNames } from './fold.js';
import { isPadded, nextNumber } from './numbers.js';

/** What the names of groups and patterns are looked up in. */
export interface NodesetWorld {
  /** Names of a group's members; null: there is no such group. */
  group(name: string): Iterable<string> | null;
  /** All names, for `*` and `?` and `@*`. */
  all(): Iterable<string>;
  /** Names of all groups, to find the nearest. */
  groups(): Iterable<string>;
}

/** Where a nodeset is wrong: `column` counts from 1. */
export class NodesetError extends Error {
  constructor(
    message: string,
    readonly column: number,
  ) {
    super(message);
  }
}

/** Names that one nodeset may have. */
export const MOST_NAMES = 1_000_000;

type Operator = ',' | '!' | '&' | '^';

interface Term {
  operator: Operator;
  text: string;
  /** Of its first character, from 1. */
  column: number;
}

/** The names in the order in which ClusterShell lists them. Throws a NodesetError. */
export function expandNodeset(text: string, world: NodesetWorld | null = null): string[] {
  let names = new Set<string>();
  for (const term of termsOf(text)) names = apply(names, term.operator, namesOf(term, world));
  return orderNames(names);
}

/** Whether a text is more than names between commas. */
export function isNodeset(text: string): boolean {
  return /[[\]!&^@*?]/.test(text);
}

function apply(names: Set<string>, operator: Operator, others: Set<string>): Set<string> {
  switch (operator) {
    case ',':
      for (const name of others) names.add(name);
      if (names.size > MOST_NAMES) throw new NodesetError(tooMany(names.size), 1);
      return names;
    case '!':
      for (const name of others) names.delete(name);
      return names;
    case '&':
      return new Set(Array.from(names).filter((name) => others.has(name)));
    case '^': {
      for (const name of others) if (!names.delete(name)) names.add(name);
      return names;
    }
  }
}

function termsOf(text: string): Term[] {
  const terms: Term[] = [];
  let operator: Operator = ',';
  let start = 0;
  const close = (end: number) => {
    const whole = text.slice(start, end);
    const term = whole.trim();
    const column = start + whole.length - whole.trimStart().length + 1;
    if (term === '')
      throw new NodesetError(
        `nothing stands ${end < text.length ? 'before' : 'after'} an operator (found ${quote(text)}, expected a name on both sides of , ! & ^)`,
        Math.min(column, text.length),
      );
    if (/\s/.test(term))
      throw new NodesetError(
        `a space inside a name (found ${quote(term)}, expected a comma between names)`,
        column,
      );
    terms.push({ operator, text: term, column });
  };
  let depth = 0;
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at] ?? '';
    if (character === '[') depth += 1;
    else if (character === ']') depth -= 1;
    if (depth !== 0 || !isOperator(character)) continue;
    // A comma before another operator says nothing, as in `a,!b`.
    const after = text.slice(at + 1).search(/\S/);
    const next = after < 0 ? '' : (text[at + 1 + after] ?? '');
    if (character === ',' && isOperator(next) && next !== ',') {
      close(at);
      at += 1 + after;
      operator = next;
    } else {
      close(at);
      operator = character;
    }
    start = at + 1;
  }
  close(text.length);
  return terms;
}

function isOperator(character: string): character is Operator {
  return character === ',' || character === '!' || character === '&' || character === '^';
}

function namesOf(term: Term, world: NodesetWorld | null): Set<string> {
  const isGroup = term.text.startsWith('@');
  const names = unfold(isGroup ? { ...term, text: term.text.slice(1), column: term.column + 1 } : term);
  if (isGroup) return new Set(names.flatMap((name) => membersOf(name, term, world)));
  if (!/[*?]/.test(term.text)) return new Set(names);
  if (world === null)
    throw new NodesetError(
      `a pattern without an inventory (found ${quote(term.text)}, expected names)`,
      term.column,
    );
  const all = Array.from(world.all());
  const tests = names.map((glob) => globTest(glob));
  return new Set(all.filter((name) => tests.some((test) => test(name))));
}

function membersOf(name: string, { text, column }: Term, world: NodesetWorld | null): string[] {
  if (name === '')
    throw new NodesetError(`a group without a name (found ${quote(text)}, expected @GROUP)`, column);
  if (world === null)
    throw new NodesetError(`a group without an inventory (found ${quote(text)}, expected names)`, column);
  if (name === '*') return Array.from(world.all());
  const members = world.group(name);
  if (members === null) {
    const meant = didYouMean(nearest(name, world.groups()));
    throw new NodesetError(
      `no such group (found ${quote(`@${name}`)}, expected a group of the inventory${meant})`,
      column,
    );
  }
  return Array.from(members);
}

/** A term's names: brackets written out, the last counting fastest. */
function unfold({ text, column }: Term): string[] {
  const wrong = (message: string, at: number) => new NodesetError(message, column + at);
  let names = [''];
  let at = 0;
  while (at < text.length) {
    const open = text.indexOf('[', at);
    const plain = text.slice(at, open < 0 ? text.length : open);
    const stray = plain.indexOf(']');
    if (stray >= 0) throw wrong(`a bracket that was never opened (found ${quote(text)})`, at + stray);
    if (open < 0) return names.map((name) => name + plain);
    const end = text.indexOf(']', open);
    const inner = text.indexOf('[', open + 1);
    if (end < 0) throw wrong(`a bracket that is never closed (found ${quote(text)}, expected ])`, open);
    if (inner >= 0 && inner < end) throw wrong(`a bracket within a bracket (found ${quote(text)})`, inner);
    if (text[end + 1] === '[')
      throw wrong(
        `two brackets without text between (found ${quote(text)}, expected one as [10-29])`,
        end + 1,
      );
    const numbers = numbersIn({
      text: text.slice(open + 1, end),
      column: column + open + 1,
      follows: /\d$/.test(plain),
    });
    if (names.length * numbers.length > MOST_NAMES) throw wrong(tooMany(names.length * numbers.length), 0);
    names = names.flatMap((name) => numbers.map((number) => name + plain + number));
    at = end + 1;
  }
  return names;
}

interface Ranges {
  text: string;
  column: number;
  /** A digit stands right before the bracket. */
  follows: boolean;
}

function numbersIn({ text, column, follows }: Ranges): string[] {
  const numbers: string[] = [];
  let at = 0;
  for (const piece of text.split(',')) {
    const wrong = (message: string) =>
      new NodesetError(message, column + at + piece.length - piece.trimStart().length);
    const match = /^(\d+)(?:\s*-\s*(\d+)(?:\/(\d+))?)?$/.exec(piece.trim());
    if (match === null)
      throw wrong(`no range (found ${quote(piece.trim())}, expected as in [1-8], [01-20/2] or [1,5-7])`);
    const [, first = '', last = first, step = '1'] = match;
    const width = first.length;
    if (last.length !== width && (isPadded(first) || isPadded(last)))
      throw wrong(`the ends have other widths (found ${quote(piece.trim())}, expected as in [001-010])`);
    if (follows && last.length !== width)
      throw wrong(
        `a range of several widths right after a digit (found ${quote(piece.trim())}, expected a range for each width)`,
      );
    numbers.push(...counted({ first, last, step: Number(step) }, wrong));
    at += piece.length + 1;
  }
  return numbers;
}

function counted(
  { first, last, step }: { first: string; last: string; step: number },
  wrong: (message: string) => NodesetError,
): string[] {
  const count = (BigInt(last) - BigInt(first)) / BigInt(Math.max(step, 1)) + 1n;
  if (BigInt(last) < BigInt(first))
    throw wrong(`a range that counts down (found "${first}-${last}", expected "${last}-${first}")`);
  if (step < 1) throw wrong(`a step of ${step} (found "${first}-${last}/${step}", expected at least 1)`);
  if (count > BigInt(MOST_NAMES)) throw wrong(tooMany(Number(count)));
  if (step === 1) {
    const numbers = [first];
    while (numbers.length < Number(count)) numbers.push(nextNumber(numbers.at(-1) ?? first));
    return numbers;
  }
  return Array.from({ length: Number(count) }, (_, index) =>
    String(BigInt(first) + BigInt(index) * BigInt(step)).padStart(isPadded(first) ? first.length : 1, '0'),
  );
}

function tooMany(count: number): string {
  return `too many names (found ${count}, expected at most ${MOST_NAMES})`;
}
