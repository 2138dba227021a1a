// The Python that inventories are mostly written in, in one pass: imports, comments, and names set to dictionaries,
// lists, texts, numbers and names set above. The parser takes three seconds for a hundred thousand devices. Whatever is
// not of this kind, or not right, is left to it; what is read here is what it would give, places included.
import type { Field, InventoryDocument, Located, LocatedMap, Place, Source } from './located.js';
import { PythonDevices } from './pythondevices.js';
import type { Issues } from './wording.js';

const MOST_DEPTH = 30;

const IMPORT =
  /(?:from [A-Za-z_]\w*(?:\.[A-Za-z_]\w*)* import [A-Za-z_]\w*(?:, [A-Za-z_]\w*)*|import [A-Za-z_]\w*)\n/y;
const NAME = /[A-Za-z_]\w*/y;
const NUMBER = /(?:0|[1-9]\d*)(?:\.\d+)?(?![\w.])/y;
/** What may stand behind a statement. */
const END = / *(?:#[^\n]*)?(?:\n|$)/y;

/** Words that are no names, in any version of the language. */
const KEYWORDS = new Set(
  [
    'False None True and as assert async await break case class continue def del elif else except exec finally for from',
    'global if import in is lambda match nonlocal not or pass print raise return self try type while with yield',
  ].flatMap((line) => line.split(' ')),
);

const NOT_PLAIN = new Error('not plain Python');

/** Null: not of this kind. */
export function readPlainPython(source: Source, issues: Issues): InventoryDocument | null {
  const statements = statementsOf(source);
  if (statements === null) return null;
  const devices = new PythonDevices(issues);
  for (const { name, at, value } of statements) devices.set(name, at, value);
  return { defaults: null, groups: null, devices: devices.list() };
}

/** A name, and what it is set to. */
interface Statement {
  name: string;
  at: Place;
  value: Located;
}

function statementsOf(source: Source): Statement[] | null {
  try {
    return Array.from(new PlainReader(source).statements());
  } catch (error) {
    if (error === NOT_PLAIN) return null;
    throw error;
  }
}

class PlainReader {
  private readonly text: string;
  private at = 0;
  private readonly names = new Map<string, Located>();

  constructor(private readonly source: Source) {
    this.text = source.text;
  }

  *statements(): Generator<Statement> {
    for (;;) {
      this.toStatement();
      if (this.at === this.text.length) return;
      if (!this.passImport()) yield this.assignment();
    }
  }

  /** Past empty lines and those with nothing but a comment. */
  private toStatement(): void {
    while (this.at < this.text.length) {
      const start = this.at;
      this.skip(' ');
      if (this.text[this.at] === '#' && this.at === start) this.toLineEnd();
      if (this.text[this.at] === '\n') this.at += 1;
      else {
        if (this.at > start && this.at < this.text.length) throw NOT_PLAIN; // an indented line
        return;
      }
    }
  }

  private passImport(): boolean {
    const words = this.take(IMPORT).match(/\w+/g);
    if (words === null) return false;
    const keywords = words.filter((word) => KEYWORDS.has(word));
    if (keywords.length > (words[0] === 'from' ? 2 : 1)) throw NOT_PLAIN;
    return true;
  }

  private assignment(): Statement {
    const at = this.place();
    const name = this.name();
    this.skip(' ');
    this.expect('=');
    this.skip(' ');
    const value = this.value(0);
    if (this.take(END) === '' && this.at < this.text.length) throw NOT_PLAIN;
    this.names.set(name, value);
    return { name, at, value };
  }

  private value(depth: number): Located {
    if (depth > MOST_DEPTH) throw NOT_PLAIN;
    const at = this.place();
    switch (this.text[this.at]) {
      case '{':
        return this.dictionary(at, depth);
      case '[':
        return this.list(at, depth);
      case '"':
      case "'":
        return { at, kind: 'text', text: this.string() };
      default:
        return this.number(at) ?? this.word(at);
    }
  }

  private dictionary(at: Place, depth: number): LocatedMap {
    const fields = new Map<string, Field>();
    this.each('}', () => {
      const place = this.place();
      const key = this.string();
      if (fields.has(key)) throw NOT_PLAIN;
      this.blank();
      this.expect(':');
      this.blank();
      fields.set(key, { at: place, value: this.value(depth + 1) });
    });
    return { at, kind: 'map', fields };
  }

  private list(at: Place, depth: number): Located {
    const items: Located[] = [];
    this.each(']', () => void items.push(this.value(depth + 1)));
    return { at, kind: 'list', items };
  }

  /** What stands between brackets, with commas between and perhaps behind. */
  private each(end: ']' | '}', read: () => void): void {
    this.at += 1;
    this.blank();
    while (this.text[this.at] !== end) {
      read();
      this.blank();
      if (this.text[this.at] === end) break;
      this.expect(',');
      this.blank();
    }
    this.at += 1;
  }

  /** On one line, with nothing in it that means something else, and not one of several that are one. */
  private string(): string {
    const quote = this.text.charCodeAt(this.at);
    if (quote !== 0x22 && quote !== 0x27) throw NOT_PLAIN;
    const start = this.at + 1;
    let end = start;
    for (let code = 0; code !== quote; end += 1) {
      code = this.text.charCodeAt(end); // NaN at the end
      if (code === 0x5c || code === 0x0a || Number.isNaN(code)) throw NOT_PLAIN;
    }
    if (this.text.charCodeAt(end) === quote) throw NOT_PLAIN;
    this.at = end;
    return this.text.slice(start, end - 1);
  }

  private number(at: Place): Located | null {
    const text = this.take(NUMBER);
    return text === '' ? null : { at, kind: 'number', number: Number(text), text };
  }

  /** True, False, None, or a name that was set above. */
  private word(at: Place): Located {
    const word = this.take(NAME);
    if (word === 'None') return { at, kind: 'null' };
    if (word === 'True' || word === 'False') return { at, kind: 'boolean', boolean: word === 'True' };
    const known = this.names.get(word);
    if (known === undefined) throw NOT_PLAIN;
    return known;
  }

  private name(): string {
    const name = this.take(NAME);
    if (name === '' || KEYWORDS.has(name)) throw NOT_PLAIN;
    return name;
  }

  /** Within brackets lines end anywhere. */
  private blank(): void {
    for (;;) {
      const character = this.text[this.at];
      if (character === '#') this.toLineEnd();
      else if (character === ' ' || character === '\n') this.at += 1;
      else return;
    }
  }

  private toLineEnd(): void {
    const end = this.text.indexOf('\n', this.at);
    this.at = end === -1 ? this.text.length : end;
  }

  private skip(character: string): void {
    while (this.text[this.at] === character) this.at += 1;
  }

  private expect(character: string): void {
    if (this.text[this.at] !== character) throw NOT_PLAIN;
    this.at += 1;
  }

  private take(pattern: RegExp): string {
    pattern.lastIndex = this.at;
    const taken = pattern.exec(this.text)?.[0] ?? '';
    this.at += taken.length;
    return taken;
  }

  private place(): Place {
    return { source: this.source, offset: this.at };
  }
}
