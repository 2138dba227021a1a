// Addresses that never answer TCP, without a packet filter: they listen with the shortest queue there is, the queue
// is filled, and nobody accepts, so that the kernel drops whatever knocks. Nobody accepts because the thread that
// listens sleeps until the fleet stops.
import { once } from 'node:events';
import { createConnection, type Socket } from 'node:net';
import { Worker } from 'node:worker_threads';

export interface Endpoint {
  host: string;
  port: number;
}

/** More than the queue of such a listener holds. */
const KNOCKS = 3;

export class BlackHole implements AsyncDisposable {
  readonly #thread: Worker;
  readonly #awake: Int32Array;
  readonly #knocking: Socket[] = [];

  /** Resolves when none of the addresses answers any more; rejects where one is in use. */
  static async open(endpoints: readonly Endpoint[]): Promise<BlackHole> {
    const hole = new BlackHole(endpoints);
    const [error] = (await once(hole.#thread, 'message')) as [NodeJS.ErrnoException | null];
    if (error !== null) {
      await hole[Symbol.asyncDispose]();
      throw Object.assign(new Error(error.message), { code: error.code });
    }
    for (const endpoint of endpoints) hole.#fill(endpoint);
    return hole;
  }

  private constructor(endpoints: readonly Endpoint[]) {
    const shared = new SharedArrayBuffer(4);
    this.#awake = new Int32Array(shared);
    this.#thread = new Worker(new URL('./sleeper.js', import.meta.url), {
      workerData: { endpoints, shared },
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#knocking) socket.destroy();
    Atomics.store(this.#awake, 0, 1);
    Atomics.notify(this.#awake, 0);
    await this.#thread.terminate();
  }

  #fill(endpoint: Endpoint): void {
    for (let count = 0; count < KNOCKS; count++) {
      const socket = createConnection(endpoint);
      socket.on('error', () => {}); // one too many, which the kernel gives up in the end
      socket.unref();
      this.#knocking.push(socket);
    }
  }
}
