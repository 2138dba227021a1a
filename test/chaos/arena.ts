// A whole cluster that faults are thrown at: every life that each of its agents had, what is being broken just now,
// and how much may be broken at a time, so that the sweep can always go on.
import { setMaxListeners } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import {
  type AgentOptions,
  type AgentProgram,
  type Cluster,
  type ClusterOptions,
  startCluster,
} from '../cluster.ts';
import { monotonicMs } from '../fleet.ts';
import type { Nats } from '../nats.ts';
import { startNatsCluster } from '../natscluster.ts';
import { childrenOf, isAlive, startOf } from './procfs.ts';
import { Watch } from './watch.ts';

/** How long what was started again may take to be ready, in ms: whatever it waits for may be down meanwhile. */
export const READY_MS = 240_000;

export interface ArenaOptions extends ClusterOptions {
  agents: AgentOptions[];
  /** The shortest and the longest pause, in ms. */
  pauseMs: [number, number];
  lookMs: number;
  natsServers: 1 | 3;
}

/** A process was stopped, and went on. */
export interface Stop {
  pid: number;
  from: number;
  to: number;
}

export class Arena implements AsyncDisposable {
  readonly watch: Watch;
  readonly stops: Stop[] = [];
  /** Aborted when nothing more is to be disturbed: pauses end. */
  readonly calm = new AbortController();
  /** Every life of every agent. */
  readonly lives: { name: string; program: AgentProgram }[] = [];

  private constructor(
    readonly cluster: Cluster,
    readonly natsServers: Nats[],
    readonly options: ArenaOptions,
  ) {
    setMaxListeners(0, this.calm.signal);
    for (const { name } of options.agents) this.lives.push({ name, program: cluster.agent(name) });
    const others = () => {
      return [
        ...pidOf('coordinator', cluster.serve),
        ...natsServers.flatMap((nats) => pidOf('nats-server', nats)),
      ];
    };
    this.watch = new Watch(cluster.fleet.port, () => cluster.agents, others, options.lookMs);
  }

  static async open(options: ArenaOptions): Promise<Arena> {
    if (options.natsServers === 1) {
      const cluster = await startCluster(options);
      return new Arena(cluster, [cluster.nats], options);
    }
    // Who goes over a link must not be told of a way past it.
    const nats = await startNatsCluster({ advertised: options.proxied !== true });
    try {
      const natsAt = (turn: number) => liveOf(nats.all, turn);
      return new Arena(await startCluster({ ...options, servers: nats.url, natsAt }), nats.all, options);
    } catch (error) {
      await nats[Symbol.asyncDispose]();
      throw error;
    }
  }

  get agents(): AgentOptions[] {
    return this.options.agents;
  }

  /** Starts an agent in the place of one that has ended. */
  async restart(name: string): Promise<void> {
    const options = this.agents.find((agent) => agent.name === name);
    if (options === undefined) throw new Error(`no agent ${name}`);
    const program = this.cluster.startAgent(options);
    this.lives.push({ name, program });
    await program.ready(READY_MS);
  }

  /** The agent's workers. */
  workers(name: string): number[] {
    return childrenOf(this.cluster.agent(name).pid).filter(isAlive);
  }

  /** Resolves after so long, or when nothing more is to be disturbed. */
  async wait(ms: number): Promise<void> {
    await delay(ms, undefined, { signal: this.calm.signal }).catch(() => undefined);
  }

  /** Stops these processes, and lets those go on that are still there. */
  async pause(pids: number[], pauseMs: number): Promise<void> {
    const stopped = pids.map((pid) => ({ pid, start: startOf(pid), from: monotonicMs() }));
    for (const { pid } of stopped) signal(pid, 'SIGSTOP');
    await this.wait(pauseMs);
    for (const { pid, start, from } of stopped) {
      if (start !== null && startOf(pid) === start) signal(pid, 'SIGCONT');
      this.stops.push({ pid, from, to: monotonicMs() });
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.watch[Symbol.dispose]();
    await this.cluster[Symbol.asyncDispose]();
    for (const nats of this.natsServers) await nats[Symbol.asyncDispose]();
  }
}

/** A server that runs, as HOST:PORT; another one for each `turn`, as long as all do. */
function liveOf(servers: Nats[], turn: number): string {
  const live = servers.filter(({ running }) => running);
  const nats = live[turn % live.length] ?? servers[0];
  return `${nats?.address}:${nats?.port}`;
}

/** Sends it to a process that may have ended. */
export function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

function pidOf(kind: string, program: { pid: number }): [string, number][] {
  try {
    return [[kind, program.pid]];
  } catch {
    return []; // it is down
  }
}
