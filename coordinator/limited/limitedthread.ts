// One thread as its pool sees it: the tasks it was given, in order, which of them it is at, and since when. The
// thread's marks say so even while it is stuck.
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { type Answer, BEGUN, BEGUN_AT, MARKS_BYTES } from './serving.js';

const STACK_MB = 4;
const YOUNG_MB = 16;
/** To come up may take this long on a machine that has other things to do. */
const START_MS = 60_000;
const NS_PER_MS = 1_000_000n;

/** A task under way, and whom to tell. */
export interface Job<Task, Result> {
  task: Task;
  timeMs: number;
  blame: string | null;
  /** Threads that ended with it aboard while they were at no task at all. */
  deaths: number;
  /** Rejected: it is not to be repeated. */
  settled: boolean;
  resolve(result: Result): void;
  reject(error: Error): void;
}

export interface Events<Task, Result> {
  answered(job: Job<Task, Result>, answer: Answer<Result>): void;
  /** It has ended by itself. `running` is what it was at, `outOfMemory` why, if that was why. */
  gone(end: { how: string; outOfMemory: boolean; running: Job<Task, Result> | null }): void;
}

export class LimitedThread<Task, Result> {
  readonly #worker: Worker;
  readonly #marks = new BigInt64Array(new SharedArrayBuffer(MARKS_BYTES));
  readonly #startedAt = process.hrtime.bigint();
  readonly #sent: Job<Task, Result>[] = [];
  #answered = 0;
  /** What it was at when it was last looked at, and how many times before. */
  #metLast: Job<Task, Result> | null = null;
  #met = 0;
  #ended: Promise<unknown> | null = null;

  constructor(module: URL, memoryMb: number, events: Events<Task, Result>) {
    this.#worker = new Worker(built(module), {
      workerData: this.#marks.buffer,
      name: 'limited',
      resourceLimits: {
        maxOldGenerationSizeMb: memoryMb,
        maxYoungGenerationSizeMb: YOUNG_MB,
        stackSizeMb: STACK_MB,
      },
    });
    let how = '';
    let outOfMemory = false;
    this.#worker.on('message', (answer: Answer<Result>) => {
      if (this.#ended !== null) return;
      this.#answered++;
      const job = this.#sent.shift();
      if (job !== undefined) events.answered(job, answer);
    });
    this.#worker.on('error', (error: NodeJS.ErrnoException) => {
      outOfMemory = error.code === 'ERR_WORKER_OUT_OF_MEMORY';
      how = `broke (${error.message})`;
    });
    this.#worker.on('exit', (code) => {
      if (this.#ended === null)
        events.gone({ how: how || `ended with ${code}`, outOfMemory, running: this.#running() });
    });
  }

  /** Tasks that it has and has not answered. */
  get load(): number {
    return this.#sent.length;
  }

  give(job: Job<Task, Result>): void {
    this.#sent.push(job);
    this.#worker.postMessage(job.task);
  }

  /**
   * The task that has run for longer than it may. Called regularly, and it has to be met often enough: where the
   * machine or this process stood still, that was not the task's fault.
   */
  overrun(everyMs: number): Job<Task, Result> | null {
    const running = this.#running();
    this.#met = running !== null && this.#metLast === running ? this.#met + 1 : 0;
    this.#metLast = running;
    if (running === null || this.#met * everyMs < running.timeMs / 2) return null;
    const ranNs = process.hrtime.bigint() - Atomics.load(this.#marks, BEGUN_AT);
    return ranNs >= BigInt(running.timeMs) * NS_PER_MS ? running : null;
  }

  /** It has come up to nothing for longer than it may. */
  get stillborn(): boolean {
    const began = Atomics.load(this.#marks, BEGUN) > 0n;
    return (
      !began && this.load > 0 && process.hrtime.bigint() - this.#startedAt > BigInt(START_MS) * NS_PER_MS
    );
  }

  /** From now on it says nothing more. Gives the tasks that it had, which are whoever's calls to repeat. */
  end(): Job<Task, Result>[] {
    this.#ended ??= this.#worker.terminate();
    return this.#sent.splice(0);
  }

  /** Once it has ended; V8 lets a few of its own calls come to their end first. */
  async ended(): Promise<void> {
    await this.#ended;
  }

  /** Null as well while the answer of what it was at is still on its way. */
  #running(): Job<Task, Result> | null {
    const begun = Number(Atomics.load(this.#marks, BEGUN));
    return begun === this.#answered + 1 ? (this.#sent[0] ?? null) : null;
  }
}

/** Sources that run unbuilt use the built module: a thread can't load TypeScript. */
function built(module: URL): URL {
  if (existsSync(fileURLToPath(module))) return module;
  return new URL(module.href.replace(/\/(?=coordinator\/)(?!.*\/coordinator\/)/, '/dist/'));
}
