// Where devices are judged: a few threads with limits. A rule that takes too long is found out by judging the device by
// each rule alone, is stopped there, and goes alone from then on; the other rules never wait for it.
import { availableParallelism } from 'node:os';
import type { Platforms } from '../../proto/platform.js';
import { OutOfMemory, TaskThrew, ThreadDied, TookTooLong } from '../limited/refusals.js';
import { LimitedThreads } from '../limited/threads.js';
import { type Book, pagesOf } from './book.js';
import type { Judged, JudgingTask, PackedVerdict } from './judging.js';
import { packVerdicts, unpackVerdicts } from './judging.js';

/** One rule on one device. */
const RULE_MS = 500;
/** All rules on one device, and more for long outputs. */
const DEVICE_MS = 1000;
const MEGABYTE_MS = 250;
const MOST_THREADS = 4;

export type DeviceTask = Omit<JudgingTask, 'book'>;

/** Of all rules of a device, in the task's order. */
export interface DeviceJudged extends Judged {
  /** Rules that were stopped. */
  stopped: number[];
}

export interface BenchOptions {
  book: Book;
  /** Canonical names of platforms that devices may have. */
  names: Iterable<string>;
  platforms: Platforms;
  threads?: number;
}

export class Bench implements AsyncDisposable {
  readonly #threads: LimitedThreads<JudgingTask, Judged>;
  readonly #book: JudgingTask['book'];
  readonly #suspects = new Set<number>();

  private constructor(options: BenchOptions) {
    const { book, names, platforms } = options;
    this.#book = sharedBook(JSON.stringify(pagesOf(book, names, platforms)));
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

  async judge(task: DeviceTask): Promise<DeviceJudged> {
    const alone = task.rules.filter((rule) => this.#suspects.has(rule));
    const together = task.rules.filter((rule) => !this.#suspects.has(rule));
    const parts: DeviceJudged[] = [];
    if (together.length > 0) {
      const judged = await this.#run({ ...task, rules: together }, deviceMs(task));
      if ('why' in judged) alone.push(...together);
      else parts.push(judged);
    }
    parts.push(...(await Promise.all(alone.map((rule) => this.#judgeAlone(task, rule)))));
    const [only] = parts;
    return parts.length === 1 && only !== undefined ? only : merged(parts, task.rules);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#threads[Symbol.asyncDispose]();
  }

  async #judgeAlone(task: DeviceTask, rule: number): Promise<DeviceJudged> {
    const judged = await this.#run({ ...task, rules: [rule] }, RULE_MS, String(rule));
    if (!('why' in judged)) return judged;
    this.#suspects.add(rule);
    const message = `the rule ${judged.why.message}, and was stopped`;
    const verdict: PackedVerdict = [rule, 'error', -1, [[null, null, '', '', message]]];
    return {
      statuses: ['error'],
      ms: [RULE_MS],
      sightings: [],
      packed: packVerdicts([verdict]),
      stopped: [rule],
    };
  }

  async #run(task: DeviceTask, timeMs: number, blame?: string): Promise<DeviceJudged | { why: Error }> {
    try {
      const limits = blame === undefined ? { timeMs } : { timeMs, blame };
      const judged = await this.#threads.run({ ...task, book: this.#book }, limits);
      return { ...judged, stopped: [] };
    } catch (error) {
      if ([TookTooLong, OutOfMemory, ThreadDied, TaskThrew].some((refusal) => error instanceof refusal))
        return { why: error as Error }; // one of those
      throw error;
    }
  }
}

function deviceMs({ outputs }: DeviceTask): number {
  const bytes = outputs.reduce(
    (sum, output) => sum + ('text' in output ? output.text.length : output.bytes),
    0,
  );
  return DEVICE_MS + (bytes / 1e6) * MEGABYTE_MS;
}

function merged(parts: readonly DeviceJudged[], rules: readonly number[]): DeviceJudged {
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
