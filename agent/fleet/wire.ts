// A channel's way out: what one turn writes leaves as one message, or, at a pace, in pieces with a wait between.
import type { Pace } from './pace.js';
import type { Channel } from './sshd.js';
import type { Wire } from './terminal.js';

export class ChannelWire implements Wire {
  #channel: Channel;
  #pace: Pace | null;
  #onLeft: () => void;
  #text = '';
  #errorText = '';
  #sending = false;
  #closed = false;
  #thenSent: (() => void)[] = [];
  #timers = new Set<NodeJS.Timeout>();

  /** `onLeft` runs after a polite end. */
  constructor(channel: Channel, pace: Pace | null, onLeft: () => void) {
    this.#channel = channel;
    this.#pace = pace;
    this.#onLeft = onLeft;
    channel.on('close', () => this.#close());
  }

  write(text: string): void {
    this.#text += text;
    this.#start();
  }

  writeError(text: string): void {
    this.#errorText += text;
    this.#start();
  }

  whenSent(then: () => void): void {
    this.#thenSent.push(then);
    this.#start();
  }

  after(milliseconds: number, then: () => void): void {
    if (milliseconds <= 0) {
      then();
      return;
    }
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      then();
    }, milliseconds);
    this.#timers.add(timer);
  }

  leave(status: number): void {
    this.whenSent(() => {
      this.#channel.exit(status);
      this.#channel.once('finish', this.#onLeft);
      this.#channel.end();
    });
  }

  #close(): void {
    this.#closed = true;
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
  }

  #start(): void {
    if (this.#sending || this.#closed) return;
    this.#sending = true;
    process.nextTick(() => (this.#pace === null ? this.#sendAll() : this.#sendPiece(this.#pace)));
  }

  #sendAll(): void {
    const [text, errorText] = [this.#text, this.#errorText];
    this.#text = this.#errorText = '';
    this.#sending = false;
    if (this.#closed) return;
    if (text !== '') this.#channel.write(Buffer.from(text, 'latin1'));
    if (errorText !== '') this.#channel.stderr.write(Buffer.from(errorText, 'latin1'));
    for (const then of this.#thenSent.splice(0)) then();
  }

  #sendPiece(pace: Pace): void {
    if (this.#closed || this.#text === '') {
      this.#sendAll();
      return;
    }
    const bytes = pace.bytes();
    this.#channel.write(Buffer.from(this.#text.slice(0, bytes), 'latin1'));
    this.#text = this.#text.slice(bytes);
    pace.wait(() => this.#sendPiece(pace));
  }
}
