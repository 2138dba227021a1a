// Python expressions that are literals, to located values: text, numbers, True, False, None, lists, tuples,
// dictionaries, dict(...) and names set earlier to one of these. Nothing is run; everything else is opaque, and
// becomes an error only where its value is used.
import type { parser } from '@lezer/python';
import type { Field, Located, LocatedMap, Place, Source } from './located.js';
import { type Issues, quote } from './wording.js';

export type SyntaxTree = ReturnType<typeof parser.parse>;
export type SyntaxNode = SyntaxTree['topNode'];

const MOST_DEPTH = 32;

const ESCAPES: Record<string, string> = {
  ...{ n: '\n', t: '\t', r: '\r', a: '\x07', b: '\b', f: '\f', v: '\v' },
  ...{ '\\': '\\', "'": "'", '"': '"', '\n': '' },
};

const WORDS: Record<string, string> = {
  ArrayComprehensionExpression: 'a comprehension',
  DictionaryComprehensionExpression: 'a comprehension',
  SetExpression: 'a set',
  LambdaExpression: 'a function',
  ConditionalExpression: 'a condition',
  BinaryExpression: 'an operation',
  MemberExpression: 'a part of another value',
  FormatString: 'a text with parts filled in',
};

/** Reads literals of one file, in its order; `bind` what a statement sets before reading the next. */
export class PythonLiterals {
  private readonly names = new Map<string, Located>();
  /** Dictionaries that were unpacked into others. */
  readonly bases = new Set<Located>();

  constructor(
    private readonly source: Source,
    private readonly issues: Issues,
  ) {}

  bind(name: string, value: Located): void {
    this.names.set(name, value);
  }

  valueOf(name: string): Located | undefined {
    return this.names.get(name);
  }

  read(node: SyntaxNode, depth = 0): Located {
    const at = this.place(node);
    if (depth > MOST_DEPTH) return { at, kind: 'opaque', words: 'values nested too deeply' };
    switch (node.name) {
      case 'String':
      case 'FormatString':
      case 'ContinuedString':
        return this.text(node, at);
      case 'Number':
        return number(this.textOf(node), at);
      case 'UnaryExpression':
        return this.signed(node, at);
      case 'Boolean':
        return { at, kind: 'boolean', boolean: this.textOf(node) === 'True' };
      case 'None':
        return { at, kind: 'null' };
      case 'VariableName':
        return this.followed(node, at);
      case 'ParenthesizedExpression':
        return this.read(node.firstChild?.nextSibling ?? node, depth + 1);
      case 'ArrayExpression':
      case 'TupleExpression':
        return this.list(node, at, depth);
      case 'DictionaryExpression':
        return this.dictionary(node, at, depth);
      case 'CallExpression':
        return this.call(node, at, depth);
    }
    return { at, kind: 'opaque', words: WORDS[node.name] ?? 'an expression', ...this.meantBy(node) };
  }

  place(node: SyntaxNode): Place {
    return { source: this.source, offset: node.from };
  }

  textOf(node: SyntaxNode): string {
    return this.source.text.slice(node.from, node.to);
  }

  private text(node: SyntaxNode, at: Place): Located {
    const parts = node.name === 'ContinuedString' ? childrenOf(node) : [node];
    let text = '';
    for (const part of parts) {
      if (part.getChild('FormatReplacement') !== null)
        return { at, kind: 'opaque', words: WORDS.FormatString ?? '' };
      const read = readString(this.textOf(part));
      if (read === null) return { at: this.place(part), kind: 'opaque', words: 'bytes or an unknown escape' };
      text += read;
    }
    return { at, kind: 'text', text };
  }

  private signed(node: SyntaxNode, at: Place): Located {
    const operand = node.lastChild;
    const sign = node.firstChild === null ? '' : this.textOf(node.firstChild);
    if (operand?.name !== 'Number' || (sign !== '-' && sign !== '+'))
      return { at, kind: 'opaque', words: 'an operation' };
    return number(sign.replace('+', '') + this.textOf(operand), at);
  }

  private followed(node: SyntaxNode, at: Place): Located {
    const name = this.textOf(node);
    return this.names.get(name) ?? { at, kind: 'opaque', words: `the name ${name}, not set above` };
  }

  private list(node: SyntaxNode, at: Place, depth: number): Located {
    const items: Located[] = [];
    let isStarred = false;
    for (const child of childrenOf(node)) {
      if (child.name === '*') isStarred = true;
      else if (!isPunctuation(child)) {
        const item = this.read(child, depth + 1);
        if (isStarred && item.kind === 'list') items.push(...item.items);
        else items.push(item);
        isStarred = false;
      }
    }
    return { at, kind: 'list', items };
  }

  private dictionary(node: SyntaxNode, at: Place, depth: number): Located {
    const fields = new Map<string, Field>();
    const own = new Set<string>();
    const children = childrenOf(node).filter(({ name }) => !['{', '}', ',', ':'].includes(name));
    for (let index = 0; index < children.length; index += 2) {
      const [key, value] = [children[index], children[index + 1]];
      if (key === undefined || value === undefined) break;
      if (key.name === '**') this.unpack(fields, value, depth);
      else
        this.pair(fields, own, this.read(key, depth + 1), {
          at: this.place(key),
          value: this.read(value, depth + 1),
        });
    }
    return { at, kind: 'map', fields };
  }

  private pair(fields: Map<string, Field>, own: Set<string>, key: Located, field: Field): void {
    if (key.kind !== 'text' && key.kind !== 'number') {
      const words = key.kind === 'opaque' ? key.words : `a key that is not text`;
      this.issues.report(field.at, `a key of a dictionary cannot be read (found ${words}, expected text)`);
      return;
    }
    if (own.has(key.text)) {
      const { line, column } = this.source.positionAt(fields.get(key.text)?.at?.offset ?? 0);
      this.issues.report(field.at, `${quote(key.text)} is given twice (first at ${line}:${column})`);
      return;
    }
    own.add(key.text);
    fields.set(key.text, field);
  }

  private unpack(fields: Map<string, Field>, node: SyntaxNode, depth: number): void {
    const base = this.read(node, depth + 1);
    if (base.kind === 'map') {
      this.bases.add(base);
      for (const [name, field] of base.fields) fields.set(name, field);
    } else {
      const words = base.kind === 'opaque' ? base.words : 'something else';
      this.issues.report(
        this.place(node),
        `this cannot be unpacked (found ${words}, expected a dictionary set above)`,
      );
    }
  }

  private call(node: SyntaxNode, at: Place, depth: number): Located {
    const [called, args] = childrenOf(node);
    if (called?.name === 'VariableName' && this.textOf(called) === 'dict' && args !== undefined)
      return this.dictCall(args, at, depth);
    const name = called === undefined ? '' : this.textOf(called);
    const words = /^[\w.]{1,40}$/.test(name) ? `a call of ${name}` : 'a call';
    return { at, kind: 'opaque', words, ...this.meantBy(node) };
  }

  /** `dict(base, key=value, **more)`. */
  private dictCall(args: SyntaxNode, at: Place, depth: number): LocatedMap {
    const fields = new Map<string, Field>();
    const own = new Set<string>();
    const children = childrenOf(args).filter(({ name }) => !['(', ')', ','].includes(name));
    for (let index = 0; index < children.length; index += 1) {
      const [first, operator, value] = children.slice(index, index + 3);
      if (first === undefined) break;
      if (operator?.name === 'AssignOp' && value !== undefined) {
        const key: Located = { at: this.place(first), kind: 'text', text: this.textOf(first) };
        this.pair(fields, own, key, { at: key.at, value: this.read(value, depth + 1) });
        index += 2;
      } else if (first.name !== '**') this.unpack(fields, first, depth);
    }
    return { at, kind: 'map', fields };
  }

  /** What to write in place of the two usual ways of getting a secret. */
  private meantBy(node: SyntaxNode): { meant?: string } {
    const text = this.textOf(node).slice(0, 200);
    if (/^(getpass\.)?getpass\(/.test(text)) return { meant: '"ask"' };
    const variable = /^(?:os\.)?(?:environ\[|environ\.get\(|getenv\()\s*["'](\w+)["']/.exec(text)?.[1];
    return variable === undefined ? {} : { meant: `"env:${variable}"` };
  }
}

export function childrenOf(node: SyntaxNode): SyntaxNode[] {
  const children: SyntaxNode[] = [];
  for (let child = node.firstChild; child !== null; child = child.nextSibling)
    if (child.name !== 'Comment') children.push(child);
  return children;
}

function isPunctuation({ name }: SyntaxNode): boolean {
  return ['[', ']', '(', ')', ','].includes(name);
}

function number(written: string, at: Place): Located {
  const bare = written.replaceAll('_', '').toLowerCase();
  const sign = bare.startsWith('-') ? -1 : 1;
  const value = sign * Number(bare.replace('-', ''));
  if (Number.isNaN(value)) return { at, kind: 'opaque', words: 'a complex number' };
  const text =
    Number.isSafeInteger(value) && !/[.e]/.test(bare.replace(/^-?0x.*/, '')) ? String(value) : written;
  return { at, kind: 'number', number: value, text };
}

/** The text of one string literal; null for bytes and for escapes by a character's name. */
function readString(written: string): string | null {
  const match = /^([A-Za-z]*)("""|'''|"|')([\s\S]*)\2$/.exec(written);
  const prefix = (match?.[1] ?? '').toLowerCase();
  const body = match?.[3] ?? '';
  if (match === null || prefix.includes('b')) return null;
  const plain = prefix.includes('f') ? body.replace(/\{\{/g, '{').replace(/\}\}/g, '}') : body;
  if (prefix.includes('r')) return plain;
  let isKnown = true;
  const text = plain.replace(
    /\\(?:([0-7]{1,3})|x([\da-fA-F]{2})|u([\da-fA-F]{4})|U([\da-fA-F]{8})|(N\{|[xuU])|([\s\S]))/g,
    (whole, octal, hex, short, long, bad, single) => {
      if (bad !== undefined) isKnown = false;
      const code =
        octal !== undefined ? Number.parseInt(octal, 8) : Number.parseInt(hex ?? short ?? long ?? '', 16);
      if (Number.isNaN(code)) return ESCAPES[single ?? ''] ?? whole;
      if (code > 0x10ffff) isKnown = false;
      return code > 0x10ffff ? '' : String.fromCodePoint(code);
    },
  );
  return isKnown ? text : null;
}
