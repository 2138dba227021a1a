// Two outputs of one command, compared without noise: the same, different in noise alone, or changed, and then how, as a
// unified difference. What has changed too much to be worth a minimal difference is shown as one block for another.
import { structuredPatch } from 'diff';
import { type Lines, Noise } from '../combine/noise.js';

export interface Comparison {
  state: 'same' | 'noise' | 'changed';
  added: number;
  removed: number;
  /** Lines that were left out, of the text that has more of them. */
  noise: number;
  /** Hunks of the unified difference, one line each; numbers are those of the whole texts. */
  lines: string[];
  /** There are more of them. */
  isCut: boolean;
}

/** Lines added and removed up to which a minimal difference is looked for, and for how long. */
const EDITS_MOST = 2_000;
const TIME_MOST_MS = 500;
/** Lines of a difference that are kept. */
const LINES_MOST = 5_000;

interface Hunk {
  oldStart: number;
  oldLines: number;
  newStart: number;
  newLines: number;
  lines: string[];
}

export function compareTexts(
  before: string,
  after: string,
  { volatile, context }: { volatile: readonly string[]; context: number },
): Comparison {
  const same: Comparison = { state: 'same', added: 0, removed: 0, noise: 0, lines: [], isCut: false };
  if (before === after) return same;
  const patterns = new Noise({ volatile });
  const [old, now] = [patterns.linesOf(before), patterns.linesOf(after)];
  const noise = Math.max(old.noise, now.noise);
  const { head, tail } = common(old.texts, now.texts);
  const [removed, added] = [old.texts.length - head - tail, now.texts.length - head - tail];
  if (removed === 0 && added === 0) return { ...same, state: 'noise', noise };
  const hunks = hunksOf(old.texts, now.texts, { head, tail, context });
  const lines = hunks.flatMap((hunk) => [headerOf(hunk, old, now), ...hunk.lines]);
  const countOf = (sign: string) =>
    hunks.reduce((sum, hunk) => sum + hunk.lines.filter((line) => line.startsWith(sign)).length, 0);
  const counts = { added: countOf('+'), removed: countOf('-') };
  return {
    ...{ state: 'changed', ...counts, noise },
    ...{ lines: lines.slice(0, LINES_MOST), isCut: lines.length > LINES_MOST },
  };
}

/** How many lines are the same at the beginning, and at the end of what is left. */
function common(old: string[], now: string[]): { head: number; tail: number } {
  const most = Math.min(old.length, now.length);
  let head = 0;
  while (head < most && old[head] === now[head]) head += 1;
  let tail = 0;
  while (tail < most - head && old.at(-1 - tail) === now.at(-1 - tail)) tail += 1;
  return { head, tail };
}

function hunksOf(
  old: string[],
  now: string[],
  { head, tail, context }: { head: number; tail: number; context: number },
): Hunk[] {
  // Only what lies between the common ends, and the context on both sides.
  const from = Math.max(0, head - context);
  const part = (texts: string[]) => texts.slice(from, texts.length - Math.max(0, tail - context));
  const [oldPart, newPart] = [part(old), part(now)];
  const joined = (texts: string[]) => texts.map((text) => `${text}\n`).join('');
  const limits = { context, maxEditLength: EDITS_MOST, timeout: TIME_MOST_MS };
  const patch = structuredPatch('', '', joined(oldPart), joined(newPart), '', '', limits);
  const hunks = patch?.hunks ?? [replaced(oldPart, newPart, head - from, Math.min(tail, context))];
  return hunks.map((hunk) => ({ ...hunk, oldStart: hunk.oldStart + from, newStart: hunk.newStart + from }));
}

/** All of the old lines, then all of the new. */
function replaced(old: string[], now: string[], head: number, tail: number): Hunk {
  const marked = (texts: string[], sign: string) => texts.map((text) => sign + text);
  const middle = (texts: string[]) => texts.slice(head, texts.length - tail);
  const lines = [
    ...marked(old.slice(0, head), ' '),
    ...marked(middle(old), '-'),
    ...marked(middle(now), '+'),
    ...marked(old.slice(old.length - tail), ' '),
  ];
  return { oldStart: 1, oldLines: old.length, newStart: 1, newLines: now.length, lines };
}

function headerOf({ oldStart, oldLines, newStart, newLines }: Hunk, old: Lines, now: Lines): string {
  const place = (lines: Lines, start: number, length: number) => {
    const number = lines.numbers[Math.max(0, start - 1)] ?? lines.numbers.at(-1) ?? 0;
    return length === 1 ? `${number}` : `${number},${length}`;
  };
  return `@@ -${place(old, oldStart, oldLines)} +${place(now, newStart, newLines)} @@`;
}
