// Sweeps of a real router, FRR's vtysh behind a real sshd, held against what vtysh prints without a terminal.
import { readFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { type Frr, frrMissing, startFrr } from '../frr.ts';
import { Place } from '../place.ts';
import { type DeviceFields, only, outputOf, sweep } from './sweep.ts';

const commands = ['show running-config', 'show version', 'show ip route', 'show interface brief'];

function device({ sshd: { host, port, user } }: Frr): DeviceFields {
  return { name: 'core-7', host, port, username: user, platform: 'frr' };
}

function withPassword(frr: Frr): DeviceFields {
  return { ...device(frr), password: frr.sshd.password };
}

describe.skipIf(frrMissing !== null)('a sweep of a real FRR', () => {
  test('gives after a login by password what vtysh prints, to the byte', async () => {
    await using frr = await startFrr({ hostname: 'core-7' });
    await using place = await Place.open();
    const swept = await sweep(place, [withPassword(frr)], commands);
    expect(swept.status).toBe(0);
    const got = only(swept);
    expect(got).toMatchObject({ status: 'ok', failure: null, attempts: 1 });
    expect(got.outputs.map(({ command, status }) => `${command}: ${status}`)).toEqual(
      commands.map((command) => `${command}: complete`),
    );
    expect(outputOf(got, 'show running-config').output).toBe(await frr.runningConfig());
    expect(outputOf(got, 'show running-config').bytes).toBeGreaterThan(20_000);
    for (const command of commands.slice(1))
      expect(outputOf(got, command).output).toBe(await frr.sshd.ssh(command));
    expect(frr.sshd.log).toMatch(/Accepted password for netops/);
  });

  test('logs in with a key, and asks for the running configuration by itself', async () => {
    await using frr = await startFrr({ sshd: { config: ['PasswordAuthentication no'] } });
    await using place = await Place.open();
    const swept = await sweep(place, [{ ...device(frr), private_key: frr.sshd.privateKeyPath }], []);
    expect(swept.status).toBe(0);
    expect(only(swept).outputs).toMatchObject([
      { command: 'show running-config', status: 'complete', output: await frr.runningConfig() },
    ]);
  });

  test('writes the configuration to a file that equals what vtysh prints', async () => {
    await using frr = await startFrr();
    await using place = await Place.open();
    const inventory = await place.write('inventory.json', JSON.stringify([withPassword(frr)]));
    const tree = place.path('out');
    const ended = await place.netsweep(['run', '-i', inventory, '--tree', tree]);
    expect(ended).toMatchObject({ status: 0, stdout: '' });
    expect(await readFile(`${tree}/core-7/show_running-config.txt`, 'utf8')).toBe(await frr.runningConfig());
  });

  test('reports a command that the parser does not know, and runs the next', async () => {
    await using frr = await startFrr({ routes: 1, prefixes: 0, interfaces: 0, routeMaps: 0 });
    await using place = await Place.open();
    const swept = await sweep(place, [withPassword(frr)], ['show nonsense', 'show ip', 'show version']);
    expect(swept.status).toBe(1);
    const got = only(swept);
    expect(got).toMatchObject({
      status: 'failed',
      failure: { kind: 'cli-error', stage: 'command', retryable: false },
      attempts: 1,
    });
    expect(got.failure?.message).toContain('show nonsense');
    expect(got.outputs).toMatchObject([
      { status: 'complete', output: '% Unknown command: show nonsense\n' },
      { status: 'complete', output: '% Command incomplete: show ip\n' },
      { status: 'complete', output: await frr.sshd.ssh('show version') },
    ]);
  });

  test.each(['more', 'less', 'less -FX', 'cat'])(
    'is not fooled by an account that pages through %s',
    async (pager) => {
      await using frr = await startFrr({ sshd: { config: [`SetEnv "VTYSH_PAGER=${pager}"`] } });
      await using place = await Place.open();
      const swept = await sweep(place, [withPassword(frr)], commands);
      expect(swept.status).toBe(0);
      const got = only(swept);
      expect(outputOf(got, 'show running-config')).toMatchObject({
        status: 'complete',
        output: await frr.runningConfig(),
      });
      for (const command of commands.slice(1))
        expect(outputOf(got, command).output).toBe(await frr.sshd.ssh(command));
    },
  );

  test('pages through when paging is switched on within the session', async () => {
    await using frr = await startFrr({ routes: 2_500 }); // more than a screen of any terminal
    await using place = await Place.open();
    const paged = ['terminal paginate', 'show running-config', 'show version'];
    const swept = await sweep(place, [withPassword(frr)], ['--allow-writes', ...paged]);
    expect(swept.status).toBe(0);
    const got = only(swept);
    expect(outputOf(got, 'show running-config')).toMatchObject({
      status: 'complete',
      output: await frr.runningConfig(),
    });
    expect(outputOf(got, 'show version').output).toBe(await frr.sshd.ssh('show version'));
  });
});
