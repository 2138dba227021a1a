// Takes a pager's text out of an output, with all that the device sends to wipe it from the screen; pure.
import { shown } from './text.js';

/** Farther than this no erasure reaches. */
const ERASURE_WITHIN = 1024;

/** Where a pager's text stands in the bytes received: its line, its first byte, what had come when it was answered. */
export interface Pager {
  lineStart: number;
  start: number;
  end: number;
}

/**
 * Where the output goes on after a pager. A device erases its pager with backspaces and spaces, with a
 * carriage return and spaces, or with escapes; it is over once the cursor is back where the pager began
 * and all of it is blank. Spaces after that are the output's.
 */
export function afterErasure(bytes: Buffer, pager: Pager): number {
  const home = shown(bytes.toString('latin1', pager.lineStart, pager.start)).length;
  const cells = Array.from(
    shown(bytes.toString('latin1', pager.lineStart, pager.end)),
    (char, column) => column >= home && char !== ' ',
  );
  const text = bytes.toString('latin1', pager.end, Math.min(bytes.length, pager.end + ERASURE_WITHIN));
  let column = cells.length;
  let resume = 0;
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
    } else break;
    if (column > home) continue;
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
