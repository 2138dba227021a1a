// What coordinator and agents write into their logs: a JSON object a line, what it is about in fields, nothing of what
// devices say and no secret.
import { expect, test } from 'vitest';
import { startCluster } from '../cluster.ts';
import { until } from '../process.ts';

interface Line {
  level: string;
  time: string;
  name: string;
  msg: string;
  [field: string]: unknown;
}

test('coordinator and agents log what happens with sweep, shard and device, at the level that they are told', async () => {
  await using cluster = await startCluster({
    devices: 4,
    bad: { refuse: 0.25 },
    password: 'correct-horse-battery',
    serveEnv: { NETSWEEP_LOG_LEVEL: 'debug' },
    agents: [
      { name: 'talker', segments: ['default'], words: ['--log-level', 'debug'] },
      { name: 'silent', segments: ['other'], words: ['--log-level', 'error'] },
    ],
  });
  const { results } = await cluster.run(['--retries', '0', 'show version']);
  const [{ sweep = '' } = {}] = results;
  await until('the end is logged', () => cluster.serve.log.includes('a sweep has ended'));
  const coordinator = linesOf(cluster.serve.log);
  expect(coordinator.find(({ msg }) => msg === 'a sweep begins')).toMatchObject({ level: 'info', sweep });
  expect(coordinator.find(({ msg }) => msg === 'an agent has come')).toMatchObject({
    agent: expect.any(String),
  });
  const devices = coordinator.filter(({ msg }) => msg === 'a device has ended');
  expect(devices.map(({ device, status, kind }) => [device, status, kind ?? null]).sort()).toEqual(
    results
      .map(({ device, status, failure }) => [Number(device.slice(1)) - 1, status, failure?.kind ?? null])
      .sort(),
  );
  expect(
    devices.every((line) => line.sweep === sweep && line.agent === 'talker' && line.level === 'debug'),
  ).toBe(true);
  const agent = linesOf(cluster.agent('talker').log);
  expect(agent.find(({ msg }) => /^a lease of \d devices$/.test(msg))).toMatchObject({
    sweep,
    shard: expect.any(Number),
  });
  expect(linesOf(cluster.agent('silent').log)).toEqual([]);
  for (const said of [cluster.serve.log, cluster.agent('talker').log]) {
    expect(said).not.toContain('correct-horse');
    expect(said).not.toContain('Cisco');
  }
});

/** All that is no `ready`; throws where a line is no JSON. */
function linesOf(log: string): Line[] {
  const lines = log.split('\n').filter((line) => line !== '' && !line.startsWith('ready '));
  const read = lines.map((line) => JSON.parse(line) as Line);
  for (const { level, time, msg } of read) {
    expect(['debug', 'info', 'warn', 'error', 'fatal']).toContain(level);
    expect(time).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
    expect(msg).not.toBe('');
  }
  return read;
}
