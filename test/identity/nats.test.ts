// A NATS of our own: what its users may do, and for how long.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { Shards } from '../../agent/lease.ts';
import { NatsAuthority } from '../../coordinator/identity/natsauthority.ts';
import { Offers } from '../../coordinator/sweep/offers.ts';
import { Shard } from '../../proto/gen/netsweep/v1/agent.ts';
import { type OwnNats, startOwnNats } from '../ownnats.ts';
import { until } from '../process.ts';

const HOUR_MS = 3_600_000;
const never = new AbortController().signal;
const quiet = () => undefined;

async function open(nats: OwnNats) {
  const tls = { ca: nats.certificates.ca, ...(await nats.certificates.leaf('all')) };
  const servers = nats.urls;
  const authority = NatsAuthority.open({ directory: nats.directory, servers, tls, warn: quiet });
  const ours = { servers, token: null, credsFile: nats.creds, tls, storage: 'file' as const };
  const offers = Offers.open(ours, nats.storeId, quiet);
  await offers.ready;
  const agent = async (name: string, segments: string[]) => {
    const expires = Date.now() + HOUR_MS;
    const creds = await authority.user({ agent: name, segments, storeId: nats.storeId, expires });
    const credsFile = join(nats.directory, `${name}.creds`);
    await writeFile(credsFile, creds, { mode: 0o600 });
    return Shards.open({ servers, token: null, credsFile, tls, name }, quiet);
  };
  return {
    authority,
    offers,
    agent,
    offer: (segment: string, shard: number) =>
      offers.publish({
        ...Shard.decode(new Uint8Array()),
        storeId: nats.storeId,
        sweep: 's',
        segment,
        shard,
      }),
    [Symbol.asyncDispose]: async () => {
      await offers[Symbol.asyncDispose]();
      await authority[Symbol.asyncDispose]();
    },
  };
}

test.each([
  ['one server', 1],
  ['a cluster of three', 3],
])('on %s an agent pulls from its segments, and is gone with its revocation', async (_, servers) => {
  await using nats = await startOwnNats({ servers });
  await using parts = await open(nats);
  await using shards = await parts.agent('dc1.a', ['dc1.rack2', 'dc 2']);
  await parts.offer('dc1.rack2', 1);
  await parts.offer('dc 2', 2);
  for (const [segment, shard] of [
    ['dc1.rack2', 1],
    ['dc 2', 2],
  ] as const) {
    const offer = await shards.pull(nats.storeId, segment, never);
    if (offer === null || offer === 'foreign') throw new Error('nothing lies there');
    expect(offer.shard.shard).toBe(shard);
    await offer.done();
  }
  expect(await shards.pull(nats.storeId, 'dc 2', never)).toBeNull();
  expect(await parts.authority.revoke('dc1.a')).toBe(true);
  await until('it is turned away', () =>
    shards.pull(nats.storeId, 'dc 2', never).then(
      () => false,
      () => nats.log.match(/authentication error/) !== null,
    ),
  );
  await using again = await parts.agent('dc1.a', ['dc 2']);
  expect(await again.pull(nats.storeId, 'dc 2', never)).toBeNull();
});
