// A device at which every worker dies that has a session with it, among devices that share those workers.
import { expect, test } from 'vitest';
import { planFleet } from '../../agent/fleet/plan.ts';
import { readResults, startCluster } from '../cluster.ts';
import { checkWitnesses } from '../witness.ts';

const COMMAND = 'show version';
const DEVICES = 16;

test('a device that makes its workers die fails alone after the third, and nobody else is charged for it', async () => {
  const poison = planFleet({ devices: DEVICES })[5]?.name ?? '';
  const agent = { segments: ['default'], env: { NETSWEEP_FAILPOINTS: `worker.loggedIn.${poison}=segv` } };
  await using cluster = await startCluster({
    devices: DEVICES,
    commandMs: 500,
    agents: ['one', 'two'].map((name) => ({ ...agent, name })),
  });
  await using run = cluster.start([COMMAND]);
  const { status, stdout } = await run.finished;
  const results = readResults(stdout);
  expect(status).toBe(1);
  const failed = results.filter((result) => result.status !== 'ok');
  expect(failed.map(({ device, status }) => [device, status])).toEqual([[poison, 'failed']]);
  const message =
    /^3 processes died in session with it, the last with nothing else in it: (.*SIGSEGV.*; ){2}.*SIGSEGV/;
  expect(failed[0]?.failure).toMatchObject({ kind: 'worker-lost', message: expect.stringMatching(message) });
  expect(results.filter(({ device }) => device !== poison).map(({ attempts }) => attempts)).toEqual(
    Array(DEVICES - 1).fill(1),
  );
  expect(cluster.fleet.sessions().filter(({ device }) => device === poison)).toHaveLength(3);
  await checkWitnesses({ cluster, results, command: COMMAND, again: () => 2 });
});
