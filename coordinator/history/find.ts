// Lines of an output that a pattern finds, with the lines around them.

/** A text as it stands, or a regular expression. */
export interface Sought {
  pattern: string;
  isRegex: boolean;
  ignoreCase: boolean;
  /** Lines to show around each match. */
  context: number;
  /** Matches that are given at most; the others are counted. */
  most: number;
}

export interface FoundLine {
  /** From 1. */
  number: number;
  text: string;
  isMatch: boolean;
}

export interface Found {
  lines: FoundLine[];
  /** Of all lines. */
  matches: number;
}

/** A line is shown up to here. */
const SHOWN = 2_000;

/** Throws a SyntaxError for a pattern that is none. */
export function compile({ pattern, isRegex, ignoreCase }: Sought): RegExp {
  const source = isRegex ? pattern : pattern.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
  return new RegExp(source, ignoreCase ? 'i' : '');
}

export function find(text: string, sought: Sought): Found {
  const isPlain = !sought.isRegex && !sought.ignoreCase;
  if (isPlain && !text.includes(sought.pattern)) return { lines: [], matches: 0 };
  const expression = compile(sought);
  const texts = text.split('\n');
  if (texts.at(-1) === '') texts.pop();
  const found: Found = { lines: [], matches: 0 };
  let shown = 0;
  for (const [at, line] of texts.entries()) {
    if (isPlain ? !line.includes(sought.pattern) : !expression.test(line)) continue;
    found.matches += 1;
    if (found.matches > sought.most) continue;
    const to = Math.min(texts.length, at + 1 + sought.context);
    for (let n = Math.max(shown, at - sought.context); n < to; n++)
      found.lines.push({ number: n + 1, text: (texts[n] ?? '').slice(0, SHOWN), isMatch: n === at });
    // Within the context of the match before.
    const itself = found.lines.find(({ number }) => number === at + 1);
    if (itself !== undefined) itself.isMatch = true;
    shown = to;
  }
  return found;
}
