// Shell globs and regular expressions of users against names. A glob is matched in time linear in each of its
// stars; a regular expression keeps JavaScript's full language and is stopped when it takes too long.
import { createContext, runInContext } from 'node:vm';

const SLOWEST_MS = 1000;

type Part = { kind: 'star' } | { kind: 'any' } | { kind: 'one'; of: (character: string) => boolean };

/** A test for `*`, `?`, `[abc]`, `[a-z]`, `[!abc]`; everything else stands for itself. Ansible knows no `[^abc]`. */
export function globTest(glob: string, negations = '!^'): (text: string) => boolean {
  const parts = partsOf(glob, negations);
  return (text) => matches(parts, text);
}

/** Which of the texts match from their start, as Ansible's `~` does. Throws where it is no expression or too slow. */
export function regexMatches(expression: string, texts: readonly string[]): boolean[] {
  const { source, flags } = fromPython(expression);
  // Another context, because only there a time limit stops a regular expression in the middle.
  const context = createContext({ source: `^(?:${source})`, flags, texts: texts.join('\n') });
  return Array.from(runInContext(MATCH, context, { timeout: SLOWEST_MS }) as boolean[]); // its type is any
}

/** Python takes a backslash before any character that is no letter; JavaScript only without its flag u. */
const MATCH = `
  const made = (all) => { try { return new RegExp(source, all); } catch { return null; } };
  const one = made('u' + flags) ?? new RegExp(source, flags);
  texts.split('\\n').map((text) => one.test(text))`;

/** What Python writes in another way: flags at the start, names of groups, the ends of the text. */
function fromPython(expression: string): { source: string; flags: string } {
  const [start = '', flags = ''] = /^\(\?([aimsux]+)\)/.exec(expression) ?? [];
  const source = expression
    .slice(start.length)
    .replaceAll('(?P<', '(?<')
    .replace(/\(\?P=(\w+)\)/g, '\\k<$1>')
    .replace(/\\([AZ\\])/g, (whole, letter) => (letter === 'A' ? '^' : letter === 'Z' ? '$' : whole));
  return {
    source,
    flags: Array.from(new Set(flags))
      .filter((flag) => 'ims'.includes(flag))
      .join(''),
  };
}

function partsOf(glob: string, negations: string): Part[] {
  const parts: Part[] = [];
  const characters = Array.from(glob);
  for (let at = 0; at < characters.length; at += 1) {
    const character = characters[at] ?? '';
    const end = character === '[' ? characters.indexOf(']', at + 2) : -1;
    if (character === '*') parts.push({ kind: 'star' });
    else if (character === '?') parts.push({ kind: 'any' });
    else if (end !== -1) {
      parts.push({ kind: 'one', of: classTest(characters.slice(at + 1, end), negations) });
      at = end;
    } else parts.push({ kind: 'one', of: (other) => other === character });
  }
  return parts;
}

function classTest(inside: string[], negations: string): (character: string) => boolean {
  const isNegated = inside[0] !== undefined && negations.includes(inside[0]);
  const body = isNegated ? inside.slice(1) : inside;
  const ranges: [string, string][] = [];
  for (let at = 0; at < body.length; at += 1) {
    const from = body[at] ?? '';
    const isRange = body[at + 1] === '-' && at + 2 < body.length;
    ranges.push([from, isRange ? (body[at + 2] ?? from) : from]);
    if (isRange) at += 2;
  }
  return (character) => ranges.some(([from, to]) => character >= from && character <= to) !== isNegated;
}

/** Goes back only to the last star, which is enough for globs. */
function matches(parts: Part[], text: string): boolean {
  const characters = Array.from(text);
  let part = 0;
  let at = 0;
  let star = -1;
  let resume = 0;
  while (at < characters.length) {
    const current = parts[part];
    if (current?.kind === 'star') {
      star = part;
      resume = at;
      part += 1;
    } else if (current !== undefined && (current.kind === 'any' || current.of(characters[at] ?? ''))) {
      part += 1;
      at += 1;
    } else if (star !== -1) {
      part = star + 1;
      resume += 1;
      at = resume;
    } else return false;
  }
  return parts.slice(part).every(({ kind }) => kind === 'star');
}
