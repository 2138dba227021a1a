// Agents on a NATS of our own, from their first user to their last.
import { chmod, readdir, readFile, rename, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { initNats } from '../../coordinator/identity/natsinit.ts';
import { natsUser } from '../../coordinator/identity/natsusers.ts';
import { Place } from '../place.ts';
import { until } from '../process.ts';
import { HOUR_MS, NatsRoad } from './natsroad.ts';

const never = new AbortController().signal;

test('an agent pulls from each of its segments, whatever they are called, and is gone when it is revoked', async () => {
  await using road = await NatsRoad.open();
  await using shards = await road.shards('dc1.a', await road.creds('dc1.a', ['dc1.rack2', 'dc 2']));
  for (const [shard, segment] of ['dc1.rack2', 'dc 2'].entries()) {
    await road.offer(segment, shard);
    const offer = await shards.pull(road.storeId, segment, never);
    if (offer === null || offer === 'foreign') throw new Error('nothing lies there');
    expect(offer.shard.shard).toBe(shard);
    await offer.done();
  }
  await shards.present(road.storeId, 'dc1.a', { forks: 7 });
  expect(await road.presence('dc1.a')).toBe('{"forks":7}');
  expect(await road.authority.revoke('dc1.a')).toBe(true);
  await until('it is turned away', () => /authentication error/.test(road.nats.log));
  await expect(shards.pull(road.storeId, 'dc 2', never)).rejects.toThrow();
  // Enrolled again under its name it is another.
  await using again = await road.shards('dc1.a', await road.creds('dc1.a', ['dc 2']));
  expect(await again.pull(road.storeId, 'dc 2', never)).toBeNull();
});

test('an agent whose user has run out goes on with the one that was put in its place meanwhile', async () => {
  await using road = await NatsRoad.open();
  await road.offer('dc1', 1);
  const expires = Date.now() + 4_000;
  const file = await road.creds('a', ['dc1'], expires);
  await using shards = await road.shards('a', file);
  await until('it is connected, or has come too late', () => shards.server !== '' || Date.now() > expires);
  await rename(await road.creds('a', ['dc1']), file);
  await until('its first user has run out', () => Date.now() > expires + 1_000);
  const offer = await until('it pulls again', () =>
    shards.pull(road.storeId, 'dc1', never).catch(() => null),
  );
  expect(offer).toMatchObject({ shard: { shard: 1 } });
});

test('what is made is for its owner alone, and a seed that others may read is not used', async () => {
  await using place = await Place.open();
  const [directory, storeId] = [place.folder, 'feed0123'];
  await initNats({ directory, storeId, hosts: [{ host: '10.0.0.1' }, { host: 'n2' }, { host: '::1' }] });
  const grant = { agent: 'a', segments: ['dc1'], storeId, expires: Date.now() + HOUR_MS };
  await natsUser(directory, grant);
  const folder = join(directory, 'nats');
  const made = await readdir(folder, { recursive: true, withFileTypes: true });
  for (const entry of made) {
    const { mode } = await stat(join(entry.parentPath, entry.name));
    expect(mode & 0o777, entry.name).toBe(entry.isDirectory() ? 0o700 : 0o600);
  }
  expect(made.filter(({ name }) => name === 'nats-server.conf')).toHaveLength(3);
  await chmod(join(folder, 'operator.nk'), 0o640);
  await expect(natsUser(directory, grant)).rejects.toThrow(/operator\.nk can be read by others/);
});

test('serve --init says how each server of a cluster is started on the host that its folder goes to', async () => {
  await using place = await Place.open();
  const hosts = ['--host', 'localhost', '--nats-host', 'n1,n2,n3'];
  const made = await place.netsweep(['serve', '--init', ...hosts, '--state', place.path('state')]);
  expect(made).toMatchObject({ status: 0, stderr: '' });
  const folder = place.path('state/serve/nats/servers/nats-3');
  expect(made.stdout).toContain(`  cd ${folder} && nats-server -c nats-server.conf `);
  const conf = await readFile(join(folder, 'nats-server.conf'), 'utf8');
  expect(conf).not.toContain(place.folder);
  for (const host of ['n1', 'n2', 'n3'])
    expect(conf).toMatch(new RegExp(`nats-route://route:\\S+@${host}:6222"`));
});
