// An agent's workers, simulated: processes of its machine that hold sessions, with messages both ways that take their
// time. They watch their leases as agent/worker.ts does, and die with their agent.
import { jumped } from '../../agent/clock.ts';
import type { LeaseClock } from '../../agent/ipc.ts';
import { Lent } from '../../agent/lent.ts';
import { handedBack, type JobEnd, type JobPorts } from '../../agent/pool.ts';
import type { SessionPorts, SessionTask } from '../../agent/session/seam.ts';
import { Kind } from '../../proto/gen/netsweep/v1/model.ts';
import { Permit } from '../../proto/gen/netsweep/v1/session.ts';
import { WORKER_SILENCE_MS } from '../../proto/subjects.ts';
import type { Dice } from './dice.ts';
import type { Fleet } from './fleet.ts';
import type { Process } from './machine.ts';
import { type SessionPlace, simulateSession } from './session.ts';

/** How often a worker looks at its leases and says that it is alive, in ms. */
const LOOK_MS = 250;
const FORK_MS = [80, 250] as const;

interface Job {
  lease: string;
  ports: JobPorts;
  abandon: AbortController;
  /** The lease did not allow what the session wanted. */
  hindered: boolean;
  end: (end: JobEnd) => void;
}

export interface PoolPlace {
  agent: Process;
  name: string;
  size: number;
  fork(name: string): Process;
  fleet: Fleet;
  dice: Dice;
  did: SessionPlace['did'];
}

export class SimPool {
  readonly #workers: Worker[] = [];

  constructor(private readonly place: PoolPlace) {
    this.#watch();
  }

  /** Nobody watches over it. */
  readonly load = { sessions: 0, workers: 0, starting: 0, memoryBytes: 0 };

  run(lease: string, clock: LeaseClock, task: SessionTask, ports: JobPorts): Promise<JobEnd> {
    const worker = this.#worker();
    return new Promise((resolve) =>
      worker.run(
        { lease, ports, abandon: new AbortController(), hindered: false, end: resolve },
        clock,
        task,
      ),
    );
  }

  renewed(lease: string, clock: LeaseClock): void {
    for (const worker of this.#workers) worker.renewed(lease, clock);
  }

  abandon(lease: string): void {
    for (const worker of this.#workers) worker.abandon(lease);
  }

  /** Results are small here: nobody is ever told to stop reading. */
  hold(): void {}

  async [Symbol.asyncDispose](): Promise<void> {
    for (const worker of [...this.#workers]) worker.process.die();
  }

  #worker(): Worker {
    const [least] = [...this.#workers].sort((one, other) => one.jobs.size - other.jobs.size);
    if (least !== undefined && (least.jobs.size === 0 || this.#workers.length >= this.place.size))
      return least;
    const process = this.place.fork(`${this.place.name}-worker`);
    const worker = new Worker(process, this.place);
    this.#workers.push(worker);
    this.place.agent.onDeath.push(() => process.die());
    process.onDeath.push(() => {
      // Its last words come before its end is seen.
      worker.toAgent(() => {
        this.#workers.splice(this.#workers.indexOf(worker), 1);
        for (const job of [...worker.jobs])
          job.end(handedBack('its worker died', { touched: true, workerLost: true }));
      });
    });
    return worker;
  }

  #watch(): void {
    const { host } = this.place.agent;
    let lookedAt = host.monotonicMs();
    const look = () => {
      const now = host.monotonicMs();
      const paused = now - lookedAt > WORKER_SILENCE_MS / 2;
      lookedAt = now;
      for (const worker of this.#workers) {
        if (paused) worker.heardAt = now;
        else if (now - worker.heardAt >= WORKER_SILENCE_MS) worker.process.die();
      }
      host.after(WORKER_SILENCE_MS / 5, look);
    };
    host.after(WORKER_SILENCE_MS / 5, look);
  }
}

class Worker {
  /** As the agent knows them. */
  readonly jobs = new Set<Job>();
  heardAt: number;
  /** As the worker knows them. */
  readonly #running = new Set<Job>();
  readonly #clocks = new Map<string, LeaseClock>();
  #upAt = 0;
  #downAt: number;

  constructor(
    readonly process: Process,
    private readonly place: PoolPlace,
  ) {
    const { agent, dice } = place;
    this.heardAt = agent.host.monotonicMs();
    this.#downAt = agent.machine.timeline.now + dice.between(...FORK_MS);
    this.#toWorker(() => this.#look());
  }

  run(job: Job, clock: LeaseClock, task: SessionTask): void {
    this.jobs.add(job);
    const end = job.end;
    job.end = (how) => {
      if (this.jobs.delete(job)) end(how);
    };
    if (!this.process.alive) return job.end(handedBack('its worker has gone', { touched: false }));
    this.#toWorker(() => {
      this.#clocks.set(job.lease, clock);
      void this.#session(job, task);
    });
  }

  renewed(lease: string, clock: LeaseClock): void {
    if (![...this.jobs].some((job) => job.lease === lease)) return;
    this.#toWorker(() => {
      if (this.#clocks.has(lease)) this.#clocks.set(lease, clock);
    });
  }

  abandon(lease: string): void {
    for (const job of this.jobs) if (job.lease === lease) this.#toWorker(() => job.abandon.abort());
  }

  /** `call` happens in the agent, in order. */
  toAgent(call: () => void): void {
    const { timeline } = this.place.agent.machine;
    this.#upAt = Math.max(this.#upAt, timeline.now + this.place.dice.between(0.1, 1));
    timeline.at(this.#upAt, () => this.place.agent.hear(call));
  }

  #toWorker(call: () => void): void {
    const { timeline } = this.place.agent.machine;
    this.#downAt = Math.max(this.#downAt, timeline.now + this.place.dice.between(0.1, 1));
    timeline.at(this.#downAt, () => this.process.hear(call));
  }

  async #session(job: Job, task: SessionTask): Promise<void> {
    this.#running.add(job);
    const { fleet, name: agent, did } = this.place;
    const place = { process: this.process, fleet, agent, epoch: job.lease, did };
    const attempt = await simulateSession(task, this.#ports(job), job.abandon.signal, place);
    this.#running.delete(job);
    if (![...this.#running].some(({ lease }) => lease === job.lease)) this.#clocks.delete(job.lease);
    const { kind } = attempt.failure ?? {};
    const cut = kind === Kind.DISCONNECTED && (job.abandon.signal.aborted || job.hindered);
    const end: JobEnd = cut
      ? handedBack('its session was cut', { touched: !attempt.leftClean })
      : { $case: 'attempt', value: attempt };
    this.toAgent(() => job.end(end));
  }

  #ports(job: Job): SessionPorts {
    const over = () => {
      job.hindered = true;
      return new Error('the lease is over');
    };
    const may = (until: 'startUntil' | 'stopAt') => {
      const before = this.#isBefore(until, job.lease);
      if (!before) over();
      return before;
    };
    const hindered = () => {
      throw over();
    };
    const lent = new Lent();
    return {
      permit: async (use, hop = 0) => {
        if (lent.use(use, hop)) return Permit.SEND;
        const { permit, at } = await this.#ask(() => job.ports.permit(use, hop)).catch(hindered);
        const ms = at === 0 ? 0 : at - this.process.host.monotonicMs();
        if (ms > 0) await new Promise<void>((resolve) => this.process.host.after(ms, resolve));
        return permit;
      },
      loggedIn: (use, result, hop = 0) => this.toAgent(() => job.ports.loggedIn(use, result, hop)),
      acceptHostKey: async (key, hop = 0) => {
        const answer = await this.#ask(() => job.ports.acceptHostKey(key, hop)).catch(hindered);
        lent.came(answer);
        return answer;
      },
      start: async () => {
        const granted = await this.#ask(() => job.ports.start()).catch(() => false);
        if (!granted) over();
        return granted;
      },
      mayStart: () => may('startUntil'),
      mayWrite: () => may('stopAt'),
      troubled: () => undefined,
      heldTooLong: () => undefined,
    };
  }

  #ask<T>(question: () => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      this.toAgent(() => {
        question().then(
          (answer) => this.#toWorker(() => resolve(answer)),
          (error: Error) => this.#toWorker(() => reject(error)),
        );
      });
    });
  }

  #isBefore(end: 'startUntil' | 'stopAt', lease: string): boolean {
    const { host } = this.process;
    const clock = this.#clocks.get(lease);
    const now = host.monotonicMs();
    return clock !== undefined && now < clock[end] && !jumped(clock.ahead, host.wallMs() - now);
  }

  #look(): void {
    this.toAgent(() => {
      this.heardAt = this.place.agent.host.monotonicMs();
    });
    for (const job of this.#running) if (!this.#isBefore('stopAt', job.lease)) job.abandon.abort();
    this.process.host.after(LOOK_MS, () => this.#look());
  }
}
