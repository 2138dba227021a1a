// Platforms through a whole sweep: found out by the agent, brought along by the client, learnt from a device.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type FleetDevice, PLATFORMS } from '../../agent/fleet/plan.ts';
import { Platforms } from '../../proto/platform.ts';
import { type Cluster, startCluster } from '../cluster.ts';
import { frrMissing, startFrr } from '../frr.ts';
import { Place } from '../place.ts';
import { sweep } from '../real/sweep.ts';

const known = new Platforms();

/** The platform that a device of the fleet is of. */
function planned({ fleet }: Cluster, name: string): string | undefined {
  return fleet.devices.find((device) => device.name === name)?.platform;
}

describe('platform: auto', () => {
  test('finds out what each device is, runs its own commands and says so', async () => {
    await using cluster = await startCluster({ devices: 24, segments: 2, platforms: [...PLATFORMS] });
    const { fleet, place } = cluster;
    const { status, stderr, results } = await cluster.run(['-e', 'platform=auto']);
    expect({ status, stderr }).toEqual({ status: 0, stderr: expect.stringContaining('24 devices: 24 ok') });
    for (const { device, platform, outputs, notes } of results) {
      expect([device, platform]).toEqual([device, planned(cluster, device)]);
      expect(notes).toEqual([expect.stringMatching(new RegExp(`^platform auto: ${platform} \\(by `))]);
      const command = known.get(platform)?.default_commands[0] ?? '';
      expect(outputs).toMatchObject([
        { command, status: 'complete', output: fleet.expected(device, command) },
      ]);
    }
    expect(stderr).toMatch(/^ *note +3 +\S+: platform auto: frr \(by the answer to show version\)$/m);

    // What is asked later is known by what was found.
    const tree = place.path('tree');
    await place.netsweep(['sweeps', 'results', 'last', '-t', tree]);
    const frr = results.find(({ platform }) => platform === 'frr')?.device ?? '';
    expect(await readFile(join(tree, frr, 'show_running-config.txt'), 'utf8')).toBe(
      fleet.expected(frr, 'show running-config'),
    );
    const again = await cluster.run(['-e', 'platform=auto', '--rerun', 'last', '-l', frr]);
    expect(again.results).toMatchObject([{ device: frr, status: 'ok', platform: 'frr' }]);
  });

  test('sends nothing that the found platform does not read, and is off the device', async () => {
    await using cluster = await startCluster({
      devices: 2,
      platforms: ['cisco_ios', 'linux'],
      unprivileged: 0,
    });
    const { status, results } = await cluster.run(['-e', 'platform=auto', 'cat /etc/os-release']);
    expect(status).toBe(1);
    const of = (platform: string) => results.find((result) => result.platform === platform);
    expect(of('linux')).toMatchObject({ status: 'ok', outputs: [{ exitStatus: 0 }] });
    expect(of('cisco_ios')).toMatchObject({
      status: 'failed',
      failure: {
        kind: 'not-allowed',
        message:
          '"cat /etc/os-release" is not a command that only reads on cisco_ios: "cat" is not known to read',
      },
      outputs: [],
    });
    const [ios] = cluster.fleet.sessions().filter(({ device }) => device === of('cisco_ios')?.device);
    expect(ios?.commands.filter((line) => line.startsWith('cat'))).toEqual([]);
  });

  test('distributed, over agents that know only what ships', async () => {
    await using cluster = await startCluster({
      devices: 8,
      platforms: [...PLATFORMS],
      agents: [{ name: 'a1', segments: ['default'] }],
    });
    const { status, results } = await cluster.run(['-e', 'platform=auto']);
    expect(status).toBe(0);
    expect(results.map(({ device, platform }) => [device, platform])).toEqual(
      results.map(({ device }) => [device, planned(cluster, device)]),
    );
  });
});

describe("the user's own platforms", () => {
  /** As frr, under another name, with a reading word of its own. */
  const MINE = 'title: Mine\nextends: frr\nreads: [show, enable]\n';

  test('are used by a sweep that runs here, again by --rerun, and shown by sweeps results', async () => {
    await using cluster = await startCluster({ devices: 2, platforms: ['frr'] });
    const { fleet, place } = cluster;
    await place.write('.config/netsweep/platforms/my_os.yaml', MINE);
    const { status, results } = await cluster.run(['-e', 'platform=my_os', 'enable', 'show version']);
    expect(status).toBe(0);
    for (const { device, platform, outputs } of results)
      expect({ platform, outputs }).toMatchObject({
        platform: 'my_os',
        outputs: [
          { status: 'complete' },
          { status: 'complete', output: fleet.expected(device, 'show version') },
        ],
      });
    const again = await cluster.run(['-e', 'platform=my_os', '--rerun', 'last']);
    expect(again.results.map(({ outputs }) => outputs.length)).toEqual([2, 2]);
    const shown = await place.netsweep(['sweeps', 'results', 'last', '--format', 'json']);
    expect(JSON.parse(shown.stdout).devices).toMatchObject([{ platform: 'my_os' }, { platform: 'my_os' }]);
    const gone = await cluster.run(['-e', 'platform=my_os', '--platforms', place.folder, 'show version']);
    expect(gone).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('unknown platform (found "my_os"'),
    });
  });

  test('travel to agents elsewhere, and one of them may be what auto finds', async () => {
    await using cluster = await startCluster({
      devices: 2,
      platforms: ['frr'],
      agents: [{ name: 'a1', segments: ['default'] }],
    });
    await cluster.place.write(
      'mine/my_os.yaml',
      `${MINE}detect: { prompt: '^R\\d+# $', probe: '^FRRouting \\S+ [(]R' }\n`,
    );
    cluster.place.env.NETSWEEP_PLATFORMS = cluster.place.path('mine');
    for (const platform of ['my_os', 'auto']) {
      const { status, stderr, results } = await cluster.run(['-e', `platform=${platform}`, 'enable']);
      expect({ status, stderr }).toMatchObject({ status: 0, stderr: expect.stringContaining('2 ok') });
      expect(results.map((result) => result.platform)).toEqual(['my_os', 'my_os']);
    }
    await cluster.place.write(
      'mine/large.yaml',
      `title: L\nextends: frr\nwrites: '${'x'.repeat(140_000)}'\n`,
    );
    const large = await cluster.run(['-e', 'platform=auto', 'enable']);
    expect(large).toMatchObject({
      status: 2,
      stderr: expect.stringMatching(/too large \(found \d+ bytes in 2,/),
    });
  });

  test('with a pattern that never ends do not stop a worker', async () => {
    await using cluster = await startCluster({ devices: 2, platforms: ['frr'] });
    const endless = `${MINE}errors: ['^(.|.)*~$']\n`;
    await cluster.place.write('.config/netsweep/platforms/my_os.yaml', endless);
    const { status, results } = await cluster.run([
      '-e',
      'platform=my_os',
      'show version',
      'show running-config',
    ]);
    expect({ status, attempts: results.map(({ attempts }) => attempts) }).toEqual({
      status: 0,
      attempts: [1, 1],
    });
  });
});

describe('platforms learn', () => {
  test('describes devices of the inventory so that a sweep by that gives whole outputs', async () => {
    await using cluster = await startCluster({
      devices: 3,
      platforms: ['cisco_nxos', 'juniper_junos', 'frr'],
      configLines: 200,
    });
    const { fleet, place } = cluster;
    const inventory = fleet.inventory();
    const directory = place.path('mine');
    await place.write('mine/README', '');
    const learn = ({ name, platform }: FleetDevice) => {
      const file = join(directory, `my_${platform}.yaml`);
      return place.netsweep(['platforms', 'learn', name, '-i', inventory, '--output', file]);
    };
    const learnt = await Promise.all(fleet.devices.map(learn));
    for (const one of learnt) expect(one).toMatchObject({ status: 0, stdout: '' });
    for (const { name, platform } of fleet.devices) {
      const args = ['-l', name, '-e', `platform=my_${platform}`, '--platforms', directory];
      const { results } = await cluster.run(args, { inventory });
      const output = fleet.expected(name, known.get(platform)?.default_commands[0] ?? '');
      expect(results).toMatchObject([{ status: 'ok', outputs: [{ status: 'complete', output }] }]);
      expect(known.names).not.toContain(results[0]?.platform);
    }
    const over = await learn(fleet.devices[0] as FleetDevice);
    expect(over).toMatchObject({ status: 2, stderr: expect.stringContaining('is not written over') });
  });

  test.skipIf(frrMissing !== null)(
    'describes a real FRR, which is also found by auto',
    async () => {
      await using frr = await startFrr();
      await using place = await Place.open();
      const { host, port, user, password } = frr.sshd;
      await place.write('password', password);
      const words = [host, '--port', String(port), '-u', user, '--password-file', place.path('password')];
      const learnt = await place.netsweep(['platforms', 'learn', ...words]);
      expect(learnt).toMatchObject({ status: 0, stderr: expect.stringContaining('1 ok') });
      expect(learnt.stdout).toMatch(/^extends: frr$/m);
      await place.write('.config/netsweep/platforms/edge.yaml', learnt.stdout);
      const device = { name: 'edge-1', host, port, username: user, password };
      for (const platform of ['edge', 'auto']) {
        const { devices } = await sweep(
          place,
          [{ ...device, platform }],
          ['show running-config', 'show version'],
        );
        expect(devices[0]?.outputs).toMatchObject([
          { status: 'complete', output: await frr.runningConfig() },
          { status: 'complete', output: await frr.sshd.ssh('show version') },
        ]);
      }
    },
    120_000,
  );
});
