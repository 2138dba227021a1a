// Noise: lines that differ from fetch to fetch though nothing has changed (times, counters, uptimes), by the platform's
// data. They are left out of comparisons and of nothing else.

/** A text's lines that count, each with its number in the text, from 1. */
export interface Lines {
  texts: string[];
  numbers: number[];
  /** How many were left out. */
  noise: number;
}

export class Noise {
  readonly #patterns: readonly RegExp[];

  /** A platform's patterns, compiled once for many texts. */
  constructor({ volatile }: { volatile: readonly string[] }) {
    this.#patterns = volatile.map((pattern) => new RegExp(pattern));
  }

  linesOf(text: string): Lines {
    const lines: Lines = { texts: [], numbers: [], noise: 0 };
    let number = 0;
    for (let start = 0; start < text.length; ) {
      const end = text.indexOf('\n', start);
      const line = text.slice(start, end < 0 ? text.length : end);
      start = end < 0 ? text.length : end + 1;
      number += 1;
      if (this.#isNoise(line)) {
        lines.noise += 1;
        continue;
      }
      lines.texts.push(line);
      lines.numbers.push(number);
    }
    return lines;
  }

  /** Whether two texts say the same but for noise. */
  isSame(one: string, other: string): boolean {
    if (one === other) return true;
    const [ours, theirs] = [one.split('\n'), other.split('\n')];
    for (let at = 0, there = 0; ; ) {
      const [line, theirLine] = [ours[at], theirs[there]];
      if (line === theirLine) {
        if (line === undefined) return true;
        at += 1;
        there += 1;
      } else if (line !== undefined && this.#isNoise(line)) at += 1;
      else if (theirLine !== undefined && this.#isNoise(theirLine)) there += 1;
      else return false;
    }
  }

  #isNoise(line: string): boolean {
    return this.#patterns.some((pattern) => pattern.test(line));
  }
}
