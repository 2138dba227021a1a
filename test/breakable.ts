// A TCP port that passes connections on to another, until they are all broken at once.
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

export class Breakable implements AsyncDisposable {
  /** Connections that have come. */
  taken = 0;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(private readonly to: number) {
    this.#server = createServer((near) => this.#pass(near));
  }

  /** Passes on to a port of this machine. */
  static async open(to: number): Promise<Breakable> {
    const breakable = new Breakable(to);
    breakable.#server.listen(0, '127.0.0.1');
    await once(breakable.#server, 'listening');
    return breakable;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Breaks every connection; new ones are taken. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.cut();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #pass(near: Socket): void {
    this.taken += 1;
    const far = connect(this.to, '127.0.0.1');
    for (const socket of [near, far]) {
      this.#sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        this.#sockets.delete(socket);
        near.destroy();
        far.destroy();
      });
    }
    near.pipe(far);
    far.pipe(near);
  }
}
