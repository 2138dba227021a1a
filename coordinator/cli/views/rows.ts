// Rows for spreadsheets and for the eye. A sweep's outputs may have rows of several shapes: csv has the columns of all of
// them, table a table for each.
import type { Output, Report } from '../../../proto/gen/netsweep/v1/model.js';
import { csvRecord } from '../../combine/csv.js';
import type { RowsOf } from '../../combine/result.js';
import { type Column, tableLines } from '../../combine/table.js';
import type { Row } from '../../parse/parsing.js';
import type { Sink } from '../sink.js';
import { harmlessLine } from '../terminal.js';
import type { View } from './view.js';

const OWN_COLUMNS = ['device', 'command', 'note'];
/** A table is made as a whole. */
const MOST_TABLE_ROWS = 100_000;

export interface RowsSource {
  of: RowsOf;
  columnsOf(report: Report): Promise<string[]>;
}

/** A record for each row; an output without any has one of its own that says why. */
export function rowsCsvView(sink: Sink, rows: RowsSource): View {
  return {
    bodies: false,
    async end(_sweep, results) {
      const columns = new Set<string>();
      for await (const report of results(false))
        for (const column of await rows.columnsOf(report)) columns.add(column);
      await sink.write(csvRecord([...OWN_COLUMNS, ...[...columns].map(unlikeOwn)]));
      for await (const report of results(true))
        for (const record of recordsOf(report, rows.of))
          await sink.write(
            csvRecord([...record.own, ...[...columns].map((column) => cellText(record.row[column]))]),
          );
    },
  };
}

/** A template's column of the same name as one of ours. */
function unlikeOwn(column: string): string {
  return OWN_COLUMNS.includes(column) ? `row_${column}` : column;
}

function* recordsOf(report: Report, of: RowsOf): Generator<{ own: string[]; row: Row }> {
  const device = report.device?.name ?? '';
  for (const output of report.outputs) {
    const { note } = of(output);
    if (note !== null) yield { own: [device, output.command, note], row: {} };
    for (const row of rowsOf(output, of)) yield { own: [device, output.command, ''], row };
  }
  if (report.outputs.length === 0)
    yield { own: [device, '', report.failure?.message ?? 'no output'], row: {} };
}

function rowsOf(output: Output, of: RowsOf): Row[] {
  const { rows } = of(output);
  return rows === null ? [] : (JSON.parse(rows) as Row[]); // made by parsing.ts
}

interface Table {
  command: string;
  columns: string[];
  rows: { device: string; row: Row }[];
}

/** For each command, and each kind of rows that it gave, a table. */
export function rowsTableView(sink: Sink, rows: RowsSource): View {
  return {
    bodies: false,
    async end(_sweep, results) {
      const tables = new Map<string, Table>();
      let left = MOST_TABLE_ROWS;
      for await (const report of results(true))
        for (const output of report.outputs) left -= gather(report, output, { tables, of: rows.of, left });
      let separator = '';
      for (const table of tables.values()) {
        await sink.write(`${separator}${tables.size > 1 ? `${harmlessLine(table.command)}\n` : ''}`);
        for (const line of tableLines(columnsOf(table), table.rows)) await sink.write(`${line}\n`);
        separator = '\n';
      }
      if (left < 0) await sink.write(`... and ${-left} more rows: --format csv has all of them\n`);
    },
  };
}

/** Gives the number of its rows, of which at most `left` are kept. */
function gather(
  report: Report,
  output: Output,
  { tables, of, left }: { tables: Map<string, Table>; of: RowsOf; left: number },
): number {
  const { columns, note } = of(output);
  if (note !== null) return 0;
  const found = rowsOf(output, of);
  const key = JSON.stringify([output.command, columns]);
  const table = tables.get(key) ?? { command: output.command, columns, rows: [] };
  tables.set(key, table);
  const device = report.device?.name ?? '';
  for (const row of found.slice(0, Math.max(0, left))) table.rows.push({ device, row });
  return found.length;
}

function columnsOf({ columns }: Table): Column<Table['rows'][number]>[] {
  return [
    { title: 'DEVICE', cell: ({ device }) => harmlessLine(device) },
    ...columns.map((column) => ({
      title: column.toUpperCase(),
      cell: ({ row }: Table['rows'][number]) => harmlessLine(cellText(row[column])),
    })),
  ];
}

/** Items of a list behind each other. */
function cellText(cell: Row[string] | undefined): string {
  if (cell === undefined || typeof cell === 'string') return cell ?? '';
  return cell.map((item) => (typeof item === 'string' ? item : JSON.stringify(item))).join(';');
}
