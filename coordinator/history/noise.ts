// Lines that differ from fetch to fetch though nothing has changed: times, counters, uptimes. Platforms name them; they
// are left out of comparisons, and of nothing else.

/** A text's lines that count, each with its number in the text, from 1. */
export interface Lines {
  texts: string[];
  numbers: number[];
  /** How many were left out. */
  noise: number;
}

/** Compiled once for many texts: a platform's `volatile`. */
export class Noise {
  readonly #patterns: RegExp[];

  constructor(volatile: readonly string[]) {
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
      if (this.#patterns.some((pattern) => pattern.test(line))) {
        lines.noise += 1;
        continue;
      }
      lines.texts.push(line);
      lines.numbers.push(number);
    }
    return lines;
  }
}
