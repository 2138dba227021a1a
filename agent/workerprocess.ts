// One worker process as its agent sees it: forked, listened to, watched, ended. However it ends, that is told once,
// in words for people, after the last thing that it said.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import type { Socket } from 'node:net';
import type { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { withoutCore } from '../proto/core.js';
import { WORKER_SILENCE_MS } from '../proto/subjects.js';
import { monotonicMs } from './clock.js';
import { lateCompiler } from './compiler.js';
import { ALLOW_PORTS, ALLOW_TARGETS, type FromWorker, REHEARSE, type ToWorker, WorkerLink } from './ipc.js';
import { MEGABYTE, type WorkerSettings } from './workersettings.js';

/** util-linux, on every Debian: the kernel ends a worker whose agent has gone, however it went. */
const SETPRIV = ['/usr/bin/setpriv', '/bin/setpriv'].find((path) => existsSync(path));

/** Of the agent's environment: only what tests arm. */
const HANDED_DOWN = ['NETSWEEP_FAILPOINTS', 'NETSWEEP_FAILPOINTS_LOG'];

/** A pattern of the user's that goes back and forth without end on a device's line is matched in linear time. */
const LINEAR_PATTERNS = '--enable-experimental-regexp-engine-on-excessive-backtracks';

/**
 * In MB, twice as much as by default: hundreds of sessions are under way at once, and what each holds for half a second
 * was copied twice and then lay among what lives long. 5 % of a session's CPU.
 */
const YOUNG = '--max-semi-space-size=32';

/** For a worker with very many sessions at once, which tells the collector when to begin. */
const COLLECTOR_IS_TOLD = '--expose-gc';

/** Helpers of the collector would take more from other workers than they save here: 5 % of a session's CPU. */
const ONE_COLLECTOR = '--single-threaded-gc';

/** How often a worker is looked at, in ms. */
export const LOOK_EVERY_MS = 250;
/** A worker that uses so much of a core for LADEN_MS is given another beside it: to start one costs half a second. */
const LADEN_PERCENT = 85;
const LADEN_MS = 1_000;
/** Messages from one look to the next that no worker has to say. */
const FLOOD = 100_000;
/** How long one that was asked to end may take, in ms. */
const END_MS = 2_000;
/** What a worker says of its end comes first or is not worth having. */
const LAST_WORDS_BYTES = 65_536;

export interface WorkerEvents {
  said(message: FromWorker): void;
  /** Nothing comes after it. `how` completes "its worker ...". */
  gone(how: string): void;
}

export class WorkerProcess {
  /** When it had come up; null: not yet. Whatever ends it from then on may have to do with its devices. */
  upAt: number | null = null;
  /** Bytes. */
  memory = 0;
  /** It takes nothing more and ends once it is idle. */
  leaving = false;
  readonly #child: ChildProcess;
  readonly #link: WorkerLink;
  readonly #limits: WorkerSettings;
  readonly #lastWords: Buffer[] = [];
  #heardAt = monotonicMs();
  #lookedAt = monotonicMs();
  #messages = 0;
  #ladenSince: number | null = null;
  #killedFor: string | null = null;
  #gone = false;

  /** Throws when the machine has no more processes or descriptors to give, or no program to run. */
  constructor(limits: WorkerSettings, events: WorkerEvents) {
    this.#limits = limits;
    this.#child = forked(limits);
    const [, , errors, stream] = this.#child.stdio as unknown as [null, null, Readable, Socket]; // see forked
    errors.on('data', (piece: Buffer) => {
      const kept = this.#lastWords.reduce((sum, { length }) => sum + length, 0);
      if (kept < LAST_WORDS_BYTES) this.#lastWords.push(piece);
    });
    this.#link = new WorkerLink(
      stream,
      (message) => this.#heard(message, events),
      (why) => this.kill(`broke the rules (${why}) and was killed`),
    );
    this.#child.on('error', () => undefined); // a signal that could not be sent
    // Its end, and the end of all that it has said.
    this.#child.once('close', (code: number | null, signal: NodeJS.Signals | null) => {
      this.#gone = true;
      events.gone(this.#killedFor ?? ending(code, signal, Buffer.concat(this.#lastWords).toString('latin1')));
    });
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  get up(): boolean {
    return this.upAt !== null;
  }

  /** It has not had the time to show what it can carry. */
  get young(): boolean {
    return this.upAt === null || monotonicMs() - this.upAt < LADEN_MS;
  }

  /** More sessions would only be slower in it: for a while it has had a core to itself and used all of it. */
  get laden(): boolean {
    const { fullMb } = this.#limits;
    if (this.memory > (fullMb * MEGABYTE) / 2) return true;
    return this.#ladenSince !== null && monotonicMs() - this.#ladenSince >= LADEN_MS;
  }

  /** It may be given a job. */
  get takes(): boolean {
    return this.there && !this.leaving;
  }

  /** What is sent to it may still arrive. */
  get there(): boolean {
    return !this.#gone && this.#killedFor === null;
  }

  send(message: ToWorker): boolean {
    return this.there && this.#link.send(message);
  }

  /** Ends it politely: it holds nothing. */
  end(): void {
    this.leaving = true;
    this.#link.end();
  }

  /** `how` completes "its worker ...". */
  kill(how: string): void {
    if (!this.there) return;
    this.#killedFor = how;
    this.#child.kill('SIGKILL');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#gone) return;
    const closed = once(this.#child, 'close');
    this.end();
    await Promise.race([closed, delay(END_MS)]);
    this.kill('did not end and was killed');
    await closed;
  }

  /** To be called every LOOK_EVERY_MS. */
  look(): void {
    const now = monotonicMs();
    // After a pause of our own, what it said meanwhile still lies in its pipe.
    if (now - this.#lookedAt > WORKER_SILENCE_MS / 2) this.#heardAt = now;
    this.#lookedAt = now;
    this.#messages = 0;
    if (now - this.#heardAt >= WORKER_SILENCE_MS)
      this.kill(`was silent for ${WORKER_SILENCE_MS / 1_000} s and was killed`);
  }

  #heard(message: FromWorker, events: WorkerEvents): void {
    if (!this.there) return;
    this.#heardAt = monotonicMs();
    this.upAt ??= this.#heardAt;
    if (++this.#messages > FLOOD) return this.kill('talked without end and was killed');
    if (message.say === 'alive') {
      this.#weigh(message.memory);
      if (message.busy < LADEN_PERCENT) this.#ladenSince = null;
      else this.#ladenSince ??= this.#heardAt;
    }
    events.said(message);
  }

  #weigh(memory: number): void {
    this.memory = memory;
    const { fullMb, mostMb } = this.#limits;
    if (memory > fullMb * MEGABYTE) this.leaving = true;
    if (memory > mostMb * MEGABYTE) this.kill(`took more than ${mostMb} MB of memory and was killed`);
  }
}

function forked({ program, environment, heapMb, rehearsal, targets }: WorkerSettings): ChildProcess {
  const told = [
    ...(rehearsal === null ? [] : [REHEARSE, rehearsal]),
    ...(targets.networks === null ? [] : [ALLOW_TARGETS, targets.networks]),
    ...(targets.ports === null ? [] : [ALLOW_PORTS, targets.ports]),
  ];
  const limit = `--max-old-space-size=${heapMb}`;
  const heap = [YOUNG, COLLECTOR_IS_TOLD, ONE_COLLECTOR, limit];
  const words = [LINEAR_PATTERNS, ...lateCompiler(), ...heap, program, ...told];
  const [file, args] =
    SETPRIV === undefined
      ? withoutCore(process.execPath, words)
      : withoutCore(SETPRIV, ['--pdeathsig', 'KILL', '--', process.execPath, ...words]);
  const child = spawn(file, args, {
    env: Object.fromEntries(
      HANDED_DOWN.flatMap((name) => (environment[name] === undefined ? [] : [[name, environment[name]]])),
    ),
    detached: true,
    stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
  });
  if (child.pid !== undefined) return child;
  child.on('error', () => undefined); // comes later, and says no more
  throw new Error('no worker process can be started: no process, descriptor or program to be had');
}

/** Completes "its worker ...". What a worker wrote is not trusted: only these lines of Node's and ours are repeated. */
function ending(code: number | null, signal: NodeJS.Signals | null, lastWords: string): string {
  const uncaught = /^FATAL ERROR: uncaught [A-Za-z]{1,40}(?: at [a-z]{1,40}\.js:\d{1,6})?$/m.exec(lastWords);
  const native = /^FATAL ERROR: [A-Za-z:_-]+(?: [A-Za-z:_-]+){0,16}$/m.exec(lastWords);
  const words = (uncaught ?? native)?.[0].replace('FATAL ERROR: ', '') ?? '';
  const because = words === '' ? '' : `: ${words}`;
  if (signal !== null) return `was killed by ${signal}${because}`;
  if (code === 0) return 'ended with 0 without a result';
  return `ended with ${code}${because}`;
}
