// Rows as aligned columns. Pure; widths count code points, which is right for what devices are called.

export interface Column<T> {
  title: string;
  cell(row: T): string;
  /** Numbers stand at the right. */
  right?: boolean;
  /** Left out where the screen is too narrow, the last one first. */
  spare?: boolean;
}

/** What of the columns has room: without spare ones, as long as it is too wide. */
export function fitting<T>(columns: Column<T>[], rows: readonly T[], width: number): Column<T>[] {
  const widest = tableLines(columns, rows).reduce((most, line) => Math.max(most, charactersIn(line)), 0);
  const spare = columns.findLastIndex((column) => column.spare === true);
  if (widest <= width || spare < 0) return columns;
  return fitting(columns.toSpliced(spare, 1), rows, width);
}

export function tableLines<T>(columns: Column<T>[], rows: readonly T[]): string[] {
  return linesOf(
    columns,
    rows.map((row) => cellsOf(columns, row)),
  );
}

/** What of a row is shown. */
export function cellsOf<T>(columns: Column<T>[], row: T): string[] {
  return columns.map(({ cell }) => cell(row));
}

/** The table of rows of which only the cells are at hand. */
export function linesOf<T>(columns: Column<T>[], rows: readonly string[][]): string[] {
  const cells = [columns.map(({ title }) => title), ...rows];
  const widths = columns.map((_, place) =>
    cells.reduce((width, row) => Math.max(width, charactersIn(row[place] ?? '')), 0),
  );
  return cells.map((row) =>
    row
      .map((text, place) => pad(text, widths[place] ?? 0, columns[place]?.right ?? false))
      .join('  ')
      .trimEnd(),
  );
}

function charactersIn(text: string): number {
  let characters = 0;
  for (const _ of text) characters += 1;
  return characters;
}

function pad(text: string, width: number, right: boolean): string {
  const space = ' '.repeat(Math.max(0, width - charactersIn(text)));
  return right ? space + text : text + space;
}

/** `0 B`, `512 B`, `16.4 kB`, `1.2 MB`. */
export function sizeText(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  const units = ['kB', 'MB', 'GB', 'TB'];
  const step = Math.min(units.length, Math.floor(Math.log10(bytes) / 3));
  return `${(bytes / 1000 ** step).toFixed(1)} ${units[step - 1]}`;
}
