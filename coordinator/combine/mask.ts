// Secrets in outputs, hidden before anything is shown, written or kept: what the platform's data calls a secret, in
// the line where it stands. The same patterns and the same word as in recorded sessions (agent/record/redaction.ts),
// which hide the login's own secrets as well; those nobody holds any more once a sweep has ended.
import type { Platform } from '../../proto/platform.js';

const TOKEN = '<redacted>';
/** Looks at what is not there: in a whole text it may see another line, where in a line there is nothing. */
const LOOKS_FOR_NONE = /\(\?<?![^)]*[^)\w :-]/;

export class Mask {
  readonly #patterns: readonly RegExp[];
  /** The same, for whole texts. */
  readonly #whole: readonly RegExp[];
  /** Those that would mean something else there. */
  readonly #lineByLine: readonly RegExp[];

  constructor({ secrets }: Pick<Platform, 'secrets'>) {
    this.#patterns = secrets.map((pattern) => new RegExp(pattern, 'g'));
    const isOfLines = (pattern: string) => LOOKS_FOR_NONE.test(pattern);
    this.#whole = secrets.flatMap((pattern) => (isOfLines(pattern) ? [] : [new RegExp(pattern, 'gm')]));
    this.#lineByLine = secrets.flatMap((pattern) => (isOfLines(pattern) ? [new RegExp(pattern)] : []));
  }

  /** Lines of a text, each without its secrets; line ends stay as they are. */
  text(text: string): string {
    if (this.#patterns.length === 0) return text;
    let masked = '';
    let from = 0;
    for (const [start, end] of this.#touched(text)) {
      masked += text.slice(from, start) + this.line(text.slice(start, end));
      from = end;
    }
    return masked + text.slice(from);
  }

  /** One line, without its end. */
  line(line: string): string {
    const ending = line.endsWith('\r') ? '\r' : '';
    const shown = ending === '' ? line : line.slice(0, -1);
    const values = new Set(this.#patterns.flatMap((pattern) => [...valuesIn(shown, pattern)]));
    if (values.size === 0) return line;
    // In one pass, so that a short one is not looked for in what stands for another; a longer one may hold a shorter.
    const longest = [...values].sort((one, other) => other.length - one.length);
    return shown.replace(new RegExp(longest.map(literally).join('|'), 'g'), TOKEN) + ending;
  }

  /**
   * Lines that may hold a secret, in order: those that a match of the whole text touches, because a pattern that matches
   * within a line matches there in the whole text too, unless a match that began before it has passed over it.
   */
  #touched(text: string): [start: number, end: number][] {
    const ends = new Map<number, number>();
    for (const pattern of this.#whole)
      for (const { 0: match, index } of text.matchAll(pattern))
        for (let start = text.lastIndexOf('\n', index - 1) + 1; start <= index + match.length; ) {
          const end = endOfLine(text, start);
          ends.set(start, end);
          start = end + 1;
        }
    for (let start = 0; this.#lineByLine.length > 0 && start <= text.length; ) {
      const end = endOfLine(text, start);
      const line = text.slice(start, end).replace(/\r$/, '');
      if (this.#lineByLine.some((pattern) => pattern.test(line))) ends.set(start, end);
      start = end + 1;
    }
    return [...ends].sort(([one], [other]) => one - other);
  }
}

function endOfLine(text: string, start: number): number {
  const end = text.indexOf('\n', start);
  return end < 0 ? text.length : end;
}

/** The first group of each match, or all that matched. */
function* valuesIn(line: string, pattern: RegExp): Generator<string> {
  for (const match of line.matchAll(pattern)) {
    const value = (match[1] ?? match[0]).trim();
    if (value !== '') yield value;
  }
}

function literally(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
}
