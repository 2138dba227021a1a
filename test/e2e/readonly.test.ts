// The read-only gate where it decides: in the agent. A platform that is said to read everything brings hostile
// commands past the client, and the fleet's log tells what arrived.
import { expect, test } from 'vitest';
import { FLEET_DEFAULTS } from '../../agent/fleet/options.ts';
import { holdsControl } from '../../proto/readonly.ts';
import { startCluster } from '../cluster.ts';
import { HARMLESS, HOSTILE } from '../commands.ts';

const REAL = ['cisco_ios', 'cisco_nxos', 'cisco_xr', 'arista_eos', 'juniper_junos', 'linux'] as const;

/** As an inventory hands it on: others it refuses, or takes blanks off. */
const carried = HOSTILE.filter(
  ([, command]) =>
    command !== '' && command === command.trim() && command.length <= 1000 && !holdsControl(command),
);

test('no hostile command reaches a device, and no harmless one is kept from it', async () => {
  const devices = carried.length + REAL.length;
  await using cluster = await startCluster({ devices, platforms: [...REAL], unprivileged: 0 });
  const { fleet, place } = cluster;
  const login = { username: FLEET_DEFAULTS.user, password: FLEET_DEFAULTS.password };
  const entries = fleet.devices.map(({ name, address: host, platform }, index) => {
    const [hostileOn, hostile] = carried[index - REAL.length] ?? [];
    const harmless = HARMLESS.filter(([of]) => of === platform).map(([, command]) => command);
    const plan = hostile ? { platform: hostileOn, commands: [hostile] } : { platform, commands: harmless };
    return { name, host, port: fleet.port, ...login, ...plan };
  });
  const commands = [...new Set(carried.map(([, command]) => command))];
  const anything = { title: 'Anything', mode: 'exec', default_commands: ['x'], reads_exactly: commands };
  await place.write('platforms/anything.yaml', JSON.stringify(anything));
  const nobody = { name: 'nobody', host: '127.250.0.1', port: 1, ...login, platform: 'anything', commands };
  const inventory = await place.write('commands.json', JSON.stringify([...entries, nobody]));

  const { status, results, stderr } = await cluster.run(['--platforms', place.path('platforms')], {
    inventory,
  });
  expect({ status, stderr }).toMatchObject({ status: 1 });
  const refused = results.filter(({ failure }) => failure?.kind === 'not-allowed');
  expect(refused.map(({ device }) => device)).toEqual(entries.slice(REAL.length).map(({ name }) => name));
  expect(refused.length).toBeGreaterThanOrEqual(500);

  await fleet.quiet();
  const told = fleet.sessions();
  expect(told.map(({ device }) => device).sort()).toEqual(
    entries
      .slice(0, REAL.length)
      .map(({ name }) => name)
      .sort(),
  );
  for (const { device, commands: asked } of told) {
    const entry = entries.find(({ name }) => name === device);
    expect(asked).toEqual(expect.arrayContaining(entry?.commands ?? []));
  }
});
