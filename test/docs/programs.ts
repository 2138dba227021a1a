// Programs on the examples' machine that run until they are stopped.
import { Running } from '../process.ts';
import type { Seat } from './desk.ts';
import type { Machine } from './machine.ts';

/** What they say once they can be used. */
const READY = /^ready |Server is ready/m;

export class Programs implements AsyncDisposable {
  readonly #running: Running[] = [];

  constructor(private readonly machine: Machine) {}

  /** Resolves with what it has said, when it can be used; throws if it ends before that. */
  async start(line: string, { cwd, env }: Seat): Promise<string> {
    // The program itself is what is stopped, not a shell in front of it.
    const whole = line.replace(/ ?&$/, '').replace(/(^|&& )(?!.*&& )/, '$1exec ');
    const [file, args] = this.machine.command('bash', ['-c', whole], cwd);
    const running = new Running(file, args, { onParentExit: 'killed', env });
    this.#running.push(running);
    await running.logged(READY);
    return running.log;
  }

  /** Whether one runs whose command line has this. */
  has(words: string): boolean {
    return this.#running.some(({ child, ended }) => !ended && child.spawnargs.at(-1)?.includes(words));
  }

  /** Ends those whose command line has this. */
  async end(words: string): Promise<void> {
    for (const running of this.#running)
      if (running.child.spawnargs.at(-1)?.includes(words)) await running.stop('SIGTERM');
  }

  /** Ends them all, the last first. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const running of this.#running.splice(0).reverse()) await running.stop('SIGTERM');
  }
}
