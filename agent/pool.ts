// The agent's workers: forked when first needed, kept warm, replaced when they die. Every job handed in ends in
// exactly one way: the worker's attempt, or handed back because the worker has gone or the order was withdrawn.
import { type ChildProcess, fork } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { HandedBack, type Result } from '../proto/gen/netsweep/v1/agent.js';
import { Isolation } from '../proto/gen/netsweep/v1/model.js';
import type { Chunk, HostKey, LoginResult, Permit, SecretUse } from '../proto/gen/netsweep/v1/session.js';
import { WORKER_SILENCE_MS } from '../proto/subjects.js';
import { monotonicMs } from './clock.js';
import { type FromWorker, type LeaseClock, sendToWorker } from './ipc.js';
import type { SessionTask } from './session/session.js';

/** util-linux, on every Debian: the kernel ends a worker whose agent has gone, however it went. */
const SETPRIV = ['/usr/bin/setpriv', '/bin/setpriv'].find((path) => existsSync(path));

/** Nothing of the agent's own environment but its way to an ssh-agent. */
const WORKER_ENV: NodeJS.ProcessEnv =
  process.env.SSH_AUTH_SOCK === undefined ? {} : { SSH_AUTH_SOCK: process.env.SSH_AUTH_SOCK };

/** A pattern of the user's that goes back and forth without end on a device's line is matched in linear time. */
const LINEAR_PATTERNS = '--enable-experimental-regexp-engine-on-excessive-backtracks';

export type JobEnd = NonNullable<Result['end']>;

/** Most jobs that a worker gets for the sake of a bastion that it is connected to. */
const TOGETHER_MOST = 500;

/** What a job needs while it runs. `hop`: the nth bastion on the way; 0: the device. */
export interface JobPorts {
  permit(use: SecretUse, hop: number): Promise<Permit>;
  loggedIn(use: SecretUse, result: LoginResult, hop: number): void;
  acceptHostKey(key: HostKey, hop: number): Promise<{ accepted: boolean; known: HostKey[] }>;
  start(): Promise<boolean>;
  chunk(chunk: Chunk): void;
}

interface Job {
  lease: string;
  worker: Worker;
  ports: JobPorts;
  end: (end: JobEnd) => void;
}

interface Worker {
  process: ChildProcess;
  /** Each with the first bastion on its way; empty: none. */
  jobs: Map<number, string>;
  heardAt: number;
  /** Bastions that it may still be connected to. */
  bastions: Set<string>;
  /** For one device only; ends after it. */
  alone: boolean;
}

export class Pool {
  readonly #workers = new Set<Worker>();
  readonly #jobs = new Map<number, Job>();
  readonly #watch: NodeJS.Timeout;
  #lastJob = 0;
  #lookedAt = monotonicMs();

  private constructor(
    private readonly size: number,
    private readonly warn: (what: string) => void,
  ) {
    this.#watch = setInterval(() => this.#killSilent(), WORKER_SILENCE_MS / 5);
  }

  static async open(size: number, warn: (what: string) => void): Promise<Pool> {
    return new Pool(size, warn);
  }

  get running(): number {
    return this.#jobs.size;
  }

  /** Runs one session in a worker. Never rejects. */
  run(lease: string, clock: LeaseClock, task: SessionTask, ports: JobPorts): Promise<JobEnd> {
    const [nearest] = task.jump;
    const bastion = nearest === undefined ? '' : `${nearest.host}:${nearest.port}`;
    const worker = this.#worker(task.options.isolation, bastion);
    const job = ++this.#lastJob;
    worker.jobs.set(job, bastion);
    if (bastion !== '') worker.bastions.add(bastion);
    return new Promise((resolve) => {
      const end = (how: JobEnd) => {
        if (!this.#jobs.delete(job)) return;
        worker.jobs.delete(job);
        if (worker.alone) worker.process.disconnect();
        resolve(how);
      };
      this.#jobs.set(job, { lease, worker, ports, end });
      if (!sendToWorker(worker.process, { say: 'run', job, lease, clock, task }))
        end(handedBack('its worker has gone', false));
    });
  }

  /** A lease was renewed: its sessions live longer. */
  renewed(lease: string, clock: LeaseClock): void {
    const workers = new Set(
      [...this.#jobs.values()].filter((job) => job.lease === lease).map((job) => job.worker),
    );
    for (const worker of workers) sendToWorker(worker.process, { say: 'renewed', lease, clock });
  }

  /** Cuts every session of a lease; each is handed back. */
  abandon(lease: string): void {
    for (const [number, job] of this.#jobs)
      if (job.lease === lease) sendToWorker(job.worker.process, { say: 'abandon', jobs: [number] });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#watch);
    const gone = [...this.#workers].map(
      ({ process }) => new Promise((resolve) => process.once('exit', resolve)),
    );
    for (const { process } of this.#workers) {
      if (process.connected) process.disconnect();
      else process.kill('SIGKILL');
    }
    await Promise.all(gone);
  }

  /**
   * The worker that goes through the same bastion, so that an agent has one connection to it; else the least busy
   * one. A new one while there are fewer than wanted and none is idle.
   */
  #worker(isolation: Isolation, bastion: string): Worker {
    if (isolation === Isolation.DEVICE) return this.#fork(true);
    const pooled = [...this.#workers].filter(({ alone, process }) => !alone && process.connected);
    const isGoing = ({ jobs }: Worker) => jobs.size < TOGETHER_MOST && [...jobs.values()].includes(bastion);
    const going = bastion === '' ? undefined : pooled.find(isGoing);
    if (going !== undefined) return going;
    const went = ({ bastions }: Worker) => Number(bastions.has(bastion));
    const [least] = pooled.sort((one, other) => one.jobs.size - other.jobs.size || went(other) - went(one));
    if (least === undefined || (least.jobs.size > 0 && pooled.length < this.size)) return this.#fork(false);
    return least;
  }

  #fork(alone: boolean): Worker {
    const [execPath, execArgv] =
      SETPRIV === undefined
        ? [process.execPath, [LINEAR_PATTERNS]]
        : [SETPRIV, ['--pdeathsig', 'KILL', '--', process.execPath, LINEAR_PATTERNS]];
    const child = fork(fileURLToPath(new URL('./worker.js', import.meta.url)), [], {
      execPath,
      execArgv,
      env: WORKER_ENV,
      detached: true,
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    const worker: Worker = {
      process: child,
      jobs: new Map(),
      heardAt: monotonicMs(),
      bastions: new Set(),
      alone,
    };
    this.#workers.add(worker);
    child.on('message', (messages) => {
      for (const message of messages as FromWorker[]) this.#heard(worker, message); // our own program
    });
    // `exit` may come before the last messages; only when the channel has closed is everything heard.
    let open = 2;
    const closed = () => {
      if (--open > 0) return;
      this.#workers.delete(worker);
      if (worker.jobs.size > 0) this.warn(`worker ${child.pid} died with ${worker.jobs.size} sessions`);
      for (const job of [...worker.jobs.keys()])
        this.#jobs.get(job)?.end(handedBack('its worker died', true, true));
    };
    child.once('exit', closed);
    child.once('disconnect', closed);
    child.on('error', (error) => {
      this.warn(`worker ${child.pid ?? '(not forked)'}: ${error.message}`);
      if (child.pid === undefined) for (let left = open; left > 0; left--) closed();
    });
    return worker;
  }

  #heard(worker: Worker, message: FromWorker): void {
    worker.heardAt = monotonicMs();
    if (message.say === 'alive') return;
    const job = this.#jobs.get(message.job);
    if (job === undefined) return;
    switch (message.say) {
      case 'askPermit':
        void job.ports.permit(message.use, message.hop).then(
          (permit) => sendToWorker(worker.process, { say: 'permit', ask: message.ask, permit }),
          () => sendToWorker(worker.process, { say: 'permit', ask: message.ask, permit: null }),
        );
        return;
      case 'loggedIn':
        return job.ports.loggedIn(message.use, message.result, message.hop);
      case 'askHostKey':
        void job.ports.acceptHostKey(message.key, message.hop).then(
          (answer) => sendToWorker(worker.process, { say: 'hostKey', ask: message.ask, answer }),
          () => sendToWorker(worker.process, { say: 'hostKey', ask: message.ask, answer: null }),
        );
        return;
      case 'askStart':
        void job.ports.start().then(
          (granted) => sendToWorker(worker.process, { say: 'start', ask: message.ask, granted }),
          () => sendToWorker(worker.process, { say: 'start', ask: message.ask, granted: false }),
        );
        return;
      case 'chunk':
        return job.ports.chunk(message.chunk);
      case 'ended':
        return job.end(
          message.abandoned
            ? handedBack('its session was cut', true)
            : { $case: 'attempt', value: message.attempt },
        );
      default:
        message satisfies never;
    }
  }

  #killSilent(): void {
    const now = monotonicMs();
    // After a pause of our own, what the workers said meanwhile still lies in their pipes.
    const paused = now - this.#lookedAt > WORKER_SILENCE_MS / 2;
    this.#lookedAt = now;
    if (paused) for (const worker of this.#workers) worker.heardAt = now;
    for (const worker of this.#workers) {
      if (now - worker.heardAt < WORKER_SILENCE_MS) continue;
      this.warn(`worker ${worker.process.pid} is silent and is killed`);
      worker.process.kill('SIGKILL');
    }
  }
}

export function handedBack(
  reason: string,
  touched: boolean,
  workerLost = false,
): { $case: 'handedBack'; value: HandedBack } {
  return { $case: 'handedBack', value: HandedBack.create({ reason, touched, workerLost }) };
}
