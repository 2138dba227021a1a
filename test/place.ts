// A place of a test's own: an empty HOME with its state directory, and the programs started in it. A process
// started here has the place as its working directory, and so has every process that it starts: this is how the
// processes of one test are found, and how none is left when it ends.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { overhear } from './lastwords.ts';
import { type Finished, PATIENCE_MS, root, until } from './process.ts';

/** How long processes that nobody waits for may take to end after the test, in ms. */
const GONE_MS = 5_000;

export interface Process {
  pid: number;
  /** As in /proc, NUL between words and variables. */
  cmdline: string;
  environ: string;
}

export class Place implements AsyncDisposable {
  /** Also the HOME of what runs here. */
  readonly folder: string;
  /** Added to the environment of every program started from now on. */
  readonly env: NodeJS.ProcessEnv = {};

  private constructor(folder: string) {
    this.folder = folder;
  }

  static async open(): Promise<Place> {
    return new Place(await mkdtemp(join(tmpdir(), 'netsweep-test-')));
  }

  /** Where a self-contained run keeps its state when it is not told. */
  get state(): string {
    return this.path('.local/state/netsweep');
  }

  path(name: string): string {
    return join(this.folder, name);
  }

  /** Writes a file for its owner only; gives its path. */
  async write(name: string, text: string): Promise<string> {
    await mkdir(join(this.path(name), '..'), { recursive: true, mode: 0o700 });
    await writeFile(this.path(name), text, { mode: 0o600 });
    return this.path(name);
  }

  /** The environment of a user who has set nothing; an agent that this host may be is not found from here. */
  environment(more: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv {
    const own = { HOME: this.folder, STATE_DIRECTORY: this.path('identity') };
    return { PATH: process.env.PATH, ...own, ...this.env, ...more };
  }

  /** Starts `netsweep ARGS`. */
  start(args: string[], options: { env?: NodeJS.ProcessEnv; input?: string } = {}): Netsweep {
    return new Netsweep(args, this.folder, this.environment(options.env), options.input ?? '');
  }

  /** `netsweep ARGS` to its end; a status other than 0 is data. After timeoutMs it is killed and this throws. */
  async netsweep(
    args: string[],
    {
      timeoutMs = PATIENCE_MS,
      ...options
    }: { env?: NodeJS.ProcessEnv; input?: string; timeoutMs?: number } = {},
  ): Promise<Finished> {
    const netsweep = this.start(args, options);
    const timer = setTimeout(() => netsweep.kill('SIGKILL'), timeoutMs);
    const finished = await netsweep.finished;
    clearTimeout(timer);
    if (finished.signal === 'SIGKILL')
      throw new Error(`netsweep ${args.join(' ')}: not within ${timeoutMs} ms\n${finished.stderr}`);
    return finished;
  }

  /** The processes that work here now, apart from those that have ended and only wait to be forgotten. */
  processes(): Process[] {
    return readdirSync('/proc').flatMap((name) => {
      if (!/^\d+$/.test(name)) return [];
      try {
        if (readlinkSync(`/proc/${name}/cwd`) !== this.folder) return [];
        const [cmdline, environ] = [`/proc/${name}/cmdline`, `/proc/${name}/environ`].map((file) =>
          readFileSync(file, 'latin1'),
        );
        return [{ pid: Number(name), cmdline: cmdline ?? '', environ: environ ?? '' }];
      } catch {
        return []; // ended meanwhile, or not ours to look at
      }
    });
  }

  /** Resolves when no process works here any more. */
  async empty(timeoutMs = PATIENCE_MS): Promise<void> {
    try {
      await until('no process is left', () => this.processes().length === 0, timeoutMs);
    } catch (cause) {
      throw new Error(`left: ${JSON.stringify(this.processes(), null, 1)}`, { cause });
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // A program that was told to end is given the time to; then whatever is left is ended here.
    await this.empty(GONE_MS).catch(() => undefined);
    for (const { pid } of this.processes()) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {} // it has just ended
    }
    await rm(this.folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

export const NETSWEEP = join(root, 'dist/coordinator/main.js');

/** A running `netsweep`; the kernel ends it together with the test. */
export class Netsweep implements AsyncDisposable {
  stdout = '';
  stderr = '';
  readonly finished: Promise<Finished>;
  /** Told of each piece of its standard output. */
  onStdout: (text: string) => void = () => undefined;
  readonly #child: ChildProcess;

  constructor(args: string[], cwd: string, env: NodeJS.ProcessEnv, input: string) {
    const words = ['--pdeathsig', 'KILL', process.execPath, NETSWEEP, ...args];
    this.#child = spawn('setpriv', words, { cwd, env, stdio: 'pipe' });
    this.#child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.stdout += text;
      this.onStdout(text);
    });
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.stderr += text;
    });
    this.#child.stdin?.on('error', () => {}); // not every command reads its input
    this.#child.stdin?.end(input);
    overhear({ name: ['netsweep', ...args].join(' '), said: () => `${this.stdout}${this.stderr}` });
    this.finished = once(this.#child, 'close').then(([status, signal]) => ({
      status,
      signal,
      stdout: this.stdout,
      stderr: this.stderr,
    }));
  }

  get pid(): number {
    if (this.#child.pid === undefined) throw new Error('netsweep was not started');
    return this.#child.pid;
  }

  get ended(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.ended) this.kill('SIGKILL');
    await this.finished;
  }
}
