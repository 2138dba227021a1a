// A terminal's own model: what a program wrote to it, frame by frame, as lines and as a picture.
import xterm from '@xterm/headless';

/** Ends each drawing of the live view, and each time it is taken away. */
const FRAME = '\u001b[J';

export interface Cell {
  text: string;
  colour: 'red' | 'green' | 'yellow' | 'plain';
  bold: boolean;
  dim: boolean;
}

export interface Frame {
  /** Without those that are empty. */
  lines: string[];
  /** All of them, cell by cell. */
  rows: Cell[][];
  /** Lines that did not fit and go on in the next. */
  wrapped: number;
}

const COLOURS = new Map<number, Cell['colour']>([
  [1, 'red'],
  [2, 'green'],
  [3, 'yellow'],
]);

export async function framesOf(
  bytes: string,
  { columns, rows }: { columns: number; rows: number },
): Promise<Frame[]> {
  const terminal = new xterm.Terminal({ cols: columns, rows, scrollback: 10_000, allowProposedApi: true });
  const seen: Frame[] = [];
  for (const piece of bytes.split(FRAME)) {
    await new Promise<void>((resolve) => terminal.write(`${piece}${FRAME}`, resolve));
    seen.push(frameOf(terminal));
  }
  return seen;
}

function frameOf(terminal: xterm.Terminal): Frame {
  const { active } = terminal.buffer;
  const lines = Array.from({ length: active.length }, (_, at) => active.getLine(at));
  return {
    lines: lines.map((line) => line?.translateToString(true) ?? '').filter((line) => line !== ''),
    rows: lines.map((line) =>
      Array.from({ length: terminal.cols }, (_, at): Cell => {
        const cell = line?.getCell(at);
        return {
          text: cell?.getChars() || ' ',
          colour: COLOURS.get(cell?.getFgColor() ?? -1) ?? 'plain',
          bold: cell?.isBold() === 1 || (cell?.isBold() ?? 0) > 0,
          dim: (cell?.isDim() ?? 0) > 0,
        };
      }),
    ),
    wrapped: lines.filter((line) => line?.isWrapped === true).length,
  };
}

const WIDTH = 8.4;
const HEIGHT = 19;
const MARGIN = 16;
const INK = { red: '#ff7b72', green: '#7ee787', yellow: '#e3b341', plain: '#e6edf3' };

/** Rows of a terminal as a picture that a browser shows. */
export function svgOf(rows: Cell[][], title: string): string {
  const last = rows.findLastIndex((row) => row.some(({ text }) => text.trim() !== ''));
  const shown = rows.slice(0, last + 1);
  const columns = Math.max(0, ...shown.map((row) => row.length));
  const [width, height] = [columns * WIDTH + 2 * MARGIN, shown.length * HEIGHT + 2 * MARGIN];
  const lines = shown.map((row, at) => {
    const y = MARGIN + HEIGHT * (at + 0.75);
    return `<text x="${MARGIN}" y="${y.toFixed(1)}" xml:space="preserve">${runsOf(row).map(spanOf).join('')}</text>`;
  });
  return `${[
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width.toFixed(0)} ${height}" width="${width.toFixed(0)}" height="${height}" role="img">`,
    `<title>${escaped(title)}</title>`,
    `<rect width="100%" height="100%" rx="8" fill="#0d1117"/>`,
    `<g font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace" font-size="14" fill="${INK.plain}">`,
    ...lines,
    '</g>',
    '</svg>',
  ].join('\n')}\n`;
}

/** Cells side by side that look alike, in one. */
function runsOf(row: Cell[]): Cell[] {
  const runs: Cell[] = [];
  for (const cell of row) {
    const last = runs.at(-1);
    if (last !== undefined && last.colour === cell.colour && last.bold === cell.bold && last.dim === cell.dim)
      last.text += cell.text;
    else runs.push({ ...cell });
  }
  const end = runs.at(-1);
  if (end !== undefined) end.text = end.text.trimEnd();
  return runs.filter(({ text }) => text !== '');
}

function spanOf({ text, colour, bold, dim }: Cell): string {
  const weight = bold ? ' font-weight="bold"' : '';
  const pale = dim ? ' fill-opacity="0.6"' : '';
  return `<tspan fill="${INK[colour]}"${weight}${pale} textLength="${(text.length * WIDTH).toFixed(1)}" lengthAdjust="spacing">${escaped(text)}</tspan>`;
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
