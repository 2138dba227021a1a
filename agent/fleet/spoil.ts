// How an output goes wrong on its way: each takes over at the first command that shows something.
import type { Writable } from 'node:stream';
import type { Fault } from './fault.js';
import type { Under } from './noise.js';
import { keepAlive } from './noise.js';
import { type Channel, ignoreWindow } from './sshd.js';
import type { Wire } from './terminal.js';

/** What a spoiler may reach for. */
export interface Means {
  wire: Wire;
  channel: Channel;
  under: Under;
  /** Sends what was written, then closes the connection. */
  drop(): void;
  /** Closes the connection with a reset. */
  reset(): void;
  /** Bytes on the connection that are no part of SSH. */
  corrupt(): void;
  /** From now on the device answers no connection for a while. */
  reboot(): void;
  /** Runs when the connection has closed. */
  onClose(then: () => void): void;
}

type Spoiler = (means: Means, text: string) => void;

const LATER_MS = 120_000;
const HUGE_BYTES = 1 << 30;
const FILLER = Buffer.from(
  `${'interface counters and statistics of a very busy device '.repeat(18)}\r\n`.repeat(32),
);

const half = (text: string) => text.slice(0, Math.floor(text.length / 2));

const SPOILERS: Partial<Record<Fault, Spoiler>> = {
  'hang-output': ({ wire }, text) => wire.write(half(text)),
  'long-silence': ({ wire }, text) => {
    wire.write(half(text));
    wire.after(LATER_MS, () => wire.write(text.slice(half(text).length)));
  },
  'alive-hang': ({ wire, under, onClose }, text) => {
    wire.write(half(text));
    wire.whenSent(() => onClose(keepAlive(under)));
  },
  'drop-output': ({ wire, drop }, text) => {
    wire.write(half(text));
    wire.whenSent(drop);
  },
  'reset-output': ({ wire, reset }, text) => {
    wire.write(half(text));
    wire.whenSent(() => setImmediate(reset));
  },
  'end-output': ({ wire, channel }, text) => {
    wire.write(half(text));
    wire.whenSent(() => channel.end());
  },
  'eof-output': ({ wire, channel }, text) => {
    wire.write(half(text));
    wire.whenSent(() => channel.eof());
  },
  'no-close': ({ wire, channel }, text) => {
    wire.write(text);
    wire.whenSent(() => channel.exit(0));
  },
  'no-status': ({ wire, channel }, text) => {
    wire.write(text);
    wire.whenSent(() => channel.end());
  },
  reboot: ({ wire, drop, reboot }, text) => {
    wire.write(`${half(text)}\r\n\r\n*** System is going down for reload NOW ***\r\n`);
    wire.whenSent(() => {
      reboot();
      drop();
    });
  },
  'broken-packet': ({ wire, corrupt }, text) => {
    wire.write(half(text));
    wire.whenSent(corrupt);
  },
  'huge-output': ({ channel }) => pour(channel, channel),
  'huge-errors': ({ channel }) => pour(channel, channel.stderr),
  'window-abuse': ({ channel }) => {
    ignoreWindow(channel);
    pour(channel, channel);
  },
};

/** Takes an output over, if the fault is one of these; true: nothing more comes from the device itself. */
export function spoil(fault: Fault | null, means: Means, text: () => string): boolean {
  const spoiler = fault === null ? undefined : SPOILERS[fault];
  spoiler?.(means, text());
  return spoiler !== undefined;
}

/** As fast as it is taken. */
function pour(channel: Channel, into: Writable): void {
  let open = true;
  channel.once('close', () => {
    open = false;
  });
  const next = (left: number) => {
    if (left <= 0 || !open) return;
    if (into.write(FILLER)) setImmediate(next, left - FILLER.length);
    else into.once('drain', () => next(left - FILLER.length));
  };
  next(HUGE_BYTES);
}
