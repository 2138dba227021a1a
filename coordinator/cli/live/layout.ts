// The live view's lines for a terminal of some width and height. Pure: the same state, size and time give the same
// lines, none wider than the terminal and never more than it has.
import type { Sweep } from '../../../proto/gen/netsweep/v1/sweeps.js';
import { SweepState } from '../../../proto/gen/netsweep/v1/sweeps.js';
import { duration } from '../../combine/summary.js';
import { cellsOf, cut, padded, wrapped } from '../cells.js';
import { harmlessLine, type Paint } from '../terminal.js';
import type { LiveState, Part } from './state.js';

export interface Size {
  columns: number;
  rows: number;
}

export interface Look extends Size {
  /** Unix ms. */
  now: number;
  paint: Paint;
  /** Whether the terminal shows more than ASCII. */
  unicode: boolean;
}

type Colour = Parameters<Paint>[1];

interface Span {
  text: string;
  colour?: Colour | undefined;
}

const MOST_KINDS = 4;
/** Of what keeps a sweep from going on, and of a failure where there is room for as many. */
const HINDRANCE_LINES = 3;
const FAILURE_LINES = 3;
/** On fewer columns a failure takes several lines. */
const NARROW = 80;
/** Rows of segments and of agents, at most: the first that leaves room for what stands below them. */
const PARTS = [8, 4, 2];
/** A terminal lower than this has one line. */
const LEAST_ROWS = 10;
const GAP = '  ';
const BAR_MOST = 40;

export function liveLines(state: LiveState, look: Look): string[] {
  const { sweep } = state;
  if (sweep === null) return [];
  const head = [headLine(state, sweep, look), barLine(state, look), ...countLines(state, look)];
  const above = [...head, ...hindrance(sweep, look)];
  // One row stays free: the cursor stands in it.
  const room = look.rows - 1 - above.length;
  // By how many kinds of failure there are and not by what is said of them, so that no table jumps with each failure.
  const below = 2 + Math.min(MOST_KINDS, state.failures.length) * (look.columns < NARROW ? FAILURE_LINES : 1);
  const tables = PARTS.map((most) => partLines(state, look, most));
  const middle = tables.find(({ length }) => length + below <= room) ?? tables.at(-1) ?? [];
  const troubles = [FAILURE_LINES, 1].map((lines) => troubleLines(state, look, lines));
  const fitting = troubles.find(({ length }) => middle.length + length <= room) ?? troubles.at(-1) ?? [];
  const all = [...above, ...middle, ...fitting];
  const lines = look.rows < LEAST_ROWS ? [shortLine(state, sweep)] : all.slice(0, look.rows - 1);
  return lines.map((spans) => painted(fitted(spans, look), look.paint));
}

function headLine(state: LiveState, sweep: Sweep, { now, columns }: Look): Span[] {
  const eta = etaMs(state, sweep);
  const since = clock(now - sweep.startedAtMs);
  const left = eta === null ? [''] : [`, about ${clock(eta)} left`, `, ${clock(eta)} left`];
  const titles = [sweep.id, sweep.id.slice(0, 10)].map((id) => `sweep ${id}`);
  const heads = [...titles, 'sweep'].flatMap((title) => left.map((rest) => ({ title, times: since + rest })));
  const fits = heads.find(({ title, times }) => cellsOf(title) + 2 + cellsOf(times) < columns);
  const { title, times } = fits ?? { title: '', times: since };
  const space = ' '.repeat(Math.max(2, columns - 1 - cellsOf(title) - cellsOf(times)));
  return [{ text: title, colour: 'bold' }, { text: space + times }];
}

function barLine(state: LiveState, { columns, unicode }: Look): Span[] {
  const { ended, selected } = state;
  const share = selected === 0 ? 0 : ended / selected;
  const rate = state.rate.perSecond();
  const words = `${grouped(ended)} of ${grouped(selected)}, ${Math.floor(share * 100)} %${rate === null ? '' : `, ${rateText(rate)}`}`;
  const width = Math.min(BAR_MOST, columns - 1 - cellsOf(words) - GAP.length);
  if (width < 8) return [{ text: words }];
  const full = Math.floor(share * width);
  const [done, left] = unicode ? ['█', '░'] : ['#', '.'];
  return [
    { text: done.repeat(full), colour: 'green' },
    { text: left.repeat(width - full), colour: 'dim' },
    { text: GAP + words },
  ];
}

const STATES = [
  ['ok', 'green'],
  ['suspect', 'yellow'],
  ['failed', 'red'],
  ['skipped', 'yellow'],
  ['cancelled', 'yellow'],
  ['interrupted', 'red'],
  ['running', undefined],
  ['waiting', 'dim'],
] as const;

function countLines({ standing }: LiveState, { columns }: Look): Span[][] {
  const lines: Span[][] = [[]];
  let width = 0;
  for (const [state, colour] of STATES) {
    const count = standing[state] ?? 0;
    if (count === 0 && state !== 'ok') continue;
    const text = `${grouped(count)} ${state}`;
    if (width > 0 && width + GAP.length + text.length >= columns) {
      lines.push([]);
      width = 0;
    }
    lines.at(-1)?.push({ text: width === 0 ? '' : GAP }, { text, colour });
    width += (width === 0 ? 0 : GAP.length) + text.length;
  }
  return lines;
}

/** What keeps it from going on, or the stage it is in. */
function hindrance(sweep: Sweep, { columns }: Look): Span[][] {
  const paused = sweep.state === SweepState.PAUSED ? [`paused: ${sweep.reason}`] : [];
  return [...paused, sweep.stage, sweep.notice]
    .filter((text) => text !== '')
    .flatMap((text) => inLines(harmlessLine(text), columns - 1, HINDRANCE_LINES))
    .map((text) => [{ text, colour: 'yellow' as const }]);
}

/** Lines that fit, at most so many; what does not fit in them is cut in the last one. */
function inLines(text: string, columns: number, most: number): string[] {
  const lines = wrapped(text, columns, 2);
  if (lines.length <= most) return lines;
  const last = lines.slice(most - 1).map((line, at) => (at === 0 ? line : line.trimStart()));
  return [...lines.slice(0, most - 1), cut(last.join(' '), columns)];
}

function partLines(state: LiveState, look: Look, most: number): Span[][] {
  const { segments, agents } = state;
  return [
    ...(segments.length > 1 ? [[], ...table('segment', segments, look, most)] : []),
    ...(agents.length > 1 ? [[], ...table('agent', agents, look, most)] : []),
  ];
}

function table(title: string, parts: Part[], { columns }: Look, most: number): Span[][] {
  // A line that counts one would take the room of the one.
  const some = parts.slice(0, parts.length === most + 1 ? most + 1 : most);
  const rows = some.map((part) => [
    part.selected === null ? grouped(part.ended) : `${grouped(part.ended)} of ${grouped(part.selected)}`,
    grouped(part.notOk),
    rateText(part.rate.perSecond() ?? 0),
  ]);
  const names = some.map(({ name }) => harmlessLine(name));
  const widest = Math.max(...names.map(cellsOf));
  const all = ['ended', 'not ok', 'rate'];
  const widthOf = (head: string, at: number) =>
    Math.max(head.length, ...rows.map((row) => row[at]?.length ?? 0));
  const roomBeside = (heads: readonly string[]) =>
    columns - 1 - heads.map(widthOf).reduce((sum, width) => sum + GAP.length + width, 0);
  // A rate is worth less than a name that can be read.
  const heads = roomBeside(all) < widest ? all.slice(0, 2) : all;
  const widths = heads.map(widthOf);
  const room = Math.max(8, roomBeside(heads));
  const nameWidth = Math.min(room, Math.max(title.length, ...names.map(cellsOf)));
  const line = (name: string, cells: string[]) =>
    padded(cut(name, nameWidth), nameWidth) +
    cells
      .slice(0, heads.length)
      .map((cell, at) => GAP + cell.padStart(widths[at] ?? 0))
      .join('');
  const rest = parts.slice(some.length);
  return [
    [{ text: line(title, heads), colour: 'dim' }],
    ...rows.map((row, at): Span[] => [
      { text: line(names[at] ?? '', row), colour: (some[at]?.notOk ?? 0) > 0 ? 'yellow' : undefined },
    ]),
    ...(rest.length === 0
      ? []
      : [[{ text: `and ${rest.length} more: ${grouped(sum(rest))} ended`, colour: 'dim' as const }]]),
  ];
}

function sum(parts: Part[]): number {
  return parts.reduce((total, { ended }) => total + ended, 0);
}

function troubleLines(state: LiveState, { columns }: Look, most: number): Span[][] {
  const { failures, slowest } = state;
  const slow: Span[] = [{ text: 'slowest', colour: 'dim' }];
  let width = 'slowest'.length;
  for (const { device, durationMs } of slowest) {
    const text = `${harmlessLine(device)} ${duration(durationMs)}`;
    width += GAP.length + cellsOf(text);
    if (width >= columns && slow.length > 1) break;
    slow.push({ text: GAP + text });
  }
  const shown = failures.slice(0, MOST_KINDS);
  const numbers = Math.max(0, ...shown.map(({ count }) => grouped(count).length));
  const kinds = Math.max(0, ...shown.map(({ kind }) => kind.length));
  const lines = shown.flatMap(({ kind, count, device, message }): Span[][] => {
    const title: Span = { text: `${grouped(count).padStart(numbers)} ${kind.padEnd(kinds)}`, colour: 'red' };
    const text = `${GAP}${harmlessLine(device)}: ${harmlessLine(message)}`;
    if (most === 1 || cellsOf(title.text) + cellsOf(text) < columns) return [[title, { text }]];
    return [[title], ...inLines(text, columns - 1, most - 1).map((line) => [{ text: line }])];
  });
  const rest = failures.length - shown.length;
  const more: Span[][] =
    rest > 0 ? [[{ text: `and ${rest} more kind${rest === 1 ? '' : 's'} of failure`, colour: 'dim' }]] : [];
  return slow.length === 1 && lines.length === 0
    ? []
    : [[], ...(slow.length === 1 ? [] : [slow]), ...lines, ...more];
}

function shortLine(state: LiveState, sweep: Sweep): Span[] {
  const failed = (state.standing.failed ?? 0) + (state.standing.suspect ?? 0);
  const eta = etaMs(state, sweep);
  const text = `${grouped(state.ended)} of ${grouped(state.selected)}, ${grouped(failed)} not ok`;
  return [{ text: eta === null ? text : `${text}, ${clock(eta)} left` }];
}

/** Null: nobody can tell yet. */
function etaMs(state: LiveState, { state: phase }: Sweep): number | null {
  const rate = state.rate.perSecond();
  const left = state.selected - state.ended;
  if (rate === null || rate <= 0 || left <= 0 || phase === SweepState.PAUSED) return null;
  return (left / rate) * 1000;
}

/** `0:07`, `12:03`, `1:02:03`. */
function clock(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  const two = (value: number) => String(value).padStart(2, '0');
  const minutes = Math.floor(seconds / 60);
  const hours = Math.floor(minutes / 60);
  return hours === 0
    ? `${minutes}:${two(seconds % 60)}`
    : `${hours}:${two(minutes % 60)}:${two(seconds % 60)}`;
}

function rateText(perSecond: number): string {
  return `${perSecond >= 9.95 || perSecond === 0 ? grouped(Math.round(perSecond)) : perSecond.toFixed(1)}/s`;
}

function grouped(count: number): string {
  return count.toLocaleString('en');
}

/** Cut where the terminal ends; its last column stays free, because some terminals wrap there. */
function fitted(spans: Span[], { columns }: Size): Span[] {
  let left = columns - 1;
  const kept: Span[] = [];
  for (const { text, colour } of spans) {
    const shown = cut(text, left);
    kept.push({ text: shown, colour });
    left -= cellsOf(shown);
    if (shown !== text) break;
  }
  return kept;
}

function painted(spans: Span[], paint: Paint): string {
  return spans
    .map(({ text, colour }) => (colour === undefined || text === '' ? text : paint(text, colour)))
    .join('');
}
