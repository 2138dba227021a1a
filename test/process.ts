// Real programs for tests: found where the set-up put them, started, awaited, ended. A program never outlives
// the test process, not even one killed with SIGKILL: the kernel ends it (parent-death signal), or it
// ends by itself when its standard input does.
import { type ChildProcess, execFile, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { overhear } from './lastwords.ts';

/** The checkout. */
export const root = join(import.meta.dirname, '..');

/** The path of a program: of .cache/bin, where the set-up put or linked it, else of PATH; null without one. */
export function program(name: string): string | null {
  const folders = [join(root, '.cache/bin'), ...(process.env.PATH ?? '').split(delimiter)];
  for (const folder of folders) {
    try {
      accessSync(join(folder, name), constants.X_OK);
      return join(folder, name);
    } catch {} // looked for in the next folder
  }
  return null;
}

/** How long a wait may take, in ms. It is only there so that a hang ends: a busy machine takes a minute for seconds. */
export const PATIENCE_MS = 180_000;

/** A look at a condition takes at most every fourth moment: one that starts a program is not taken without a break. */
const BREAK = 3;

/** Resolves with the first value that is not null, undefined or false; throws after timeoutMs. */
export async function until<T>(
  what: string,
  condition: () => T | Promise<T>,
  timeoutMs = PATIENCE_MS,
): Promise<NonNullable<Exclude<T, false>>> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const lookedAt = performance.now();
    const value = await condition();
    if (value !== null && value !== undefined && value !== false)
      return value as NonNullable<Exclude<T, false>>;
    if (Date.now() > deadline) throw new Error(`${what}: not within ${timeoutMs} ms`);
    await delay(Math.max(20, BREAK * (performance.now() - lookedAt)));
  }
}

export interface Finished {
  status: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
}

/** Runs a program to its end; a status other than 0 is data, a program that can't be started throws. */
export function run(
  command: string,
  args: string[],
  options: { input?: string; cwd?: string; env?: NodeJS.ProcessEnv; timeoutMs?: number } = {},
): Promise<Finished> {
  const { input = '', timeoutMs = PATIENCE_MS, ...rest } = options;
  return new Promise((resolve, reject) => {
    const limits = { timeout: timeoutMs, killSignal: 'SIGKILL' as const, maxBuffer: 1 << 28 };
    const child = execFile(command, args, { ...rest, ...limits }, (error, stdout, stderr) => {
      if (error && typeof error.code === 'string') return reject(error);
      resolve({ status: child.exitCode, signal: child.signalCode, stdout, stderr });
    });
    child.stdin?.on('error', () => {}); // a program that does not read its input is none of our business
    child.stdin?.end(input);
  });
}

/** As run, but a status other than 0 throws with what the program said. Resolves with its stdout. */
export async function output(command: string, args: string[], options = {}): Promise<string> {
  const finished = await run(command, args, options);
  if (finished.status === 0) return finished.stdout;
  throw new Error(`${command} ${args.join(' ')}: exit ${finished.status}\n${finished.stderr}`);
}

/** A program that runs until it is stopped. */
export class Running implements AsyncDisposable {
  /** All it has printed so far, stdout and stderr. */
  log = '';
  readonly child: ChildProcess;
  readonly #closed: Promise<unknown>;

  /** onExit 'input': it ends when its standard input does; else it is killed together with this process. */
  constructor(
    command: string,
    args: string[],
    options: { onParentExit: 'input' | 'killed'; cwd?: string; env?: NodeJS.ProcessEnv },
  ) {
    const [file, argv] =
      options.onParentExit === 'killed'
        ? ['setpriv', ['--pdeathsig', 'KILL', command, ...args]]
        : [command, args];
    this.child = spawn(file, argv, {
      stdio: ['pipe', 'pipe', 'pipe'],
      ...(options.cwd && { cwd: options.cwd }),
      ...(options.env && { env: options.env }),
    });
    for (const stream of [this.child.stdout, this.child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.log += text;
      });
    }
    this.child.stdin?.on('error', () => {}); // ended before its input was closed
    this.child.on('error', (error) => {
      this.log += `${error.message}\n`;
    });
    this.#closed = once(this.child, 'close').catch(() => {});
    overhear({ name: [file, ...argv].join(' '), said: () => this.log });
  }

  get pid(): number {
    if (this.child.pid === undefined) throw new Error(`not started: ${this.log}`);
    return this.child.pid;
  }

  get ended(): boolean {
    return this.child.pid === undefined || this.child.exitCode !== null || this.child.signalCode !== null;
  }

  /** Waits until its log matches. Throws, with the log, when it ends before that. */
  async logged(pattern: RegExp, timeoutMs = PATIENCE_MS): Promise<RegExpExecArray> {
    try {
      return await until(
        `${pattern}`,
        () => {
          const match = pattern.exec(this.log);
          if (match === null && this.ended) throw new Error(`ended before ${pattern}`);
          return match;
        },
        timeoutMs,
      );
    } catch (error) {
      throw new Error(`${this.child.spawnargs.join(' ')}\n${this.log}`, { cause: error });
    }
  }

  /** Sends the signal, or closes its input, and waits for its end; after a minute it is killed. */
  async stop(signal?: NodeJS.Signals): Promise<void> {
    if (this.ended) return;
    if (signal) this.child.kill(signal);
    else this.child.stdin?.end();
    const timer = setTimeout(() => this.child.kill('SIGKILL'), 60_000);
    await this.#closed;
    clearTimeout(timer);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}

const isRoot = process.getuid?.() === 0;

/** A command as root: as it is for root, else by sudo without a password. */
export function asRoot(command: string, args: string[]): [string, string[]] {
  return isRoot ? [command, args] : ['sudo', ['-n', command, ...args]];
}

let privilege: string | null | undefined;

/** Why private namespaces can't be had here; null if they can. */
export function withoutNamespaces(): string | null {
  if (privilege !== undefined) return privilege;
  const probe = spawnSync(...asRoot('unshare', ['--mount', '--net', '--pid', '--fork', 'true']));
  privilege =
    probe.status === 0 ? null : 'it takes root, or sudo without a password, and leave to make namespaces';
  return privilege;
}

/** Why a test that needs these programs can't run here; null if it can. */
export function without(...names: string[]): string | null {
  const missing = names.filter((name) => program(name) === null);
  return missing.length > 0 ? `missing: ${missing.join(', ')} (deploy/setup.sh --for-tests)` : null;
}
