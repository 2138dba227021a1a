// The private nats-server of a self-contained run dies in the middle, with everything that lay in it.
import { expect, test } from 'vitest';
import { readResults, startCluster, troubles } from '../cluster.ts';
import { until } from '../process.ts';
import { checkWitnesses } from '../witness.ts';

const COMMAND = 'show version';

test('a sweep ends with every device once when its nats-server is killed', async () => {
  await using cluster = await startCluster({ devices: 30, commandMs: 800, unprivileged: 0 });
  await using run = cluster.start(['--forks', '6', COMMAND]);
  await until('some devices are asked', () => cluster.fleet.asked(COMMAND).length >= 6);
  const nats = cluster.place.processes().find(({ cmdline }) => cmdline.includes('nats-server'));
  if (nats === undefined) throw new Error('no nats-server among the processes of this run');
  process.kill(nats.pid, 'SIGKILL');
  const { status, stdout, stderr } = await run.finished;
  const results = readResults(stdout);
  expect({ status, troubles: troubles(results) }).toEqual({ status: 0, troubles: [] });
  expect(stderr).toContain('nats-server has ended and is started again');
  await checkWitnesses({ cluster, results, command: COMMAND });
});
