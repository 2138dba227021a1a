// Short answers of the commands beside `run`: tables for people, JSON for programs.
import { type Column, fitting, tableLines } from '../combine/table.js';
import { Sink } from './sink.js';
import { painter } from './terminal.js';

/** Prints lines on stdout. */
export async function printLines(lines: string[]): Promise<void> {
  const sink = new Sink({
    stream: process.stdout,
    isTerminal: process.stdout.isTTY === true,
    paint: painter(false, true, process.env),
    beforeWrite: () => {},
  });
  for (const line of lines) await sink.write(`${line}\n`);
  await sink.end();
}

/** null: stdout is no terminal. */
export function terminalColumns(): number | null {
  return process.stdout.isTTY === true ? process.stdout.columns || 80 : null;
}

/** Rows as a table, narrowed on a terminal, or each through `object` as one JSON array. */
export async function printTable<T>(
  rows: T[],
  { json, columns, object }: { json: boolean; columns: Column<T>[]; object: (row: T) => unknown },
): Promise<void> {
  const { isTTY, columns: width } = process.stdout;
  const shown = isTTY === true && width > 0 ? fitting(columns, rows, width) : columns;
  await printLines(json ? [JSON.stringify(rows.map(object), null, 2)] : tableLines(shown, rows));
}
