// Programs with all that they start, from the first instruction until the last of their processes has ended: time,
// CPU and memory by role. Whatever is left of them when the bench is stopped is ended by its id.
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { open, readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { type Memory, Peaks } from './memory.ts';
import { type Meter, openMeter, type RoleOf } from './meter.ts';

const LOOK_MS = 20;
/** A look at hundreds of processes costs too much to be had as often. */
const LOOK_AT_MANY_MS = 200;
const MANY = 40;
/** What looks may take of a core where the kernel counts CPU by itself, and how seldom they become for that. */
const LOOKS_SHARE = 0.01;
const LOOK_SELDOM_MS = 100;
/** How long a program may take to say that it is ready. */
const READY_MS = 60_000;
/** How long what a program has started may outlive it. */
const LEAVE_MS = 10_000;
const SETPRIV = ['/usr/bin/setpriv', '/bin/setpriv'].find((path) => existsSync(path));

export interface Spent extends Memory {
  cpuMs: number;
}

/** What programs have used. */
export interface Bill {
  /** Whether CPU was counted by the kernel's groups; else by looking at /proc. */
  exact: boolean;
  roles: Record<string, Spent>;
  total: Spent;
}

/** One program's run. */
export interface Measured extends Bill {
  command: string[];
  status: number | null;
  signal: NodeJS.Signals | null;
  /** Until the program itself ended. */
  wallMs: number;
}

export interface Program {
  command: string[];
  role: string;
  env?: NodeJS.ProcessEnv;
  /** Files; null: nowhere. */
  stdout: string | null;
  stderr: string | null;
}

/** Runs a program to its end and until all that it has started has ended too. */
export async function measure(
  program: Program,
  { roleOf = () => null, timeoutMs, stop }: { roleOf?: RoleOf; timeoutMs: number; stop: AbortSignal },
): Promise<Measured> {
  await using account = Account.open(roleOf, stop);
  const ran = await account.run(program, timeoutMs);
  await account.over();
  return { ...ran, ...account.bill() };
}

/** Programs that are measured together; closing it ends what is left of them. */
export class Account implements AsyncDisposable {
  readonly #peaks = new Peaks();
  readonly #children: ChildProcess[] = [];
  readonly #timer: NodeJS.Timeout;
  #next = 0;

  private constructor(
    private readonly meter: Meter,
    private readonly stop: AbortSignal,
  ) {
    this.#timer = setInterval(() => this.#look(), LOOK_MS);
  }

  static open(roleOf: RoleOf, stop: AbortSignal): Account {
    stop.throwIfAborted();
    return new Account(openMeter(roleOf), stop);
  }

  async start({ command, role, env, stdout, stderr }: Program): Promise<ChildProcess> {
    this.stop.throwIfAborted();
    const killed = SETPRIV === undefined ? [] : [SETPRIV, '--pdeathsig', 'KILL'];
    const [file = '', ...args] = this.meter.start([...killed, ...command], role);
    await using out = await opened(stdout);
    await using errors = await opened(stderr);
    const child = spawn(file, args, {
      stdio: ['ignore', out.to, errors.to],
      env: { ...process.env, ...env },
    });
    child.on('error', () => undefined);
    if (child.pid !== undefined) this.meter.started(child.pid, role);
    this.#children.push(child);
    return child;
  }

  /** Starts a program and waits for its end, not for what it leaves behind. */
  async run(program: Program, timeoutMs: number): Promise<Omit<Measured, keyof Bill>> {
    const began = performance.now();
    const child = await this.start(program);
    await gone(child, AbortSignal.any([this.stop, AbortSignal.timeout(timeoutMs)]));
    const wallMs = performance.now() - began;
    this.stop.throwIfAborted();
    if (!hasEnded(child)) await this.#end();
    return { command: program.command, status: child.exitCode, signal: child.signalCode, wallMs };
  }

  /** Resolves when everything that was started has ended, or should have long since. */
  async over(): Promise<void> {
    for (const until = performance.now() + LEAVE_MS; performance.now() < until; await delay(LOOK_MS))
      if (this.#over()) return;
  }

  /** What all of them have used so far. */
  bill(): Bill {
    this.#look(true);
    const roles = Object.fromEntries(
      [...this.meter.cpuMs()].map(([role, cpuMs]) => [role, { ...this.#peaks.of(role), cpuMs }]),
    );
    const cpuMs = Object.values(roles).reduce((sum, spent) => sum + spent.cpuMs, 0);
    return {
      exact: this.meter.exact,
      roles,
      total: { ...this.#peaks.of(null), cpuMs },
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer);
    await this.#end();
    this.meter.close();
  }

  /** First as one asks politely, then by SIGKILL, and only what belongs to this program. */
  async #end(): Promise<void> {
    for (const [signal, patienceMs] of [
      ['SIGTERM', 5_000],
      ['SIGKILL', 5_000],
    ] as const) {
      if (this.#over()) return;
      for (const child of this.#children) child.kill(signal);
      for (const pid of this.meter.look().keys()) kill(pid, signal);
      for (const until = performance.now() + patienceMs; performance.now() < until; await delay(LOOK_MS))
        if (this.#over()) return;
    }
  }

  /** A program that has only just been started may not be in its group yet. */
  #over(): boolean {
    return this.#children.every(hasEnded) && this.meter.over();
  }

  #look(now = false): void {
    const at = performance.now();
    if (!now && at < this.#next) return;
    const alive = this.meter.look();
    this.#peaks.look(alive);
    const tookMs = performance.now() - at;
    const seldom = this.meter.exact ? Math.min(LOOK_SELDOM_MS, tookMs / LOOKS_SHARE) : 0;
    this.#next = at + (alive.size > MANY ? LOOK_AT_MANY_MS : seldom);
  }
}

/** Waits until a program's output, a file, matches; throws with what it said when it ends before that. */
export async function printed(
  child: ChildProcess,
  file: string,
  pattern: RegExp,
  stop: AbortSignal,
): Promise<RegExpExecArray> {
  for (const until = performance.now() + READY_MS; performance.now() < until && !hasEnded(child); ) {
    const found = pattern.exec(await readFile(file, 'utf8'));
    if (found !== null) return found;
    await delay(LOOK_MS, undefined, { signal: stop });
  }
  throw new Error(`${child.spawnargs.join(' ')}\n${await readFile(`${file}.err`, 'utf8')}`);
}

async function opened(file: string | null): Promise<{ to: number | 'ignore' } & AsyncDisposable> {
  if (file === null) return { to: 'ignore', [Symbol.asyncDispose]: async () => undefined };
  const handle = await open(file, 'w', 0o600);
  return { to: handle.fd, [Symbol.asyncDispose]: () => handle.close() };
}

/** Resolves when it has ended or nobody waits any longer. */
function gone(child: ChildProcess, patience: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (hasEnded(child)) resolve();
    child.once('exit', () => resolve());
    child.once('error', () => resolve());
    patience.addEventListener('abort', () => resolve(), { once: true });
  });
}

function kill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {} // it has ended
}

/** One that could not be started has no number. */
function hasEnded({ pid, exitCode, signalCode }: ChildProcess): boolean {
  return pid === undefined || exitCode !== null || signalCode !== null;
}
