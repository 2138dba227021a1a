// The prompt of one session: learnt at the first sight, learnt anew at each later one, and compared without the
// parts that the platform says move by themselves. Pure.
import type { Rules } from './platform.js';

export class Prompt {
  /** Whether the device repeats what is typed at it; null until a line was. */
  echoes: boolean | null = null;
  readonly #rules: Rules;
  #text: string | null = null;
  #still = '';
  /** Spaces after it. */
  #blanks = 0;

  constructor(rules: Rules) {
    this.#rules = rules;
  }

  /** As it stood last, trailing spaces kept; null before the first. */
  get text(): string | null {
    return this.#text;
  }

  /** Without trailing spaces, which may come late. */
  get bare(): string | null {
    return this.#text === null ? null : this.#text.trimEnd();
  }

  /** As it is now, whatever this one learns later. */
  copy(): Prompt {
    const copy = new Prompt(this.#rules);
    copy.#text = this.#text;
    copy.#still = this.#still;
    copy.#blanks = this.#blanks;
    return copy;
  }

  learn(text: string): void {
    const still = this.#stilled(text);
    const same = this.#text !== null && still === this.#still;
    // Its trailing spaces may come late: the most that were seen are the prompt's.
    this.#blanks = Math.max(blanksAfter(text), same ? this.#blanks : 0);
    this.#text = text.trimEnd() + ' '.repeat(this.#blanks);
    this.#still = still;
  }

  /** A space of it came after it was believed. */
  widen(): void {
    if (this.#text !== null) this.learn(`${this.#text} `);
  }

  /** The line is this prompt. */
  is(line: string): boolean {
    if (this.#text === null) return false;
    return this.#stilled(line) === this.#still && blanksAfter(line) <= this.#blanks;
  }

  /** This prompt, but for spaces that have come after it so far. */
  isShort(line: string): boolean {
    return this.is(line) && blanksAfter(line) < this.#blanks;
  }

  /** Where this prompt begins in a line that ends with it; -1 when it does not. */
  endOf(line: string): number {
    const bare = this.bare;
    if (bare === null) return -1;
    const whole = line.trimEnd();
    if (whole.endsWith(bare)) return whole.length - bare.length;
    if (this.#rules.moving === null) return -1;
    // What moves may have grown or shrunk by some characters.
    const nearest = Math.max(0, whole.length - bare.length - MOVES);
    for (let at = nearest; at < whole.length; at++)
      if (this.#stilled(whole.slice(at)) === this.#still) return at;
    return -1;
  }

  /** What a line begins with, if that is this prompt, or one of its kin where these are wanted; null otherwise. */
  at(line: string, kin: boolean): string | null {
    const bare = this.bare;
    if (bare === null) return null;
    if (line.startsWith(bare)) return bare;
    const head = line.slice(0, line.search(/[>#$%]/) + 1);
    return kin && head !== '' && this.#rules.prompt.test(head) && this.isKin(head) ? head : null;
  }

  /** Of the same device in another mode: R1> and R1(config)#. */
  isKin(line: string): boolean {
    return this.#text !== null && nameIn(this.#stilled(line)) === nameIn(this.#still);
  }

  /** Whether a line of a text is this very prompt. */
  standsIn(bytes: Buffer): boolean {
    const bare = this.bare ?? '';
    const needle = Buffer.from(this.#rules.moving === null ? bare : this.#constant(bare), 'latin1');
    if (needle.length === 0) return false;
    for (let at = bytes.indexOf(needle); at >= 0; at = bytes.indexOf(needle, at + 1)) {
      const start = bytes.lastIndexOf(LF, at) + 1;
      const line = bytes.toString('latin1', start, Math.min(bytes.length, at + needle.length + MOVES));
      const head = line.slice(line.lastIndexOf('\r', at - start) + 1);
      if (head.startsWith(bare) || this.#startsMoved(head)) return true;
    }
    return false;
  }

  #startsMoved(line: string): boolean {
    if (this.#rules.moving === null) return false;
    for (let end = 1; end <= line.length; end++)
      if (this.#stilled(line.slice(0, end)) === this.#still) return true;
    return false;
  }

  /** The longest part that doesn't move: what a search can look for. */
  #constant(text: string): string {
    const parts = this.#rules.moving === null ? [text] : text.replace(this.#rules.moving, '\n').split('\n');
    return parts.reduce((longest, part) => (part.length > longest.length ? part : longest), '');
  }

  #stilled(text: string): string {
    const whole = text.trimEnd();
    return this.#rules.moving === null ? whole : whole.replace(this.#rules.moving, '').trimEnd();
  }
}

/** How many characters the moving parts of two prompts may differ by. */
const MOVES = 32;
const LF = 10;

function blanksAfter(text: string): number {
  return text.length - text.trimEnd().length;
}

/** A prompt without its mode and its last sign. */
function nameIn(prompt: string): string {
  return prompt.replace(/[>#$%]$/, '').replace(/\([^()]*\)$/, '');
}
