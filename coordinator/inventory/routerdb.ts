// The router.db of Oxidized (columns as its source's map names them) and of RANCID (name;type;state). A line that does
// not fit is an error at its place; devices that are not up are told and left out.
import { isIP } from 'node:net';
import { basename, dirname } from 'node:path';
import { knownField } from './fieldnames.js';
import { addData } from './foreign.js';
import type { Field, InventoryDocument, LocatedDevice, Source } from './located.js';
import { rancidPlatform } from './rancidtypes.js';
import { type Columns, OXIDIZED, RANCID, readColumns } from './routercolumns.js';
import type { Reading, ShapeReader } from './shape.js';
import { count, didYouMean, quote } from './wording.js';

interface Cell {
  text: string;
  offset: number;
}

interface Line {
  cells: Cell[];
  offset: number;
}

type Kind = 'oxidized' | 'rancid';

export const readOxidized: ShapeReader = (given, reading) => readPlace(given, reading, null);
export const readRancid: ShapeReader = (given, reading) => readPlace(given, reading, 'rancid');

/** A file, a directory with one, or RANCID's directory of groups, each with one. */
async function readPlace(
  { place, source, names }: Parameters<ShapeReader>[0],
  reading: Reading,
  kind: Kind | null,
): Promise<InventoryDocument[]> {
  if (source !== null) return [documentOf(source, null, kind, reading)];
  const files = names?.includes('router.db') === true ? [`${place}/router.db`] : [];
  for (const name of names ?? [])
    if (name.endsWith('/') && (await reading.names(`${place}/${name}`))?.includes('router.db') === true)
      files.push(`${place}/${name}router.db`);
  if (files.length === 0)
    reading.issues.reportAt(
      { file: place, line: 1, column: 1 },
      'no router.db in this directory (expected router.db, or directories with one)',
    );
  const documents: InventoryDocument[] = [];
  for (const file of files) {
    const group = file === `${place}/router.db` ? null : basename(dirname(file));
    const found = await reading.text(file, { empty: true });
    if (found !== null) documents.push(documentOf(found, group, kind, reading));
  }
  return documents;
}

function documentOf(
  source: Source,
  group: string | null,
  forced: Kind | null,
  reading: Reading,
): InventoryDocument {
  const lines = linesOf(source.text);
  const columns = readColumns(reading.io.columns ?? null, reading.issues);
  const delimiter = delimiterOf(lines);
  const rows = lines.map((line) => split(line, delimiter));
  const kind = forced ?? (columns === null && isRancid(rows) ? 'rancid' : 'oxidized');
  const chosen = columns ?? (kind === 'rancid' ? RANCID : OXIDIZED);
  const refused = new Set<string>();
  const devices = rows.flatMap((row): LocatedDevice[] => {
    if (!fits(row, chosen, { source, delimiter, kind, columns, refused }, reading)) return [];
    return [deviceOf(row, chosen, { source, kind, group })];
  });
  return { defaults: null, groups: null, devices };
}

/** Lines that are neither blank nor comments, without the blanks around them. */
function linesOf(text: string): Line[] {
  const lines: Line[] = [];
  let offset = 0;
  for (const line of text.split('\n')) {
    if (line.trim() !== '' && !/^\s*#/.test(line)) lines.push({ offset, cells: [{ text: line, offset }] });
    offset += line.length + 1;
  }
  return lines;
}

/** A semicolon where any line has one: colons stand in addresses too. */
function delimiterOf(lines: readonly Line[]): string {
  return lines.some(({ cells }) => cells[0]?.text.includes(';') === true) ? ';' : ':';
}

function split({ cells: [whole], offset }: Line, delimiter: string): Line {
  let at = offset;
  const cells = (whole?.text ?? '').split(delimiter).map((text) => {
    const cell = { text: text.trim(), offset: at + (text.length - text.trimStart().length) };
    at += text.length + 1;
    return cell;
  });
  return { cells, offset: cells[0]?.offset ?? offset };
}

function isRancid(rows: readonly Line[]): boolean {
  const states = rows.filter(({ cells }) => /^(up|down)$/i.test(cells[2]?.text ?? ''));
  return states.length > 0 && states.length * 2 >= rows.length;
}

interface Fit {
  source: Source;
  delimiter: string;
  kind: Kind;
  columns: Columns | null;
  /** What was said of the file as a whole. */
  refused: Set<string>;
}

function fits({ cells, offset }: Line, chosen: Columns, fit: Fit, { issues, io }: Reading): boolean {
  const { source, delimiter, kind, columns, refused } = fit;
  const needed = kind === 'rancid' && columns === null ? 3 : Math.max(...chosen.map(({ at }) => at)) + 1;
  if (cells.length < needed) {
    const shape = chosen.map(({ written }) => written).join(delimiter);
    issues.report(
      { source, offset },
      `this line does not fit (found ${count(cells.length, 'column')}, expected ${needed} as in ${shape})`,
    );
    return false;
  }
  const state = cells[chosen.find(({ name }) => name === 'state')?.at ?? -1];
  if (state !== undefined && /^up.|[^\w-]/i.test(state.text)) {
    issues.report(
      { source, offset: state.offset },
      `unknown state (found ${quote(state.text)}, expected up or down${didYouMean(/^up/i.test(state.text) ? 'up' : null)})`,
    );
    return false;
  }
  if (kind === 'rancid' || columns !== null || cells.length <= needed) return true;
  if (refused.has('columns')) return false;
  // What stands in further columns may be passwords: nobody guesses at them.
  const looks = cells.map(({ text }, index) => {
    if (index === 0) return 'name';
    return isIP(text) !== 0 ? 'ip' : io.platforms.canonical(text) === undefined ? '-' : 'model';
  });
  refused.add('columns');
  issues.report(
    { source, offset },
    `nobody says what these columns are (found ${count(cells.length, 'column')}, expected name:model, or --map with a name for each; did you mean --map ${looks.join(':')}?)`,
  );
  return false;
}

function deviceOf(
  { cells, offset }: Line,
  columns: Columns,
  { source, kind, group }: { source: Source; kind: Kind; group: string | null },
): LocatedDevice {
  const fields = new Map<string, Field>();
  const data: [string, Field][] = [];
  let name: string | null = null;
  let leftOut: string | undefined;
  const groups = group === null ? [] : [group];
  for (const { name: column, at } of columns) {
    const cell = cells[at];
    // As Oxidized reads cells.
    if (cell === undefined || cell.text === '' || cell.text === 'nil') continue;
    const place = { source, offset: cell.offset };
    const text = (value: string): Field => ({ at: place, value: { at: place, kind: 'text', text: value } });
    if (column === 'name') name = cell.text;
    else if (column === 'group') groups.push(cell.text);
    else if (column === 'platform')
      fields.set(column, text((kind === 'rancid' ? rancidPlatform(cell.text) : null) ?? cell.text));
    else if (column === 'state') {
      if (cell.text.toLowerCase() !== 'up') leftOut = `its state is ${quote(cell.text)}`;
    } else if (column === 'input') {
      if (/^telnet$/i.test(cell.text)) leftOut = 'its input is telnet, and only SSH is spoken';
    } else if (knownField(column) !== null) fields.set(column, text(cell.text));
    else data.push([column, text(cell.text)]);
  }
  addData(fields, data);
  const at = { source, offset };
  const host: Field = { at, value: { at, kind: 'text', text: name ?? '' } };
  if (!fields.has('host')) fields.set('host', host);
  return { at, name, fields, groups, ...(leftOut === undefined ? {} : { leftOut }) };
}
