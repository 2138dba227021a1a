// JSON to located values, in one pass: a file of a hundred thousand devices takes the YAML library ten seconds. What
// is not plain, valid JSON is left to it, since YAML takes more than JSON and its reader knows what is wrong.
import type { Field, Located, LocatedMap, Place, Source } from './located.js';

const MOST_DEPTH = 32;
/** YAML's limit for a key. */
const MOST_KEY = 1_024;
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][-+]?\d+)?/y;
const WORDS = { true: true, false: false, null: null } as const;

/** The items of one list at the top, taken one by one and not kept: of a long one there would be too much to collect. */
export interface Taker {
  list: string;
  take(item: Located): void;
}

/** Read once, though who finds out an inventory's shape asks for it as well as its reader. */
const read = new WeakMap<Source, Located | null>();

/** The document's value; null: not plain JSON. */
export function readJson(source: Source): Located | null {
  const known = read.get(source);
  if (known !== undefined) return known;
  const value = takeJson(source, null);
  read.set(source, value);
  return value;
}

/** The same with a list that is not kept; null may come after items were taken. */
export function takeJson(source: Source, taker: Taker | null): Located | null {
  if (!/^\s*[[{]/.test(source.text)) return null;
  try {
    return new JsonReader(source, taker).document();
  } catch (error) {
    if (error === NOT_PLAIN) return null;
    throw error;
  }
}

const NOT_PLAIN = new Error('not plain JSON');

class JsonReader {
  private at = 0;
  private readonly text: string;
  /** Of the last map at each depth: the next one mostly has the same, and need not make them anew. */
  private readonly keys: string[][] = [];

  constructor(
    private readonly source: Source,
    private readonly taker: Taker | null,
  ) {
    this.text = source.text;
  }

  document(): Located {
    this.skip();
    const value = this.value(0);
    this.skip();
    if (this.at < this.text.length) throw NOT_PLAIN;
    return value;
  }

  private value(depth: number, take: Taker['take'] | null = null): Located {
    if (depth > MOST_DEPTH) throw NOT_PLAIN;
    const at = this.place();
    switch (this.text[this.at]) {
      case '{':
        return this.map(at, depth);
      case '[':
        return this.list(at, depth, take);
      case '"':
        return { at, kind: 'text', text: this.string() };
      default:
        return this.bare(at);
    }
  }

  private map(at: Place, depth: number): LocatedMap {
    const fields = new Map<string, Field>();
    this.keys[depth] ??= [];
    const keys = this.keys[depth];
    this.each('}', () => {
      const place = this.place();
      const name = this.key(keys, fields.size);
      if (name.length >= MOST_KEY || fields.has(name)) throw NOT_PLAIN;
      this.skip();
      this.expect(':');
      this.skip();
      const take = depth === 0 && name === this.taker?.list ? this.taker.take : null;
      fields.set(name, { at: place, value: this.value(depth + 1, take) });
    });
    return { at, kind: 'map', fields };
  }

  private key(keys: string[], index: number): string {
    const known = keys[index];
    const end = this.at + 1 + (known?.length ?? 0);
    if (known !== undefined && this.text[end] === '"' && this.text.startsWith(known, this.at + 1)) {
      this.expect('"');
      this.at = end + 1;
      return known;
    }
    const start = this.at;
    const key = this.string();
    // Only what is written as it is can be known again by how it is written.
    if (this.at - start === key.length + 2) keys[index] = key;
    return key;
  }

  private list(at: Place, depth: number, take: Taker['take'] | null): Located {
    const items: Located[] = [];
    const add = take ?? ((item: Located) => void items.push(item));
    this.each(']', () => add(this.value(depth + 1)));
    return { at, kind: 'list', items };
  }

  /** What stands between brackets, with commas between. */
  private each(end: ']' | '}', read: () => void): void {
    this.at += 1;
    this.skip();
    if (this.text[this.at] !== end)
      for (;;) {
        read();
        this.skip();
        if (this.text[this.at] === end) break;
        this.expect(',');
        this.skip();
      }
    this.at += 1;
  }

  private string(): string {
    this.expect('"');
    const start = this.at;
    for (let escaped = false; ; this.at += 1) {
      const code = this.text.charCodeAt(this.at); // NaN at the end
      if (code === 0x22) {
        const inside = this.text.slice(start, this.at);
        this.at += 1;
        return escaped ? unescaped(inside) : inside;
      }
      if (!(code >= 0x20)) throw NOT_PLAIN;
      if (code !== 0x5c) continue;
      escaped = true;
      this.at += 1;
    }
  }

  private bare(at: Place): Located {
    NUMBER.lastIndex = this.at;
    const text = NUMBER.exec(this.text)?.[0];
    if (text !== undefined) {
      this.at += text.length;
      return { at, kind: 'number', number: Number(text), text };
    }
    for (const [word, value] of Object.entries(WORDS)) {
      if (!this.text.startsWith(word, this.at)) continue;
      this.at += word.length;
      return value === null ? { at, kind: 'null' } : { at, kind: 'boolean', boolean: value };
    }
    throw NOT_PLAIN;
  }

  private skip(): void {
    for (;;) {
      const code = this.text.charCodeAt(this.at);
      if (code !== 0x20 && code !== 0x0a) return;
      this.at += 1;
    }
  }

  private expect(character: string): void {
    if (this.text[this.at] !== character) throw NOT_PLAIN;
    this.at += 1;
  }

  private place(): Place {
    return { source: this.source, offset: this.at };
  }
}

function unescaped(inside: string): string {
  try {
    return JSON.parse(`"${inside}"`) as string; // of a string in quotes
  } catch {
    throw NOT_PLAIN;
  }
}
