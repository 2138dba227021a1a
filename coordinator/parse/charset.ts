// Sets of characters as the inside of a JavaScript set. Texts of ASCII alone, which nearly all are, are matched without
// the flag that makes patterns read whole code points: that is faster, and V8's linear engine takes them.
import type { SetItem } from './patterntree.js';

/** As Python's str.isspace, str.isdecimal and str.isalnum have them. */
const ASCII = { d: '0-9', w: '0-9A-Z_a-z', s: '\\t-\\r\\x1c-\\x20' };
const NOT_ASCII = {
  d: '\\0-\\x2f\\x3a-\\x7f',
  w: '\\0-\\x2f\\x3a-\\x40\\x5b-\\x5e\\x60\\x7b-\\x7f',
  s: '\\0-\\x08\\x0e-\\x1b\\x21-\\x7f',
};
const WIDE = {
  d: '\\p{Nd}',
  w: '\\p{L}\\p{N}_',
  s: '\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000',
};
const MOST_NARROW = 0xffff;

/** `wide`: for the flag v. */
export function setSource({ items, negated }: { items: SetItem[]; negated: boolean }, wide: boolean): string {
  const inside = items.map((item) => itemSource(item, wide)).join('');
  if (!negated && items.length === 1 && items[0] !== undefined && 'from' in items[0]) {
    const [{ from, to }] = items as [{ from: number; to: number }];
    if (from === to && (wide || from <= MOST_NARROW)) return characterSource(from, wide);
  }
  return `[${negated ? '^' : ''}${inside}]`;
}

function itemSource(item: SetItem, wide: boolean): string {
  if ('letter' in item) {
    const { letter, negated, asciiOnly } = item;
    if (!wide) return (negated ? NOT_ASCII : ASCII)[letter];
    const inside = (asciiOnly ? ASCII : WIDE)[letter];
    return negated ? `[^${inside}]` : inside;
  }
  const { from, to } = item;
  if (!wide && from > MOST_NARROW) return '';
  const last = wide ? to : Math.min(to, MOST_NARROW);
  const start = characterSource(from, wide);
  return from === last ? start : `${start}-${characterSource(last, wide)}`;
}

function characterSource(code: number, wide: boolean): string {
  const character = String.fromCodePoint(code);
  if (/[0-9A-Za-z_ ]/.test(character)) return character;
  if (code <= 0xff) return `\\x${code.toString(16).padStart(2, '0')}`;
  return wide ? `\\u{${code.toString(16)}}` : `\\u${code.toString(16).padStart(4, '0')}`;
}

/** What `\b` and `\B` stand between. */
export const WIDE_WORD = `[${WIDE.w}]`;
export const ASCII_WORD = `[${ASCII.w}]`;
