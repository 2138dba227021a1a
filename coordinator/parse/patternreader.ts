// Reads a regular expression by the rules of Python's `re`. What has no like in JavaScript (atomic groups, possessive
// repetition, conditions) is refused by name; everything else keeps Python's meaning, also where JavaScript reads
// the same characters in another way.
import { type ClassEscape, escapeAt } from './patternescape.js';
import { type Node, PatternError, type PatternTree, type SetItem } from './patterntree.js';

/** Deeper nesting would exhaust the stack of whoever walks over the tree. */
const MOST_DEPTH = 200;
const NAME = /^[\p{L}_][\p{L}\p{N}_]*$/u;
const REPEATS = '*+?{';

type Group = Extract<Node, { kind: 'group' }>;
type Reference = Extract<Node, { kind: 'reference' }>;

interface Flags {
  ignoreCase: boolean;
  multiline: boolean;
  dotAll: boolean;
  verbose: boolean;
  asciiOnly: boolean;
}

const FLAGS: Record<string, keyof Flags | null> = {
  i: 'ignoreCase',
  m: 'multiline',
  s: 'dotAll',
  x: 'verbose',
  a: 'asciiOnly',
  u: null,
};

export function readPattern(text: string): PatternTree {
  return new Reader(text).read();
}

class Reader {
  #at = 0;
  #depth = 0;
  readonly #groups: Group[] = [];
  readonly #references: Reference[] = [];
  readonly #open = new Set<number>();
  readonly #names = new Map<string, number>();

  constructor(private readonly text: string) {}

  read(): PatternTree {
    const flags = this.#globalFlags();
    const root = this.#either(flags);
    if (this.#at < this.text.length) throw new PatternError(this.#at, 'a ) that closes nothing');
    const groups = this.#groups.length;
    return { root, groups, ...this.#captured() };
  }

  /** Only what has a name or is referred to captures, and is numbered anew. */
  #captured(): Pick<PatternTree, 'captures' | 'names'> {
    const wanted = new Set([...this.#names.values(), ...this.#references.map(({ index }) => index)]);
    const numbers = new Map([...wanted].sort((a, b) => a - b).map((before, place) => [before, place + 1]));
    for (const group of this.#groups) group.index = numbers.get(group.index ?? 0) ?? null;
    for (const reference of this.#references) reference.index = numbers.get(reference.index) ?? 0;
    const names = new Map(Array.from(this.#names, ([name, before]) => [name, numbers.get(before) ?? 0]));
    return { captures: numbers.size, names };
  }

  /** Python up to 3.10 takes them anywhere, and templates hold them behind ^. */
  #globalFlags(): Flags {
    const flags = { ignoreCase: false, multiline: false, dotAll: false, verbose: false, asciiOnly: false };
    for (const found of this.text.matchAll(/\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|\(\?([a-zA-Z]+)\)/gs))
      for (const letter of found[1] ?? '') this.#turn(flags, letter, found.index + 2);
    return flags;
  }

  #turn(flags: Flags, letter: string, offset: number): void {
    const flag = FLAGS[letter];
    if (flag === undefined)
      throw new PatternError(offset, `flag ${letter} (expected one of i, m, s, x, a and u)`);
    if (flag !== null) flags[flag] = true;
  }

  #either(flags: Flags): Node {
    if (++this.#depth > MOST_DEPTH)
      throw new PatternError(this.#at, `more than ${MOST_DEPTH} groups in each other`);
    const options = [this.#sequence(flags)];
    while (this.#take('|')) options.push(this.#sequence(flags));
    this.#depth--;
    return options.length === 1 && options[0] !== undefined ? options[0] : { kind: 'either', options };
  }

  #sequence(flags: Flags): Node {
    const nodes: Node[] = [];
    for (;;) {
      if (flags.verbose) this.#skipVerbose();
      const next = this.text[this.#at];
      if (next === undefined || next === '|' || next === ')') break;
      const from = this.#at;
      const node = this.#atom(flags);
      if (node !== null) nodes.push(this.#repeated(node, from, flags));
    }
    return nodes.length === 1 && nodes[0] !== undefined ? nodes[0] : { kind: 'sequence', nodes };
  }

  #skipVerbose(): void {
    const skipped = /(?:\s|#[^\n]*)*/y;
    skipped.lastIndex = this.#at;
    this.#at += skipped.exec(this.text)?.[0].length ?? 0;
  }

  /** Null where something stood that is nothing to match: a comment, flags. */
  #atom(flags: Flags): Node | null {
    const from = this.#at;
    const next = this.#next();
    switch (next) {
      case '(':
        return this.#group(flags, from);
      case '[':
        return this.#set(flags, from);
      case '.':
        return { kind: 'any', lineEnds: flags.dotAll };
      case '^':
        return { kind: 'edge', of: flags.multiline ? 'line' : 'text', at: 'start' };
      case '$':
        return { kind: 'edge', of: flags.multiline ? 'line' : 'text', at: 'end' };
      case '\\':
        return this.#escape(flags, from);
      case '*':
      case '+':
      case '?':
        throw new PatternError(from, `nothing to repeat before ${next}`);
      case '{':
        this.#at = from;
        if (this.#counted() !== null) throw new PatternError(from, 'nothing to repeat before {');
        this.#at = from + 1;
    }
    return character(next.codePointAt(0) ?? 0, flags);
  }

  #repeated(node: Node, from: number, flags: Flags): Node {
    if (flags.verbose) this.#skipVerbose();
    while (this.text.startsWith('(?#', this.#at)) this.#until(')', this.#at, 'a comment');
    const at = this.#at;
    const counts = this.#counts();
    if (counts === null) return node;
    if (node.kind === 'edge' || node.kind === 'boundary')
      throw new PatternError(at, `nothing to repeat: ${this.text.slice(from, at)} is a place`);
    if (this.text[this.#at] === '+')
      throw new PatternError(at, 'possessive repetition, which is not supported (expected it without the +)');
    const lazy = this.#take('?');
    if (REPEATS.includes(this.text[this.#at] ?? ' ')) {
      const again = this.#at;
      if (this.#counts() !== null) throw new PatternError(again, 'a repetition of a repetition');
    }
    return { kind: 'repeat', ...counts, lazy, body: node };
  }

  #counts(): { min: number; max: number } | null {
    if (this.#take('*')) return { min: 0, max: Number.POSITIVE_INFINITY };
    if (this.#take('+')) return { min: 1, max: Number.POSITIVE_INFINITY };
    if (this.#take('?')) return { min: 0, max: 1 };
    return this.#counted();
  }

  /** Null, and nothing taken, where the brace is just a brace. */
  #counted(): { min: number; max: number } | null {
    const braces = /\{(?:(\d*)(,)(\d*)|(\d+))\}/y;
    braces.lastIndex = this.#at;
    const found = braces.exec(this.text);
    if (found === null) return null;
    const [all, least, comma, most, exactly] = found;
    const min = Number(exactly ?? (least || 0));
    const max = comma === undefined ? min : most === '' ? Number.POSITIVE_INFINITY : Number(most);
    if (max < min) throw new PatternError(this.#at, `${all}: at least more than at most`);
    this.#at += all.length;
    return { min, max };
  }

  #group(flags: Flags, from: number): Node | null {
    if (!this.#take('?')) return this.#numbered(flags, from);
    const kind = this.#next();
    switch (kind) {
      case 'P':
        return this.#named(flags, from);
      case ':':
        return { kind: 'group', index: null, body: this.#body(flags, from) };
      case '#':
        this.#until(')', from, 'a comment');
        return null;
      case '=':
      case '!':
        return { kind: 'look', ahead: true, negated: kind === '!', body: this.#body(flags, from) };
      case '<':
        return this.#lookBehind(flags, from);
      case '>':
        throw new PatternError(from, 'an atomic group (?>...), which is not supported');
      case '(':
        throw new PatternError(from, 'a condition (?(...)...), which is not supported');
    }
    this.#at--;
    return this.#flagged(flags, from);
  }

  #numbered(flags: Flags, from: number): Node {
    const group: Group = {
      kind: 'group',
      index: this.#groups.length + 1,
      body: { kind: 'sequence', nodes: [] },
    };
    this.#groups.push(group);
    const { index } = group;
    this.#open.add(index ?? 0);
    group.body = this.#body(flags, from);
    this.#open.delete(index ?? 0);
    return group;
  }

  #named(flags: Flags, from: number): Node {
    if (this.#take('=')) {
      const name = this.#until(')', from, 'a reference');
      const index = this.#names.get(name);
      if (index === undefined)
        throw new PatternError(from, `group ${JSON.stringify(name)} is not known here`);
      return this.#reference(index, flags, from);
    }
    if (!this.#take('<'))
      throw new PatternError(from, `(?P${this.#next()} (expected (?P<name>...) or (?P=name))`);
    const name = this.#until('>', from, 'the name of a group');
    if (!NAME.test(name))
      throw new PatternError(from, `${JSON.stringify(name)} can't be the name of a group`);
    if (this.#names.has(name)) throw new PatternError(from, `the group ${name} is there already`);
    this.#names.set(name, this.#groups.length + 1);
    return this.#numbered(flags, from);
  }

  #lookBehind(flags: Flags, from: number): Node {
    const kind = this.#next();
    if (kind !== '=' && kind !== '!')
      throw new PatternError(from, `(?<${kind} (expected (?<=...) or (?<!...); names are (?P<name>...))`);
    return { kind: 'look', ahead: false, negated: kind === '!', body: this.#body(flags, from) };
  }

  /** `(?i:...)`, `(?-i:...)`, and `(?i)`, which was seen to before. */
  #flagged(flags: Flags, from: number): Node | null {
    const found = /([a-zA-Z]*)(?:-([a-zA-Z]+))?([:)])/y;
    found.lastIndex = this.#at;
    const [all = '', on = '', off = '', end] = found.exec(this.text) ?? [];
    if (all === '' || (end === ')' && (on === '' || off !== '')))
      throw new PatternError(from, `(?${this.text[this.#at] ?? ''} begins no kind of group`);
    const own = { ...flags };
    for (const letter of on) this.#turn(own, letter, this.#at);
    const without = { ...own, ignoreCase: false, multiline: false, dotAll: false, verbose: false };
    for (const letter of off) {
      const flag = FLAGS[letter];
      if (!flag) throw new PatternError(this.#at, `flag ${letter} can't be turned off`);
      own[flag] = without[flag];
    }
    this.#at += all.length;
    return end === ')' ? null : { kind: 'group', index: null, body: this.#body(own, from) };
  }

  #body(flags: Flags, from: number): Node {
    const body = this.#either(flags);
    if (!this.#take(')')) throw new PatternError(from, 'a ( that is not closed');
    return body;
  }

  #escape(flags: Flags, from: number): Node {
    const digits = /[1-9]\d?/y;
    digits.lastIndex = this.#at;
    const number = digits.exec(this.text)?.[0];
    if (number !== undefined && !/^[0-3][0-7]{2}/.test(this.text.slice(this.#at))) {
      this.#at += number.length;
      return this.#reference(Number(number), flags, from);
    }
    const { end, value } = escapeAt(this.text, from, false);
    this.#at = end;
    if (typeof value === 'number') return character(value, flags);
    if ('edge' in value) return { kind: 'edge', of: 'text', at: value.edge };
    if ('boundary' in value) return { kind: 'boundary', negated: value.negated, asciiOnly: flags.asciiOnly };
    return { kind: 'set', items: [{ ...value, asciiOnly: flags.asciiOnly }], negated: false };
  }

  #reference(index: number, { ignoreCase }: Flags, from: number): Node {
    if (index > this.#groups.length) throw new PatternError(from, `there is no group ${index} before it`);
    if (this.#open.has(index)) throw new PatternError(from, `group ${index} is still open`);
    const reference: Reference = { kind: 'reference', index, ignoreCase };
    this.#references.push(reference);
    return reference;
  }

  #set(flags: Flags, from: number): Node {
    const negated = this.#take('^');
    const items: SetItem[] = [];
    for (let first = true; first || this.text[this.#at] !== ']'; first = false) {
      const low = this.#member(from);
      if (this.text[this.#at] !== '-' || this.text[this.#at + 1] === ']') {
        items.push(...asItems(low, flags));
        continue;
      }
      const dash = this.#at++;
      const high = this.#member(from);
      if (typeof low !== 'number' || typeof high !== 'number' || high < low)
        throw new PatternError(dash, 'a range of characters from and to nothing that can be its ends');
      items.push(...folded({ from: low, to: high }, flags));
    }
    this.#at++;
    return { kind: 'set', items, negated };
  }

  #member(from: number): number | ClassEscape {
    if (this.#at >= this.text.length) throw new PatternError(from, 'a [ that is not closed');
    if (this.text[this.#at] !== '\\') return this.#next().codePointAt(0) ?? 0;
    const { end, value } = escapeAt(this.text, this.#at, true);
    this.#at = end;
    return value as number | ClassEscape; // in a set there is nothing else
  }

  #until(end: string, from: number, what: string): string {
    const to = this.text.indexOf(end, this.#at);
    if (to < 0) throw new PatternError(from, `${what} that is not closed by ${end}`);
    const text = this.text.slice(this.#at, to);
    this.#at = to + 1;
    return text;
  }

  #take(character: string): boolean {
    if (this.text[this.#at] !== character) return false;
    this.#at++;
    return true;
  }

  /** A whole character, of two units where it has them. */
  #next(): string {
    const code = this.text.codePointAt(this.#at);
    if (code === undefined) throw new PatternError(this.#at, 'the pattern ends too early');
    const character = String.fromCodePoint(code);
    this.#at += character.length;
    return character;
  }
}

function asItems(member: number | ClassEscape, flags: Flags): SetItem[] {
  if (typeof member === 'number') return folded({ from: member, to: member }, flags);
  return [{ ...member, asciiOnly: flags.asciiOnly }];
}

function character(code: number, flags: Flags): Node {
  return { kind: 'set', items: folded({ from: code, to: code }, flags), negated: false };
}

/** Larger ranges are of scripts without cases, or as good as. */
const MOST_FOLDED = 1_000;

/** With the other cases of its letters, where case is ignored. */
function folded(range: { from: number; to: number }, { ignoreCase }: Flags): SetItem[] {
  if (!ignoreCase) return [range];
  const items = [range];
  const to = Math.min(range.to, range.from + MOST_FOLDED);
  for (let code = range.from; code <= to; code++) {
    const letter = String.fromCodePoint(code);
    for (const other of [letter.toLowerCase(), letter.toUpperCase()]) {
      const folded = other.codePointAt(0) ?? code;
      if (other.length === String.fromCodePoint(folded).length && (folded < range.from || folded > range.to))
        items.push({ from: folded, to: folded });
    }
  }
  return items;
}
