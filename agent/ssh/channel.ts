// One channel of a connection: what is asked on it and answered, its bytes both ways, its end (RFC 4254, section 5).
import type Protocol from 'ssh2/lib/protocol/Protocol.js';

/** What the other side may send before it is told that there is room for more, and in one packet. */
export const WINDOW = 2 << 20;
export const PACKET = 32 << 10;
const WINDOW_LEAST = WINDOW / 2;

/** What becomes of the wish for a channel. */
export interface ChannelOpening {
  opened(channel: Channel): void;
  /** `reason` as in RFC 4254. */
  refused(error: Error): void;
}

export interface ChannelEvents {
  data(chunk: Buffer): void;
  errorData?(chunk: Buffer): void;
  /** Nothing more comes, though it may still be written to. */
  ended?(): void;
  /** `status` null: the device said none; `signal`: what ended the command. */
  closed(status: number | null, signal: string | null): void;
  /** The device gives no such channel, though it is still there; without this it is a failure. */
  refused?(): void;
}

export class Channel {
  readonly id: number;
  readonly #protocol: Protocol;
  readonly #opening: ChannelOpening;
  /** Its number on the other side; -1: it is not open yet. */
  #peer = -1;
  /** Bytes that the other side takes now, and in one packet. */
  #room = 0;
  #packet = 0;
  /** Bytes that it may send. */
  #window = WINDOW;
  #paused = false;
  #unsent: Buffer[] = [];
  #sent: (() => void) | null = null;
  #answers: ((yes: boolean) => void)[] = [];
  #events: ChannelEvents | null = null;
  /** What came before somebody followed. */
  #early: { chunk: Buffer; isError: boolean }[] = [];
  #status: number | null = null;
  #signal: string | null = null;
  #exited = false;
  #ending = false;
  #endSent = false;
  #endCame = false;
  #closeSent = false;
  #isClosed = false;

  constructor(id: number, protocol: Protocol, opening: ChannelOpening) {
    this.id = id;
    this.#protocol = protocol;
    this.#opening = opening;
  }

  get isOpen(): boolean {
    return this.#peer >= 0;
  }

  // What we say.

  /** Bytes in the other side's window that more than this waits for count as sent only then. */
  write(bytes: Buffer, sent: (() => void) | null = null): void {
    if (this.#ending || this.#closeSent || this.#isClosed) return;
    this.#unsent.push(bytes);
    this.#sent = sent;
    this.#flush();
  }

  /** Asks on it for a terminal; answers come in the order of what was asked. */
  terminal(
    {
      rows,
      cols,
      height,
      width,
      term,
    }: Record<'rows' | 'cols' | 'height' | 'width', number> & { term: string },
    answered: (yes: boolean) => void,
  ): void {
    this.#answers.push(answered);
    this.#protocol.pty(this.#peer, rows, cols, height, width, term, null, true);
  }

  shell(answered: (yes: boolean) => void): void {
    this.#answers.push(answered);
    this.#protocol.shell(this.#peer, true);
  }

  exec(command: string, answered: (yes: boolean) => void): void {
    this.#answers.push(answered);
    this.#protocol.exec(this.#peer, command, true);
  }

  /** Nothing more will be written. */
  end(): void {
    this.#ending = true;
    this.#flush();
  }

  close(): void {
    if (this.#closeSent || !this.isOpen) return;
    this.#closeSent = true;
    this.#unsent = [];
    if (!this.#isClosed) this.#protocol.channelClose(this.#peer);
  }

  /** The other side is not told that there is room for more, until `resume`. */
  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    this.#open();
  }

  /** Who hears what comes from now on, and what has come. */
  follow(events: ChannelEvents): void {
    this.#events = events;
    const early = this.#early;
    this.#early = [];
    for (const { chunk, isError } of early) this.#tell(chunk, isError);
    if (this.#endCame) events.ended?.();
  }

  // What the other side says.

  opened(peer: number, room: number, packet: number): void {
    if (this.isOpen) return;
    this.#peer = peer;
    this.#room = room;
    this.#packet = packet;
    this.#opening.opened(this);
  }

  notOpened(error: Error): void {
    this.#isClosed = true;
    this.#opening.refused(error);
  }

  answered(yes: boolean): void {
    this.#answers.shift()?.(yes);
  }

  data(chunk: Buffer, isError: boolean): void {
    if (!this.isOpen) return;
    this.#window -= chunk.length;
    if (this.#events === null) this.#early.push({ chunk, isError });
    else this.#tell(chunk, isError);
    this.#open();
  }

  /** It sends more than it was given room for. */
  get isOverrun(): boolean {
    return this.#window < 0;
  }

  widen(bytes: number): void {
    if (!this.isOpen) return;
    this.#room += bytes;
    this.#flush();
  }

  request(type: string, wantReply: boolean, what: unknown): void {
    if (!this.isOpen) return;
    if (type === 'exit-status' || type === 'exit-signal') {
      if (this.#exited) return;
      this.#exited = true;
      // As ssh2 has read it.
      if (type === 'exit-status') this.#status = what as number;
      else this.#signal = `SIG${(what as { signal: string }).signal}`;
    } else if (wantReply && !this.#closeSent) this.#protocol.channelFailure(this.#peer);
  }

  ended(): void {
    if (this.#endCame || !this.isOpen) return;
    this.#endCame = true;
    this.#events?.ended?.();
  }

  /** `answer`: the other side waits for our own word that it is closed. */
  closed(answer: boolean): void {
    if (this.#isClosed) return;
    if (!this.isOpen) {
      const error = new Error('(SSH) Channel open failure: server closed channel unexpectedly');
      return this.notOpened(Object.assign(error, { reason: '' }));
    }
    if (answer) this.close();
    this.#isClosed = true;
    const answers = this.#answers;
    this.#answers = [];
    for (const answered of answers) answered(false);
    this.ended();
    this.#events?.closed(this.#status, this.#signal);
  }

  #tell(chunk: Buffer, isError: boolean): void {
    if (isError) this.#events?.errorData?.(chunk);
    else this.#events?.data(chunk);
  }

  #open(): void {
    if (this.#paused || this.#window > WINDOW_LEAST || this.#closeSent || this.#isClosed) return;
    const bytes = WINDOW - this.#window;
    this.#window = WINDOW;
    this.#protocol.channelWindowAdjust(this.#peer, bytes);
  }

  #flush(): void {
    while (this.#unsent.length > 0) {
      const bytes = this.#unsent[0] as Buffer; // there is one
      const length = Math.min(bytes.length, this.#room, this.#packet);
      if (length === 0 && bytes.length > 0) return;
      this.#room -= length;
      if (length === bytes.length) this.#unsent.shift();
      else this.#unsent[0] = bytes.subarray(length);
      if (length > 0)
        this.#protocol.channelData(this.#peer, length === bytes.length ? bytes : bytes.subarray(0, length));
    }
    const sent = this.#sent;
    this.#sent = null;
    sent?.();
    if (!this.#ending || this.#endSent || this.#closeSent || this.#isClosed) return;
    this.#endSent = true;
    this.#protocol.channelEOF(this.#peer);
  }
}
