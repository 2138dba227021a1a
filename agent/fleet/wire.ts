// A channel's way out: what one turn writes leaves as one message, or, when it drips, as one message per byte.
import type { Channel } from './sshd.js';
import type { Wire } from './terminal.js';

export class ChannelWire implements Wire {
  #channel: Channel;
  #dripMs: number | null;
  #onLeft: () => void;
  #text = '';
  #errorText = '';
  #sending = false;
  #closed = false;
  #thenSent: (() => void)[] = [];
  #timers = new Set<NodeJS.Timeout>();

  /** `onLeft` runs after a polite end. */
  constructor(channel: Channel, dripMs: number | null, onLeft: () => void) {
    this.#channel = channel;
    this.#dripMs = dripMs;
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
    process.nextTick(() => (this.#dripMs === null ? this.#sendAll() : this.#drip(this.#dripMs)));
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

  #drip(pauseMs: number): void {
    if (this.#closed || this.#text === '') {
      this.#sendAll();
      return;
    }
    this.#channel.write(Buffer.from(this.#text.slice(0, 1), 'latin1'));
    this.#text = this.#text.slice(1);
    if (pauseMs > 0) this.after(pauseMs, () => this.#drip(pauseMs));
    else setImmediate(() => this.#drip(pauseMs));
  }
}
