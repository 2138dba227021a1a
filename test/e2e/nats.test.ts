// NATS is only the road: whatever it does to what lies in it, every device is visited once, and the report is that
// of a sweep on which nothing went wrong.
import { randomInt } from 'node:crypto';
import { cp, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DiscardPolicy, type JetStreamManager, jetstream, jetstreamManager } from '@nats-io/jetstream';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { describe, expect, test } from 'vitest';
import { Shard } from '../../proto/gen/netsweep/v1/agent.ts';
import { type Cluster, type Result, readResults, startCluster, troubles } from '../cluster.ts';
import type { Fleet } from '../fleet.ts';
import type { Nats } from '../nats.ts';
import { NatsProxy } from '../natsproxy.ts';
import type { Netsweep } from '../place.ts';
import { until } from '../process.ts';
import { checkWitnesses } from '../witness.ts';

const SEED = Number(process.env.SEED ?? randomInt(1_000_000));
const COMMAND = 'show version';
const AGENTS = [
  { name: 'one', segments: ['segment-1'] },
  { name: 'two', segments: ['segment-1', 'segment-2'] },
  { name: 'three', segments: ['segment-2'] },
];

/** What it has to be whatever happened on the road: each device ok at the first attempt, with what it prints. */
async function checkClean(cluster: Cluster, run: Netsweep): Promise<Result[]> {
  const { status, stdout, stderr } = await run.finished;
  const results = readResults(stdout);
  expect({ status, troubles: troubles(results) }, stderr).toEqual({ status: 0, troubles: [] });
  await checkWitnesses({ cluster, results, command: COMMAND });
  const unlike = results.filter(
    ({ device, attempts, outputs }) =>
      attempts !== 1 || outputs[0]?.output !== cluster.fleet.expected(device, COMMAND),
  );
  expect(unlike).toEqual([]);
  return results;
}

async function asked(fleet: Fleet, devices: number): Promise<void> {
  await until(`${devices} devices are asked`, () => fleet.asked(COMMAND).length >= devices);
}

async function manage<T>(
  { url }: Nats,
  work: (manager: JetStreamManager, connection: NatsConnection) => Promise<T>,
): Promise<T> {
  const connection = await connect({ servers: url, reconnectTimeWait: 50, maxReconnectAttempts: -1 });
  try {
    return await work(await jetstreamManager(connection), connection);
  } finally {
    await connection.close();
  }
}

/** The stream of shards, and its store's folder. */
async function streamOf(nats: Nats): Promise<string> {
  const names = await manage(nats, (manager) => manager.streams.names().next());
  const name = names.find((one) => one.startsWith('netsweep-'));
  if (name === undefined) throw new Error(`no stream among ${names}`);
  return name;
}

/** Files that hold the stream's messages, with what they hold. */
async function blocks(nats: Nats): Promise<{ file: string; bytes: number }[]> {
  const store = join(nats.folder, 'store/jetstream/$G/streams');
  const files = await readdir(store, { recursive: true });
  const blocks = files.filter((file) => /^netsweep-.*\/msgs\/.*\.blk$/.test(file));
  const sizes = blocks.map(async (file) => ({
    file: join(store, file),
    bytes: (await stat(join(store, file))).size,
  }));
  return (await Promise.all(sizes)).filter(({ bytes }) => bytes > 0);
}

/** Of a server that is not running: it is killed while it holds offers, and started again if it just held none. */
async function killedWithOffers(nats: Nats): Promise<{ file: string; bytes: number }> {
  for (let tries = 0; tries < 20; tries += 1) {
    await nats.stop('SIGKILL');
    const [block] = await blocks(nats);
    if (block !== undefined) return block;
    await nats.start();
    await until('an offer lies in NATS', async () => (await blocks(nats)).length > 0);
  }
  throw new Error('no offer was ever left in NATS');
}

/** Each resolves when it has struck. */
const WRECKS: Record<string, (nats: Nats) => Promise<void>> = {
  'its durables deleted': async (nats) => {
    const stream = await streamOf(nats);
    await manage(nats, async (manager) => {
      for (const { name } of await manager.consumers.list(stream).next())
        await manager.consumers.delete(stream, name);
    });
  },
  'its stream deleted': async (nats) => {
    const stream = await streamOf(nats);
    await manage(nats, (manager) => manager.streams.delete(stream));
  },
  'a bit flipped': async (nats) => {
    const block = await killedWithOffers(nats);
    const bytes = await readFile(block.file);
    const at = randomInt(bytes.length);
    bytes.writeUInt8(bytes.readUInt8(at) ^ (1 << randomInt(8)), at);
    await writeFile(block.file, bytes);
    await nats.start();
  },
  'a block cut short': async (nats) => {
    const block = await killedWithOffers(nats);
    await truncate(block.file, randomInt(block.bytes));
    await nats.start();
  },
  'its store lost': async (nats) => {
    await nats.stop('SIGKILL');
    await rm(join(nats.folder, 'store'), { recursive: true });
    await nats.start();
  },
};

describe.concurrent('a sweep visits every device once', () => {
  test.each([SEED])(
    'when NATS duplicates, delays, reorders and hides offers and loses answers (SEED=%i npx vitest run test/e2e/nats.test.ts)',
    async (seed) => {
      const proxies = new Map<string, NatsProxy>();
      await using cluster = await startCluster({
        devices: 60,
        segments: 2,
        commandMs: 300,
        agents: AGENTS,
        natsFor: async (program, url) => {
          const proxy = await NatsProxy.open(url, seed + proxies.size);
          proxies.set(program, proxy);
          return proxy.url;
        },
      });
      await using _ = {
        [Symbol.asyncDispose]: async () => {
          for (const proxy of proxies.values()) await proxy[Symbol.asyncDispose]();
        },
      };
      for (const [program, { faults }] of proxies)
        Object.assign(
          faults,
          program === 'coordinator'
            ? { losePublishes: 0.05, loseReceipts: 0.05, repeatPublishes: 0.2 }
            : { duplicate: 0.3, reorder: 0.3, delay: 0.3, hide: 0.05, loseAcks: 0.1, repeatAcks: 0.1 },
        );
      await using run = cluster.start(['--forks', '12', COMMAND]);
      await checkClean(cluster, run);
      const fired = Object.fromEntries(Array.from(proxies, ([program, one]) => [program, one.fired]));
      const all = [...proxies.values()].map((proxy) => proxy.fired);
      const never = Object.keys(all[0] ?? {}).filter((fault) =>
        all.every((counts) => counts[fault as keyof typeof counts] === 0),
      );
      expect(never, JSON.stringify(fired)).toEqual([]);
      // One at a time, or what one agent holds back nobody else can begin.
      expect(new Set([...proxies.values()].flatMap(({ pulled }) => pulled))).toEqual(new Set([1]));
    },
  );

  test('when what lies in NATS is deleted, spoilt, lost and rolled back under it', async () => {
    await using cluster = await startCluster({
      devices: 100,
      segments: 2,
      commandMs: 1_500,
      agents: AGENTS,
    });
    const { fleet, nats } = cluster;
    await using run = cluster.start(['--forks', '8', COMMAND]);
    await asked(fleet, 8);
    const earlier = join(nats.folder, 'earlier');
    await cp(join(nats.folder, 'store'), earlier, { recursive: true });
    const wrecks = Object.values(WRECKS);
    for (const wreck of wrecks) {
      const before = fleet.asked(COMMAND).length;
      await wreck(nats);
      await asked(fleet, before + 5);
    }
    expect(run.ended, 'the sweep is under way').toBe(false);
    await nats.stop('SIGKILL');
    await rm(join(nats.folder, 'store'), { recursive: true });
    await cp(earlier, join(nats.folder, 'store'), { recursive: true });
    await nats.start();
    await checkClean(cluster, run);
  });

  test('without NATS too, more slowly and with a word about it, and over NATS again once it is back', async () => {
    await using cluster = await startCluster({
      devices: 30,
      segments: 2,
      commandMs: 2_000,
      agents: AGENTS,
    });
    const { fleet, nats, serve } = cluster;
    await using run = cluster.start(['--forks', '4', COMMAND]);
    await asked(fleet, 4);
    await nats.stop('SIGKILL');
    await asked(fleet, 12);
    expect(run.ended, 'the sweep is under way').toBe(false);
    const shown = await cluster.place.netsweep(['sweeps', 'show', 'last']);
    expect(shown.stdout).toMatch(/^NATS takes no offers/m);
    await nats.start();
    await until('NATS is used again', () => /takes offers for segment/.test(serve.log));
    await checkClean(cluster, run);
    expect(run.stderr).toMatch(/^NATS takes no offers \(.*\): they go over gRPC$/m);
  });

  test('when an agent can not reach NATS any more, and another never could', async () => {
    await using cluster = await startCluster({
      devices: 24,
      segments: 3,
      commandMs: 500,
      proxied: true,
      agents: [
        { name: 'cut-off', segments: ['segment-1'] },
        { name: 'sound', segments: ['segment-2'] },
      ],
    });
    cluster.startAgent({ name: 'never', segments: ['segment-3'], nats: 'nats://127.0.0.1:1' });
    const link = cluster.linksOf('cut-off').nats;
    link.refuse();
    link.reset();
    await until('all agents are there', async () => (await cluster.serve.listAgents()).length === 3);
    await using run = cluster.start([COMMAND]);
    const results = await checkClean(cluster, run);
    expect(link.counts.reset).toBeGreaterThan(0);
    expect(new Set(results.map(({ agent }) => agent))).toEqual(new Set(['cut-off', 'sound', 'never']));
    for (const name of ['cut-off', 'never'])
      expect(cluster.serve.log).toContain(`agent ${name} can't reach NATS: it is offered work over gRPC`);
  });

  test('when a shard is larger than a message may be, and when the stream is full of what is not ours', async () => {
    await using cluster = await startCluster({
      devices: 40,
      commandMs: 200,
      agents: [{ name: 'one', segments: ['default'] }],
      nats: { config: 'max_payload: 4096\n' },
    });
    const { nats, serve } = cluster;
    await using small = cluster.start([COMMAND]);
    await checkClean(cluster, small);
    expect(serve.log).not.toContain('NATS takes no offers');

    const name = await streamOf(nats);
    const foreign = Shard.encode(Shard.create({ storeId: 'another', segment: 'default' })).finish();
    await manage(nats, async (manager, connection) => {
      const { config } = await manager.streams.info(name);
      const subject = config.subjects[0]?.replace('*', 'default') ?? '';
      for (const body of [foreign, Buffer.from('\x08\xff nonsense')])
        await jetstream(connection).publish(subject, body);
      await manager.streams.update(name, { ...config, max_msgs: 2, discard: DiscardPolicy.New });
    });
    await using full = cluster.start([COMMAND]);
    const { status, stdout } = await full.finished;
    expect({ status, troubles: troubles(readResults(stdout)) }).toEqual({ status: 0, troubles: [] });
    expect(serve.log.match(/maximum messages exceeded/g)).toHaveLength(1);
    const { state } = await manage(nats, (manager) => manager.streams.info(name));
    expect(state.messages, 'what is not ours is left alone').toBe(2);
  });

  test('when NATS forbids to publish, and says so once', async () => {
    const user = (more: string) =>
      `authorization { users: [{ user: us, password: ""${more} }] }\nno_auth_user: us\n`;
    await using cluster = await startCluster({
      devices: 12,
      commandMs: 200,
      agents: [{ name: 'one', segments: ['default'] }],
      nats: { config: user('') },
    });
    await cluster.nats.restart(user(', permissions: { publish: { deny: "netsweep.>" } }'));
    await using run = cluster.start([COMMAND]);
    await checkClean(cluster, run);
    expect(cluster.serve.log.match(/NATS takes no offers[^\n]*permissions violation/gi)).toHaveLength(1);
  });
});
