// Every kind of fault that can be thrown at an arena: what there is to hit, what it takes with it, and how it is
// done and undone. Processes are hit by their number alone, found through who forked them.
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { until } from '../process.ts';
import { type Arena, READY_MS, signal } from './arena.ts';
import { isAlive } from './procfs.ts';
import { between, type Planned } from './schedule.ts';

/** Whose work a fault may undo. */
export type Reach =
  | { of: 'nobody' }
  | { of: 'everybody' }
  | { of: 'agent'; pid: number }
  | { of: 'worker'; pid: number };

export interface Target {
  /** For people. */
  label: string;
  /** No second fault hits it meanwhile. */
  holds: string;
  /** The agent that is away meanwhile. */
  agent?: string;
  reach: Reach;
  /** Resolves when all is there again. */
  strike(arena: Arena, planned: Planned<FaultKind>): Promise<void>;
}

export type FaultKind =
  | 'kill coordinator'
  | 'kill agent'
  | 'kill worker'
  | 'kill nats'
  | 'wipe jetstream'
  | 'drain agent'
  | 'pause coordinator'
  | 'pause agent'
  | 'pause agent with workers'
  | 'pause worker';

const NOBODY: Reach = { of: 'nobody' };
const EVERYBODY: Reach = { of: 'everybody' };
/** The longest that an agent or nats-server stays away after it was killed, in ms. */
const AWAY_MOST_MS = 5_000;
const DRAINED_MS = 60_000;
/** A worker with so few devices may be one that a device has for itself: its death would convict that device. */
const CROWD = 2;

export const FAULTS: Record<FaultKind, (arena: Arena) => Target[]> = {
  'kill coordinator': coordinator(async ({ cluster: { serve } }) => {
    await serve.stop('SIGKILL');
    await serve.start({}, READY_MS);
  }),
  'kill agent': eachAgent((name) => ({
    strike: async (arena, { length }) => {
      const agent = arena.cluster.agent(name);
      await agent.stop('SIGKILL');
      await delay(length * AWAY_MOST_MS);
      await arena.restart(name);
    },
  })),
  'kill worker': eachWorker((pid) => ({
    strike: async () => {
      signal(pid, 'SIGKILL');
      await until(`worker ${pid} is dead`, () => !isAlive(pid));
    },
  })),
  'kill nats': natsServer(async ({ cluster: { nats } }, { length }) => {
    await nats.stop('SIGKILL');
    await delay(length * AWAY_MOST_MS);
    await nats.start();
  }),
  'wipe jetstream': natsServer(async ({ cluster: { nats } }, { length }) => {
    await nats.stop('SIGKILL');
    await rm(join(nats.folder, 'store'), { recursive: true });
    await delay(length * AWAY_MOST_MS);
    await nats.start();
  }),
  'drain agent': eachAgent((name) => ({
    reach: NOBODY,
    strike: async (arena) => {
      const agent = arena.cluster.agent(name);
      agent.kill('SIGTERM');
      await agent.ended(DRAINED_MS);
      await arena.restart(name);
    },
  })),
  'pause coordinator': coordinator((arena, planned) =>
    arena.pause([arena.cluster.serve.pid], pauseMs(arena, planned)),
  ),
  'pause agent': eachAgent((name) => ({
    strike: (arena, planned) => arena.pause([arena.cluster.agent(name).pid], pauseMs(arena, planned)),
  })),
  'pause agent with workers': eachAgent((name) => ({
    strike: (arena, planned) =>
      arena.pause([arena.cluster.agent(name).pid, ...arena.workers(name)], pauseMs(arena, planned)),
  })),
  'pause worker': eachWorker((pid) => ({
    strike: (arena, planned) => arena.pause([pid], pauseMs(arena, planned)),
  })),
};

function pauseMs({ options }: Arena, { length }: Planned<FaultKind>): number {
  const [least, most] = options.pauseMs;
  return between(least, most, length);
}

function coordinator(strike: Target['strike']) {
  return (): Target[] => [{ label: 'coordinator', holds: 'coordinator', reach: EVERYBODY, strike }];
}

function natsServer(strike: Target['strike']) {
  return (): Target[] => [{ label: 'nats-server', holds: 'nats-server', reach: NOBODY, strike }];
}

function eachAgent(fault: (name: string) => Pick<Target, 'strike'> & Partial<Target>) {
  return ({ agents, cluster }: Arena): Target[] =>
    agents.map(({ name }) => {
      const { pid } = cluster.agent(name);
      const label = `agent ${name} (${pid})`;
      return { label, holds: `agent ${name}`, agent: name, reach: { of: 'agent', pid }, ...fault(name) };
    });
}

function eachWorker(fault: (pid: number) => Pick<Target, 'strike'>) {
  return (arena: Arena): Target[] =>
    arena.agents.flatMap(({ name }) =>
      arena
        .workers(name)
        .filter((pid) => (arena.watch.held.get(pid) ?? 0) >= CROWD)
        .map((pid) => ({
          label: `worker ${pid} of agent ${name}`,
          holds: `worker ${pid}`,
          reach: { of: 'worker' as const, pid },
          ...fault(pid),
        })),
    );
}
