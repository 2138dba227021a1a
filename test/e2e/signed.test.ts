// Agents carry out what their coordinator has signed and nothing else, whoever stands between: the fleet's own log
// says whom they connected to.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { FLEET_DEFAULTS } from '../../agent/fleet/options.ts';
import { Shard } from '../../proto/gen/netsweep/v1/agent.ts';
import { AgentProgram, startCluster, troubles } from '../cluster.ts';
import { Fleet } from '../fleet.ts';
import { Forger, LIES } from '../forger.ts';
import { startNats } from '../nats.ts';
import { NatsProxy } from '../natsproxy.ts';
import { Place } from '../place.ts';
import { until } from '../process.ts';

const COMMAND = 'show version';

test('no device is connected to under a grant that is not signed for this agent, this claim and this lease', async () => {
  const lies = Object.keys(LIES);
  await using fleet = await Fleet.open({ devices: lies.length + 1, platforms: ['cisco_ios'] });
  await using coordinator = await Forger.open(fleet, COMMAND);
  await using nats = await startNats();
  await using place = await Place.open();
  const about = { name: 'one', segments: ['default'], forks: 20 };
  const agent = new AgentProgram(place, { ...about, nats: nats.url, to: coordinator.address });
  try {
    await until('the truth has been told', () => coordinator.results.length === 1);
    lies.forEach((_lie, at) => {
      coordinator.tell(at);
    });
    // What is replayed names the device of the truth, and unsigned words name nobody.
    await until('what was granted came back', () => coordinator.results.length >= lies.length);
    const back = coordinator.results.slice(1);
    expect(back.filter(({ end }) => end?.$case !== 'handedBack' || !end.value.unsigned)).toEqual([]);
    await until('it was said and counted', () => agent.log.includes(`(${lies.length} refused so far)`));
    expect([...new Set(fleet.sessions().map(({ device }) => device))]).toEqual([fleet.names.at(-1)]);
  } finally {
    await agent.stop('SIGKILL');
  }
});

test('what was altered in NATS reaches no device: the sweep goes on over gRPC', async () => {
  const proxies: NatsProxy[] = [];
  const natsFor = async (program: string, url: string) => {
    if (program !== 'one') return url;
    const proxy = await NatsProxy.open(url, 1);
    proxies.push(proxy);
    return proxy.url;
  };
  await using cluster = await startCluster({
    devices: 8,
    platforms: ['cisco_ios'],
    agents: [{ name: 'one', segments: ['default'] }],
    natsFor,
  });
  const [proxy] = proxies;
  if (proxy === undefined) throw new Error('the agent has found NATS without us');
  proxy.alter = (offer) => {
    const shard = Shard.decode(offer);
    for (const device of shard.devices) device.commands = ['show clock'];
    return Shard.encode(shard).finish();
  };
  const { status, results, stderr } = await cluster.run([COMMAND]);
  expect({ status, troubles: troubles(results) }, stderr).toEqual({ status: 0, troubles: [] });
  expect(cluster.fleet.asked('show clock')).toEqual([]);
  expect(cluster.agent('one').log).toMatch(/is not the one that was signed.*refused so far/);
  for (const one of proxies) await one[Symbol.asyncDispose]();
});

test('an agent connects to nothing outside of its own list, and the same address in two segments is two devices', async () => {
  await using cluster = await startCluster({
    devices: 3,
    platforms: ['cisco_ios'],
    agents: [
      { name: 'one', segments: ['a'], words: ['--allow-targets', '127.1.0.1,127.1.0.2'] },
      { name: 'two', segments: ['b'], words: ['--allow-targets', '127.1.0.0/30'] },
    ],
  });
  const { fleet, place } = cluster;
  const inventory = join(place.folder, 'overlapping.json');
  const { user: username, password } = FLEET_DEFAULTS;
  const about = { port: fleet.port, platform: 'cisco_ios', username, password };
  const devices = ['a', 'b'].flatMap((segment) =>
    fleet.devices.map(({ name, address: host }) => ({ ...about, segment, name: `${name}${segment}`, host })),
  );
  writeFileSync(inventory, JSON.stringify(devices));
  const { status, results } = await cluster.run([COMMAND], { inventory });
  expect(status).toBe(1);
  expect(troubles(results)).toEqual([
    'R3a: failed not-allowed (connect): this agent may not connect there: 127.1.0.3 is not in --allow-targets 127.1.0.1,127.1.0.2',
  ]);
  const sessions = fleet.sessions().map(({ device }) => device);
  expect(sessions.sort()).toEqual(['R1', 'R1', 'R2', 'R2', 'R3']);
  const { stdout } = await place.netsweep(['hostkeys', 'list', '--json']);
  const keys = JSON.parse(stdout) as { segment: string; host: string }[];
  expect(
    keys
      .filter(({ host }) => host === '127.1.0.1')
      .map(({ segment }) => segment)
      .sort(),
  ).toEqual(['a', 'b']);
  const alone = await place.netsweep(
    ['run', '-i', inventory, '--state', join(place.folder, 'alone'), COMMAND],
    {
      env: { NETSWEEP_COORDINATOR: '' },
    },
  );
  expect(alone.status).toBe(2);
});
