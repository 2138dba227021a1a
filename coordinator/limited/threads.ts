// A few threads for work that may never end or take all memory, because users wrote what it does: patterns, templates.
// A task that overruns its time or memory is rejected with a name and its thread replaced; tasks that only shared the
// thread are repeated on another. What was blamed for that a few times is not tried again.
import { setFlagsFromString } from 'node:v8';
import { type Job, LimitedThread } from './limitedthread.js';
import { OutOfMemory, QueueFull, TaskThrew, ThreadDied, ThreadsClosed, TookTooLong } from './refusals.js';
import type { Answer } from './serving.js';

/** Most catastrophic patterns then become merely slow: V8 has a second engine, for all but those that look around. */
const LINEAR_PATTERNS = '--enable-experimental-regexp-engine-on-excessive-backtracks';

/** One that runs, and one that it can begin without asking. */
const PER_THREAD = 2;
const LOOK_EVERY_MS = 20;
/** So often in a row something may overrun before it is refused unseen: each time costs its whole limit and a thread. */
const MOST_OVERRUNS = 3;
/** So many threads may end at no task at all with one aboard before it is given up. */
const MOST_DEATHS = 2;

const MEMORY_MB = 256;
const MOST_WAITING = 10_000;

export interface LimitedThreadsOptions {
  /** A file that calls `serveTasks`, as `new URL('./thread.js', import.meta.url)`; it is an entry of the bundle. */
  module: URL;
  /** At most; each starts when it is needed. */
  threads: number;
  /** Heap of each thread. */
  memoryMb?: number;
  /** Tasks that may wait, at most. */
  waiting?: number;
}

export interface TaskLimits {
  /** From when it begins in its thread. */
  timeMs: number;
  /** What is at fault if it overruns, a pattern or a template by name: refused unseen after a few times. */
  blame?: string;
}

export class LimitedThreads<Task, Result> implements AsyncDisposable {
  readonly #options: Required<LimitedThreadsOptions>;
  readonly #threads = new Set<LimitedThread<Task, Result>>();
  readonly #leaving = new Set<Promise<void>>();
  readonly #overruns = new Map<string, { times: number; last: () => Error }>();
  #waiting: Job<Task, Result>[] = [];
  #look: NodeJS.Timeout | null = null;
  #closed = false;

  private constructor(options: LimitedThreadsOptions) {
    this.#options = { memoryMb: MEMORY_MB, waiting: MOST_WAITING, ...options };
  }

  static open<Task, Result>(options: LimitedThreadsOptions): LimitedThreads<Task, Result> {
    setFlagsFromString(LINEAR_PATTERNS);
    return new LimitedThreads(options);
  }

  /** Rejects with one of `refusals.ts`. Whoever has more tasks than may wait passes them through `inOrder`. */
  run(task: Task, { timeMs, blame }: TaskLimits): Promise<Result> {
    if (!Number.isFinite(timeMs) || timeMs < 0)
      return Promise.reject(new RangeError(`no limit: ${timeMs} ms`));
    if (this.#closed) return Promise.reject(new ThreadsClosed());
    if (this.#waiting.length >= this.#options.waiting)
      return Promise.reject(new QueueFull(this.#options.waiting));
    return new Promise((resolve, reject) => {
      const limits = { timeMs: Math.ceil(timeMs), blame: blame ?? null }; // its thread counts in whole ones
      this.#waiting.push({ task, ...limits, deaths: 0, settled: false, resolve, reject });
      this.#dispatch();
    });
  }

  /** Tasks that keep all threads busy: as many are worth having under way at once. */
  get width(): number {
    return this.#options.threads * PER_THREAD * 2;
  }

  /** Nothing runs from now on; what has no answer yet is rejected. */
  abandon(): void {
    this.#closed = true;
    if (this.#look !== null) clearInterval(this.#look);
    const unanswered = [...this.#threads].flatMap((thread) => this.#end(thread));
    for (const { reject } of [...unanswered, ...this.#waiting.splice(0)]) reject(new ThreadsClosed());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.abandon();
    await Promise.all(this.#leaving);
  }

  #dispatch(): void {
    for (let job = this.#waiting[0]; job !== undefined; job = this.#waiting[0]) {
      const refused = this.#refused(job);
      const thread = refused === null ? this.#roomiest() : null;
      if (refused === null && thread === null) break;
      this.#waiting.shift();
      thread?.give(job);
      if (refused !== null) job.reject(refused);
    }
    const busy = this.#waiting.length > 0 || [...this.#threads].some(({ load }) => load > 0);
    if (busy) this.#look ??= setInterval(() => this.#watch(), LOOK_EVERY_MS);
    else if (this.#look !== null) {
      clearInterval(this.#look);
      this.#look = null;
    }
  }

  #refused({ blame }: Job<Task, Result>): Error | null {
    const before = blame === null ? undefined : this.#overruns.get(blame);
    return before !== undefined && before.times >= MOST_OVERRUNS ? before.last() : null;
  }

  /** An idle thread, else a new one, else the least laden with room for one more. */
  #roomiest(): LimitedThread<Task, Result> | null {
    let best: LimitedThread<Task, Result> | null = null;
    for (const thread of this.#threads) if (best === null || thread.load < best.load) best = thread;
    if (best?.load === 0) return best;
    if (this.#threads.size < this.#options.threads) return this.#start();
    return best !== null && best.load < PER_THREAD ? best : null;
  }

  #start(): LimitedThread<Task, Result> {
    const { module, memoryMb } = this.#options;
    const thread: LimitedThread<Task, Result> = new LimitedThread(module, memoryMb, {
      answered: (job, answer) => {
        if (job.blame !== null) this.#overruns.delete(job.blame);
        settle(job, answer);
        this.#dispatch();
      },
      gone: ({ how, outOfMemory, running }) => {
        const aboard = this.#end(thread);
        if (running === null) for (const job of aboard) job.deaths++;
        else if (outOfMemory) this.#blame(running, () => new OutOfMemory(memoryMb));
        else this.#blame(running, () => new ThreadDied(how));
        this.#repeat(aboard, how);
      },
    });
    this.#threads.add(thread);
    return thread;
  }

  #watch(): void {
    for (const thread of this.#threads) {
      const overrun = thread.overrun(LOOK_EVERY_MS);
      if (overrun === null && !thread.stillborn) continue;
      const aboard = this.#end(thread);
      if (overrun === null) for (const job of aboard) job.deaths++;
      else this.#blame(overrun, () => new TookTooLong(overrun.timeMs));
      this.#repeat(aboard, 'did not start');
    }
  }

  #end(thread: LimitedThread<Task, Result>): Job<Task, Result>[] {
    this.#threads.delete(thread);
    const aboard = thread.end();
    const left = thread.ended().finally(() => this.#leaving.delete(left));
    this.#leaving.add(left);
    return aboard;
  }

  #blame(job: Job<Task, Result>, why: () => Error): void {
    if (job.blame !== null) {
      const times = (this.#overruns.get(job.blame)?.times ?? 0) + 1;
      this.#overruns.set(job.blame, { times, last: why });
    }
    job.settled = true;
    job.reject(why());
  }

  /** Before all that wait. */
  #repeat(aboard: Job<Task, Result>[], how: string): void {
    const innocent = aboard.filter(({ settled }) => !settled);
    for (const job of innocent) if (job.deaths >= MOST_DEATHS) job.reject(new ThreadDied(how));
    this.#waiting = [...innocent.filter(({ deaths }) => deaths < MOST_DEATHS), ...this.#waiting];
    this.#dispatch();
  }
}

function settle<Task, Result>(job: Job<Task, Result>, answer: Answer<Result>): void {
  if ('value' in answer) job.resolve(answer.value);
  else job.reject(new TaskThrew(answer.error));
}
