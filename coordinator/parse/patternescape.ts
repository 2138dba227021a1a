// What a backslash means in a Python pattern, outside of sets and within.
import { type ClassLetter, PatternError } from './patterntree.js';

export interface ClassEscape {
  letter: ClassLetter;
  negated: boolean;
}

/** A character (its code point), a class of them, or a place. */
export type Escaped = number | ClassEscape | { edge: 'start' | 'end' } | { boundary: true; negated: boolean };

const CONTROLS: Record<string, number> = { a: 7, f: 12, n: 10, r: 13, t: 9, v: 11 };
const PLACES: Record<string, Escaped> = {
  A: { edge: 'start' },
  Z: { edge: 'end' },
  b: { boundary: true, negated: false },
  B: { boundary: true, negated: true },
};
const CODES = /\\(?:x([\da-fA-F]{2})|u([\da-fA-F]{4})|U([\da-fA-F]{8})|(0[0-7]{0,2}|[0-3][0-7]{2}))/y;
const MOST_CODE = 0x10ffff;
const BACKSPACE = 8;

/** `from` is where the backslash is; references to groups are not for here. */
export function escapeAt(text: string, from: number, inSet: boolean): { end: number; value: Escaped } {
  const code = text.codePointAt(from + 1);
  if (code === undefined) throw new PatternError(from, 'a backslash with nothing behind it');
  const letter = String.fromCodePoint(code);
  const end = from + 1 + letter.length;
  if (/[dwsDWS]/.test(letter)) {
    const lower = letter.toLowerCase() as ClassLetter; // of the three that were looked for
    return { end, value: { letter: lower, negated: letter !== lower } };
  }
  const place = inSet ? undefined : PLACES[letter];
  if (place !== undefined) return { end, value: place };
  if (inSet && letter === 'b') return { end, value: BACKSPACE };
  const control = CONTROLS[letter];
  if (control !== undefined) return { end, value: control };
  CODES.lastIndex = from;
  const found = CODES.exec(text);
  if (found !== null) {
    const [all, short, medium, long, octal] = found;
    const value =
      octal === undefined ? Number.parseInt(short ?? medium ?? long ?? '', 16) : Number.parseInt(octal, 8);
    if (value > MOST_CODE) throw new PatternError(from, `${all} is no character`);
    return { end: from + all.length, value };
  }
  if (/[a-zA-Z0-9]/.test(letter)) throw new PatternError(from, `\\${letter}, which means nothing`);
  return { end, value: code };
}
