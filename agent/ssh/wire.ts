// What is under a connection: a TCP socket, or a way through a bastion. All writes of a turn leave in one system call,
// every byte is counted against an allowance. It also holds what comes until the identification line is whole,
// because ssh2 loses bytes of one that arrives in more than two pieces.
import { type LookupAddress, lookup } from 'node:dns';
import { connect, isIP, Socket } from 'node:net';
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
  /** Why this address is not to be connected to; null: it may be. */
  refused(address: string, port: number): DeviceFailure | null;
  /** False: no byte may leave any more. */
  mayWrite(): boolean;
  connected(): void;
  /** What has come, from the identification on. */
  came(chunk: Buffer): void;
  /** Nothing more comes. */
  ended(): void;
  /** It broke; it closes after that. */
  broke(error: Error): void;
  /** Nothing comes after it. */
  closed(): void;
  /** It is destroyed for what came, or because nothing may leave any more. */
  cutOff(toFailure: (stage: Stage) => DeviceFailure): void;
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
  /** Bytes, of all that came and all that left. */
  bytesIn = 0;
  bytesOut = 0;
  #gathered: Uint8Array[] = [];
  /** The other side has ended its part, or we have ended ours. */
  #ended = false;
  /** What is to be waited for before anything leaves. */
  #gatherings = 0;
  readonly #opening = new Opening();

  /** `way`: a stream that reaches the place already; null: TCP. */
  constructor(host: string, port: number, events: WireEvents, way: Duplex | null) {
    this.#host = host;
    this.#port = port;
    this.#events = events;
    this.#lookedUp = isIP(host) !== 0;
    this.#connected = way !== null;
    this.socket = way ?? this.#connect();
    const { socket } = this;
    if (way === null)
      socket.once('connect', () => {
        this.#connected = true;
        events.connected();
      });
    else
      process.nextTick(() => {
        events.connected();
        socket.on('data', (chunk: Buffer) => this.#came(chunk));
      });
    socket.on('error', (error: Error) => events.broke(error));
    socket.on('end', () => {
      this.#ended = true;
      events.ended();
    });
    socket.on('close', () => {
      this.#ended = true;
      events.closed();
    });
  }

  /** It came up; otherwise the device has seen nothing of us. */
  get connected(): boolean {
    return this.#connected;
  }

  /** We broke it off. */
  get destroyed(): boolean {
    return this.#destroyed;
  }

  /** Whether what is written may still arrive. */
  get writable(): boolean {
    return !this.#ended && this.socket.writable;
  }

  destroy(): void {
    this.#destroyed = true;
    this.socket.destroy();
  }

  /**
   * All that is written within one turn of the event loop leaves in one system call. Whatever wrote it, a keepalive or
   * a goodbye, it leaves only under a lease: the last look at it is when it does.
   */
  write(bytes: Uint8Array): void {
    if (!this.writable) return;
    if (this.#gathered.push(bytes) === 1 && this.#gatherings === 0) atEndOfTurn(this);
  }

  /** Sends what was written, and then the end. */
  end(): void {
    if (!this.writable) return;
    this.#gatherings = 0;
    this.release();
    this.#ended = true;
    this.socket.end();
  }

  /** What comes stays where it is, until `goOn`. */
  hold(): void {
    this.socket.pause();
  }

  goOn(): void {
    this.socket.resume();
  }

  /** At the end of a turn. */
  release(): void {
    if (this.#gatherings > 0) return;
    const gathered = this.#gathered;
    const [first] = gathered;
    if (first === undefined) return;
    this.#gathered = [];
    if (this.socket.destroyed) return;
    if (this.#events.mayWrite()) {
      const bytes = gathered.length === 1 ? first : Buffer.concat(gathered);
      this.bytesOut += bytes.length;
      this.socket.write(bytes);
      return;
    }
    this.#events.cutOff((stage) => leaseEnded(stage, 'on the way'));
    this.destroy();
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
      atEndOfTurn(this);
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
    const refusal = this.#lookedUp ? this.#events.refused(this.#host, this.#port) : null;
    if (refusal !== null) return new Socket().destroy(refusal);
    const socket = connect({
      host: this.#host,
      port: this.#port,
      noDelay: true,
      onread: { buffer: READ_INTO, callback: (bytes) => this.#read(bytes) },
      autoSelectFamilyAttemptTimeout: ADDRESS_MS,
      // Time passes until the name is known, and it may be known only after a pause of this whole machine.
      lookup: (name, options, found) =>
        lookup(name, { ...options, all: true }, (error, addresses) => {
          if (!this.#events.mayConnect()) return found(leaseEnded(Stage.CONNECT, 'before the connect'), '');
          if (error !== null) return found(error, '');
          const { reachable, refusal } = this.#sorted(addresses);
          const [first] = reachable;
          if (first === undefined) found(refusal ?? noAddress(name), '');
          else if (options.all === true) found(null, reachable);
          else found(null, first.address, first.family);
        }),
    });
    socket.on('lookup', () => {
      this.#lookedUp = true;
    });
    return socket;
  }

  /** What a name was resolved to, without what may not be connected to: the socket gets these very addresses. */
  #sorted(addresses: LookupAddress[]): { reachable: LookupAddress[]; refusal: DeviceFailure | null } {
    let refusal: DeviceFailure | null = null;
    const reachable = addresses.filter(({ address }) => {
      const why = this.#events.refused(address, this.#port);
      refusal ??= why;
      return why === null;
    });
    return { reachable, refusal };
  }

  /** True: the socket is to be read on. */
  #read(bytes: number): boolean {
    this.#came(copyOf(bytes));
    return true;
  }

  #came(chunk: Buffer): void {
    if (this.#destroyed || !this.#mayCome(chunk)) return;
    if (this.#held === null) return this.#events.came(chunk);
    this.#held.push(chunk);
    if (!chunk.includes(LF)) return;
    const held = Buffer.concat(this.#held);
    const identified = /^(SSH-[^\n]*?)\r?\n/m.exec(held.toString('latin1'));
    if (!identified) return;
    this.#held = null;
    this.#identification = identified[1] ?? '';
    this.#events.came(held);
  }

  #mayCome(chunk: Buffer): boolean {
    this.bytesIn += chunk.length;
    this.#allowance -= chunk.length;
    this.#opening.add(chunk);
    if (this.#held !== null) this.#greeted += chunk.length;
    const endless = this.#held !== null && this.#greeted > GREETING_BYTES;
    if (this.#allowance >= 0 && !endless) return true;
    this.#events.cutOff((stage) =>
      endless
        ? new DeviceFailure(Kind.PROTOCOL, stage, 'not SSH; it sends endless text')
        : new DeviceFailure(Kind.OUTPUT_LIMIT, stage, 'the device sends more than the output limit allows'),
    );
    this.destroy();
    return false;
  }
}

/** Of all wires that have something to say in this turn. */
let waiting: Wire[] = [];

/** Once all that could be read has been read, and answered. */
function atEndOfTurn(wire: Wire): void {
  if (waiting.push(wire) === 1) setImmediate(releaseAll);
}

function releaseAll(): void {
  const wires = waiting;
  waiting = [];
  for (const wire of wires) wire.release();
}

/** The first bytes of what sockets read into. */
function copyOf(bytes: number): Buffer {
  const copy = Buffer.allocUnsafe(bytes);
  READ_INTO.copy(copy, 0, 0, bytes);
  return copy;
}

function noAddress(name: string): DeviceFailure {
  return new DeviceFailure(Kind.RESOLVE, Stage.RESOLVE, `no address for ${name}`);
}

function leaseEnded(stage: Stage, when: string): DeviceFailure {
  return new DeviceFailure(Kind.DISCONNECTED, stage, `the lease ended ${when}`);
}
