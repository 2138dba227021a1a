// Connections of whom we know nothing yet: in the middle of TLS, silent behind it, or without a certificate that counts.
// They are few and short, so that nobody fills the port who could not use it; whoever has come with a call that was
// admitted is none any more. Beyond a bound the one goes that has been there longest: who means well is quick.
import type { Socket } from 'node:net';
import type { Host } from '../host.js';

export interface Bounds {
  /** At once. */
  most: number;
  /** At once from one address; agents behind one address of a router come together. */
  perAddress: number;
  /** Until they are known, in ms: a join, or a handshake over a slow link. */
  waitMs: number;
}

const BOUNDS: Bounds = { most: 512, perAddress: 64, waitMs: 20_000 };
/** How often it is said that some were closed, in ms. */
const SAY_EVERY_MS = 60_000;

interface Stranger {
  socket: Socket;
  address: string;
  callOff: () => void;
}

type Why = 'late' | 'crowd';

export class Strangers implements Disposable {
  /** By address and port, the longest there first. */
  readonly #there = new Map<string, Stranger>();
  readonly #perAddress = new Map<string, number>();
  #closed = 0;
  #saidMs = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly host: Host,
    /** Told of each that is closed, and now and then in words. */
    private readonly closed: (why: Why, words: string | null) => void,
    private readonly bounds: Bounds = BOUNDS,
  ) {}

  get size(): number {
    return this.#there.size;
  }

  came(socket: Socket): void {
    const { remoteAddress: address = '', remotePort } = socket;
    const peer = `${address}:${remotePort}`;
    const callOff = this.host.after(this.bounds.waitMs, () => this.#close(peer, 'late'));
    this.#there.set(peer, { socket, address, callOff });
    const fromThere = (this.#perAddress.get(address) ?? 0) + 1;
    this.#perAddress.set(address, fromThere);
    socket.once('close', () => this.known(peer));
    if (fromThere > this.bounds.perAddress) this.#closeFirst((one) => one.address === address);
    else if (this.#there.size > this.bounds.most) this.#closeFirst(() => true);
  }

  /** `peer`: ADDRESS:PORT. It is one of ours, or gone. */
  known(peer: string): void {
    const stranger = this.#there.get(peer);
    if (stranger === undefined) return;
    this.#there.delete(peer);
    stranger.callOff();
    const left = (this.#perAddress.get(stranger.address) ?? 1) - 1;
    if (left > 0) this.#perAddress.set(stranger.address, left);
    else this.#perAddress.delete(stranger.address);
  }

  [Symbol.dispose](): void {
    for (const peer of [...this.#there.keys()]) this.known(peer);
  }

  #closeFirst(fits: (stranger: Stranger) => boolean): void {
    for (const [peer, stranger] of this.#there) if (fits(stranger)) return this.#close(peer, 'crowd');
  }

  #close(peer: string, why: Why): void {
    const stranger = this.#there.get(peer);
    this.known(peer);
    stranger?.socket.destroy();
    this.#closed += 1;
    const now = this.host.monotonicMs();
    const isTime = now - this.#saidMs >= SAY_EVERY_MS;
    const many = this.#closed === 1 ? 'a connection was' : `${this.#closed} connections were`;
    const words = `${many} closed on which nobody had shown a certificate that counts, the last from ${stranger?.address}`;
    this.closed(why, isTime ? words : null);
    if (!isTime) return;
    this.#saidMs = now;
    this.#closed = 0;
  }
}
