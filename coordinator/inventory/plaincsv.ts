// CSV without a quote in it: lines and delimiters say it all, for a tenth of what the parser takes for each character.

export interface Cell {
  text: string;
  /** In the file. */
  offset: number;
}

/** Records in order; empty lines and comments are none. */
export function* plainRows(text: string, delimiter: string): Generator<Cell[]> {
  for (let start = 0; start < text.length; ) {
    const found = text.indexOf('\n', start);
    const end = found < 0 ? text.length : found;
    if (end > start && text[start] !== '#') yield cellsOf(text.slice(start, end), start, delimiter);
    start = end + 1;
  }
}

function cellsOf(line: string, start: number, delimiter: string): Cell[] {
  let offset = start;
  return line.split(delimiter).map((text) => {
    const cell = { text, offset };
    offset += text.length + delimiter.length;
    return cell;
  });
}
