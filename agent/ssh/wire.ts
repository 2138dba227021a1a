// What is under a connection, as the SSH library gets it: a TCP socket, or a way through a bastion. All writes of a
// turn leave in one system call, every byte is counted against an allowance. It also holds what comes until the
// identification line is whole, because ssh2 loses bytes of one that arrives in more than two pieces.
import { lookup } from 'node:dns';
import { connect, isIP, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { Kind, Stage } from '../../proto/gen/netsweep/v1/model.js';
import { DeviceFailure } from '../failure.js';
import { place, quote } from '../text.js';
import { type Offer, Opening } from './kexinit.js';

/** The identification line and what may precede it. */
const GREETING_BYTES = 65_536;
/** How long one of several addresses of a name is tried before the next. */
const ADDRESS_MS = 1_500;
const LF = 10;
/** Every socket reads into this: a buffer for each read would be 64 KB for what are a few hundred bytes as a rule. */
const READ_INTO = Buffer.allocUnsafeSlow(65_536);

export interface WireEvents {
  /** False: no connection may be begun any more. */
  mayConnect(): boolean;
  /** False: no byte may leave any more. */
  mayWrite(): boolean;
  /** Before the reader of the socket gets them. */
  bytes(): void;
  /** The socket is destroyed for what came. */
  failed(toFailure: (stage: Stage) => DeviceFailure): void;
}

export class Wire {
  readonly socket: Duplex;
  readonly #host: string;
  readonly #port: number;
  readonly #events: WireEvents;
  #connected = false;
  #destroyed = false;
  #lookedUp: boolean;
  #held: Buffer[] | null = [];
  #identification = '';
  /** What came before the identification line was whole. */
  #greeted = 0;
  #allowance = 1 << 20;
  /** What is to be waited for before anything leaves. */
  #gatherings = 0;
  readonly #opening = new Opening();
  #release = () => {};

  /** `way`: a stream that reaches the place already; null: TCP. */
  constructor(host: string, port: number, events: WireEvents, way: Duplex | null) {
    this.#host = host;
    this.#port = port;
    this.#events = events;
    this.#lookedUp = isIP(host) !== 0;
    this.#connected = way !== null;
    this.socket = way ?? this.#connect();
    this.#gatherWrites();
    this.#standBetween();
  }

  /** It came up; otherwise the device has seen nothing of us. */
  get connected(): boolean {
    return this.#connected;
  }

  /** We broke it off. */
  get destroyed(): boolean {
    return this.#destroyed;
  }

  destroy(): void {
    this.#destroyed = true;
    this.socket.destroy();
  }

  /** What came instead of an SSH identification; empty when there was one, or nothing. */
  get greeting(): string {
    return this.#held ? quote(Buffer.concat(this.#held).toString('latin1')) : '';
  }

  /** What the other side calls its SSH, as in `SSH-2.0-Cisco-1.25`; empty before it has said so. */
  get identification(): string {
    return this.#identification;
  }

  /** The algorithms that the other side offers; null before it has said so. */
  get offer(): Offer | null {
    return this.#opening.offer;
  }

  /** The key exchange is done: whatever comes now is no offer, and is not kept. */
  secured(): void {
    this.#opening.complete();
  }

  /** Sets how many bytes may come from now on. */
  allow(bytes: number): void {
    this.#allowance = bytes;
  }

  /** What is written meanwhile leaves in one piece with what was written before in this turn. */
  gatherUntil(settled: Promise<unknown>): void {
    this.#gatherings++;
    const over = () => {
      this.#gatherings = Math.max(0, this.#gatherings - 1);
      atEndOfTurn(this.#release);
    };
    settled.then(over, over);
  }

  /** The connect limit has struck: what was it waiting for? */
  unreached(limitMs: number): DeviceFailure {
    if (!this.#lookedUp)
      return new DeviceFailure(
        Kind.RESOLVE,
        Stage.RESOLVE,
        `no address for ${this.#host} within ${limitMs} ms`,
      );
    return new DeviceFailure(
      Kind.UNREACHABLE,
      Stage.CONNECT,
      `no connection to ${place(this.#host, this.#port)} within ${limitMs} ms`,
    );
  }

  #connect(): Duplex {
    const socket: Socket = connect({
      host: this.#host,
      port: this.#port,
      noDelay: true,
      onread: { buffer: READ_INTO, callback: (bytes) => socket.push(copyOf(bytes)) },
      autoSelectFamilyAttemptTimeout: ADDRESS_MS,
      // Time passes until the name is known, and it may be known only after a pause of this whole machine.
      lookup: (name, options, found) =>
        lookup(name, options, (error, address, family) =>
          this.#events.mayConnect()
            ? found(error, address as string, family)
            : found(leaseEnded(Stage.CONNECT, 'before the connect'), ''),
        ),
    });
    socket.on('lookup', () => {
      this.#lookedUp = true;
    });
    socket.once('connect', () => {
      this.#connected = true;
    });
    return socket;
  }

  /** Bytes from below pass through here on their way into the stream. */
  #standBetween(): void {
    const { socket } = this;
    const push = socket.push;
    socket.push = (chunk: Buffer | null, encoding?: BufferEncoding): boolean => {
      if (chunk !== null && !this.#mayCome(chunk)) return false;
      if (this.#held === null) return push.call(socket, chunk, encoding);
      if (chunk !== null) {
        this.#held.push(chunk);
        if (!chunk.includes(LF)) return true;
      }
      const held = Buffer.concat(this.#held);
      const identified = /^(SSH-[^\n]*?)\r?\n/m.exec(held.toString('latin1'));
      if (!identified && chunk !== null) return true;
      if (identified) {
        this.#held = null;
        this.#identification = identified[1] ?? '';
      }
      if (held.length > 0) push.call(socket, held);
      return chunk === null ? push.call(socket, null) : true;
    };
  }

  #mayCome(chunk: Buffer): boolean {
    this.#allowance -= chunk.length;
    this.#opening.add(chunk);
    if (this.#held !== null) this.#greeted += chunk.length;
    const endless = this.#held !== null && this.#greeted > GREETING_BYTES;
    if (this.#allowance >= 0 && !endless) {
      this.#events.bytes();
      return true;
    }
    this.#events.failed((stage) =>
      endless
        ? new DeviceFailure(Kind.PROTOCOL, stage, 'not SSH; it sends endless text')
        : new DeviceFailure(Kind.OUTPUT_LIMIT, stage, 'the device sends more than the output limit allows'),
    );
    this.destroy();
    return false;
  }

  /**
   * All that is written within one turn of the event loop leaves in one system call. Whatever wrote it, a keepalive or
   * a goodbye, it leaves only under a lease: this is the last look at it.
   */
  #gatherWrites(): void {
    const { socket } = this;
    const write = socket.write as (bytes: Uint8Array) => boolean; // all that is written is bytes
    const end = socket.end as () => Duplex;
    let gathered: Uint8Array[] = [];
    const release = () => {
      if (this.#gatherings > 0) return;
      const [first, ...others] = gathered;
      gathered = [];
      if (first === undefined || socket.destroyed) return;
      if (this.#events.mayWrite()) {
        write.call(socket, others.length === 0 ? first : Buffer.concat([first, ...others]));
        return;
      }
      this.#events.failed((stage) => leaseEnded(stage, 'on the way'));
      this.destroy();
    };
    socket.write = (bytes: Uint8Array) => {
      if (gathered.push(bytes) === 1 && this.#gatherings === 0) atEndOfTurn(release);
      return true; // the SSH library does not look
    };
    this.#release = release;
    socket.end = () => {
      this.#gatherings = 0;
      release();
      return end.call(socket);
    };
  }
}

/** Of all wires that have something to say in this turn. */
const waiting: (() => void)[] = [];

/** Once all that could be read has been read, and answered. */
function atEndOfTurn(release: () => void): void {
  if (waiting.push(release) > 1) return;
  setImmediate(() => {
    for (const each of waiting.splice(0)) each();
  });
}

/** The first bytes of what sockets read into. */
function copyOf(bytes: number): Buffer {
  const copy = Buffer.allocUnsafe(bytes);
  READ_INTO.copy(copy, 0, 0, bytes);
  return copy;
}

function leaseEnded(stage: Stage, when: string): DeviceFailure {
  return new DeviceFailure(Kind.DISCONNECTED, stage, `the lease ended ${when}`);
}
