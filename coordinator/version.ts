// Which release this is, by the package.json above this file, in the sources as in dist; and how far two are apart.
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export function version(): string {
  for (let directory = dirname(fileURLToPath(import.meta.url)); ; directory = dirname(directory)) {
    try {
      return (JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8')) as { version: string })
        .version;
    } catch (error) {
      if (directory === dirname(directory)) throw error;
    }
  }
}

/** How far two releases of ours are apart: the number before the last one counts. */
export function skew(one: string, other: string): 'same' | 'near' | 'far' | 'unknown' {
  const [here, there] = [numbersIn(one), numbersIn(other)];
  if (here === null || there === null) return 'unknown';
  if (one === other) return 'same';
  if (here[0] !== there[0]) return 'far';
  return Math.abs((here[1] ?? 0) - (there[1] ?? 0)) <= 1 ? 'near' : 'far';
}

/** Null: it is no version. */
export function numbersIn(version: string): number[] | null {
  const found = /^v?(\d+)\.(\d+)\.(\d+)/.exec(version);
  return found === null ? null : found.slice(1).map(Number);
}
