// Secrets in outputs, hidden before anything is shown, written or kept: what the platform's data calls a secret, in
// the line where it stands. The same patterns and the same word as in recorded sessions (agent/record/redaction.ts),
// which hide the login's own secrets as well; those nobody holds any more once a sweep has ended.
import type { Platform } from '../../proto/platform.js';

const TOKEN = '<redacted>';

export class Mask {
  readonly #patterns: readonly RegExp[];

  constructor({ secrets }: Pick<Platform, 'secrets'>) {
    this.#patterns = secrets.map((pattern) => new RegExp(pattern, 'g'));
  }

  /** Lines of a text, each without its secrets; line ends stay as they are. */
  text(text: string): string {
    if (this.#patterns.length === 0) return text;
    return text
      .split('\n')
      .map((line) => this.line(line))
      .join('\n');
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
