// The agent's workers: forked when first needed, kept warm, replaced when they die or have grown old. Every job
// handed in ends in exactly one way: the worker's attempt, or handed back because the worker has gone, the order was
// withdrawn, or the machine had too little of something.
import { HandedBack, type Result } from '../proto/gen/netsweep/v1/agent.js';
import { Isolation } from '../proto/gen/netsweep/v1/model.js';
import type { Chunk, HostKey, LoginResult, SecretUse } from '../proto/gen/netsweep/v1/session.js';
import type { About } from '../proto/operation/log.js';
import { monotonicMs } from './clock.js';
import { ALIVE_EVERY_MS, type FromWorker, type KeyAnswer, type LeaseClock, type Leave } from './ipc.js';
import { Counted } from './operation/counted.js';
import type { SessionTask } from './session/seam.js';
import { Tries } from './tries.js';
import { LOOK_EVERY_MS, WorkerProcess } from './workerprocess.js';
import { sessionsMost, usualSettings, type WorkerSettings } from './workersettings.js';

export type JobEnd = NonNullable<Result['end']>;

/** Most jobs that a worker gets for the sake of a bastion that it is connected to. */
const TOGETHER_MOST = 500;
/** Pauses before another try to start a worker process where there is none, in ms. */
const FORK_PAUSES_MS = [250, 500, 1_000];
/** How long a session that was called off may take to end, in ms. */
const LET_GO_MS = 15_000;
/** What one session may ask for: a secret on each hop, and again inside. */
const ASKS_MOST = 100;
/** An output compressed may be a little larger than it was; a transcript is one more. */
const PIECES_SPARE_BYTES = 1 << 20;
/** A platform that is found out may bring commands of its own. */
const COMMANDS_LEAST = 8;
/** How often a device is handed back for want of a route. */
const ROUTELESS_MOST = 3;

/** What a job needs while it runs. `hop`: the nth bastion on the way; 0: the device. */
export interface JobPorts {
  permit(use: SecretUse, hop: number): Promise<Leave>;
  /** The login that had leave last has left so many ms after its moment. */
  late(ms: number): void;
  loggedIn(use: SecretUse, result: LoginResult, hop: number): void;
  acceptHostKey(key: HostKey, hop: number): Promise<KeyAnswer>;
  start(): Promise<boolean>;
  chunk(chunk: Chunk): void;
  /** The machine had nothing left for it: descriptors, ports, processes. It is handed back. */
  lacked(reason: string): void;
}

interface Job {
  number: number;
  lease: string;
  clock: LeaseClock;
  task: SessionTask;
  ports: JobPorts;
  /** The first bastion on its way; empty: none. */
  bastion: string;
  /** Null while there is none. */
  worker: Worker | null;
  forksFailed: number;
  /** When its end was ordered; Infinity: it was not. */
  cutAt: number;
  asks: number;
  /** Bytes. */
  pieces: number;
  end: (end: JobEnd) => void;
}

interface Worker {
  process: WorkerProcess;
  jobs: Set<Job>;
  /** Devices that it was given so far. */
  begun: number;
  /** Bastions that it may still be connected to. */
  bastions: Set<string>;
  /** For one device only; ends after it. */
  alone: boolean;
}

export class Pool {
  readonly #workers = new Set<Worker>();
  readonly #jobs = new Map<number, Job>();
  readonly #watch: NodeJS.Timeout;
  readonly #sessionsMost = sessionsMost();
  readonly #routeless = new Tries(ROUTELESS_MOST);
  #lastJob = 0;
  #holding = false;

  private constructor(
    private size: number,
    private readonly warn: (what: string, about?: About) => void,
    private readonly settings: WorkerSettings,
    private readonly counted: Counted,
  ) {
    this.#watch = setInterval(() => this.#look(), LOOK_EVERY_MS);
  }

  static async open(
    size: number,
    warn: (what: string, about?: About) => void,
    settings: Partial<WorkerSettings> = {},
    counted = new Counted(),
  ): Promise<Pool> {
    return new Pool(size, warn, { ...usualSettings(size), ...settings }, counted);
  }

  get running(): number {
    return this.#jobs.size;
  }

  /** Of its workers, for whoever looks from outside. */
  get pids(): number[] {
    return [...this.#workers].map(({ process }) => process.pid);
  }

  /** For whoever watches over it. */
  get load(): { sessions: number; workers: number; starting: number; memoryBytes: number } {
    const processes = [...this.#workers].map(({ process }) => process);
    const memoryBytes = processes.reduce((sum, { memory }) => sum + memory, 0);
    const starting = processes.filter(({ up }) => !up).length;
    return { sessions: this.#jobs.size, workers: processes.length, starting, memoryBytes };
  }

  /** Starts the first worker before there is a job for it. */
  warm(): void {
    if (this.#workers.size === 0) this.#fork(false);
  }

  /** Has so many workers at most from now on; false: they would have another share of the memory than those there are. */
  resize(size: number): boolean {
    const fits = usualSettings(size).fullMb === this.settings.fullMb;
    if (fits) this.size = size;
    return fits;
  }

  /** Runs one session in a worker. Never rejects. */
  run(lease: string, clock: LeaseClock, task: SessionTask, ports: JobPorts): Promise<JobEnd> {
    const [nearest] = task.jump;
    return new Promise((resolve) => {
      const job: Job = {
        number: ++this.#lastJob,
        lease,
        clock,
        task,
        ports,
        bastion: nearest === undefined ? '' : `${nearest.host}:${nearest.port}`,
        worker: null,
        forksFailed: 0,
        cutAt: Number.POSITIVE_INFINITY,
        asks: 0,
        pieces: 0,
        end: (how) => {
          if (!this.#jobs.delete(job.number)) return;
          this.#count(how);
          if (job.worker !== null) this.#freed(job.worker, job);
          resolve(how);
        },
      };
      this.#jobs.set(job.number, job);
      this.#place(job);
    });
  }

  /** A lease was renewed: its sessions live longer. */
  renewed(lease: string, clock: LeaseClock): void {
    const workers = new Set<Worker>();
    for (const job of this.#jobs.values()) {
      if (job.lease !== lease) continue;
      job.clock = clock;
      if (job.worker !== null) workers.add(job.worker);
    }
    for (const { process } of workers) process.send({ say: 'renewed', lease, clock });
  }

  /** From now on, or no longer, devices are not read: there is no room for what they say. */
  hold(hold: boolean): void {
    this.#holding = hold;
    for (const { process } of this.#workers) process.send({ say: 'hold', hold });
  }

  /** Cuts every session of a lease; each is handed back. */
  abandon(lease: string): void {
    for (const job of [...this.#jobs.values()]) {
      if (job.lease !== lease) continue;
      job.cutAt = Math.min(job.cutAt, monotonicMs());
      if (job.worker === null) job.end(calledOff());
      else job.worker.process.send({ say: 'abandon', jobs: [job.number] });
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#watch);
    for (const job of [...this.#jobs.values()])
      if (job.worker === null) job.end(handedBack('the agent ends', { touched: false }));
    await Promise.all([...this.#workers].map(({ process }) => process[Symbol.asyncDispose]()));
  }

  #count(end: JobEnd): void {
    if (end.$case === 'attempt') this.counted.attempt(end.value);
    else
      this.counted.handBacks.add(end.value.workerLost ? 'worker-lost' : end.value.local ? 'local' : 'let-go');
  }

  #look(): void {
    const now = monotonicMs();
    for (const { worker, cutAt } of this.#jobs.values())
      if (now - cutAt > LET_GO_MS) worker?.process.kill('did not let go of a session and was killed');
    for (const { process } of this.#workers) process.look();
  }

  /** Gives the job to a worker, now or after a pause. */
  #place(job: Job): void {
    if (!this.#jobs.has(job.number)) return;
    const worker = this.#workerFor(job);
    if (worker === null) return this.#placeLater(job);
    job.worker = worker;
    worker.jobs.add(job);
    worker.begun += 1;
    if (worker.begun >= this.settings.devices) worker.process.leaving = true;
    if (job.bastion !== '') worker.bastions.add(job.bastion);
    const { number, lease, clock, task } = job;
    // One that dies meanwhile is heard of by its end; what it holds is handed back then.
    worker.process.send({ say: 'run', job: number, lease, clock, task });
  }

  #placeLater(job: Job): void {
    job.worker = null;
    if (job.cutAt < Number.POSITIVE_INFINITY) return job.end(calledOff());
    const pauseMs = FORK_PAUSES_MS[job.forksFailed++];
    if (pauseMs !== undefined) {
      setTimeout(() => this.#place(job), pauseMs);
      return;
    }
    const reason = 'no worker process could be started';
    job.ports.lacked(reason);
    job.end(handedBack(reason, { touched: false, local: true }));
  }

  /**
   * The worker that goes through the same bastion, so that an agent has one connection to it; else the least busy
   * one. A new one while there are fewer than wanted and those there are have enough to carry; null when there is
   * none and none can be started.
   */
  #workerFor({ task, bastion }: Job): Worker | null {
    if (task.options.isolation === Isolation.DEVICE) return this.#fork(true);
    const pooled = [...this.#workers].filter(
      ({ alone, process, jobs }) => !alone && process.takes && jobs.size < this.#sessionsMost,
    );
    const isGoing = ({ jobs }: Worker) =>
      jobs.size < TOGETHER_MOST && [...jobs].some((job) => job.bastion === bastion);
    const going = bastion === '' ? undefined : pooled.find(isGoing);
    if (going !== undefined) return going;
    const went = ({ bastions }: Worker) => Number(bastions.has(bastion));
    const [least] = pooled.sort((one, other) => one.jobs.size - other.jobs.size || went(other) - went(one));
    if (least === undefined) return this.#fork(false);
    return (this.#wantsMore(pooled, least) && this.#fork(false)) || least;
  }

  /** Each costs half a second of work to start, so one comes at need; then as many again as there are. */
  #wantsMore(pooled: Worker[], least: Worker): boolean {
    if (pooled.length >= this.size) return false;
    if (least.jobs.size >= this.settings.sessions) return true;
    const young = pooled.filter(({ process }) => process.young).length;
    return pooled.every(({ process }) => process.young || process.laden) && young < pooled.length - young;
  }

  #fork(alone: boolean): Worker | null {
    try {
      const worker: Worker = {
        process: new WorkerProcess(this.settings, {
          said: (message) => this.#heard(worker, message),
          gone: (how) => this.#gone(worker, how),
        }),
        jobs: new Set(),
        begun: 0,
        bastions: new Set(),
        alone,
      };
      this.#workers.add(worker);
      this.counted.workersStarted.add('');
      if (this.#holding) worker.process.send({ say: 'hold', hold: true });
      return worker;
    } catch (error) {
      this.warn(error instanceof Error ? error.message : String(error));
      return null;
    }
  }

  /** A worker without its jobs, which may be all that it was kept for. */
  #freed(worker: Worker, job: Job): void {
    worker.jobs.delete(job);
    if (worker.jobs.size === 0 && (worker.alone || worker.process.leaving)) worker.process.end();
  }

  #gone(worker: Worker, how: string): void {
    this.#workers.delete(worker);
    const lost = [...worker.jobs];
    this.counted.workerEnded(how, worker.process.leaving && lost.length === 0);
    if (lost.length > 0)
      this.warn(`worker ${worker.process.pid} ${how}; it held ${lost.length} sessions`, {
        worker: worker.process.pid,
      });
    const loss = { touched: true, workerLost: true, alone: lost.length === 1 };
    for (const job of lost) {
      if (worker.process.up) job.end(handedBack(`its worker ${how}`, loss));
      // What ended before it had come up had nothing to do with a device.
      else this.#placeLater(job);
    }
  }

  #heard(worker: Worker, message: FromWorker): void {
    if (message.say === 'alive') {
      if (worker.jobs.size === 0 && worker.process.leaving) worker.process.end();
      this.counted.workersCpu.add('', (message.busy / 100) * (ALIVE_EVERY_MS / 1_000));
      return;
    }
    const { process } = worker;
    const job = this.#jobs.get(message.job);
    if (job?.worker !== worker) return this.#heardOfNone(worker, message);
    switch (message.say) {
      case 'askPermit':
        if (++job.asks > ASKS_MOST) return process.kill('asked without end and was killed');
        void job.ports.permit(message.use, message.hop).then(
          (leave) => process.send({ say: 'permit', ask: message.ask, ...leave }),
          () => process.send({ say: 'permit', ask: message.ask, permit: null, at: 0 }),
        );
        return;
      case 'late':
        return job.ports.late(message.ms);
      case 'loggedIn':
        return job.ports.loggedIn(message.use, message.result, message.hop);
      case 'askHostKey':
        if (++job.asks > ASKS_MOST) return process.kill('asked without end and was killed');
        void job.ports.acceptHostKey(message.key, message.hop).then(
          (answer) => process.send({ say: 'hostKey', ask: message.ask, answer }),
          () => process.send({ say: 'hostKey', ask: message.ask, answer: null }),
        );
        return;
      case 'askStart':
        if (++job.asks > ASKS_MOST) return process.kill('asked without end and was killed');
        void job.ports.start().then(
          (granted) => process.send({ say: 'start', ask: message.ask, granted }),
          () => process.send({ say: 'start', ask: message.ask, granted: false }),
        );
        return;
      case 'chunk':
        job.pieces += message.chunk.data.length;
        if (job.pieces > piecesMost(job.task)) return process.kill('sent too much and was killed');
        return job.ports.chunk(message.chunk);
      case 'ended':
        this.counted.session(message.figures);
        return job.end(this.#endOf(job, message));
      default:
        message satisfies never;
    }
  }

  #endOf(job: Job, { attempt, how }: Extract<FromWorker, { say: 'ended' }>): JobEnd {
    const touched = !attempt.leftClean;
    const reason = attempt.failure?.message ?? '';
    switch (how) {
      case 'done':
        return { $case: 'attempt', value: attempt };
      case 'cut':
        return handedBack('its session was cut', { touched });
      case 'unread':
        return handedBack('its agent had no room for what it says', { touched });
      case 'lacking':
        job.ports.lacked(reason);
        return handedBack(reason, { touched, local: true });
      case 'routeless':
        // The network may be back in a moment; without a route after that, the device can't be reached from here.
        if (this.#routeless.again(`${job.task.sweep} ${job.task.device.index}`))
          return handedBack(reason, { touched, local: true });
        return { $case: 'attempt', value: attempt };
      default:
        return how satisfies never;
    }
  }

  /** A session that is over may still have lent its leave to a bastion's login; nothing else speaks for it. */
  #heardOfNone({ process }: Worker, message: Exclude<FromWorker, { say: 'alive' }>): void {
    if (message.say === 'askPermit') process.send({ say: 'permit', ask: message.ask, permit: null, at: 0 });
    else if (message.say === 'askHostKey') process.send({ say: 'hostKey', ask: message.ask, answer: null });
    else if (message.say === 'askStart') process.send({ say: 'start', ask: message.ask, granted: false });
    else if (message.say !== 'loggedIn')
      process.kill('broke the rules (a result of a session that it does not hold) and was killed');
  }
}

export function handedBack(
  reason: string,
  how: Partial<Omit<HandedBack, 'reason'>>,
): { $case: 'handedBack'; value: HandedBack } {
  return { $case: 'handedBack', value: HandedBack.create({ reason, ...how }) };
}

function calledOff(): JobEnd {
  return handedBack('its session was called off', { touched: false });
}

function piecesMost({ device, options }: SessionTask): number {
  const found = device.foundCommands.map(({ commands }) => commands.length);
  return (
    (Math.max(COMMANDS_LEAST, device.commands.length, ...found) + 1) *
    (options.outputLimit + PIECES_SPARE_BYTES)
  );
}
