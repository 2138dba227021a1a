// How wide a text is on a terminal, and texts cut to a width. Wide are the scripts of East Asia and most pictures; marks
// that sit on another letter have no width. Texts are harmless already: no control character is left in them.

const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\u4dbf\u4e00-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe4f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]|\p{Emoji_Presentation}/u;
const NONE = /\p{Mn}|\p{Me}/u;
const NARROW = /^[\u0020-\u007e]*$/;

export function cellsOf(text: string): number {
  if (NARROW.test(text)) return text.length;
  let cells = 0;
  for (const character of text) cells += widthOf(character);
  return cells;
}

/** As much of a text as fits; what was cut ends in an ellipsis, which fits as well. */
export function cut(text: string, cells: number, ellipsis = '~'): string {
  if (cellsOf(text) <= cells) return text;
  let taken = '';
  let left = cells - cellsOf(ellipsis);
  for (const character of text) {
    left -= widthOf(character);
    if (left < 0) break;
    taken += character;
  }
  return cells < cellsOf(ellipsis) ? '' : taken + ellipsis;
}

/** Filled up with spaces to the right. */
export function padded(text: string, cells: number): string {
  return text + ' '.repeat(Math.max(0, cells - cellsOf(text)));
}

function widthOf(character: string): number {
  if (WIDE.test(character)) return 2;
  return NONE.test(character) ? 0 : 1;
}

/**
 * A text in lines that fit, broken at spaces, or after the commas of a long list; those after the first are indented.
 * What has neither is left to the terminal.
 */
export function wrapped(text: string, columns: number, indent = 4): string[] {
  if (cellsOf(text) <= columns) return [text];
  const lines: string[] = [];
  let line = '';
  for (const word of text.match(/ *[^ ,]*,?/g) ?? []) {
    if (line !== '' && cellsOf(line) + cellsOf(word.trimEnd()) > columns) {
      lines.push(line);
      line = ' '.repeat(indent) + word.trimStart();
    } else line += word;
  }
  return line.trim() === '' ? lines : [...lines, line];
}
