// One program with all that it starts, from its first instruction until the last of its processes has ended: time,
// CPU and memory by role. Whatever is left of it when the bench is stopped is ended by its id.
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { type Meter, openMeter, type RoleOf } from './meter.ts';
import { peakMiB, proportionalMiB, residentMiB } from './proc.ts';

const LOOK_MS = 20;
/** A look at hundreds of processes costs too much to be had as often. */
const LOOK_AT_MANY_MS = 200;
const MANY = 40;
const PROPORTIONAL_MS = 500;
const PEAKS_MS = 100;
/** How long what a program has started may outlive it. */
const LEAVE_MS = 10_000;
const SETPRIV = ['/usr/bin/setpriv', '/bin/setpriv'].find((path) => existsSync(path));

export interface Spent {
  cpuMs: number;
  /** Most processes at one time. */
  processes: number;
  /** Most memory of one process (VmHWM). */
  peakMiB: number;
  /** Most of all its processes at one time, pages that they share counted in each. */
  residentMiB: number;
  /** The same with shared pages counted in shares, looked at every half second. */
  proportionalMiB: number;
}

export interface Measured {
  command: string[];
  status: number | null;
  signal: NodeJS.Signals | null;
  /** Until the program itself ended. */
  wallMs: number;
  /** Whether CPU was counted by the kernel's groups; else by looking at /proc. */
  exact: boolean;
  roles: Record<string, Spent>;
  total: Spent;
}

export interface Program {
  command: string[];
  role: string;
  roleOf?: RoleOf;
  env?: NodeJS.ProcessEnv;
  /** Files; null: nowhere. */
  stdout: string | null;
  stderr: string | null;
  timeoutMs: number;
}

/** Runs it to its end. Throws only when it can't be started or the bench is stopped. */
export async function measure(program: Program, stop: AbortSignal): Promise<Measured> {
  await using account = await Account.open(program, stop);
  return await account.ended();
}

/** A program that is being measured; closing it ends what is left of it. */
export class Account implements AsyncDisposable {
  readonly #began = performance.now();
  readonly #memory = new Map<string, Omit<Spent, 'cpuMs'>>();
  readonly #timer: NodeJS.Timeout;
  #next = 0;
  #nextPeaks = 0;
  #nextProportional = 0;

  private constructor(
    private readonly program: Program,
    private readonly meter: Meter,
    readonly child: ChildProcess,
    private readonly stop: AbortSignal,
  ) {
    if (child.pid !== undefined) meter.started(child.pid, program.role);
    this.#timer = setInterval(() => this.#look(), LOOK_MS);
  }

  static async open(program: Program, stop: AbortSignal): Promise<Account> {
    stop.throwIfAborted();
    const meter = openMeter(program.roleOf ?? (() => null));
    const killed = SETPRIV === undefined ? [] : [SETPRIV, '--pdeathsig', 'KILL'];
    const [file = '', ...args] = meter.start([...killed, ...program.command], program.role);
    await using out = await opened(program.stdout);
    await using errors = await opened(program.stderr);
    const child = spawn(file, args, {
      stdio: ['ignore', out.to, errors.to],
      env: { ...process.env, ...program.env },
    });
    child.on('error', () => undefined);
    return new Account(program, meter, child, stop);
  }

  /** Resolves when the program and everything that it has started have ended. */
  async ended(): Promise<Measured> {
    const { child, program } = this;
    const patience = AbortSignal.any([this.stop, AbortSignal.timeout(program.timeoutMs)]);
    await gone(child, patience);
    const wallMs = performance.now() - this.#began;
    this.stop.throwIfAborted();
    if (child.exitCode === null && child.signalCode === null) await this.#end();
    for (const until = performance.now() + LEAVE_MS; performance.now() < until; await delay(LOOK_MS))
      if (this.#over()) break;
    const roles = this.#roles();
    return {
      command: program.command,
      status: child.exitCode,
      signal: child.signalCode,
      wallMs,
      exact: this.meter.exact,
      roles,
      total: {
        ...(this.#memory.get(ALL) ?? NOTHING),
        cpuMs: sum(Object.values(roles).map(({ cpuMs }) => cpuMs)),
      },
    };
  }

  /** What it has used so far. */
  roles(): Record<string, Spent> {
    this.#look(true);
    return this.#roles();
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
      this.child.kill(signal);
      for (const pid of this.meter.look().keys()) kill(pid, signal);
      for (const until = performance.now() + patienceMs; performance.now() < until; await delay(LOOK_MS))
        if (this.#over()) return;
    }
  }

  /** A program that has only just been started may not be in its group yet. */
  #over(): boolean {
    const { pid, exitCode, signalCode } = this.child;
    return (pid === undefined || exitCode !== null || signalCode !== null) && this.meter.over();
  }

  #roles(): Record<string, Spent> {
    const names = this.meter.cpuMs();
    return Object.fromEntries(
      [...names].map(([role, cpuMs]) => [role, { ...(this.#memory.get(role) ?? NOTHING), cpuMs }]),
    );
  }

  #look(now = false): void {
    const at = performance.now();
    if (!now && at < this.#next) return;
    const alive = this.meter.look();
    this.#next = alive.size > MANY ? at + LOOK_AT_MANY_MS : 0;
    const [peaks, proportional] = [at >= this.#nextPeaks, at >= this.#nextProportional];
    if (peaks) this.#nextPeaks = at + PEAKS_MS;
    if (proportional) this.#nextProportional = at + PROPORTIONAL_MS;
    const sums = new Map<string, Omit<Spent, 'cpuMs'>>();
    for (const [pid, role] of alive) {
      const one = {
        processes: 1,
        residentMiB: residentMiB(pid),
        peakMiB: peaks ? peakMiB(pid) : 0,
        proportionalMiB: proportional ? proportionalMiB(pid) : 0,
      };
      for (const name of [role, ALL]) sums.set(name, together(sums.get(name) ?? NOTHING, one));
    }
    for (const [role, spent] of sums) this.#memory.set(role, most(this.#memory.get(role) ?? NOTHING, spent));
  }
}

const ALL = 'all';
const NOTHING = { processes: 0, residentMiB: 0, peakMiB: 0, proportionalMiB: 0 };
type Memory = typeof NOTHING;

function together(a: Memory, b: Memory): Memory {
  return {
    processes: a.processes + b.processes,
    residentMiB: a.residentMiB + b.residentMiB,
    peakMiB: Math.max(a.peakMiB, b.peakMiB),
    proportionalMiB: a.proportionalMiB + b.proportionalMiB,
  };
}

function most(a: Memory, b: Memory): Memory {
  return {
    processes: Math.max(a.processes, b.processes),
    residentMiB: Math.max(a.residentMiB, b.residentMiB),
    peakMiB: Math.max(a.peakMiB, b.peakMiB),
    proportionalMiB: Math.max(a.proportionalMiB, b.proportionalMiB),
  };
}

async function opened(file: string | null): Promise<{ to: number | 'ignore' } & AsyncDisposable> {
  if (file === null) return { to: 'ignore', [Symbol.asyncDispose]: async () => undefined };
  const handle = await open(file, 'w', 0o600);
  return { to: handle.fd, [Symbol.asyncDispose]: () => handle.close() };
}

/** Resolves when it has ended or nobody waits any longer. */
function gone(child: ChildProcess, patience: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) resolve();
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

function sum(numbers: number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
