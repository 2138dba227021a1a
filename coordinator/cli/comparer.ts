// Outputs as they lie in the store, compared and searched in threads that a pattern can't stall. Bytes are fetched by
// digest where they did not come along.
import { availableParallelism } from 'node:os';
import type { Output } from '../../proto/gen/netsweep/v1/model.js';
import type { Platforms } from '../../proto/platform.js';
import { sizeText } from '../combine/table.js';
import type { Connection } from '../connect.js';
import type { Comparison } from '../history/compare.js';
import type { Found, Sought } from '../history/find.js';
import { COMPARED_BYTES, type Done, type Packed, type Task } from '../history/tasks.js';
import { OutOfMemory, TookTooLong } from '../limited/refusals.js';
import { LimitedThreads } from '../limited/threads.js';
import { fetchBody } from './body.js';
import { Patience } from './rpc.js';

const COMPARE_MS = 10_000;
const FIND_MS = 2_000;
/** They only pay where there are many outputs. */
const THREADS_MOST = 4;

/** An output in the store; `body` is empty where it did not come along. */
export type Kept = Pick<Output, 'sha256' | 'bytes' | 'body'>;

/** `why`: they can't be compared line by line. */
export type Compared = Comparison | { state: 'unclear'; why: string };

export class Comparer implements AsyncDisposable {
  readonly #threads: LimitedThreads<Task, Done>;
  readonly #patience: Patience;

  constructor(
    private readonly link: Connection,
    private readonly platforms: Platforms,
    private readonly stop: AbortSignal,
  ) {
    this.#patience = Patience.for(link);
    this.#threads = LimitedThreads.open({
      module: new URL('../history/thread.js', import.meta.url),
      threads: Math.min(THREADS_MOST, availableParallelism()),
    });
  }

  /** Outputs that are worth having under way at once. */
  get width(): number {
    return this.#threads.width;
  }

  async compare(before: Kept, after: Kept, platform: string, context = 3): Promise<Compared> {
    if (before.sha256.equals(after.sha256))
      return { state: 'same', added: 0, removed: 0, noise: 0, lines: [], isCut: false };
    const large = [before, after].find(({ bytes }) => bytes > COMPARED_BYTES);
    if (large !== undefined)
      return {
        state: 'unclear',
        why: `too large to be compared (found ${sizeText(large.bytes)}, expected at most ${sizeText(COMPARED_BYTES)})`,
      };
    const volatile = this.platforms.find(platform)?.volatile ?? [];
    const [old, now] = await Promise.all([this.#packed(before), this.#packed(after)]);
    const task: Task = { do: 'compare', before: old, after: now, volatile, context };
    const done = await this.#run(task, COMPARE_MS, `volatile lines of ${platform}`);
    if (typeof done === 'string') return { state: 'unclear', why: done };
    if ('comparison' in done) return done.comparison;
    return { state: 'unclear', why: 'it is damaged in the store' };
  }

  /** A sentence where it could not be searched. */
  async find(text: Kept | string, sought: Sought): Promise<Found | string> {
    const done = await this.#run(
      { do: 'find', text: typeof text === 'string' ? text : await this.#packed(text), sought },
      FIND_MS,
      sought.pattern,
    );
    if (typeof done === 'string') return done;
    return 'found' in done ? done.found : 'it is damaged in the store';
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#threads[Symbol.asyncDispose]();
  }

  async #run(task: Task, timeMs: number, blame: string): Promise<Done | string> {
    try {
      return await this.#threads.run(task, { timeMs, blame });
    } catch (error) {
      if (error instanceof TookTooLong || error instanceof OutOfMemory) return `it ${error.message}`;
      throw error;
    }
  }

  async #packed({ sha256, bytes, body }: Kept): Promise<Packed> {
    if (body.length > 0 || bytes === 0) return { body, sha256, bytes };
    const pieces: Buffer[] = [];
    for await (const piece of fetchBody(this.link, { sha256 }, this.stop, this.#patience)) pieces.push(piece);
    return { body: Buffer.concat(pieces), sha256, bytes };
  }
}
