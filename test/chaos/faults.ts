// Every kind of fault that can be thrown at an arena: what there is to hit, what it takes with it, and how it is
// done and undone. Processes are hit by their number alone, found through who forked them.
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { FaultProxy } from '../faultproxy.ts';
import type { Nats } from '../nats.ts';
import { until } from '../process.ts';
import { type Arena, READY_MS, signal } from './arena.ts';
import { isAlive } from './procfs.ts';
import { between, type Planned } from './schedule.ts';

/** Whose work a fault may undo. */
export type Reach =
  /** `pid`: of an agent that ends in good order. */
  | { of: 'nobody'; pid?: number }
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
  /** Resolves when all is there again; false: nothing felt it. */
  strike(arena: Arena, planned: Planned<FaultKind>): Promise<unknown>;
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
  | 'pause worker'
  | 'cut link'
  | 'cut link one way'
  | 'fill disk';

const NOBODY: Reach = { of: 'nobody' };
const EVERYBODY: Reach = { of: 'everybody' };
/** The longest that an agent or nats-server stays away after it was killed, in ms. */
const AWAY_MOST_MS = 5_000;
/** The shortest and the longest that a link is cut, and that a disk is full, in ms. */
const CUT_MS = [1_000, 25_000] as const;
const FULL_MS = [4_000, 12_000] as const;
/** A worker with fewer devices may be one that a device has for itself: its death would convict that device. */
const CROWD = 4;

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
  'kill nats': ({ natsServers }) =>
    natsServers.map((nats, at) => ({
      label: `nats-server ${at + 1} of ${natsServers.length}`,
      holds: `nats-server ${at}`,
      reach: NOBODY,
      strike: (_arena, { length }) => restartNats([nats], length * AWAY_MOST_MS),
    })),
  'wipe jetstream': ({ natsServers }) => [
    {
      label: `all ${natsServers.length}`,
      holds: 'nats-server',
      reach: NOBODY,
      strike: (_arena, { length }) => restartNats(natsServers, length * AWAY_MOST_MS, 'wiped'),
    },
  ],
  'drain agent': eachAgent((name, pid) => ({
    reach: { of: 'nobody', pid },
    strike: async (arena) => {
      const agent = arena.cluster.agent(name);
      agent.kill('SIGTERM');
      await agent.ended();
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
  'cut link': eachLink(async (link, lasts, { draw }) => {
    // One that was closed or reset at both ends, or one that nobody was told of.
    const way = Math.floor(draw * 3_000) % 3;
    if (way === 0) link.cut();
    if (way === 1) link.reset();
    if (way === 2) link.stop();
    else link.refuse();
    await lasts;
  }),
  'cut link one way': eachLink(async (link, lasts, { draw }) => {
    if (Math.floor(draw * 2_000) % 2 === 0) link.up.stop();
    else link.down.stop();
    await lasts;
  }),
  'fill disk': ({ options: { disk } }) =>
    disk === undefined
      ? []
      : [
          {
            label: "the coordinator's disk",
            holds: 'disk',
            reach: EVERYBODY,
            strike: async (arena, { length }) => {
              disk.fill();
              await arena.wait(between(...FULL_MS, length));
              disk.empty();
            },
          },
        ],
};

async function restartNats(servers: Nats[], awayMs: number, store: 'kept' | 'wiped' = 'kept'): Promise<void> {
  await Promise.all(servers.map((nats) => nats.stop('SIGKILL')));
  if (store === 'wiped')
    for (const { folder } of servers) await rm(join(folder, 'store'), { recursive: true });
  await delay(awayMs);
  await Promise.all(servers.map((nats) => nats.start()));
}

/** How much of what went over a link was broken, refused or held back so far. */
function feltOn({ counts: { cut, reset, refused }, up, down }: FaultProxy): number {
  return cut + reset + refused + up.counts.held + down.counts.held;
}

/** A link that is cut and healed; `lasts` resolves when it is time to. */
function eachLink(
  cut: (link: FaultProxy, lasts: Promise<void>, planned: Planned<FaultKind>) => Promise<void>,
) {
  return ({ agents, cluster, options: { proxied } }: Arena): Target[] => {
    if (proxied !== true) return [];
    const target = (label: string, link: FaultProxy, reach: Reach, agent?: string): Target => ({
      label,
      holds: label,
      reach,
      ...(agent !== undefined && { agent }),
      strike: async (arena, planned) => {
        const before = feltOn(link);
        await cut(link, arena.wait(between(...CUT_MS, planned.length)), planned);
        link.heal();
        return feltOn(link) > before ? undefined : false;
      },
    });
    return [
      target('link of the coordinator to NATS', cluster.links.coordinatorNats, NOBODY),
      ...agents.flatMap(({ name }) => {
        const { coordinator, nats } = cluster.linksOf(name);
        const { pid } = cluster.agent(name);
        return [
          target(`link of agent ${name} to the coordinator`, coordinator, { of: 'agent', pid }, name),
          target(`link of agent ${name} to NATS`, nats, NOBODY),
        ];
      }),
    ];
  };
}

function pauseMs({ options }: Arena, { length }: Planned<FaultKind>): number {
  const [least, most] = options.pauseMs;
  return between(least, most, length);
}

function coordinator(strike: Target['strike']) {
  return (): Target[] => [{ label: 'coordinator', holds: 'coordinator', reach: EVERYBODY, strike }];
}

function eachAgent(fault: (name: string, pid: number) => Pick<Target, 'strike'> & Partial<Target>) {
  return ({ agents, cluster }: Arena): Target[] =>
    agents.map(({ name }) => {
      const { pid } = cluster.agent(name);
      const label = `agent ${name} (${pid})`;
      return { label, holds: `agent ${name}`, agent: name, reach: { of: 'agent', pid }, ...fault(name, pid) };
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
