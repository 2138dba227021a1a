// Where devices are judged: a few threads with limits. A rule that takes too long is stopped by the thread itself; what
// takes a whole thread along (memory, mostly) is found out by judging the device by each rule alone.
import { availableParallelism } from 'node:os';
import { OutOfMemory, TaskThrew, ThreadDied, TookTooLong } from '../limited/refusals.js';
import { LimitedThreads } from '../limited/threads.js';
import { type Book, type PagesParts, pagesOf } from './book.js';
import type { Judged, JudgingTask, PackedVerdict } from './judging.js';
import { packVerdicts, unpackVerdicts } from './judging.js';

/** Far beyond what the thread itself allows: for what can't be stopped in the middle. */
const DEVICE_MS = 5000;
const RULE_MS = 1000;
const MEGABYTE_MS = 250;
const MOST_THREADS = 4;

export type DeviceTask = Omit<JudgingTask, 'book'>;

export interface BenchOptions extends Omit<PagesParts, 'templates'> {
  book: Book;
  /** A directory of templates; default: there is none. */
  templates?: string | null;
  threads?: number;
}

export class Bench implements AsyncDisposable {
  readonly #threads: LimitedThreads<JudgingTask, Judged>;
  readonly #book: JudgingTask['book'];

  private constructor(options: BenchOptions) {
    const { book, names, platforms, templates = null } = options;
    this.#book = sharedBook(JSON.stringify(pagesOf(book, { names, platforms, templates })));
    const threads = options.threads ?? Math.min(MOST_THREADS, availableParallelism());
    this.#threads = LimitedThreads.open({ module: new URL('./thread.js', import.meta.url), threads });
  }

  static open(options: BenchOptions): Bench {
    return new Bench(options);
  }

  /** As many devices are worth having under way at once. */
  get width(): number {
    return this.#threads.width;
  }

  /** Of all rules of a device, in the task's order. */
  async judge(task: DeviceTask): Promise<Judged> {
    const judged = await this.#run(task, deviceMs(task));
    if (!('why' in judged)) return judged;
    return merged(await Promise.all(task.rules.map((rule) => this.#judgeAlone(task, rule))), task.rules);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#threads[Symbol.asyncDispose]();
  }

  async #judgeAlone(task: DeviceTask, rule: number): Promise<Judged> {
    const judged = await this.#run({ ...task, rules: [rule] }, deviceMs({ ...task, rules: [rule] }), rule);
    return 'why' in judged ? refused(rule, `the rule ${judged.why.message}, and was stopped`) : judged;
  }

  async #run(task: DeviceTask, timeMs: number, alone?: number): Promise<Judged | { why: Error }> {
    try {
      const blame = alone === undefined ? {} : { blame: String(alone) };
      return await this.#threads.run({ ...task, book: this.#book }, { timeMs, ...blame });
    } catch (error) {
      if ([TookTooLong, OutOfMemory, ThreadDied, TaskThrew].some((refusal) => error instanceof refusal))
        return { why: error as Error }; // one of those
      throw error;
    }
  }
}

function refused(rule: number, message: string): Judged {
  const verdict: PackedVerdict = [rule, 'error', -1, [[null, null, '', '', message]]];
  return { statuses: ['error'], ms: [0], sightings: [], packed: packVerdicts([verdict]), stopped: [rule] };
}

function deviceMs({ outputs, rules }: DeviceTask): number {
  const bytes = outputs.reduce((sum, one) => sum + ('text' in one ? one.text.length : one.bytes), 0);
  return Math.ceil(DEVICE_MS + rules.length * (RULE_MS + (bytes / 1e6) * MEGABYTE_MS));
}

function merged(parts: readonly Judged[], rules: readonly number[]): Judged {
  const verdicts = new Map(
    parts.flatMap(({ packed, ms }) =>
      unpackVerdicts(packed).map((verdict, place) => [verdict[0], { verdict, ms: ms[place] ?? 0 }] as const),
    ),
  );
  const ordered = rules.flatMap((rule) => verdicts.get(rule) ?? []);
  return {
    statuses: ordered.map(({ verdict }) => verdict[1]),
    ms: ordered.map(({ ms }) => ms),
    sightings: parts.flatMap(({ sightings }) => sightings),
    packed: packVerdicts(ordered.map(({ verdict }) => verdict)),
    stopped: parts.flatMap(({ stopped }) => stopped),
  };
}

function sharedBook(json: string): JudgingTask['book'] {
  const encoded = Buffer.from(json);
  const bytes = new SharedArrayBuffer(encoded.length);
  new Uint8Array(bytes).set(encoded);
  return { id: crypto.randomUUID(), bytes };
}
