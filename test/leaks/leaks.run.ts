// A canary password and a canary enable secret, given to good devices and to every kind of bad one, and looked for in
// six encodings and some more: on the disk, in what anybody was told, in arguments and environments, and in a worker's
// memory (all that a core would hold of it) and its heap snapshot a second after its sessions.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import type { Fault } from '../../agent/fleet/fault.ts';
import { KINDS } from '../../agent/fleet/kinds.ts';
import { type Cluster, startCluster } from '../cluster.ts';
import { Canary } from './canary.ts';
import { memoryHits } from './memory.ts';
import { search } from './search.ts';
import { heapSnapshot } from './snapshot.ts';
import { ProcessWatch } from './watch.ts';

const LOUDLY = { NETSWEEP_LOG_LEVEL: 'debug' };
const FAULTS = Object.keys(KINDS) as Fault[];
const DEVICES = 2 * FAULTS.length;
const WORDS = [
  '-vvv',
  '--auth-fail-max',
  '1000',
  '--login-timeout',
  '6',
  '--idle-timeout',
  '4',
  '--device-deadline',
  '20',
];
const WORDS_MORE = ['--retries', '0', 'show version', 'show running-config'];

async function open(canaries: readonly Canary[], agents: boolean): Promise<Cluster> {
  const [password = '', secret = ''] = canaries.map(({ text }) => text);
  return startCluster({
    devices: DEVICES,
    password,
    secret,
    platforms: ['cisco_ios', 'arista_eos', 'linux'],
    unprivileged: 0.2,
    bad: Object.fromEntries(FAULTS.map((fault) => [fault, 1 / DEVICES])),
    agents: agents ? [{ name: 'one', segments: ['default'], workers: 2, env: LOUDLY }] : [],
    serveEnv: LOUDLY,
  });
}

function inventory({ fleet }: Cluster): string {
  return fleet.inventory('fleet.json', {
    password: `file:${join(fleet.folder, 'password')}`,
    enableSecret: `file:${join(fleet.folder, 'secret')}`,
  });
}

test('a canary is nowhere but with whoever gave it', async () => {
  const canaries = [new Canary('pw', true), new Canary('en')];
  await using cluster = await open(canaries, true);
  const { place, nats } = cluster;
  using watch = new ProcessWatch(place, canaries);
  const logs = join(place.folder, 'sessions');
  const ran = await cluster.run([...WORDS, '--session-log', logs, ...WORDS_MORE], {
    inventory: inventory(cluster),
    timeoutMs: 900_000,
  });
  const ok = ran.results.filter(({ status }) => status === 'ok').length;
  await delay(1_000);
  watch.look();
  const texts = new Map([
    ['stdout', ran.stdout],
    ['stderr', ran.stderr],
    ["the coordinator's log", cluster.serve.log],
    ["the agent's log", cluster.agent('one').log],
  ]);
  const found = search(canaries, [place.folder, nats.folder], texts);
  const workers = watch.with('agent/worker.js').filter(([pid]) => isThere(pid));
  const memory = workers.flatMap(([pid]) => memoryHits(pid, canaries));
  const [first] = workers;
  const snapshot = first === undefined ? Buffer.alloc(0) : await heapSnapshot(first[0]);
  const figures = {
    devices: ran.results.length,
    ok,
    kinds: new Set(ran.results.flatMap(({ failure }) => failure?.kind ?? [])).size,
    transcripts: readdirSync(logs).length,
    files: found.files,
    bytes: found.bytes,
    looks: watch.looks,
    processes: watch.seen.size,
    workers: workers.length,
    snapshotBytes: snapshot.length,
  };
  console.log(JSON.stringify(figures));
  expect(ok).toBeGreaterThan(FAULTS.length / 2);
  expect(workers.length).toBeGreaterThan(0);
  expect(snapshot.length).toBeGreaterThan(1_000_000);
  expect({
    search: found.hits,
    processes: [...watch.hits],
    memory,
    snapshot: canaries.flatMap((canary) => canary.in(snapshot)),
    environments: workers.map(([, { environ }]) => environ).filter((environ) => environ !== ''),
  }).toEqual({ search: [], processes: [], memory: [], snapshot: [], environments: [] });
});

test('nor after a self-contained run', async () => {
  const canaries = [new Canary('pw', true), new Canary('en')];
  await using cluster = await open(canaries, false);
  const { place } = cluster;
  using watch = new ProcessWatch(place, canaries);
  const ran = await cluster.run([...WORDS, ...WORDS_MORE], {
    inventory: inventory(cluster),
    timeoutMs: 900_000,
  });
  const texts = new Map([
    ['stdout', ran.stdout],
    ['stderr', ran.stderr],
  ]);
  const found = search(canaries, [place.folder], texts);
  console.log(
    JSON.stringify({
      files: found.files,
      bytes: found.bytes,
      looks: watch.looks,
      processes: watch.seen.size,
    }),
  );
  expect({ search: found.hits, processes: [...watch.hits] }).toEqual({ search: [], processes: [] });
  const agents = [...watch.with('agent/main.js'), ...watch.with('agent/worker.js')];
  expect(
    agents.map(([, { core }]) => core.replace(/ +/, ' ')).filter((core) => !['', '0 0'].includes(core)),
  ).toEqual([]);
});

function isThere(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/cmdline`).length > 0;
  } catch {
    return false;
  }
}
