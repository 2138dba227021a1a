// A pattern's tree as the source of a JavaScript one that finds the same in a line. Groups are numbered, names stay
// with whoever asks.
import { ASCII_WORD, setSource, WIDE_WORD } from './charset.js';
import type { Node } from './patterntree.js';

/** `wide`: for texts beyond ASCII, with the flag v. */
export function javaScriptSource(node: Node, wide: boolean): string {
  const inner = (child: Node) => javaScriptSource(child, wide);
  switch (node.kind) {
    case 'set':
      return setSource(node, wide);
    case 'any':
      return node.lineEnds ? '[\\0-\\uffff]'.replace('uffff', wide ? 'u{10ffff}' : 'uffff') : '[^\\n]';
    case 'edge':
      return edgeSource(node);
    case 'boundary':
      return boundarySource(node, wide);
    case 'group':
      return node.index === null ? `(?:${inner(node.body)})` : `(${inner(node.body)})`;
    case 'look':
      return `(?${node.ahead ? '' : '<'}${node.negated ? '!' : '='}${inner(node.body)})`;
    case 'reference':
      return `(?:\\${node.index})`;
    case 'repeat':
      return `${repeatable(node.body, inner(node.body))}${countSource(node)}`;
    case 'sequence':
      return node.nodes
        .map((child) => (child.kind === 'either' ? `(?:${inner(child)})` : inner(child)))
        .join('');
    case 'either':
      return node.options.map(inner).join('|');
  }
}

/** The end of a text is also before a line end that is its last character. */
function edgeSource({ of, at }: Extract<Node, { kind: 'edge' }>): string {
  if (of === 'line') return at === 'start' ? '(?<![^\\n])' : '(?![^\\n])';
  return at === 'start' ? '^' : '$';
}

function boundarySource({ negated, asciiOnly }: Extract<Node, { kind: 'boundary' }>, wide: boolean): string {
  if (!wide) return negated ? '\\B' : '\\b';
  const word = asciiOnly ? ASCII_WORD : WIDE_WORD;
  return negated
    ? `(?:(?<=${word})(?=${word})|(?<!${word})(?!${word}))`
    : `(?:(?<=${word})(?!${word})|(?<!${word})(?=${word}))`;
}

function repeatable({ kind }: Node, source: string): string {
  return kind === 'set' || kind === 'any' || kind === 'group' ? source : `(?:${source})`;
}

function countSource({ min, max, lazy }: Extract<Node, { kind: 'repeat' }>): string {
  return counts(min, max) + (lazy ? '?' : '');
}

function counts(min: number, max: number): string {
  if (max === Number.POSITIVE_INFINITY) return min === 0 ? '*' : min === 1 ? '+' : `{${min},}`;
  if (min === 0 && max === 1) return '?';
  return min === max ? `{${min}}` : `{${min},${max}}`;
}
