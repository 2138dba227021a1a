// Every commit of the coordinator takes half a second longer, as on a disk that others keep busy.
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { readResults, startCluster, troubles } from '../cluster.ts';
import { checkWitnesses } from '../witness.ts';

const COMMAND = 'show version';
const DEVICES = 20;
const COMMAND_MS = 5_000;

test('a slow disk loses no lease and charges no device', async () => {
  await using cluster = await startCluster({
    devices: DEVICES,
    commandMs: COMMAND_MS,
    serveEnv: { NETSWEEP_FAILPOINTS: 'store.written=delay500', NETSWEEP_FAILPOINTS_LOG: 'delayed' },
    agents: [
      { name: 'one', segments: ['default'] },
      { name: 'two', segments: ['default'] },
    ],
  });
  await using run = cluster.start([COMMAND]);
  const { status, stdout } = await run.finished;
  const results = readResults(stdout);
  expect({ status, troubles: troubles(results) }).toEqual({ status: 0, troubles: [] });
  await checkWitnesses({ cluster, results, command: COMMAND });
  expect(cluster.fleet.sessions(), 'each device is visited once').toHaveLength(DEVICES);
  expect(new Set(results.map(({ attempts }) => attempts))).toEqual(new Set([1]));
  for (const { log } of cluster.agents.values()) expect(log).not.toMatch(/lease/);

  const delayed = readFileSync(cluster.place.path('delayed'), 'utf8').trim().split('\n');
  expect(delayed.length).toBeGreaterThan(4);
});
