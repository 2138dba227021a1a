// Takes a pager's text out of an output, with all that the device sends to wipe it from the screen; pure.

import { shown } from '../text.js';
import type { Screen } from './screen.js';

/** Pagers that devices show although paging is off, or that their platform does not name; believed after a quiet. */
export const WIDELY_SEEN: readonly { text: RegExp; key: string }[] = [
  { text: /\(END\)\s*$/, key: 'q' },
  { text: /^\s*[<(-]*-+ ?\(?more( \d+%)?\)? ?-+[->)]*(,? (or )?\(?q\)?.{0,80})?\s*$/i, key: ' ' },
  { text: /^\s*-- ?more ?--.{0,80}$/i, key: ' ' },
  { text: /^\s*lines \d+[-/]\d+\s*$/, key: ' ' },
  { text: /^\s*(press|hit) (any key|<?space>?|enter|return)\b.{0,80}$/i, key: ' ' },
  { text: /^\s*more: <space>.{0,80}$/i, key: ' ' },
];

/** Farther than this no erasure reaches. */
export const ERASURE_WITHIN = 1024;

/** Where a pager's text stands in the bytes received: its line, its first byte, what had come when `key` was typed. */
export interface Pager {
  lineStart: number;
  start: number;
  end: number;
  key: string;
}

/**
 * Where the output goes on after a pager. A device erases its pager with backspaces and spaces, with a
 * carriage return and spaces, or with escapes; it is over once the cursor is back where the pager began
 * and all of it is blank. Spaces after that are the output's.
 */
export function afterErasure(screen: Screen, pager: Pager): number {
  const home = shown(screen.text(pager.lineStart, pager.start)).length;
  const cells = Array.from(
    shown(screen.text(pager.lineStart, pager.end)),
    (char, column) => column >= home && char !== ' ',
  );
  const text = screen.text(pager.end, Math.min(screen.length, pager.end + ERASURE_WITHIN));
  let column = cells.length;
  let resume = 0;
  let isRest = false;
  let at = 0;
  while (at < text.length) {
    const sequence = text[at] === '\x1b' ? /^\x1b\[(\d*)([DJKGm])/.exec(text.slice(at, at + 12)) : null;
    if (sequence) {
      const [whole, count, final] = sequence as unknown as [string, string, string];
      at += whole.length;
      if (final === 'D') column = Math.max(0, column - (Number(count) || 1));
      else if (final === 'G') column = Math.max(0, (Number(count) || 1) - 1);
      else if (final !== 'm') cells.fill(false, count === '2' ? 0 : column);
    } else if (text[at] === '\b') {
      column = Math.max(0, column - 1);
      at++;
    } else if (text[at] === ' ') {
      cells[column++] = false;
      at++;
    } else if (text[at] === '\r' && text[at + 1] !== '\n') {
      column = 0;
      at++;
    } else if (resume === 0 && (text[at] as string) > ' ') {
      // It may be the rest of a pager whose beginning was believed: if all of it is wiped.
      isRest = true;
      cells[column++] = true;
      at++;
    } else break;
    if (column > home || (isRest && cells.includes(true))) continue;
    resume = at;
    if (cells.includes(true)) continue;
    // Blank, but the device may go on to blank what was a space all along.
    resume += /^(?: \x08)*/.exec(text.slice(at))?.[0].length ?? 0;
    break;
  }
  // Not erased at all: the pager's line has an end of its own.
  if (at === 0) resume = /^\r*\n/.exec(text)?.[0].length ?? 0;
  return pager.end + resume;
}
