// The values of an INI inventory: Ansible takes what Python can read as a literal for that, and everything else for
// text. Only what needs it is parsed; a plain word is the mostly given value.
import type { Located, Place } from '../located.js';

const PLAIN = /^[A-Za-z_][\w./@:-]*$/;
/** An address. */
const DOTTED = /^\d+\.\d+\.\d+\.\d+$/;
const SHORT_NUMBER = /^(?:0|[1-9]\d{0,14})$/;
const NAMES = new Set(['True', 'False', 'None']);
const MOST_DEPTH = 32;

/** `text` as Ansible's INI inventories take it. */
export function pythonValue(text: string, at: Place): Located {
  const trimmed = text.replace(/^[ \t]+/, '');
  if (PLAIN.test(trimmed) && !NAMES.has(trimmed)) return { at, kind: 'text', text };
  if (DOTTED.test(trimmed)) return { at, kind: 'text', text };
  if (SHORT_NUMBER.test(text)) return { at, kind: 'number', number: Number(text), text };
  try {
    return new LiteralReader(trimmed, at).whole();
  } catch (error) {
    if (error !== NO_LITERAL) throw error;
    return { at, kind: 'text', text };
  }
}

const NO_LITERAL = new Error('no literal of Python');

const BLANK = /[ \t\n\f]*(?:#[^\n]*)?/y;
const INNER_BLANK = /(?:[ \t\n\f]|#[^\n]*(?:\n|$))*/y;
const INTEGER =
  /(?:0[xX](?:_?[\dA-Fa-f])+|0[oO](?:_?[0-7])+|0[bB](?:_?[01])+|[1-9](?:_?\d)*|0(?:_?0)*)(?![\w.])/y;
const FLOAT =
  /(?:(?:\d(?:_?\d)*)?\.\d(?:_?\d)*(?:[eE][-+]?\d(?:_?\d)*)?|\d(?:_?\d)*\.(?:[eE][-+]?\d(?:_?\d)*)?|\d(?:_?\d)*[eE][-+]?\d(?:_?\d)*)(?!\w)/y;
const NAME = /(?:True|False|None)(?!\w)/y;
const STRING_START = /(?:[rRuUbB]|[bB][rR]|[rR][bB])?('''|"""|'|")/y;

class LiteralReader {
  private offset = 0;
  private depth = 0;

  constructor(
    private readonly text: string,
    private readonly at: Place,
  ) {}

  whole(): Located {
    const value = this.tuple(BLANK);
    this.take(BLANK);
    if (this.offset < this.text.length) throw NO_LITERAL;
    return value;
  }

  /** One value, or several with commas between. */
  private tuple(blank: RegExp): Located {
    const first = this.value();
    const items = [first];
    let isTuple = false;
    while (this.comma(blank)) {
      isTuple = true;
      const next = this.text[this.offset];
      if (next === undefined || next === ')' || next === '#') break;
      items.push(this.value());
    }
    return isTuple ? { at: this.at, kind: 'list', items } : first;
  }

  private value(): Located {
    const { text, at } = this;
    const character = text[this.offset] ?? '';
    if (character === '[') return { at, kind: 'list', items: this.items(']') };
    if (character === '(') return this.parentheses();
    if (character === '{') return this.braces();
    const name = this.take(NAME);
    if (name !== '')
      return name === 'None' ? { at, kind: 'null' } : { at, kind: 'boolean', boolean: name === 'True' };
    return this.isString() ? { at, kind: 'text', text: this.strings() } : this.number();
  }

  private number(): Located {
    const from = this.offset;
    let sign = 1;
    while (this.text[this.offset] === '-' || this.text[this.offset] === '+') {
      if (this.text[this.offset] === '-') sign = -sign;
      this.offset += 1;
      this.take(BLANK);
    }
    const integer = this.take(INTEGER);
    const written = integer === '' ? this.take(FLOAT) : integer;
    if (written === '') throw NO_LITERAL;
    const number = sign * Number(written.replaceAll('_', ''));
    return { at: this.at, kind: 'number', number, text: this.text.slice(from, this.offset) };
  }

  private parentheses(): Located {
    this.enter();
    this.take(INNER_BLANK);
    if (this.text[this.offset] === ')') {
      this.leave();
      return { at: this.at, kind: 'list', items: [] };
    }
    const value = this.tuple(INNER_BLANK);
    this.take(INNER_BLANK);
    if (this.text[this.offset] !== ')') throw NO_LITERAL;
    this.leave();
    return value;
  }

  private items(end: string): Located[] {
    this.enter();
    const items: Located[] = [];
    this.take(INNER_BLANK);
    while (this.text[this.offset] !== end) {
      items.push(this.value());
      if (!this.comma(INNER_BLANK) && this.text[this.offset] !== end) throw NO_LITERAL;
    }
    this.leave();
    return items;
  }

  /** A dictionary, or a set, which is a list here. */
  private braces(): Located {
    const start = this.offset;
    this.enter();
    const fields = new Map<string, { at: Place; value: Located }>();
    this.take(INNER_BLANK);
    while (this.text[this.offset] !== '}') {
      const key = this.value();
      this.take(INNER_BLANK);
      if (this.text[this.offset] !== ':') return this.set(start);
      this.offset += 1;
      this.take(INNER_BLANK);
      fields.set(keyText(key), { at: this.at, value: this.value() });
      if (!this.comma(INNER_BLANK) && this.text[this.offset] !== '}') throw NO_LITERAL;
    }
    this.leave();
    return { at: this.at, kind: 'map', fields };
  }

  private set(start: number): Located {
    this.offset = start;
    this.depth -= 1;
    return { at: this.at, kind: 'list', items: this.items('}') };
  }

  private isString(): boolean {
    STRING_START.lastIndex = this.offset;
    return STRING_START.test(this.text);
  }

  /** Strings side by side are one. */
  private strings(): string {
    let text = '';
    while (this.isString()) {
      text += this.string();
      this.take(this.depth > 0 ? INNER_BLANK : BLANK);
    }
    return text;
  }

  private string(): string {
    const start = this.take(STRING_START);
    const mark = start.replace(/^[a-zA-Z]+/, '');
    const isRaw = /r/i.test(start);
    let text = '';
    while (!this.text.startsWith(mark, this.offset)) {
      const character = this.text[this.offset];
      if (character === undefined || (character === '\n' && mark.length === 1)) throw NO_LITERAL;
      if (character !== '\\') {
        text += character;
        this.offset += 1;
      } else text += isRaw ? this.take(/\\[\s\S]/y) : this.escape();
    }
    this.offset += mark.length;
    return text;
  }

  private escape(): string {
    const escaped = this.take(ESCAPE);
    if (escaped === '') throw NO_LITERAL;
    const letter = escaped[1] ?? '';
    if ('xuU'.includes(letter)) return fromCodePoint(Number.parseInt(escaped.slice(2), 16));
    if (/[0-7]/.test(letter)) return fromCodePoint(Number.parseInt(escaped.slice(1), 8));
    return SIMPLE_ESCAPES[letter] ?? escaped;
  }

  private comma(blank: RegExp): boolean {
    this.take(blank);
    if (this.text[this.offset] !== ',') return false;
    this.offset += 1;
    this.take(blank);
    return true;
  }

  private enter(): void {
    this.depth += 1;
    if (this.depth > MOST_DEPTH) throw NO_LITERAL;
    this.offset += 1;
  }

  private leave(): void {
    this.depth -= 1;
    this.offset += 1;
  }

  private take(pattern: RegExp): string {
    pattern.lastIndex = this.offset;
    const taken = pattern.exec(this.text)?.[0] ?? '';
    this.offset += taken.length;
    return taken;
  }
}

const ESCAPE = /\\(?:x[\dA-Fa-f]{2}|u[\dA-Fa-f]{4}|U[\dA-Fa-f]{8}|[0-7]{1,3}|[^xuUN\d]|\n)/y;
const SIMPLE_ESCAPES: Record<string, string> = {
  ...{
    '\n': '',
    '\\': '\\',
    "'": "'",
    '"': '"',
    a: '\x07',
    b: '\b',
    f: '\f',
    n: '\n',
    r: '\r',
    t: '\t',
    v: '\v',
  },
};

function fromCodePoint(code: number): string {
  if (code > 0x10ffff) throw NO_LITERAL;
  return String.fromCodePoint(code);
}

/** A key as JSON writes it. */
function keyText(key: Located): string {
  if (key.kind === 'text') return key.text;
  if (key.kind === 'number') return String(key.number);
  if (key.kind === 'boolean') return String(key.boolean);
  if (key.kind === 'null') return 'null';
  throw NO_LITERAL; // Python can't hash it, or it is a tuple
}
