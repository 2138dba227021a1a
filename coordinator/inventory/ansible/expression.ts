// The expressions of Jinja that inventories are mostly written with, `mgmt_ip | default(inventory_hostname)`, as a
// tree. Whatever is not of this kind is refused by name, never guessed at.

export type Expression =
  | { kind: 'constant'; value: string | number | boolean | null }
  | { kind: 'name'; name: string }
  | { kind: 'list'; items: Expression[] }
  | { kind: 'member'; of: Expression; key: Expression }
  | { kind: 'filter'; of: Expression; name: string; args: Expression[] }
  | { kind: 'call'; name: string; args: Expression[] }
  | { kind: 'defined'; of: Expression; not: boolean }
  | { kind: 'not'; of: Expression }
  | { kind: 'binary'; operator: Operator; left: Expression; right: Expression }
  | { kind: 'choice'; then: Expression; condition: Expression; otherwise: Expression | null };

export type Operator = '~' | '+' | '-' | '==' | '!=' | 'in' | 'and' | 'or';

/** What a template cannot be here; the message names only words of the language. */
export class TemplateError extends Error {}

/** Text as it stands, or an expression in double braces. */
export type Part = { text: string } | { expression: Expression };

const TOKEN =
  /\s*(?:((?:\d[\d_]*)(?:\.\d+)?)|([A-Za-z_]\w*)|"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)'|(==|!=|[~+\-|.,()[\]]))/y;
const MOST_DEPTH = 32;

/** Throws a TemplateError. */
export function parseTemplate(text: string): Part[] {
  const parts: Part[] = [];
  let from = 0;
  for (;;) {
    const start = text.slice(from).search(/\{[{%#]/);
    if (start === -1) break;
    const open = from + start;
    if (open > from) parts.push({ text: text.slice(from, open) });
    const mark = text[open + 1];
    if (mark === '%') throw new TemplateError('a statement {% %}');
    const close = mark === '#' ? text.indexOf('#}', open + 2) : closingBraces(text, open + 2);
    if (close === -1) throw new TemplateError('braces that are not closed');
    if (mark === '{') parts.push({ expression: new Parser(text.slice(open + 2, close)).whole() });
    from = close + 2;
  }
  if (from < text.length) parts.push({ text: text.slice(from) });
  return parts;
}

/** Braces inside a text are none. */
function closingBraces(text: string, from: number): number {
  let quote = '';
  for (let at = from; at < text.length; at += 1) {
    const character = text[at] ?? '';
    if (quote !== '') {
      if (character === '\\') at += 1;
      else if (character === quote) quote = '';
    } else if (character === '"' || character === "'") quote = character;
    else if (text.startsWith('}}', at)) return at;
  }
  return -1;
}

type Token = { kind: 'number' | 'name' | 'text' | 'sign' | 'end'; text: string };

class Parser {
  private readonly tokens: Token[];
  private next = 0;
  private depth = 0;

  constructor(source: string) {
    this.tokens = tokensOf(source.replace(/^-|-$/g, ''));
  }

  whole(): Expression {
    const expression = this.choice();
    if (this.peek().kind !== 'end')
      throw new TemplateError(`${JSON.stringify(this.peek().text)} in this place`);
    return expression;
  }

  private choice(): Expression {
    this.depth += 1;
    if (this.depth > MOST_DEPTH) throw new TemplateError('too many parentheses');
    const then = this.or();
    if (!this.accept('name', 'if')) {
      this.depth -= 1;
      return then;
    }
    const condition = this.or();
    const otherwise = this.accept('name', 'else') ? this.choice() : null;
    this.depth -= 1;
    return { kind: 'choice', then, condition, otherwise };
  }

  private or(): Expression {
    let left = this.and();
    while (this.accept('name', 'or')) left = { kind: 'binary', operator: 'or', left, right: this.and() };
    return left;
  }

  private and(): Expression {
    let left = this.not();
    while (this.accept('name', 'and')) left = { kind: 'binary', operator: 'and', left, right: this.not() };
    return left;
  }

  private not(): Expression {
    return this.accept('name', 'not') ? { kind: 'not', of: this.not() } : this.comparison();
  }

  private comparison(): Expression {
    const left = this.sum();
    for (const operator of ['==', '!='] as const)
      if (this.accept('sign', operator)) return { kind: 'binary', operator, left, right: this.sum() };
    if (this.accept('name', 'in')) return { kind: 'binary', operator: 'in', left, right: this.sum() };
    if (this.peek().text === 'not' && this.peek(1).text === 'in') {
      this.next += 2;
      return { kind: 'not', of: { kind: 'binary', operator: 'in', left, right: this.sum() } };
    }
    return left;
  }

  private test(of: Expression): Expression {
    const not = this.accept('name', 'not');
    const name = this.take('name');
    if (name !== 'defined' && name !== 'undefined') throw new TemplateError(`the test ${name}`);
    return { kind: 'defined', of, not: not !== (name === 'undefined') };
  }

  private sum(): Expression {
    let left = this.joined();
    for (const operator of ['+', '-'] as const)
      while (this.accept('sign', operator)) left = { kind: 'binary', operator, left, right: this.joined() };
    return left;
  }

  private joined(): Expression {
    let left = this.postfix();
    while (this.accept('sign', '~')) left = { kind: 'binary', operator: '~', left, right: this.postfix() };
    return left;
  }

  private postfix(): Expression {
    let of = this.primary();
    for (;;) {
      if (this.accept('sign', '.')) {
        const key = this.peek().kind === 'number' ? Number(this.take('number')) : this.take('name');
        of = { kind: 'member', of, key: { kind: 'constant', value: key } };
      } else if (this.accept('sign', '[')) {
        of = { kind: 'member', of, key: this.choice() };
        this.expect(']');
      } else if (this.accept('sign', '|'))
        of = { kind: 'filter', of, name: this.dotted(), args: this.arguments() };
      else if (this.accept('name', 'is')) of = this.test(of);
      else return of;
    }
  }

  /** `default`, `ansible.utils.ipaddr`. */
  private dotted(): string {
    let name = this.take('name');
    while (this.accept('sign', '.')) name += `.${this.take('name')}`;
    return name;
  }

  private primary(): Expression {
    const token = this.peek();
    this.next += 1;
    if (token.kind === 'number') return { kind: 'constant', value: Number(token.text.replaceAll('_', '')) };
    if (token.kind === 'text') return { kind: 'constant', value: token.text };
    if (token.kind === 'name') {
      const constant = CONSTANTS.get(token.text);
      if (constant !== undefined) return { kind: 'constant', value: constant };
      const isCall = this.peek().text === '(' && this.peek().kind === 'sign';
      return isCall
        ? { kind: 'call', name: token.text, args: this.arguments() }
        : { kind: 'name', name: token.text };
    }
    if (token.text === '(' && token.kind === 'sign') {
      const inside = this.choice();
      this.expect(')');
      return inside;
    }
    if (token.text === '[' && token.kind === 'sign') return { kind: 'list', items: this.items(']') };
    throw new TemplateError(
      token.kind === 'end'
        ? 'an expression that is not complete'
        : `${JSON.stringify(token.text)} in this place`,
    );
  }

  private arguments(): Expression[] {
    return this.accept('sign', '(') ? this.items(')') : [];
  }

  private items(end: string): Expression[] {
    const items: Expression[] = [];
    while (!this.accept('sign', end)) {
      items.push(this.choice());
      if (!this.accept('sign', ',') && this.peek().text !== end) this.expect(end);
    }
    return items;
  }

  private peek(ahead = 0): Token {
    return this.tokens[this.next + ahead] ?? { kind: 'end', text: '' };
  }

  private accept(kind: Token['kind'], text: string): boolean {
    const token = this.peek();
    if (token.kind !== kind || token.text !== text) return false;
    this.next += 1;
    return true;
  }

  private take(kind: Token['kind']): string {
    const token = this.peek();
    if (token.kind !== kind) throw new TemplateError('an expression that is not complete');
    this.next += 1;
    return token.text;
  }

  private expect(sign: string): void {
    if (!this.accept('sign', sign)) throw new TemplateError(`an expression without its ${sign}`);
  }
}

const CONSTANTS = new Map<string, boolean | null>(
  Object.entries({ true: true, True: true, false: false, False: false, none: null, None: null }),
);

function tokensOf(source: string): Token[] {
  const tokens: Token[] = [];
  TOKEN.lastIndex = 0;
  let end = 0;
  for (let match = TOKEN.exec(source); match !== null; match = TOKEN.exec(source)) {
    end = TOKEN.lastIndex;
    const [, number, name, double, single, sign] = match;
    if (number !== undefined) tokens.push({ kind: 'number', text: number });
    else if (name !== undefined) tokens.push({ kind: 'name', text: name });
    else if (sign !== undefined) tokens.push({ kind: 'sign', text: sign });
    else tokens.push({ kind: 'text', text: (double ?? single ?? '').replace(/\\(.)/g, unescaped) });
  }
  const rest = source.slice(end).trim();
  if (rest !== '') throw new TemplateError(`the character ${JSON.stringify(rest[0])}`);
  return tokens;
}

function unescaped(_: string, character: string): string {
  return { n: '\n', t: '\t', r: '\r' }[character] ?? character;
}
