// The thread that owns the database file, from its start on. It may start before there is anybody to hear it: what it
// says until then is kept.
import { Worker } from 'node:worker_threads';
import type { Answer, Request } from './queue.js';
import type { Keep } from './versions.js';

/** What a store is opened with. */
export interface Opening {
  directory: string;
  keep: Keep | null;
}

export class StoreThread {
  readonly #worker: Worker;
  readonly #early: (() => void)[] = [];
  #heard: ((answer: Answer) => void) | null = null;
  #died: (reason: string) => void = () => undefined;

  constructor(opening: Opening) {
    this.#worker = new Worker(new URL('./thread.js', import.meta.url), {
      workerData: opening,
      name: 'store',
    });
    this.#worker.on('message', (answer: Answer) => this.#soon(() => this.#heard?.(answer)));
    this.#worker.on('error', (error) =>
      this.#soon(() => this.#died(error instanceof Error ? error.message : String(error))),
    );
    this.#worker.on('exit', (code) => this.#soon(() => this.#died(`the store's thread ended with ${code}`)));
  }

  /** From now on its answers and its end, if that comes unasked, go to these two. */
  listen(heard: (answer: Answer) => void, died: (reason: string) => void): void {
    this.#heard = heard;
    this.#died = died;
    for (const said of this.#early.splice(0)) said();
  }

  post(requests: Request[], handedOver: ArrayBuffer[]): void {
    this.#worker.postMessage(requests, handedOver);
  }

  end(): Promise<unknown> {
    return this.#worker.terminate();
  }

  #soon(said: () => void): void {
    if (this.#heard === null) this.#early.push(said);
    else said();
  }
}
