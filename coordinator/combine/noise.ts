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
    if (one === other) return true;
    const [ours, theirs] = [one.split('\n'), other.split('\n')];
    for (let at = 0, there = 0; ; ) {
      const [line, theirLine] = [ours[at], theirs[there]];
      if (line === theirLine) {
        if (line === undefined) return true;
        at += 1;
        there += 1;
      } else if (line !== undefined && this.isNoise(line)) at += 1;
      else if (theirLine !== undefined && this.isNoise(theirLine)) there += 1;
      else return false;
    }
  }
}
