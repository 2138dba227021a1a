// Whole sweeps through bastions by the built programs: Debian's real sshd as the bastion, sshd and the rehearsal
// fleet behind it. How often somebody came and what he said is read in sshd's own log.
import { describe, expect, test } from 'vitest';
import { Breakable } from '../breakable.ts';
import { type Cluster, startCluster, troubles } from '../cluster.ts';
import { type Login, type Sshd, sshdMissing, startSshd } from '../openssh.ts';
import { Place } from '../place.ts';
import { until } from '../process.ts';
import { type DeviceFields, only, outputOf, sweep } from './sweep.ts';

/** As a device of the inventory, which is where a bastion's login comes from. */
function listed(name: string, login: Login, fields: DeviceFields = {}): DeviceFields {
  const { host, port, user, password } = login;
  return { name, host, port, username: user, password, platform: 'linux', ...fields };
}

/** Options that put the whole fleet behind a bastion. */
async function behind({ place }: Cluster, bastion: DeviceFields): Promise<string[]> {
  const inventory = await place.write('bastion.json', JSON.stringify([bastion]));
  return ['-i', inventory, '-J', String(bastion.name), '-l', `!${bastion.name}`];
}

function count(sshd: Sshd, words: RegExp): number {
  return sshd.log.match(words)?.length ?? 0;
}

describe.skipIf(sshdMissing !== null)('a sweep through bastions', () => {
  test('reaches a device behind two of them in a row, and keeps the keys of all three', async () => {
    await using place = await Place.open();
    await using b1 = await startSshd();
    await using b2 = await startSshd();
    await using sshd = await startSshd();
    const devices = [listed('b1', b1), listed('b2', b2), listed('R1', sshd, { jump: 'b1,b2' })];
    for (const _ of ['first', 'with known keys']) {
      const swept = await sweep(place, devices, ['-l', 'R1', 'uname -a', 'id']);
      expect(swept.status).toBe(0);
      const got = only(swept);
      expect(got).toMatchObject({ status: 'ok', failure: null, attempts: 1 });
      expect(outputOf(got, 'id').output).toBe(await sshd.ssh('id'));
    }
    expect([b1, b2].map((bastion) => count(bastion, /Accepted password/g))).toEqual([2, 2]);
    expect(count(b1, /Connection from/g)).toBe(2);
    const { stdout } = await place.netsweep(['hostkeys', 'list', '--json']);
    const known = JSON.parse(stdout) as { port: number; jump: string | null }[];
    const [first, second] = [b1, b2].map(({ host, port }) => `${host}:${port}`);
    expect(Object.fromEntries(known.map(({ port, jump }) => [port, jump]))).toEqual({
      [b1.port]: null,
      [b2.port]: first,
      [sshd.port]: `${first},${second}`,
    });
    const inventory = place.path('inventory.json');
    expect((await place.netsweep(['hostkeys', 'rm', 'R1', '-i', inventory])).stdout).toBe(
      'R1: 1 key forgotten\n',
    );
    const b2Place = [b2.host, '--port', String(b2.port), '--jump'];
    expect((await place.netsweep(['hostkeys', 'rm', ...b2Place, 'b3:22'])).status).toBe(2);
    const accepted = await place.netsweep(['hostkeys', 'accept', ...b2Place, String(first), b2.hostKey]);
    expect(accepted.stdout).toMatch(`${second} through ${first} in default: ssh-ed25519 SHA256:`);
    const left = JSON.parse((await place.netsweep(['hostkeys', 'list', '--json'])).stdout);
    expect(left).toMatchObject([
      { port: b1.port, jump: null },
      { port: b2.port, jump: first, agent: null },
    ]);
  });

  test('of 100 devices behind one bastion opens one connection to it for each agent', async () => {
    await using bastion = await startSshd();
    const agents = ['a1', 'a2'].map((name) => ({ name, segments: ['default'] }));
    await using cluster = await startCluster({ devices: 100, agents });
    const through = await behind(cluster, listed('b1', bastion));
    const { status, results } = await cluster.run([...through, 'show version']);
    expect(troubles(results)).toEqual([]);
    expect(status).toBe(0);
    expect(results).toHaveLength(100);
    const worked = new Set(results.map(({ agent }) => agent));
    expect(count(bastion, /Accepted password/g)).toBe(worked.size);
    expect(count(bastion, /Connection from/g)).toBe(worked.size);
  });

  test('with a process for each device works all the same', async () => {
    await using bastion = await startSshd();
    await using cluster = await startCluster({ devices: 5 });
    const through = await behind(cluster, listed('b1', bastion));
    const { results } = await cluster.run([...through, '--isolation', 'device', 'show version']);
    expect(troubles(results)).toEqual([]);
    expect(count(bastion, /Accepted password/g)).toBe(5);
  });

  test('goes on over a new connection when its bastion is cut off in the middle', async () => {
    await using bastion = await startSshd();
    await using proxy = await Breakable.open(bastion.port);
    await using cluster = await startCluster({ devices: 60, commandMs: 300 });
    const through = await behind(cluster, listed('b1', bastion, { port: proxy.port }));
    const running = cluster.start([...through, 'show version']);
    await until('commands are under way', () => cluster.fleet.asked('show version').length >= 10);
    proxy.cut();
    const results = (await running.finished).stdout
      .trim()
      .split('\n')
      .map(
        (line) => JSON.parse(line) as { status: string; failure: { kind: string; message: string } | null },
      );
    expect(results).toHaveLength(60);
    const failed = results.filter(({ status }) => status !== 'ok');
    // Their password had left, so they are not tried again; no others are harmed.
    expect(failed.length).toBeGreaterThan(0);
    expect(failed.length).toBeLessThanOrEqual(32);
    for (const { failure } of failed) {
      expect(failure?.kind).toBe('disconnected');
      expect(failure?.message).toContain(`jump host 127.0.0.1:${proxy.port}: `);
    }
    expect(proxy.taken).toBe(2);
    expect(count(bastion, /Accepted password/g)).toBe(2);
  });

  test('sends a bastion that refuses its password no second one', async () => {
    await using bastion = await startSshd();
    await using cluster = await startCluster({ devices: 40 });
    const through = await behind(cluster, listed('b1', bastion, { password: 'wrong-one' }));
    const { status, results, stderr } = await cluster.run([...through, 'show version']);
    expect(status).toBe(1);
    for (const { failure, attempts } of results) {
      expect(failure).toMatchObject({ kind: 'auth', stage: 'auth', retryable: false });
      expect(failure?.message).toMatch(/^jump host 127.0.0.1:\d+: it refused/);
      expect(attempts).toBe(1);
    }
    expect(results).toHaveLength(40);
    expect(count(bastion, /Failed password/g)).toBe(1);
    expect(cluster.fleet.sessions()).toEqual([]);
    expect(JSON.stringify(results) + stderr).not.toContain('wrong-one');
  });

  test('tells nothing to a bastion whose host key has changed, until a person accepts it', async () => {
    await using place = await Place.open();
    await using sshd = await startSshd();
    let port: number;
    {
      await using before = await startSshd();
      const devices = [listed('b1', before), listed('R1', sshd, { jump: 'b1' })];
      expect((await sweep(place, devices, ['-l', 'R1', 'id'])).status).toBe(0);
      port = before.port;
    }
    await using bastion = await startSshd({ port, config: ['LogLevel DEBUG1'] });
    const devices = [listed('b1', bastion), listed('R1', sshd, { jump: 'b1' })];
    const swept = await sweep(place, devices, ['-l', 'R1', 'id']);
    expect(swept.status).toBe(1);
    const { failure, attempts } = only(swept);
    expect(failure).toMatchObject({ kind: 'host-key', stage: 'hostkey', retryable: false });
    expect(failure?.message).toMatch(`jump host 127.0.0.1:${port}: the host key has changed: `);
    expect(attempts).toBe(1);
    expect(bastion.log).toMatch(/Connection from/);
    expect(bastion.log).not.toMatch(/userauth-request|Accepted|Failed/);
    const accept = ['hostkeys', 'accept', bastion.host, '--port', String(port), bastion.hostKey];
    expect((await place.netsweep(accept)).status).toBe(0);
    expect((await sweep(place, devices, ['-l', 'R1', 'id'])).status).toBe(0);
  });

  test('learns the host keys of devices behind one', async () => {
    await using place = await Place.open();
    await using bastion = await startSshd();
    await using sshd = await startSshd({ config: ['LogLevel DEBUG1'] });
    const devices = JSON.stringify([listed('b1', bastion), listed('R1', sshd, { jump: 'b1' })]);
    const inventory = await place.write('inventory.json', devices);
    const scanned = await place.netsweep(['hostkeys', 'scan', '-i', inventory, '-l', 'R1', '--json']);
    expect(scanned.stderr).not.toMatch(/failed/);
    expect(scanned.status).toBe(0);
    const place1 = { jump: `127.0.0.1:${bastion.port}`, host: sshd.host, port: sshd.port };
    expect(JSON.parse(scanned.stdout)).toMatchObject([place1]);
    expect(sshd.log).not.toContain('userauth-request');
  });
});
