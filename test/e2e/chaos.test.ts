// Everything that may die does so at random moments of one sweep. Whatever dies when, the three witnesses agree,
// nothing meets itself on a device, and only what was in flight at a fault is done again.
import { randomInt } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { dice, fraction } from '../../agent/fleet/dice.ts';
import { type Cluster, readResults, startCluster, troubles } from '../cluster.ts';
import { checkWitnesses, type Fault, fault, inFlight } from '../witness.ts';

const SEED = Number(process.env.SEED ?? randomInt(1_000_000));
const ROUNDS = Number(process.env.ROUNDS ?? 1);
const FAULTS = 4;
const COMMAND = 'show version';

const AGENTS = [
  { name: 'one', segments: ['segment-1'] },
  { name: 'two', segments: ['segment-1', 'segment-2'] },
  { name: 'three', segments: ['segment-2'] },
];

/** What dies; `cuts`: sessions or results may be lost with it. Resolves when it is there again. */
const DEATHS: { what: string; cuts: boolean; die(cluster: Cluster, draw: number): Promise<void> }[] = [
  {
    what: 'coordinator',
    cuts: true,
    async die({ serve }) {
      await serve.stop('SIGKILL');
      await serve.start();
    },
  },
  {
    what: 'nats-server',
    cuts: false,
    async die({ nats }) {
      await nats.stop('SIGKILL');
      await nats.start();
    },
  },
  {
    what: 'nats-server and its store',
    cuts: false,
    async die({ nats }) {
      await nats.stop('SIGKILL');
      await rm(join(nats.folder, 'store'), { recursive: true });
      await nats.start();
    },
  },
  { what: 'agent', cuts: true, die: (cluster, draw) => replaceAgent(cluster, draw, 'SIGKILL') },
  { what: 'agent that drains', cuts: false, die: (cluster, draw) => replaceAgent(cluster, draw, 'SIGTERM') },
];

async function replaceAgent(cluster: Cluster, draw: number, signal: NodeJS.Signals): Promise<void> {
  const agent = AGENTS[draw % AGENTS.length] ?? { name: '', segments: [] };
  const old = cluster.agent(agent.name);
  old.kill(signal);
  await old.ended(30_000);
  cluster.startAgent(agent);
}

test.each(Array.from({ length: ROUNDS }, (_, round) => SEED + round))(
  'a sweep comes through faults at random moments (SEED=%i npx vitest run test/e2e/chaos.test.ts)',
  { timeout: 150_000 },
  async (seed) => {
    await using cluster = await startCluster({ devices: 60, segments: 2, commandMs: 600, agents: AGENTS });
    const { fleet } = cluster;
    await using run = cluster.start(['--forks', '10', COMMAND]);
    const faults: string[] = [];
    const cuts: Fault[] = [];
    for (let n = 0; n < FAULTS && !run.ended; n++) {
      await delay(300 + fraction(seed, n, 'pause') * 1_500);
      const death = DEATHS[dice(seed, n, 'what') % DEATHS.length];
      if (death === undefined) continue;
      faults.push(death.what);
      const made = await fault(run, () => death.die(cluster, dice(seed, n, 'which')));
      if (death.cuts) cuts.push(made);
    }
    const { stdout, stderr } = await run.finished;
    const results = readResults(stdout);
    expect(troubles(results), `${faults.join(', ')}\n${stderr}`).toEqual([]);
    // A device may have been in flight at more than one of them.
    const again = (device: string) => cuts.filter((cut) => inFlight(fleet, cut).has(device)).length;
    const times = (device: string) => fleet.sessions().filter((session) => session.device === device).length;
    expect(
      fleet.names.filter((device) => times(device) > 1 + again(device)),
      faults.join(', '),
    ).toEqual([]);
    await checkWitnesses({ cluster, results, command: COMMAND, again });
    for (const { device, outputs } of results)
      expect(outputs[0]?.output).toBe(fleet.expected(device, COMMAND));
  },
);
