// A TCP link on loopback that can be made bad while it is in use: slow, narrow, silent one way with both sockets
// left open, cut, reset, corrupted, closed to newcomers. It counts what passed and how often each fault really
// struck, because a test whose fault never struck has shown nothing.
import { randomInt } from 'node:crypto';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { FaultyFlow, FaultyWay } from './faultyflow.ts';

export interface FaultProxyOptions {
  /** HOST:PORT, asked for at each connection: what stands there may go away and come back elsewhere. */
  target: string | (() => string);
  /** Of the places that are corrupted. */
  seed?: number;
}

export interface LinkCounts {
  accepted: number;
  /** Newcomers turned away by `refuse`. */
  refused: number;
  /** Newcomers whose target did not answer. */
  unreached: number;
  /** Connections ended by `cut`, and by `reset`. */
  cut: number;
  reset: number;
}

export class FaultProxy implements AsyncDisposable {
  readonly seed: number;
  /** From whoever connects to the target, and back. */
  readonly up: FaultyWay;
  readonly down: FaultyWay;
  readonly counts: LinkCounts = { accepted: 0, refused: 0, unreached: 0, cut: 0, reset: 0 };
  readonly #server: Server;
  readonly #pairs = new Set<readonly [Socket, Socket]>();
  #refusing = false;

  private constructor(private readonly options: FaultProxyOptions) {
    this.seed = options.seed ?? randomInt(2 ** 31);
    this.up = new FaultyWay(this.seed, 'up');
    this.down = new FaultyWay(this.seed, 'down');
    this.#server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => this.#accept(client));
  }

  static async open(options: FaultProxyOptions): Promise<FaultProxy> {
    const proxy = new FaultProxy(options);
    await new Promise<void>((resolve, reject) => {
      proxy.#server.once('error', reject).listen(0, '127.0.0.1', resolve);
    });
    return proxy;
  }

  get port(): number {
    const address = this.#server.address();
    if (address === null || typeof address === 'string') throw new Error('the proxy is closed');
    return address.port;
  }

  get address(): string {
    return `127.0.0.1:${this.port}`;
  }

  /** Connections open now. */
  get open(): number {
    return this.#pairs.size;
  }

  /** Nothing passes either way, and every socket stays open. */
  stop(): void {
    this.up.stop();
    this.down.stop();
  }

  /** Ends every connection as a process does that closes its sockets. */
  cut(): void {
    this.counts.cut += this.#pairs.size;
    for (const pair of this.#pairs) for (const socket of pair) socket.destroySoon();
  }

  /** Ends every connection with a reset. */
  reset(): void {
    this.counts.reset += this.#pairs.size;
    for (const pair of this.#pairs) for (const socket of pair) reset(socket);
  }

  /** Resets newcomers: the port stays ours, which a closed one would not. */
  refuse(): void {
    this.#refusing = true;
  }

  /** All is well again; what was held back passes. */
  heal(): void {
    this.#refusing = false;
    this.up.heal();
    this.down.heal();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const pair of this.#pairs) for (const socket of pair) socket.destroy();
    await closed;
  }

  #accept(client: Socket): void {
    client.on('error', () => undefined); // its flow hears of it
    if (this.#refusing) {
      this.counts.refused += 1;
      return reset(client);
    }
    this.counts.accepted += 1;
    const { target } = this.options;
    const [, host, port] = /^\[?(.+?)\]?:(\d+)$/.exec(typeof target === 'string' ? target : target()) ?? [];
    const there = connect({ host, port: Number(port), noDelay: true, allowHalfOpen: true });
    const pair = [client, there] as const;
    this.#pairs.add(pair);
    let open = 2;
    for (const socket of pair)
      socket.once('close', () => {
        if (--open === 0) this.#pairs.delete(pair);
      });
    there.once('error', () => {
      if (there.connecting || there.bytesRead + there.bytesWritten === 0) this.counts.unreached += 1;
    });
    new FaultyFlow(client, there, this.up);
    new FaultyFlow(there, client, this.down);
  }
}

export function startFaultProxy(options: FaultProxyOptions): Promise<FaultProxy> {
  return FaultProxy.open(options);
}

function reset(socket: Socket): void {
  if (!socket.destroyed) socket.resetAndDestroy();
}
