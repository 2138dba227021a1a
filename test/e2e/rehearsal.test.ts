// A rehearsing agent: coordinator, NATS, leases, permits, workers, results and store are real; the devices are not,
// and nobody may take what it brings for what devices said.
import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { startCluster } from '../cluster.ts';
import { until } from '../process.ts';

const DEVICES = 300;
const REHEARSED = 'rehearsed: no device was asked';
const fields = ['name,host,port,platform,username,password'];
/** Nothing is there, and nothing is looked for. */
const rows = Array.from(
  { length: DEVICES },
  (_, at) => `R${at},198.18.${at >> 8}.${at & 255},22,cisco_ios,admin,secret`,
);

test('a sweep is rehearsed whole, and every result says so', async () => {
  await using cluster = await startCluster({
    devices: 1,
    agents: [
      {
        name: 'one',
        segments: ['default'],
        workers: 2,
        words: ['--rehearse', 'prompt=20ms,command=10ms,failing=10%,size=20KiB'],
      },
    ],
  });
  const { place, fleet } = cluster;
  const agent = cluster.agent('one');
  expect(agent.log).toMatch(/no device is contacted/);
  expect(agent.log).toMatch(/^ready .* rehearsal=yes$/m);
  const inventory = await place.write('inventory.csv', `${[...fields, ...rows].join('\n')}\n`);
  const { results } = await cluster.run(['--retries', '0', 'show running-config'], { inventory });

  expect(results.map(({ device }) => device).sort()).toEqual(rows.map((row) => row.split(',')[0]).sort());
  expect(results.filter(({ notes }) => !notes.includes(REHEARSED))).toEqual([]);
  const failed = results.filter(({ status }) => status === 'failed');
  expect(failed.length).toBeGreaterThan(DEVICES / 30);
  expect(failed.length).toBeLessThan(DEVICES / 3);
  expect(new Set(failed.map(({ failure }) => failure?.kind))).toEqual(new Set(['unreachable']));
  const outputs = results.filter(({ status }) => status === 'ok').flatMap((result) => result.outputs);
  expect(outputs).toHaveLength(DEVICES - failed.length);
  expect(new Set(outputs.map(({ sha256 }) => sha256)).size, 'each its own').toBe(outputs.length);
  for (const { output, bytes, sha256 } of outputs) {
    expect(output.startsWith(`! ${REHEARSED}\n`)).toBe(true);
    expect(bytes).toBe(20 * 1024);
    expect(createHash('sha256').update(output).digest('hex')).toBe(sha256);
  }
  // Its keys are kept as those of devices are, and known the next time.
  const known = await place.netsweep(['hostkeys', 'list', '--json']);
  expect((JSON.parse(known.stdout) as unknown[]).length).toBe(outputs.length);
  const again = await cluster.run(['--retries', '0', 'show clock'], { inventory });
  expect(again.results.filter(({ status }) => status === 'ok')).toHaveLength(outputs.length);
  expect(fleet.events()).toEqual([]);

  // What is rehearsed and what is real never stand in one report.
  const real = cluster.startAgent({ name: 'two', segments: ['default'] });
  await until('it has ended', () => real.exitCode !== null);
  expect(real.log).toMatch(
    /will not have it: its devices are real, and the agents of this coordinator rehearse/,
  );
});
