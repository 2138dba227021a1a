// How a terminal shows what its command line says: as it is, or in one of the ways that have fooled readers before.
// What is shown must always read as what was meant; that the meaning differs is the command line's business.
import { promptLine } from './cli.js';
import { dice } from './dice.js';
import type { Fault } from './fault.js';
import type { FleetDevice } from './plan.js';

/** What is shown, and how long the line is silent before. */
export interface Piece {
  text: string;
  afterMs: number;
}

export interface Manner {
  /** A typed line as it comes back, its line end included. */
  echo(line: string): string;
  prompt(prompt: string): Piece[];
  output(text: string, prompt: string): Piece[];
  /** How often a pager stops at the same place. */
  pagers: number;
  /** What is asked before the session ends; empty: nothing. */
  beforeExit: string;
  exits: boolean;
}

const REDRAW_MS = 40;
/** Longer than a reader needs to believe a prompt. */
const PAUSE_MS = 100;
/** Characters that only a command that shows something prints. */
const MUCH = 500;
/** Columns beside the prompt. */
const NARROW = 14;

const PLAIN: Manner = {
  echo: (line) => `${line}\r\n`,
  prompt: (prompt) => [now(prompt)],
  output: (text) => [now(text)],
  pagers: 1,
  beforeExit: '',
  exits: true,
};

/** How a device shows things; `pauseMs`: how long one that falls silent does. */
export function mannerOf(device: FleetDevice, seed: number, pauseMs: number): Manner {
  const change = device.fault === null ? undefined : MANNERS[device.fault];
  return change === undefined ? PLAIN : { ...PLAIN, ...change(device, seed, pauseMs) };
}

type Change = (device: FleetDevice, seed: number, pauseMs: number) => Partial<Manner>;

const MANNERS: Partial<Record<Fault, Change>> = {
  'no-echo': () => ({ echo: () => '\r\n' }),
  'narrow-echo': () => ({ echo: scroll }),
  'short-silence': (_device, _seed, pauseMs) => ({
    output: (text) => {
      const half = text.indexOf('\n', text.length / 2) + 1;
      return [now(text.slice(0, half)), { text: text.slice(half), afterMs: pauseMs }];
    },
  }),
  'prompt-pause': () => ({
    output: (text, prompt) => pauseAt(text, promptLine(prompt)),
  }),
  'pager-twice': () => ({ pagers: 2 }),
  colours: () => ({ output: (text) => [now(paint(text))] }),
  'wild-lines': (device, seed) => ({ output: (text) => [now(tangle(text, seed, device.number))] }),
  'redrawn-prompt': () => ({
    prompt: (prompt) => [now(prompt), { text: redraw(promptLine(prompt)), afterMs: REDRAW_MS }],
  }),
  'clock-prompt': () => {
    let second = 0;
    return {
      prompt: (prompt) => [now(prompt.replace(/(?=[>#(])/, `.10:22:${String(10 + (second++ % 50))}`))],
    };
  },
  'counting-prompt': () => {
    let count = 0;
    return { prompt: (prompt) => [now(prompt.replace(/(?=[>#(])/, `:${++count}`))] };
  },
  'late-prompt': () => ({
    prompt: (prompt) => Array.from(prompt, (text) => ({ text, afterMs: REDRAW_MS })),
  }),
  'log-lines': () => {
    let count = 0;
    const log = () => `${LOG_LINES[count % LOG_LINES.length]}\r\n`;
    // Only in the first half of a session, where no output that is kept can be next to it.
    return { prompt: (prompt) => (count++ > 1 ? [now(prompt)] : [now(`${prompt}\r\n${log()}${prompt}`)]) };
  },
  'log-over-prompt': () => {
    let count = 0;
    return {
      prompt: (prompt) => [now(count++ % 2 === 0 ? prompt : `${prompt}${LOG_LINES.join('\r\n')}\r\n`)],
    };
  },
  renamed: ({ name }) => {
    let renamed = false;
    return {
      output(text) {
        renamed ||= text.length >= MUCH;
        return [now(text)];
      },
      prompt: (prompt) => [now(renamed ? prompt.replaceAll(name, `${name}-new`) : prompt)],
    };
  },
  'asks-exit': () => ({ beforeExit: 'Configuration has been modified; save it? [yes/no/cancel]: ' }),
  'ignores-exit': () => ({ exits: false }),
};

const LOG_LINES = [
  '*Mar  3 10:11:12.123: %LINK-3-UPDOWN: Interface GigabitEthernet0/1, changed state to down',
  '*Mar  3 10:11:13.456: %SYS-5-CONFIG_I: Configured from console by admin on vty0 (10.254.0.7)',
];

function now(text: string): Piece {
  return { text, afterMs: 0 };
}

function redraw(line: string): string {
  return `\r${' '.repeat(line.length)}\r${line}`;
}

/** A screen of few columns: when the line is full it starts again with a dollar sign and the last part. */
function scroll(line: string): string {
  if (line.length < NARROW) return `${line}\r\n`;
  const shown = line.slice(0, NARROW);
  const tail = `$${line.slice(-(NARROW - 2))}`;
  return `${shown}${'\b'.repeat(shown.length)}${tail}${' '.repeat(Math.max(0, shown.length - tail.length))}\r\n`;
}

/** Silence right after each line of the output that reads like the prompt. */
function pauseAt(text: string, prompt: string): Piece[] {
  const pieces: Piece[] = [];
  let from = 0;
  for (let at = text.indexOf(prompt); at >= 0; at = text.indexOf(prompt, from)) {
    pieces.push({ text: text.slice(from, at + prompt.length), afterMs: pieces.length === 0 ? 0 : PAUSE_MS });
    from = at + prompt.length;
  }
  return [...pieces, { text: text.slice(from), afterMs: pieces.length === 0 ? 0 : PAUSE_MS }];
}

/** Colours, a cursor that goes back and forth, a line that is erased and written again. */
function paint(text: string): string {
  return text
    .split('\r\n')
    .map((line, index) => {
      if (line === '') return line;
      const half = line.length >> 1;
      const [first, second] = [line.slice(0, half), line.slice(half)];
      if (index % 4 === 0) return `\x1b[1;32m${first}\x1b[0m${second}\x1b[K`;
      if (index % 4 === 1) return `\x1b[?25l${line}\x1b[?25h`;
      if (index % 4 === 2)
        return `${'#'.repeat(half)}\x1b[${Math.max(1, half)}D\x1b[K${half === 0 ? '\r\x1b[K' : ''}${line}`;
      return `\x1b]0;title\x07${line}\x1b[m`;
    })
    .join('\r\n');
}

/** Every way in which devices end a line, and characters that terminals do not show. */
function tangle(text: string, seed: number, number: number): string {
  return text
    .split('\r\n')
    .map((line, index) => {
      const draw = dice(seed, number, `line ${index}`);
      const end = ['\r', '\r\r', '\r\r\r', '\r\0'][draw % 4] ?? '\r';
      const middle = (draw >>> 4) % (line.length + 1);
      const hidden = ['', '\0', '\x07', '\0\0'][(draw >>> 8) % 4] ?? '';
      return `${line.slice(0, middle)}${hidden}${line.slice(middle)}${end}`;
    })
    .join('\n')
    .replace(/[\r\0\x07]+$/, '');
}
