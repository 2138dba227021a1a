// Comma-separated values as RFC 4180 writes them, with cells that a spreadsheet would take for a formula
// made harmless by a leading apostrophe.

const END = '\r\n';
const FORMULA = /^[=+\-@\t\r]/;

/** A record of cells; numbers are written as they are. */
export function csvRecord(cells: (string | number)[]): string {
  return csvFields(cells) + END;
}

/** Cells without the line end, to go on behind. */
export function csvFields(cells: (string | number)[]): string {
  return cells.map(csvCell).join(',');
}

function csvCell(cell: string | number): string {
  if (typeof cell === 'number') return String(cell);
  const safe = FORMULA.test(cell) ? `'${cell}` : cell;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** One cell whose text comes in pieces. */
export async function* csvText(pieces: AsyncIterable<string>): AsyncGenerator<string> {
  yield '"';
  let first = true;
  for await (const piece of pieces) {
    if (piece === '') continue;
    yield (first && FORMULA.test(piece) ? "'" : '') + piece.replaceAll('"', '""');
    first = false;
  }
  yield '"';
}
