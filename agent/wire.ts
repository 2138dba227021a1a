// The TCP socket under a connection, as the SSH library gets it: no delay, all writes of a turn in one system
// call, every byte counted against an allowance. It also holds what comes until the identification line is
// whole, because ssh2 loses bytes of one that arrives in more than two pieces.
import { connect, isIP, type Socket } from 'node:net';
import { Kind, Stage } from '../proto/gen/netsweep/v1/model.js';
import { DeviceFailure } from './failure.js';
import { quote } from './text.js';

/** The identification line and what may precede it. */
const GREETING_BYTES = 65_536;
/** How long one of several addresses of a name is tried before the next. */
const ADDRESS_MS = 1_500;
const LF = 10;

export interface WireEvents {
  /** Before the reader of the socket gets them. */
  bytes(): void;
  /** The socket is destroyed for what came. */
  failed(toFailure: (stage: Stage) => DeviceFailure): void;
}

export class Wire {
  readonly socket: Socket;
  readonly #host: string;
  readonly #port: number;
  readonly #events: WireEvents;
  #connected = false;
  #destroyed = false;
  #lookedUp: boolean;
  #held: Buffer[] | null = [];
  #allowance = 1 << 20;

  constructor(host: string, port: number, events: WireEvents) {
    this.#host = host;
    this.#port = port;
    this.#events = events;
    this.#lookedUp = isIP(host) !== 0;
    this.socket = connect({ host, port, noDelay: true, autoSelectFamilyAttemptTimeout: ADDRESS_MS });
    this.socket.on('lookup', () => {
      this.#lookedUp = true;
    });
    this.socket.once('connect', () => {
      this.#connected = true;
    });
    gatherWrites(this.socket);
    this.#standBetween();
  }

  /** TCP came up; otherwise the device has seen nothing of us. */
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

  /** Sets how many bytes may come from now on. */
  allow(bytes: number): void {
    this.#allowance = bytes;
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
      `no connection to ${this.#host}:${this.#port} within ${limitMs} ms`,
    );
  }

  /** Bytes from the kernel pass through here on their way into the stream. */
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
      const identified = /^SSH-[^\n]*\n/m.test(held.toString('latin1'));
      if (!identified && chunk !== null) return true;
      if (identified) this.#held = null;
      if (held.length > 0) push.call(socket, held);
      return chunk === null ? push.call(socket, null) : true;
    };
  }

  #mayCome(chunk: Buffer): boolean {
    this.#allowance -= chunk.length;
    const endless = this.#held !== null && this.socket.bytesRead > GREETING_BYTES;
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
}

/** All that is written within one turn of the event loop leaves in one system call. */
function gatherWrites(socket: Socket): void {
  const write = socket.write;
  let gathering = false;
  const release = () => {
    gathering = false;
    socket.uncork();
  };
  socket.write = ((...rest: Parameters<Socket['write']>) => {
    if (!gathering) {
      gathering = true;
      socket.cork();
      process.nextTick(release);
    }
    return write.apply(socket, rest);
  }) as Socket['write'];
}
