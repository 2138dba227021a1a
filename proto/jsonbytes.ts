// A value out of a JSON text that stays bytes: what is parsed the usual way becomes strings, which nobody can zero.
const [QUOTE, BACKSLASH, COMMA, COLON, OPEN, CLOSE] = [0x22, 0x5c, 0x2c, 0x3a, 0x7b, 0x7d];
const [OPEN_LIST, CLOSE_LIST, LOWER_U] = [0x5b, 0x5d, 0x75];
const BLANK = new Set([0x20, 0x09, 0x0a, 0x0d]);
const ESCAPES = new Map(
  Object.entries({ '"': '"', '\\': '\\', '/': '/', b: '\b', f: '\f', n: '\n', r: '\r', t: '\t' }).map(
    ([name, meant]) => [name.charCodeAt(0), meant.charCodeAt(0)],
  ),
);

/** What it is instead of a text, in words. */
export class NotText extends Error {}

/** A member of nested objects, by its names from the outside in. */
export class JsonBytes {
  #at = 0;

  constructor(private readonly text: Buffer) {}

  /** The bytes of a text, in memory of their own; null: there is no such member. Throws NotText, or SyntaxError. */
  textAt(path: readonly string[]): Buffer | null {
    this.#at = 0;
    if (!this.#enter(path)) return null;
    if (this.#peek() === QUOTE) return this.#string();
    throw new NotText(
      this.#peek() === OPEN ? 'an object' : this.#peek() === OPEN_LIST ? 'a list' : 'no text',
    );
  }

  /** The names of an object's members; none where there is no such object. */
  namesAt(path: readonly string[]): string[] {
    this.#at = 0;
    const names: string[] = [];
    if (!this.#enter(path) || this.#peek() !== OPEN) return names;
    this.#members((name) => {
      names.push(name);
      return false;
    });
    return names;
  }

  /** To the value; false: there is none. */
  #enter(path: readonly string[]): boolean {
    return path.every((wanted) => this.#peek() === OPEN && this.#members((name) => name === wanted));
  }

  /** Through an object, up to the value of the first member that is `found`; otherwise behind it. */
  #members(found: (name: string) => boolean): boolean {
    this.#take(OPEN);
    if (this.#peek() === CLOSE) {
      this.#take(CLOSE);
      return false;
    }
    for (;;) {
      const name = this.#string().toString('utf8');
      this.#take(COLON);
      if (found(name)) return true;
      this.#skip();
      if (this.#peek() !== COMMA) break;
      this.#take(COMMA);
    }
    this.#take(CLOSE);
    return false;
  }

  #skip(): void {
    const next = this.#peek();
    if (next === QUOTE) this.#pass();
    else if (next === OPEN) this.#members(() => false);
    else if (next === OPEN_LIST) this.#list();
    else this.#plain();
  }

  #list(): void {
    this.#take(OPEN_LIST);
    if (this.#peek() !== CLOSE_LIST) {
      this.#skip();
      while (this.#peek() === COMMA) {
        this.#take(COMMA);
        this.#skip();
      }
    }
    this.#take(CLOSE_LIST);
  }

  /** A number, true, false or null. */
  #plain(): void {
    const from = this.#at;
    while (/[-+.\w]/.test(String.fromCharCode(this.text[this.#at] ?? 0))) this.#at++;
    if (this.#at === from) throw this.#wrong();
  }

  /** Over a string; where it ends. */
  #pass(): { from: number; to: number } {
    this.#take(QUOTE);
    const from = this.#at;
    while (this.text[this.#at] !== QUOTE) {
      if (this.#at >= this.text.length) throw this.#wrong();
      this.#at += this.text[this.#at] === BACKSLASH ? 2 : 1;
    }
    return { from, to: this.#at++ };
  }

  #string(): Buffer {
    const { from, to } = this.#pass();
    // An escape takes more room than what it stands for.
    const bytes = Buffer.from(new ArrayBuffer(to - from));
    let length = 0;
    for (let at = from; at < to; at++) {
      const byte = this.text[at] ?? 0;
      if (byte !== BACKSLASH) {
        bytes[length++] = byte;
        continue;
      }
      const code = this.text[++at] ?? 0;
      if (code !== LOWER_U) {
        bytes[length++] = ESCAPES.get(code) ?? code;
        continue;
      }
      let units = this.#unit(at + 1);
      at += 4;
      if (/[\ud800-\udbff]/.test(units) && this.text[at + 1] === BACKSLASH && this.text[at + 2] === LOWER_U) {
        units += this.#unit(at + 3);
        at += 6;
      }
      length += bytes.write(units, length, 'utf8');
    }
    return bytes.subarray(0, length);
  }

  #unit(at: number): string {
    return String.fromCharCode(Number.parseInt(this.text.toString('latin1', at, at + 4), 16));
  }

  #peek(): number {
    while (BLANK.has(this.text[this.#at] ?? 0)) this.#at++;
    return this.text[this.#at] ?? 0;
  }

  #take(byte: number): void {
    if (this.#peek() !== byte) throw this.#wrong();
    this.#at++;
  }

  #wrong(): SyntaxError {
    return new SyntaxError(`no JSON at byte ${this.#at}`);
  }
}
