// Everything on stderr while a sweep runs: one live line on a terminal, a quiet line now and then elsewhere,
// notes in between, the summary at the end. Knows how to take its live line off the screen.

import { type Sweep, SweepState } from '../../proto/gen/netsweep/v1/sweeps.js';
import { countsLine, duration } from '../combine/summary.js';
import { harmlessLine, type Paint } from './terminal.js';

const QUIET_LINE_MS = 5000;
const EAGER_LINE_MS = 1000;
const CLEAR = '\r\u001b[2K';

export interface ProgressOptions {
  stream: NodeJS.WriteStream;
  when: 'auto' | 'on' | 'off';
  quiet: boolean;
  paint: Paint;
}

export class Progress {
  readonly quiet: boolean;
  readonly paint: Paint;
  readonly #stream: NodeJS.WriteStream;
  readonly #live: boolean;
  readonly #everyMs: number;
  #shown = false;
  #lastLine = Date.now();
  #notice = '';
  #paused = false;

  constructor({ stream, when, quiet, paint }: ProgressOptions) {
    this.quiet = quiet;
    this.paint = paint;
    this.#stream = stream;
    const wanted = when !== 'off' && !quiet;
    this.#live = wanted && stream.isTTY === true;
    this.#everyMs = wanted ? (when === 'on' ? EAGER_LINE_MS : QUIET_LINE_MS) : Number.POSITIVE_INFINITY;
    // A closed stderr must not end the sweep.
    stream.on('error', () => {});
  }

  update(sweep: Sweep): void {
    if (sweep.notice !== '' && sweep.notice !== this.#notice) this.note(sweep.notice);
    this.#notice = sweep.notice;
    if (this.#live) return this.#show(sweep);
    const paused = sweep.state === SweepState.PAUSED;
    if (paused !== this.#paused) this.#lastLine = 0; // said at once
    this.#paused = paused;
    if (Date.now() - this.#lastLine < this.#everyMs) return;
    this.#lastLine = Date.now();
    this.#stream.write(`${progressLine(sweep)}\n`);
  }

  /** A line that stays, whatever --quiet says. */
  say(line: string): void {
    this.clear();
    this.#stream.write(`${harmlessLine(line)}\n`);
  }

  /** A line that stays, unless --quiet. */
  note(line: string, colour?: Parameters<Paint>[1]): void {
    if (this.quiet) return;
    this.clear();
    const text = harmlessLine(line);
    this.#stream.write(`${colour === undefined ? text : this.paint(text, colour)}\n`);
  }

  clear(): void {
    if (!this.#shown) return;
    this.#shown = false;
    this.#stream.write(CLEAR);
  }

  #show(sweep: Sweep): void {
    this.#shown = true;
    const width = Math.max(20, this.#stream.columns || 80) - 1;
    this.#stream.write(CLEAR + progressLine(sweep).slice(0, width));
  }
}

function progressLine(sweep: Sweep): string {
  const stage = sweep.stage === '' ? '' : `; ${sweep.stage}`;
  const line = `${countsLine(sweep.counts)}${stage}; ${duration(Math.max(0, Date.now() - sweep.startedAtMs))}`;
  return sweep.state === SweepState.PAUSED ? `${line}; paused: ${sweep.reason}` : line;
}
