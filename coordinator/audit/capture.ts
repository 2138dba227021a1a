// Values that a pattern captures, line by line.
import type { Pick } from './policy.js';
import { numberOf, type Region } from './region.js';

export interface Found {
  value: string;
  line: number | null;
  /** Where it stood, so that it is shown only if its line may be. */
  within: string;
}

export function pickFrom(found: Found[], pick: Pick): Found[] {
  if (pick === 'all') return found;
  return pick === 'first' ? found.slice(0, 1) : found.slice(-1);
}

/** `pattern` is global and has one group. */
export function capture(region: Region, pattern: RegExp, pick: Pick): Found[] {
  const found: Found[] = [];
  for (let place = 0; place < region.lines.length; place++) {
    const within = region.lines[place] ?? '';
    pattern.lastIndex = 0;
    for (let match = pattern.exec(within); match !== null; match = pattern.exec(within)) {
      if (match[0] === '') pattern.lastIndex++;
      const [, value] = match;
      if (value !== undefined) found.push({ value, line: numberOf(region, place), within });
    }
    if (pick === 'first' && found.length > 0) break;
  }
  return pickFrom(found, pick);
}
