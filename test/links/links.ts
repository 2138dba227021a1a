// One sweep over real programs while one of their links is bad in one way, and what came of it: whether everything
// was swept once, how soon the fault was noticed, how soon the link was in use again.
import { setTimeout as delay } from 'node:timers/promises';
import { type Cluster, readResults, startCluster, troubles } from '../cluster.ts';
import type { FaultProxy } from '../faultproxy.ts';
import { until } from '../process.ts';
import { checkWitnesses, fault, inFlight } from '../witness.ts';

export const LINKS = ['client', 'coordinator-nats', 'agent-nats', 'agent-coordinator'] as const;
export const FAULTS = ['cut', 'stop up', 'stop down', 'delay', 'narrow', 'resets', 'corrupt'] as const;
export type LinkName = (typeof LINKS)[number];
export type FaultName = (typeof FAULTS)[number];

export interface Case {
  link: LinkName;
  fault: FaultName;
  seed: number;
}

export interface Outcome {
  case: Case;
  /** How often the fault struck. */
  fired: number;
  /** Of a silent link to the coordinator: how long until it took the agent for gone, in ms. */
  noticedMs: number | null;
  /** From the end of the fault until the agent was there again, in ms. */
  backMs: number | null;
  /** The whole sweep, in ms, and devices that were visited once more. */
  sweepMs: number;
  again: number;
}

const DEVICES = 18;
const COMMAND = 'show running-config';
/** Bytes a second; the coordinator has little to say to NATS. */
const NARROW: Record<LinkName, number> = {
  client: 10_000,
  'coordinator-nats': 1_000,
  'agent-nats': 10_000,
  'agent-coordinator': 10_000,
};
/** Longer than any part may take to notice that its peer is silent. */
const SILENT_MS = 22_000;

export async function sweepOver(given: Case): Promise<Outcome> {
  await using cluster = await startCluster({
    devices: DEVICES,
    commandMs: 2_000,
    configLines: 400,
    seed: given.seed,
    tls: given.fault === 'corrupt',
    agents: ['one', 'two'].map((name) => ({ name, segments: ['default'], forks: 3 })),
    proxied: true,
  });
  const { fleet } = cluster;
  const link = linkOf(cluster, given.link);
  const began = performance.now();
  // All that the coordinator says to NATS are the first offers.
  if (given.fault === 'narrow' && given.link === 'coordinator-nats') narrow(link, given.link);
  await using run = cluster.start([COMMAND]);
  await until('the sweep is under way', () => fleet.asked(COMMAND).length >= 3);
  let noticedMs: number | null = null;
  const trouble = await fault(run, async () => {
    const watched = given.link === 'agent-coordinator' && given.fault.startsWith('stop');
    const noticed = watched ? gone(cluster, 'one') : Promise.resolve(null);
    await spoil(link, given);
    noticedMs = await noticed;
    link.heal();
  });
  const healed = performance.now();
  await until('the agent is there again', () => present(cluster, 'one'));
  const backMs = performance.now() - healed;
  await until('the sweep has ended', () => run.ended);
  const sweepMs = performance.now() - began;
  const { status, stdout, stderr } = await run.finished;
  const results = readResults(stdout);
  if (status !== 0) throw new Error(`exit ${status}: ${troubles(results).join('; ')} ${stderr}`);
  const cut = inFlight(fleet, trouble);
  await checkWitnesses({ cluster, results, command: COMMAND, again: (device) => Number(cut.has(device)) });
  const fired = firedOf(link, given.fault);
  if (fired === 0) throw new Error('the fault never struck');
  return { case: given, fired, noticedMs, backMs, sweepMs, again: fleet.sessions().length - DEVICES };
}

/** Words that repeat it. */
export function repeats({ link, fault, seed }: Case): string {
  return `SEED=${seed} npm run links -- -t '${link}: ${fault}'`;
}

function linkOf(cluster: Cluster, name: LinkName): FaultProxy {
  switch (name) {
    case 'client':
      return cluster.links.client;
    case 'coordinator-nats':
      return cluster.links.coordinatorNats;
    case 'agent-nats':
      return cluster.linksOf('one').nats;
    case 'agent-coordinator':
      return cluster.linksOf('one').coordinator;
  }
}

/** Resolves when it has lasted; what it is can still be seen in the link's counts. */
async function spoil(link: FaultProxy, { link: name, fault }: Case): Promise<void> {
  switch (fault) {
    case 'cut':
      link.refuse();
      link.cut();
      return delay(8_000);
    case 'stop up':
      link.up.stop();
      return delay(SILENT_MS);
    case 'stop down':
      link.down.stop();
      return delay(SILENT_MS);
    case 'delay':
      link.up.delay(2_000);
      link.down.delay(2_000);
      return delay(15_000);
    case 'narrow':
      narrow(link, name);
      return delay(20_000);
    case 'resets':
      return often(() => link.reset());
    case 'corrupt':
      return often(() => {
        link.up.corrupt();
        link.down.corrupt();
      });
  }
}

function narrow(link: FaultProxy, name: LinkName): void {
  for (const way of [link.up, link.down]) way.limit(NARROW[name]);
}

async function often(strike: () => void): Promise<void> {
  for (let left = 14; left > 0; left--) {
    strike();
    await delay(500);
  }
}

function firedOf({ counts, up, down }: FaultProxy, fault: FaultName): number {
  switch (fault) {
    case 'cut':
      return counts.cut;
    case 'stop up':
      return up.counts.held;
    case 'stop down':
      return down.counts.held;
    case 'delay':
      return up.counts.delayed + down.counts.delayed;
    case 'narrow':
      return up.counts.limited + down.counts.limited;
    case 'resets':
      return counts.reset;
    case 'corrupt':
      return up.counts.corrupted + down.counts.corrupted;
  }
}

async function present(cluster: Cluster, name: string): Promise<boolean> {
  return (await cluster.serve.listAgents()).some((agent) => agent.name === name);
}

/** How long the coordinator went on taking the agent for present, in ms. */
async function gone(cluster: Cluster, name: string): Promise<number> {
  const since = performance.now();
  await until(`${name} is taken for gone`, async () => !(await present(cluster, name)));
  return performance.now() - since;
}
