// Where the database's queue runs: in a thread of its own, or, when the sources run unbuilt (a thread can't
// load TypeScript), in this one. What is asked in one turn goes to the thread as one message, and the bytes that it
// names are handed over in a few buffers instead of being copied once more.
import { Worker } from 'node:worker_threads';
import { Cargo, type Own, ownBytes } from './cargo.js';
import { type Answer, Queue, type Request } from './queue.js';
import { refusalOf } from './refusal.js';
import { openDatabase } from './schema.js';
import type { Keep } from './versions.js';

/** Takes requests; the answers, and its end if it comes unasked, go to the two callbacks it was made with. */
export interface Executor {
  /** `make` copies bytes of others by what it is given. */
  ask(make: (own: Own) => Request): void;
  /** Once the database is closed. */
  end(): Promise<unknown>;
}

/** What a store is opened with. */
export interface Opening {
  directory: string;
  keep: Keep | null;
}

/** Answers request 0 once the store is open, or says why it can't be. */
export function startExecutor(
  opening: Opening,
  answer: (answer: Answer) => void,
  died: (reason: string) => void,
): Executor {
  return import.meta.url.endsWith('.ts') ? inProcess(opening, answer) : inThread(opening, answer, died);
}

function inThread(
  opening: Opening,
  answer: (answer: Answer) => void,
  died: (reason: string) => void,
): Executor {
  const worker = new Worker(new URL('./thread.js', import.meta.url), {
    workerData: opening,
    name: 'store',
  });
  worker.on('message', answer);
  worker.on('error', (error) => died(error instanceof Error ? error.message : String(error)));
  worker.on('exit', (code) => died(`the store's thread ended with ${code}`));
  const cargo = new Cargo();
  let requests: Request[] = [];
  const send = () => {
    worker.postMessage(requests, cargo.handOver());
    requests = [];
  };
  const ask: Executor['ask'] = (make) => {
    if (requests.push(make((bytes) => cargo.own(bytes))) === 1) setImmediate(send);
  };
  return { ask, end: () => worker.terminate() };
}

function inProcess({ directory, keep }: Opening, answer: (answer: Answer) => void): Executor {
  const end = async () => {};
  try {
    const queue = new Queue(openDatabase(directory), answer, keep);
    setImmediate(() => answer({ ids: [0], value: null }));
    return { ask: (make) => queue.push([make(ownBytes)]), end };
  } catch (error) {
    setImmediate(() => answer({ ids: [0], refusal: refusalOf(error) }));
    return { ask: () => {}, end };
  }
}
