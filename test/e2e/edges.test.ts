// Coordinator and agent die exactly at the edges between the store, the acknowledgement over gRPC and the one in
// NATS, at each of them in turn, in the middle of one sweep. Any prefix of that order is safe.
import { randomInt } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { dice } from '../../agent/fleet/dice.ts';
import { type Cluster, readResults, startCluster, troubles } from '../cluster.ts';
import type { Netsweep } from '../place.ts';
import { until } from '../process.ts';
import { checkWitnesses, type Fault, fault, inFlight } from '../witness.ts';

const SEED = Number(process.env.SEED ?? randomInt(1_000_000));
const ROUNDS = Number(process.env.ROUNDS ?? 1);
const COMMAND = 'show version';

/** In the order in which a result passes them. */
const COORDINATOR = [
  'claim.decided',
  'claim.committed',
  'intake.decided',
  'store.written',
  'store.committed',
  'intake.committed',
];
const AGENT = ['agent.sending', 'agent.acknowledged', 'agent.done'];

/** Arms one place; a few passings in, so that the sweep is under way. */
function armed(log: string, place: string, seed: number): NodeJS.ProcessEnv {
  return {
    NETSWEEP_FAILPOINTS: `${place}=kill@${1 + (dice(seed, 0, place) % 3)}`,
    NETSWEEP_FAILPOINTS_LOG: log,
  };
}

/** The coordinator dies at each of its edges; each life is armed with the next one. */
async function coordinatorDies(cluster: Cluster, run: Netsweep, log: string, seed: number): Promise<Fault[]> {
  const { serve } = cluster;
  const faults: Fault[] = [];
  for (const next of [...COORDINATOR, null]) {
    faults.push(
      await fault(run, async () => {
        await serve.stop('SIGKILL');
        if (next === null) await serve.start();
        // Agents may bring it to its edge before it has said that it is ready.
        else await serve.start(armed(log, next, seed)).catch(() => serve.ended());
      }),
    );
    if (next !== null) await serve.ended();
  }
  return faults;
}

/** What it says of empty pulls may bring an agent to its edge before it has said that it is ready. */
function readyOrDead(agent: ReturnType<Cluster['startAgent']>): Promise<unknown> {
  return agent.ready().catch(() => agent.ended());
}

/** So does one of the agents, each time under another name, so that nobody waits for the lease of the dead. */
async function agentDies(cluster: Cluster, run: Netsweep, log: string, seed: number): Promise<Fault[]> {
  const faults: Fault[] = [];
  for (const [at, next] of [...AGENT, null].entries()) {
    const env = next === null ? {} : armed(log, next, seed);
    const begin = () => cluster.startAgent({ name: `mortal-${at}`, segments: ['default'], env });
    faults.push(await fault(run, async () => void (await readyOrDead(begin()))));
    if (next !== null) await cluster.agent(`mortal-${at}`).ended();
  }
  return faults;
}

test.each(Array.from({ length: ROUNDS }, (_, round) => SEED + round))(
  'a sweep comes through a death at every edge between disk, stream and NATS (SEED=%i npx vitest run test/e2e/edges.test.ts)',
  async (seed) => {
    await using cluster = await startCluster({
      devices: 80,
      commandMs: 1_500,
      agents: [{ name: 'lasting', segments: ['default'], forks: 2 }], // leaves work for those that die
    });
    const { fleet, place } = cluster;
    const log = place.path('failpoints');
    await using run = cluster.start(['--forks', '6', COMMAND]);
    // A login that nobody knows the outcome of is repeated only where the password has proved good.
    await until('the password has proved good', () => run.stdout !== '');
    const faults = await Promise.all([
      coordinatorDies(cluster, run, log, seed),
      agentDies(cluster, run, log, seed),
    ]);
    const { status, stdout } = await run.finished;
    const results = readResults(stdout);
    expect({ status, troubles: troubles(results) }).toEqual({ status: 0, troubles: [] });

    const fired = existsSync(log) ? readFileSync(log, 'utf8') : '';
    for (const point of [...COORDINATOR, ...AGENT])
      expect(fired, 'each has fired').toContain(`${point}=kill`);
    const again = (device: string) => faults.flat().filter((cut) => inFlight(fleet, cut).has(device)).length;
    await checkWitnesses({ cluster, results, command: COMMAND, again });
    for (const { device, outputs } of results)
      expect(outputs[0]?.output).toBe(fleet.expected(device, COMMAND));
  },
);
