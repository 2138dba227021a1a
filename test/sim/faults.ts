// Lets a schedule's faults happen, and says which of them had something to happen to.
import type { Process } from './machine.ts';
import { HONEST } from './nats.ts';
import type { Fault } from './schedule.ts';
import type { SimAgent, World } from './world.ts';

/** How long it takes until everybody has noticed that something went wrong, in ms. */
const AFTERMATH_MS = 40_000;

export class Faults {
  constructor(private readonly world: World) {}

  plan(): void {
    for (const fault of this.world.schedule.faults) this.#at(fault.at, () => this.#strike(fault));
  }

  #strike(fault: Fault): void {
    const { world } = this;
    const { now } = world.timeline;
    if (!this.#happens(fault)) return;
    world.trace(`FAULT ${fault.kind} ${JSON.stringify(fault)}`);
    world.fired.push(fault.kind);
    world.faults.push({ from: now, until: now + fault.ms + AFTERMATH_MS });
  }

  /** False: there was nothing that it could happen to. */
  #happens(fault: Fault): boolean {
    const { world } = this;
    switch (fault.kind) {
      case 'coordinator-killed':
        return this.#killCoordinator(fault.ms);
      case 'coordinator-stopped':
        return this.#stop(world.coordinator?.process ?? null, fault.ms);
      case 'agent-killed':
        return this.#killAgent(this.#agent(fault), fault.ms);
      case 'agent-stopped':
        return this.#stop(this.#agent(fault).process, fault.ms);
      case 'agent-drained':
        if (this.#agent(fault).process === null) return false;
        this.#agent(fault).drain();
        return true;
      case 'host-stopped': {
        const processes = [...this.#agent(fault).machine.processes];
        for (const process of processes) this.#stop(process, fault.ms);
        return processes.length > 0;
      }
      case 'host-suspended':
        if (this.#agent(fault).machine.isSuspended) return false;
        this.#agent(fault).machine.suspend(fault.ms);
        return true;
      case 'worker-killed':
      case 'worker-stopped':
        return this.#worker(fault);
      case 'link-cut':
        return this.#cut(this.#agent(fault).plan.name, 'coordinator', fault.direction, fault.ms);
      case 'link-reset':
        return world.network.reset(this.#agent(fault).plan.name, 'coordinator');
      case 'wall-stepped':
        this.#agent(fault).machine.stepWall(fault.byMs);
        return true;
      case 'nats-killed':
        return this.#killNats(fault.ms);
      case 'nats-wiped':
        world.nats.wipe();
        return this.#killNats(100);
      case 'nats-rolled-back': {
        const putBack = world.nats.copy();
        this.#later(fault.ms, () => {
          this.#killNats(100);
          putBack();
        });
        return true;
      }
      case 'nats-cut':
        return this.#cut(
          fault.agent === null ? 'coordinator' : this.#agent({ agent: fault.agent }).plan.name,
          'nats',
          'both',
          fault.ms,
        );
      case 'nats-mischief':
        world.nats.mischief = fault.mischief;
        this.#later(fault.ms, () => {
          world.nats.mischief = HONEST;
        });
        return true;
      case 'store-slow':
        world.commitMs = fault.commitMs;
        this.#later(fault.ms, () => {
          world.commitMs = 0;
        });
        return true;
      case 'store-rolled-back':
        return this.#rollBack(fault.ms);
      case 'cancelled':
        return this.#cancel(fault.sweep);
      default:
        return fault satisfies never;
    }
  }

  #killCoordinator(ms: number): boolean {
    const { world } = this;
    const serving = world.coordinator;
    if (serving === null) return false;
    serving.process.die();
    this.#later(ms, () => {
      if (world.coordinator === null) world.serve();
    });
    return true;
  }

  #killAgent(agent: SimAgent, ms: number): boolean {
    if (agent.process === null) return false;
    agent.process.die();
    this.#later(ms, () => agent.start());
    return true;
  }

  #stop(process: Process | null, ms: number): boolean {
    if (process?.alive !== true) return false;
    process.stop();
    this.#later(ms, () => process.go());
    return true;
  }

  #worker(fault: Fault & { kind: 'worker-killed' | 'worker-stopped' }): boolean {
    const agent = this.#agent(fault);
    const workers = [...agent.machine.processes].filter((process) => process !== agent.process);
    const worker = workers[fault.pick % Math.max(1, workers.length)];
    if (worker === undefined) return false;
    if (fault.kind === 'worker-stopped') return this.#stop(worker, fault.ms);
    worker.die();
    return true;
  }

  #cut(one: string, other: string, direction: 'up' | 'down' | 'both', ms: number): boolean {
    const { network } = this.world;
    const paths = [
      ...(direction === 'down' ? [] : [[one, other] as const]),
      ...(direction === 'up' ? [] : [[other, one] as const]),
    ];
    for (const path of paths) network.cut(...path);
    this.#later(ms, () => {
      for (const path of paths) network.heal(...path);
    });
    return true;
  }

  #killNats(ms: number): boolean {
    const { nats } = this.world;
    if (nats.process === null) return false;
    nats.kill();
    this.#later(ms, () => nats.restart());
    return true;
  }

  #rollBack(ms: number): boolean {
    const { world } = this;
    const copy = world.disk.copy();
    this.#later(ms, () => {
      world.coordinator?.process.die();
      world.disk = copy;
      world.witness.rolledBack(copy);
      world.trace('the store is an older copy');
      this.#later(500, () => {
        if (world.coordinator === null) world.serve();
      });
    });
    return true;
  }

  #cancel(number: number): boolean {
    const { world } = this;
    const id = world.sweeps[number]?.id ?? '';
    if (id === '') return false;
    world.ask<unknown>(
      (server, answer) => {
        const cancel = server.sweeps.cancel as unknown as (call: unknown, callback: typeof answer) => void;
        cancel({ request: { sweep: id, reason: '' } }, (error, reply) => {
          if (error === null && !world.witness.cancelledAt.has(id))
            world.witness.cancelledAt.set(id, world.timeline.now);
          answer(error, reply);
        });
      },
      () => world.trace(`sweep ${id} is cancelled`),
    );
    return true;
  }

  #agent({ agent }: { agent: number }): SimAgent {
    const { agents } = this.world;
    return agents[agent % agents.length] as SimAgent; // within them
  }

  #later(ms: number, call: () => void): void {
    this.#at(this.world.timeline.now + ms, call);
  }

  #at(at: number, call: () => void): void {
    this.world.timeline.at(at, call);
  }
}
