// Where the database's queue runs: in a thread of its own, or, when the sources run unbuilt (a thread can't
// load TypeScript), in this one. What is asked in one turn goes to the thread as one message, and the bytes that it
// names are handed over in a few buffers instead of being copied once more.
import { Cargo, type Own, ownBytes } from './cargo.js';
import { type Answer, Queue, type Request } from './queue.js';
import { refusalOf } from './refusal.js';
import { openDatabase } from './schema.js';
import { type Opening, StoreThread } from './storethread.js';

/** Takes requests; the answers, and its end if it comes unasked, go to the two callbacks it was made with. */
export interface Executor {
  /** `make` copies bytes of others by what it is given. */
  ask(make: (own: Own) => Request): void;
  /** Once the database is closed. */
  end(): Promise<unknown>;
}

/** Answers request 0 once the store is open, or says why it can't be: maybe at once. `thread`: one that opens it already. */
export function startExecutor(
  opening: Opening,
  answer: (answer: Answer) => void,
  died: (reason: string) => void,
  thread: StoreThread | null = null,
): Executor {
  if (import.meta.url.endsWith('.ts')) return inProcess(opening, answer);
  const own = thread ?? new StoreThread(opening);
  own.listen(answer, died);
  return inThread(own);
}

function inThread(thread: StoreThread): Executor {
  const cargo = new Cargo();
  let requests: Request[] = [];
  const send = () => {
    thread.post(requests, cargo.handOver());
    requests = [];
  };
  const ask: Executor['ask'] = (make) => {
    if (requests.push(make((bytes) => cargo.own(bytes))) === 1) setImmediate(send);
  };
  return { ask, end: () => thread.end() };
}

function inProcess({ directory, keep }: Opening, answer: (answer: Answer) => void): Executor {
  const end = async () => {};
  try {
    const queue = new Queue(openDatabase(directory), answer, keep);
    answer({ ids: [0], value: null });
    return { ask: (make) => queue.push([make(ownBytes)]), end };
  } catch (error) {
    answer({ ids: [0], refusal: refusalOf(error) });
    return { ask: () => {}, end };
  }
}
