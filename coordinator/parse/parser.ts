// Outputs become rows in limited threads: templates are other people's patterns, and outputs are whatever devices said.
// However that goes, there is an answer with words for it.
import { OutOfMemory, ThreadDied, TookTooLong } from '../limited/refusals.js';
import { LimitedThreads } from '../limited/threads.js';
import { MOST_TEXT, type Parsed, type ParseTask } from './parsing.js';

/** A template of the community's needs a few ms for an output; its first use compiles it. */
const LEAST_MS = 1_000;
const CHARACTERS_PER_MS = 4_000;
const MEMORY_MB = 512;

export class Parser implements AsyncDisposable {
  private constructor(private readonly threads: LimitedThreads<ParseTask, Parsed>) {}

  static open(threads: number): Parser {
    return new Parser(
      LimitedThreads.open({ module: new URL('./thread.js', import.meta.url), threads, memoryMb: MEMORY_MB }),
    );
  }

  /** Outputs that are worth having under way at once. */
  get width(): number {
    return this.threads.width;
  }

  /** Never rejects for what a template or a text does. */
  async parse(task: ParseTask): Promise<Parsed> {
    if (task.text.length > MOST_TEXT)
      return { ok: false, why: 'limit', message: `larger than can be parsed (${MOST_TEXT} characters)` };
    const timeMs = LEAST_MS + Math.round(task.text.length / CHARACTERS_PER_MS);
    try {
      return await this.threads.run(task, { timeMs, blame: blamed(task) });
    } catch (error) {
      const ofTask = [TookTooLong, OutOfMemory, ThreadDied].some((kind) => error instanceof kind);
      if (!ofTask || !(error instanceof Error)) throw error;
      return { ok: false, why: 'limit', message: `parsing it was given up: ${error.message}` };
    }
  }

  /** Nothing is parsed from now on; what is under way rejects. */
  abandon(): void {
    this.threads.abandon();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.threads[Symbol.asyncDispose]();
  }
}

/** A template for a command, whichever device the output is of. */
function blamed({ templates }: ParseTask): string {
  if ('file' in templates) return templates.file;
  const { directory, question } = templates;
  return JSON.stringify([directory, question.platforms[0], question.command]);
}
