// A NATS cluster of three under a sweep: what one server held the others hold too, and what no majority can do for a
// while goes another way.
import { expect, test } from 'vitest';
import { readResults, startCluster, troubles } from '../cluster.ts';
import { monotonicMs } from '../fleet.ts';
import { type NatsCluster, startNatsCluster } from '../natscluster.ts';
import { PATIENCE_MS, until } from '../process.ts';
import { checkWitnesses } from '../witness.ts';

const COMMAND = 'show version';

/** How often each stream and consumer of netsweep is kept. */
async function copies(nats: NatsCluster): Promise<Record<string, number | undefined>> {
  return nats.manage(async (manager) => {
    const kept: Record<string, number | undefined> = {};
    for (const { config, cluster } of await manager.streams.list().next()) {
      kept[config.name.replace(/netsweep-[0-9a-f]+/, 'store')] = 1 + (cluster?.replicas?.length ?? 0);
      if (config.name.startsWith('KV_')) continue;
      for (const consumer of await manager.consumers.list(config.name).next())
        kept[consumer.name] = 1 + (consumer.cluster?.replicas?.length ?? 0);
    }
    return kept;
  });
}

/** Each resolves when it has struck, with what puts it right. */
const FAULTS: { what: string; strike(nats: NatsCluster): Promise<() => Promise<void>> }[] = [
  {
    what: 'the leader of the stream is killed',
    async strike(nats) {
      const leader = nats.server(await nats.leader());
      await leader.stop('SIGKILL');
      return () => leader.start();
    },
  },
  {
    what: 'two of three are killed',
    async strike(nats) {
      const two = nats.names.slice(0, 2).map((name) => nats.server(name));
      for (const server of two) await server.stop('SIGKILL');
      return async () => {
        for (const server of two) await server.start();
      };
    },
  },
  {
    what: 'the leader of the stream sleeps',
    async strike(nats) {
      const leader = nats.server(await nats.leader());
      leader.kill('SIGSTOP');
      return async () => leader.kill('SIGCONT');
    },
  },
];

test('a sweep comes through the death and the sleep of servers of a NATS cluster, its leader included', async () => {
  await using nats = await startNatsCluster();
  await using cluster = await startCluster({
    devices: 16,
    segments: 2,
    commandMs: 1_500,
    servers: nats.url,
    agents: [
      { name: 'one', segments: ['segment-1'] },
      { name: 'two', segments: ['segment-1', 'segment-2'] },
    ],
  });
  const { fleet } = cluster;
  await cluster.run([COMMAND]);
  await expect
    .poll(() => copies(nats), { timeout: PATIENCE_MS })
    .toEqual({
      store: 3,
      'KV_store-agents': 3,
      'segment-segment-1': 3,
      'segment-segment-2': 3,
    });
  for (const { what, strike } of FAULTS) {
    const since = monotonicMs();
    await using run = cluster.start(['--forks', '3', COMMAND]);
    await until('some are asked', () => fleet.asked(COMMAND, since).length >= 3);
    const mend = await strike(nats);
    const left = fleet.names.length - fleet.asked(COMMAND, since).length;
    expect(left, `${what}: the sweep is under way`).toBeGreaterThan(0);
    const enough = fleet.names.length - left * 0.6;
    await until(
      `${what}: some of the rest are asked all the same`,
      () => fleet.asked(COMMAND, since).length >= enough,
    );
    await mend();
    const { status, stdout, stderr } = await run.finished;
    const results = readResults(stdout);
    expect({ status, troubles: troubles(results) }, `${what}\n${stderr}`).toEqual({
      status: 0,
      troubles: [],
    });
    await checkWitnesses({ cluster, results, command: COMMAND, since });
    expect(results.filter(({ attempts }) => attempts !== 1)).toEqual([]);
  }
});
