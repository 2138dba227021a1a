// Everything on stderr while a sweep runs: the live view on a terminal, a quiet line now and then elsewhere, notes in
// between, the summary at the end. Knows how to take the view off the screen for what is to stay there.
import type { Report } from '../../proto/gen/netsweep/v1/model.js';
import { type Sweep, SweepState } from '../../proto/gen/netsweep/v1/sweeps.js';
import { countsLine, duration } from '../combine/summary.js';
import { wrapped } from './cells.js';
import { Block } from './live/block.js';
import { liveLines } from './live/layout.js';
import { LiveState } from './live/state.js';
import { harmlessLine, type Paint } from './terminal.js';

const QUIET_LINE_MS = 5000;
const EAGER_LINE_MS = 1000;
/** How often the live view is drawn at most; its clock goes on while nothing is heard. */
const DRAW_MS = 250;

export interface ProgressOptions {
  stream: NodeJS.WriteStream;
  when: 'auto' | 'on' | 'off';
  quiet: boolean;
  paint: Paint;
  /** Whether the terminal shows more than ASCII. */
  unicode?: boolean;
}

export class Progress {
  readonly quiet: boolean;
  readonly paint: Paint;
  readonly #stream: NodeJS.WriteStream;
  readonly #unicode: boolean;
  readonly #everyMs: number;
  readonly #block: Block;
  /** Null where there is no live view. */
  #live: LiveState | null;
  #timer: NodeJS.Timeout | null = null;
  #lastLine = Date.now();
  #notice = '';
  #paused = false;

  constructor({ stream, when, quiet, paint, unicode = false }: ProgressOptions) {
    this.quiet = quiet;
    this.paint = paint;
    this.#stream = stream;
    this.#unicode = unicode;
    this.#block = new Block(stream);
    const wanted = when !== 'off' && !quiet;
    this.#live = wanted && stream.isTTY === true ? new LiveState() : null;
    this.#everyMs = wanted ? (when === 'on' ? EAGER_LINE_MS : QUIET_LINE_MS) : Number.POSITIVE_INFINITY;
    // A closed stderr must not end the sweep.
    stream.on('error', () => {});
  }

  /** How many devices of each segment there will be, so that the view can say how many are left. */
  expect(segments: ReadonlyMap<string, number>): void {
    if (this.#live !== null) this.#live = new LiveState(segments);
  }

  update(sweep: Sweep): void {
    if (this.#live !== null) {
      this.#live.update(sweep);
      this.#timer ??= setInterval(() => this.#draw(), DRAW_MS).unref();
      return;
    }
    if (sweep.notice !== '' && sweep.notice !== this.#notice) this.note(sweep.notice);
    this.#notice = sweep.notice;
    const paused = sweep.state === SweepState.PAUSED;
    if (paused !== this.#paused) this.#lastLine = 0; // said at once
    this.#paused = paused;
    if (Date.now() - this.#lastLine < this.#everyMs) return;
    this.#lastLine = Date.now();
    this.#stream.write(`${progressLine(sweep)}\n`);
  }

  /** A device has ended. */
  add(report: Report): void {
    this.#live?.add(report);
  }

  /** A line that stays, whatever --quiet says. */
  say(line: string): void {
    this.clear();
    this.#stream.write(`${harmlessLine(line)}\n`);
  }

  /** A sentence that stays, unless --quiet; on a terminal in lines that fit. */
  note(line: string, colour?: Parameters<Paint>[1]): void {
    if (this.quiet) return;
    this.clear();
    const text = harmlessLine(line);
    const columns = this.#stream.isTTY === true ? this.#stream.columns || 80 : Number.POSITIVE_INFINITY;
    for (const part of wrapped(text, columns))
      this.#stream.write(`${colour === undefined ? part : this.paint(part, colour)}\n`);
  }

  /** A command to copy, in one line wherever it is shown, unless --quiet. */
  offer(command: string): void {
    if (!this.quiet) this.say(command);
  }

  /** Takes the live view off the screen until it is drawn again. */
  clear(): void {
    this.#block.clear();
  }

  /** The live view goes and does not come back. */
  end(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
    this.#live = null;
    this.clear();
  }

  #draw(): void {
    if (this.#live === null) return;
    const now = Date.now();
    this.#live.sample(now);
    const { columns, rows } = this.#stream;
    const look = { columns: Math.max(20, columns || 80), rows: rows || 24, now };
    this.#block.show(liveLines(this.#live, { ...look, paint: this.paint, unicode: this.#unicode }));
  }
}

function progressLine(sweep: Sweep): string {
  const stage = sweep.stage === '' ? '' : `; ${sweep.stage}`;
  const line = `${countsLine(sweep.counts)}${stage}; ${duration(Math.max(0, Date.now() - sweep.startedAtMs))}`;
  return sweep.state === SweepState.PAUSED ? `${line}; paused: ${sweep.reason}` : line;
}
