// Noise: lines that differ from fetch to fetch though nothing has changed, by the platform's data. They are left out of
// comparisons and of nothing else.
import type { Platform } from '../../proto/platform.js';

export class Noise {
  readonly #patterns: readonly RegExp[];

  constructor({ volatile }: Pick<Platform, 'volatile'>) {
    this.#patterns = volatile.map((pattern) => new RegExp(pattern));
  }

  isNoise(line: string): boolean {
    return this.#patterns.some((pattern) => pattern.test(line));
  }

  /** Whether two texts say the same but for noise. */
  isSame(one: string, other: string): boolean {
    return one === other || this.#without(one) === this.#without(other);
  }

  #without(text: string): string {
    return text
      .split('\n')
      .filter((line) => !this.isNoise(line))
      .join('\n');
  }
}
