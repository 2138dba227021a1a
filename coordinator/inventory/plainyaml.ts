// The YAML that inventories are mostly written in, in one pass over its lines: maps and lists by indentation, values
// on one line. The library takes ten seconds for a hundred thousand devices. Whatever is not of this kind, or not
// right, is left to it; places are those that it gives.
import type { Field, Located, LocatedMap, Place, Source } from './located.js';

const MOST_DEPTH = 32;
/** YAML's limit for a key. */
const MOST_KEY = 1_024;

const KEY = /\w[\w.-]*(?=:(?:[ \n]|$))/y;
const SINGLE_QUOTED = /'((?:[^'\n]|'')*)'/y;
const DOUBLE_QUOTED = /"([^"\\\n]*)"/y;
/** A text without quotes within brackets. */
const FLOW_PLAIN = /[\w/.~$](?:[\w/.~$ -]*[\w/.~$-])?/y;
const FLOW_LIST = /\[([\w/.~$, -]*)\]/y;
/** A text without quotes, and one in a list; some of them are numbers, truths or nothing. */
const PLAIN = /^[A-Za-z0-9_/.~$][^\n]*$/;
/** The first character of all that is no text. */
const MAYBE_MORE = /^[\d.~ntf]/i;
const NOTHING = /^(?:~|null|Null|NULL)$/;
const BOOLEAN = /^(?:true|True|TRUE|false|False|FALSE)$/;
const NUMBER = /^\d+(?:\.\d*)?$/;
/** Numbers that are written in other ways. */
const ODD_NUMBER = /^(?:0[xo]|\.\d|\.(?:inf|nan)$|\d+(?:\.\d*)?e)/i;

interface Line {
  indent: number;
  /** Offsets of the first character that is no space, and of the end. */
  start: number;
  end: number;
}

interface Read {
  value: Located;
  /** The offset behind it. */
  end: number;
}

const NOT_PLAIN = new Error('not plain YAML');

/** What a text without quotes is, where it is not as in YAML 1.2. */
export type ReadScalar = (text: string, at: Place) => Located;

/** The document's value; null: not of this kind. */
export function readPlainYaml(source: Source, readScalar: ReadScalar | null = null): Located | null {
  if (source.text.includes('\t')) return null;
  try {
    return new PlainReader(source, readScalar).document();
  } catch (error) {
    if (error === NOT_PLAIN) return null;
    throw error;
  }
}

class PlainReader {
  private readonly text: string;
  /** Null: at the end. */
  private line: Line | null = null;
  private next = 0;
  /** Of the last map at each depth: the next one mostly has the same, and need not make them anew. */
  private readonly keys: string[][] = [];

  constructor(
    private readonly source: Source,
    private readonly readScalar: ReadScalar | null,
  ) {
    this.text = source.text;
  }

  document(): Located {
    this.advance();
    if (this.line?.indent === 0 && /^--- *$/.test(this.text.slice(this.line.start, this.line.end)))
      this.advance();
    if (this.line === null) throw NOT_PLAIN;
    const value = this.block(this.line, 0);
    if (this.line !== null) throw NOT_PLAIN;
    return value;
  }

  /** A map or a list that starts on this line. */
  private block(line: Line, depth: number): Located {
    if (depth > MOST_DEPTH) throw NOT_PLAIN;
    return this.isItem(line) ? this.list(line, depth) : this.map(line, depth);
  }

  private map(first: Line, depth: number): LocatedMap {
    const fields = new Map<string, Field>();
    const start = this.place(first.start);
    this.keys[depth] ??= [];
    const keys = this.keys[depth];
    for (let line: Line | null = first; line !== null && line.indent >= first.indent; line = this.line) {
      if (line.indent > first.indent || this.isItem(line)) throw NOT_PLAIN;
      const name = this.key(line, keys, fields.size);
      if (fields.has(name)) throw NOT_PLAIN;
      const at = line === first ? start : this.place(line.start);
      fields.set(name, { at, value: this.value(line, line.start + name.length + 1, depth, true) });
    }
    return { at: start, kind: 'map', fields };
  }

  private key({ start }: Line, keys: string[], index: number): string {
    const known = keys[index];
    if (known !== undefined && this.text.startsWith(known, start) && this.isColon(start + known.length))
      return known;
    const name = match(KEY, this.text, start);
    if (name === null || name.length >= MOST_KEY || NOTHING.test(name)) throw NOT_PLAIN;
    keys[index] = name;
    return name;
  }

  /** One that a value stands behind. */
  private isColon(at: number): boolean {
    const next = this.text[at + 1];
    return this.text[at] === ':' && (next === ' ' || next === '\n' || next === undefined);
  }

  private list(first: Line, depth: number): Located {
    const items: Located[] = [];
    for (let line: Line | null = first; line !== null && line.indent >= first.indent; line = this.line) {
      if (line.indent > first.indent) throw NOT_PLAIN;
      if (!this.isItem(line)) break; // the map that holds the list goes on
      items.push(this.item(line, depth));
    }
    return { at: this.place(first.start), kind: 'list', items };
  }

  private item(line: Line, depth: number): Located {
    const start = this.skip(line.start + 1, line.end);
    const inside = { indent: line.indent + start - line.start, start, end: line.end };
    if (this.isItem(inside)) throw NOT_PLAIN;
    if (match(KEY, this.text, start) === null) return this.value(line, line.start + 1, depth);
    this.line = inside;
    return this.block(inside, depth + 1);
  }

  /** What stands behind a colon or a dash: a value on the line, or a block on the lines below. */
  private value(line: Line, from: number, depth: number, mayBeEmpty = false): Located {
    const start = this.skip(from, line.end);
    if (start < line.end && this.text[start] !== '#') {
      const value = this.scalar(start, line.end, depth);
      this.advance();
      if (this.line !== null && this.line.indent > line.indent) throw NOT_PLAIN;
      return value;
    }
    this.advance();
    const below: Line | null = this.line;
    const isOurs = below !== null && (below.indent > line.indent || this.isListOf(below, line));
    if (isOurs) return this.block(below, depth + 1);
    const isEmpty = from === line.end && (below === null || below.indent <= line.indent);
    if (!mayBeEmpty || !isEmpty) throw NOT_PLAIN;
    return this.empty(from);
  }

  /** A list may stand as far to the left as the key that it belongs to. */
  private isListOf(below: Line, line: Line): boolean {
    return below.indent === line.indent && this.isItem(below) && !this.isItem(line);
  }

  /** Nothing stands behind a colon. */
  private empty(from: number): Located {
    const at = this.place(from);
    return this.readScalar === null ? { at, kind: 'null' } : this.readScalar('', at);
  }

  private scalar(start: number, end: number, depth: number): Located {
    const first = this.text[start];
    if (first === '"' || first === "'") {
      const quoted = this.quoted(start);
      if (quoted === null) throw NOT_PLAIN;
      this.closed(quoted.end, end);
      return quoted.value;
    }
    if (first === '{' || first === '[') return this.brackets(start, end, depth);
    const comment = this.text.slice(start, end).indexOf(' #');
    let to = comment === -1 ? end : start + comment;
    while (this.text[to - 1] === ' ') to -= 1;
    return this.plain(this.text.slice(start, to), this.place(start));
  }

  private brackets(start: number, end: number, depth: number): Located {
    const list = match(FLOW_LIST, this.text, start);
    if (list !== null) {
      this.closed(start + list.length, end);
      return { at: this.place(start), kind: 'list', items: this.flowItems(list, start) };
    }
    const read = this.flow(start, end, depth + 1);
    this.closed(read.end, end);
    return read.value;
  }

  private quoted(start: number): Read | null {
    const at = this.place(start);
    const single = match(SINGLE_QUOTED, this.text, start);
    if (single !== null) {
      const text = single.slice(1, -1).replaceAll("''", "'");
      return { value: { at, kind: 'text', text }, end: start + single.length };
    }
    const double = match(DOUBLE_QUOTED, this.text, start);
    if (double === null) return null;
    return { value: { at, kind: 'text', text: double.slice(1, -1) }, end: start + double.length };
  }

  /** A map or a list in brackets that ends on its line. */
  private flow(start: number, end: number, depth: number): Read {
    if (depth > MOST_DEPTH) throw NOT_PLAIN;
    const isMap = this.text[start] === '{';
    const closing = isMap ? '}' : ']';
    const fields = new Map<string, Field>();
    const items: Located[] = [];
    let at = this.skip(start + 1, end);
    while (this.text[at] !== closing) {
      if (isMap) at = this.flowField(at, end, depth, fields);
      else {
        const item = this.flowValue(at, end, depth);
        items.push(item.value);
        at = item.end;
      }
      at = this.skip(at, end);
      if (this.text[at] === closing) break;
      if (this.text[at] !== ',') throw NOT_PLAIN;
      at = this.skip(at + 1, end);
      if (this.text[at] === closing) throw NOT_PLAIN;
    }
    const place = this.place(start);
    return {
      value: isMap ? { at: place, kind: 'map', fields } : { at: place, kind: 'list', items },
      end: at + 1,
    };
  }

  private flowField(start: number, end: number, depth: number, fields: Map<string, Field>): number {
    const name = match(KEY, this.text, start);
    if (name === null || name.length >= MOST_KEY || NOTHING.test(name) || fields.has(name)) throw NOT_PLAIN;
    const { value, end: after } = this.flowValue(this.skip(start + name.length + 1, end), end, depth);
    fields.set(name, { at: this.place(start), value });
    return after;
  }

  private flowValue(start: number, end: number, depth: number): Read {
    const first = this.text[start];
    if (first === '{' || first === '[') return this.flow(start, end, depth + 1);
    const quoted = this.quoted(start);
    if (quoted !== null) return quoted;
    const text = match(FLOW_PLAIN, this.text, start);
    if (text === null) throw NOT_PLAIN;
    return { value: this.plain(text, this.place(start)), end: start + text.length };
  }

  private flowItems(flow: string, start: number): Located[] {
    const inside = flow.slice(1, -1);
    if (inside.trim() === '') return [];
    let from = start + 1;
    return inside.split(',').map((part) => {
      const text = part.trim();
      const at = this.place(from + part.length - part.trimStart().length);
      from += part.length + 1;
      return this.plain(text, at);
    });
  }

  private plain(text: string, at: Place): Located {
    if (this.readScalar === null) return plain(text, at);
    if (!isPlain(text)) throw NOT_PLAIN;
    return this.readScalar(text, at);
  }

  /** Only spaces and a comment are left on the line. */
  private closed(from: number, end: number): void {
    if (from === end) return;
    const rest = this.text.slice(from, end);
    if (!/^ *$|^ +#/.test(rest)) throw NOT_PLAIN;
  }

  private isItem({ start, end }: Line): boolean {
    return this.text[start] === '-' && (start + 1 === end || this.text[start + 1] === ' ');
  }

  private skip(from: number, end: number): number {
    let at = from;
    while (at < end && this.text[at] === ' ') at += 1;
    return at;
  }

  /** To the next line that is neither empty nor a comment. */
  private advance(): void {
    this.line = null;
    while (this.next < this.text.length) {
      const from = this.next;
      const found = this.text.indexOf('\n', from);
      const end = found === -1 ? this.text.length : found;
      this.next = end + 1;
      const start = this.skip(from, end);
      if (start === end || this.text[start] === '#') continue;
      this.line = { indent: start - from, start, end };
      return;
    }
  }

  private place(offset: number): Place {
    return { source: this.source, offset };
  }
}

function match(pattern: RegExp, text: string, at: number): string | null {
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0] ?? null;
}

function isPlain(text: string): boolean {
  return PLAIN.test(text) && !text.includes(': ') && !text.endsWith(':');
}

function plain(text: string, at: Place): Located {
  if (!isPlain(text)) throw NOT_PLAIN;
  if (!MAYBE_MORE.test(text)) return { at, kind: 'text', text };
  if (ODD_NUMBER.test(text)) throw NOT_PLAIN;
  if (NOTHING.test(text)) return { at, kind: 'null' };
  if (BOOLEAN.test(text)) return { at, kind: 'boolean', boolean: text.toLowerCase() === 'true' };
  if (NUMBER.test(text)) return { at, kind: 'number', number: Number(text), text };
  return { at, kind: 'text', text };
}
