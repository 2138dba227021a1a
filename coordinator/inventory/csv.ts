// CSV with a header line. The parser finds records and quotes; the place of each cell is counted here, because
// it gives only lines. Rows are never shown in messages: a file without a header has a password in its first.
import { CsvError, parse } from 'csv-parse/sync';
import { knownField, typoOf } from './fieldnames.js';
import { flatValue } from './fields.js';
import type { Field, InventoryDocument, Located, LocatedDevice, Source } from './located.js';
import { type Cell, plainRows } from './plaincsv.js';
import { count, didYouMean, type Issues, quote } from './wording.js';

interface Row {
  record: string[];
  raw: string;
}

interface Column {
  name: string;
  offset: number;
}

const NO_DEVICES: InventoryDocument = { defaults: null, groups: null, devices: [] };

export function readCsv(source: Source, issues: Issues): InventoryDocument {
  const delimiter = delimiterOf(source.text);
  const records = source.text.includes('"')
    ? placeRows(parseRows(source, delimiter, issues) ?? [], delimiter)
    : plainRows(source.text, delimiter);
  const header = records.next();
  if (header.done) return NO_DEVICES;
  const columns = readHeader(header.value, source, issues);
  if (columns === null) return NO_DEVICES;
  return { defaults: null, groups: null, devices: readRows(records, columns, source, issues) };
}

/** One by one, so that of a large file only what becomes of each row stays in memory. */
function* readRows(
  records: Iterable<Cell[]>,
  columns: Column[],
  source: Source,
  issues: Issues,
): Generator<LocatedDevice> {
  for (const cells of records) yield* readRow(cells, columns, source, issues);
}

/** Spreadsheets write a semicolon or a tab where the comma is the decimal point. */
function delimiterOf(text: string): string {
  const header = text.split('\n').find((line) => line.trim() !== '' && !line.startsWith('#')) ?? '';
  const counts = [',', ';', '\t'].map((delimiter) => header.split(delimiter).length);
  return [',', ';', '\t'][counts.indexOf(Math.max(...counts))] ?? ',';
}

function parseRows(source: Source, delimiter: string, issues: Issues): Row[] | null {
  try {
    return parse(source.text, {
      delimiter,
      record_delimiter: '\n',
      relax_column_count: true,
      skip_empty_lines: true,
      comment: '#',
      comment_no_infix: true,
      raw: true,
    }) as unknown as Row[]; // `raw` changes the type of a row, which the library's types do not say
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    issues.report({ source, offset: offsetOf(source.text, error) }, sentence(error));
    return null;
  }
}

function sentence({ code }: CsvError): string {
  if (code === 'CSV_QUOTE_NOT_CLOSED')
    return 'a quote is still open at the end of the file (expected a closing ")';
  if (code === 'CSV_INVALID_CLOSING_QUOTE' || code === 'INVALID_OPENING_QUOTE')
    return 'a quote stands in the middle of a cell (expected quotes around the whole cell, "" for a quote in it)';
  return 'this is not valid CSV';
}

/** Cells with their offsets. A row's raw text starts with the comments and blank lines before it. */
function* placeRows(rows: Row[], delimiter: string): Generator<Cell[]> {
  let start = 0;
  for (const { record, raw } of rows) {
    const before = /^(?:(?:#[^\n]*)?\n)*/.exec(raw)?.[0].length ?? 0;
    const offsets = cellOffsets(raw.slice(before), delimiter);
    const base = start + before;
    start += raw.length;
    yield record.map((text, index) => ({ text, offset: base + (offsets[index] ?? 0) }));
  }
}

function cellOffsets(row: string, delimiter: string): number[] {
  const offsets = [0];
  let isQuoted = false;
  for (let at = 0; at < row.length; at += 1) {
    if (row[at] === '"') isQuoted = !isQuoted;
    else if (row[at] === delimiter && !isQuoted) offsets.push(at + 1);
  }
  return offsets;
}

function readHeader(cells: Cell[], source: Source, issues: Issues): Column[] | null {
  const columns = cells.map(({ text, offset }) => ({ name: columnName(text), offset }));
  const isHeader = columns.some(({ name }) => ['name', 'host'].includes(knownField(name) ?? ''));
  if (!isHeader) {
    const where = { source, offset: cells[0]?.offset ?? 0 };
    issues.report(
      where,
      'the first line is not a header (expected column names, among them name, host, ip or hostname)',
    );
    return null;
  }
  const seen = new Set<string>();
  for (const { name, offset } of columns) {
    const place = { source, offset };
    const typo = typoOf(name);
    if (typo !== null) issues.report(place, `unknown column (found ${quote(name)}${didYouMean(typo)})`);
    if (seen.has(name) && name !== '')
      issues.report(place, `column ${quote(name)} is given twice in the header`);
    seen.add(name);
  }
  return columns.map((column) => (typoOf(column.name) === null ? column : { ...column, name: '' }));
}

/** Spreadsheets' headers come as `Device Type` as often as `device_type`. */
function columnName(text: string): string {
  const name = text.trim().toLowerCase().replace(/ +/g, '_');
  return knownField(name) === null ? text.trim() : name;
}

function readRow(cells: Cell[], columns: Column[], source: Source, issues: Issues): LocatedDevice[] {
  const at = { source, offset: cells[0]?.offset ?? 0 };
  if (cells.length !== columns.length) {
    const found = `${count(cells.length, 'cell')}, expected ${columns.length} as in the header`;
    issues.report(at, `this row does not fit the header (found ${found})`);
    return [];
  }
  const fields = new Map<string, Field>();
  cells.forEach(({ text, offset }, index) => {
    const name = columns[index]?.name ?? '';
    const place = { source, offset };
    if (text.trim() !== '' && name !== '')
      fields.set(name, { at: place, value: cellValue(name, text, place) });
  });
  return [{ at, name: null, fields, groups: [] }];
}

/** A secret keeps its spaces, everything else loses those around it. */
function cellValue(name: string, text: string, at: Field['at']): Located {
  const known = knownField(name);
  return flatValue(name, known === 'password' || known === 'enableSecret' ? text : text.trim(), at);
}

/** The parser tells only the line. */
function offsetOf(text: string, { lines }: CsvError & { lines?: number }): number {
  let start = 0;
  for (let line = 1; line < (lines ?? 1); line += 1) {
    const end = text.indexOf('\n', start);
    if (end === -1) break;
    start = end + 1;
  }
  return start;
}
