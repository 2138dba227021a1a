// What the coordinator makes in NATS and makes again, on a real nats-server.
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { connect, headers } from '@nats-io/transport-node';
import { expect, test } from 'vitest';
import type { NatsOptions } from '../../coordinator/sweep/natsconnection.js';
import { Offers } from '../../coordinator/sweep/offers.js';
import { Shard } from '../../proto/gen/netsweep/v1/agent.js';
import { bucketStream, consumerName, presenceSubject, streamName } from '../../proto/subjects.js';
import { startNats } from '../nats.ts';

const STORE = '0123456789abcdef';
const shard = (offer: number) => Shard.create({ storeId: STORE, sweep: 'S', shard: 1, offer, segment: 's' });

test('an offer is published once under its number, and again over whatever has been deleted', async () => {
  await using nats = await startNats({ config: 'max_payload: 100000\n' });
  const options: NatsOptions = {
    ...{ servers: [nats.url], token: null, credsFile: null, tls: null },
    storage: 'file',
  };
  await using offers = Offers.open(options, STORE, () => undefined);
  await offers.ready;
  expect(offers.maxBytes).toBeLessThan(100_000);
  expect(await offers.publish(shard(1))).toBe(true);
  expect(await offers.publish(shard(1)), 'nothing new lies there').toBe(false);
  expect(await offers.publish(shard(2))).toBe(true);

  const connection = await connect({ servers: nats.url });
  const manager = await jetstreamManager(connection);
  const [stream, durable] = [streamName(STORE), consumerName('s')];
  const before = await manager.consumers.info(stream, durable);
  await offers.rebuild('s');
  const after = await manager.consumers.info(stream, durable);
  expect(after.created, 'a durable in which nothing is found is another one then').not.toBe(before.created);
  expect(after.num_pending, 'with all that lies there').toBe(2);

  await manager.streams.delete(stream);
  await expect(offers.publish(shard(3))).rejects.toThrow();
  await offers.rebuild(null);
  expect(await offers.publish(shard(3))).toBe(true);
  expect((await manager.consumers.info(stream, durable)).num_pending).toBe(1);
  await connection.close();
});

test('a key of one agent can take none of another, in a bucket of an earlier version either', async () => {
  await using nats = await startNats();
  const connection = await connect({ servers: nats.url });
  const manager = await jetstreamManager(connection);
  const [name, subjects] = [bucketStream(STORE), [presenceSubject(STORE, '*')]];
  await manager.streams.add({ name, subjects, max_msgs_per_subject: 1, allow_rollup_hdrs: true });
  const other = presenceSubject(STORE, 'other');
  await jetstream(connection).publish(other, 'there');
  const options: NatsOptions = {
    ...{ servers: [nats.url], token: null, credsFile: null, tls: null },
    storage: 'file',
  };
  await using offers = Offers.open(options, STORE, () => undefined);
  await offers.ready;
  const alone = headers();
  alone.set('Nats-Rollup', 'all');
  const publication = jetstream(connection).publish(presenceSubject(STORE, 'own'), 'x', { headers: alone });
  await expect(publication).rejects.toThrow(/roll/i);
  expect((await manager.streams.getMessage(name, { last_by_subj: other }))?.string()).toBe('there');
  await connection.close();
});
