// Everything that may die does so at random moments of one sweep. Whatever dies when, the three witnesses agree,
// nothing meets itself on a device, and only what was in flight at a fault is done again.
import { randomInt } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { dice, fraction } from '../../agent/fleet/dice.ts';
import { type Cluster, readResults, startCluster, troubles } from '../cluster.ts';
import { monotonicMs } from '../fleet.ts';
import { checkWitnesses } from '../witness.ts';

const SEED = Number(process.env.SEED ?? randomInt(1_000_000));
const ROUNDS = Number(process.env.ROUNDS ?? 1);
const FAULTS = 4;
const COMMAND = 'show version';

/** A fault from its kill until what was killed is there again, on the fleet's clock. */
interface Fault {
  what: string;
  from: number;
  to: number;
}

const AGENTS = [
  { name: 'one', segments: ['segment-1'] },
  { name: 'two', segments: ['segment-1', 'segment-2'] },
  { name: 'three', segments: ['segment-2'] },
];

const DEATHS: ((cluster: Cluster, draw: number) => Promise<string>)[] = [
  async ({ serve }) => {
    await serve.stop('SIGKILL');
    await serve.start();
    return 'coordinator';
  },
  async ({ nats }) => {
    await nats.stop('SIGKILL');
    await nats.start();
    return 'nats';
  },
  async ({ nats }) => {
    await nats.stop('SIGKILL');
    await rm(join(nats.folder, 'store'), { recursive: true });
    await nats.start();
    return 'nats and its store';
  },
  async (cluster, draw) => restartAgent(cluster, draw, 'SIGKILL'),
  async (cluster, draw) => restartAgent(cluster, draw, 'SIGTERM'),
];

async function restartAgent(cluster: Cluster, draw: number, signal: NodeJS.Signals): Promise<string> {
  const agent = AGENTS[draw % AGENTS.length] ?? { name: '', segments: [] };
  await cluster.agent(agent.name).stop(signal);
  cluster.startAgent(agent);
  return `agent ${agent.name} (${signal})`;
}

test.each(Array.from({ length: ROUNDS }, (_, round) => SEED + round))(
  'a sweep comes through faults at random moments (SEED=%i npx vitest run test/e2e/chaos.test.ts)',
  { timeout: 150_000 },
  async (seed) => {
    await using cluster = await startCluster({ devices: 60, segments: 2, commandMs: 600, agents: AGENTS });
    const { fleet } = cluster;
    await using run = cluster.start(['--forks', '10', COMMAND]);
    const faults: Fault[] = [];
    for (let n = 0; n < FAULTS && !run.ended; n++) {
      await delay(300 + fraction(seed, n, 'pause') * 1_500);
      const die = DEATHS[dice(seed, n, 'what') % DEATHS.length];
      const from = monotonicMs();
      const what = (await die?.(cluster, dice(seed, n, 'which'))) ?? '';
      faults.push({ what, from, to: monotonicMs() });
    }
    const { stdout, stderr } = await run.finished;
    const results = readResults(stdout);
    const told = `${faults.map(({ what }) => what).join(', ')}\n${stderr}`;
    expect(troubles(results), told).toEqual([]);
    const sessions = fleet.sessions();
    const touched = sessions.filter(({ from, to }) =>
      faults.some((fault) => from <= fault.to + 100 && to >= fault.from - 50),
    );
    const names = new Set(touched.map(({ device }) => device));
    const tries = new Map<string, number>();
    for (const { device } of sessions) tries.set(device, (tries.get(device) ?? 0) + 1);
    expect(
      [...tries].filter(([device, times]) => times > 1 && !names.has(device)),
      told,
    ).toEqual([]);
    await checkWitnesses({ cluster, results, command: COMMAND, again: (device) => names.has(device) });
    for (const { device, outputs } of results)
      expect(outputs[0]?.output).toBe(fleet.expected(device, COMMAND));
  },
);
