import { jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { expect, test } from 'vitest';
import { startNats } from '../nats.ts';
import { until } from '../process.ts';

test('a nats-server of the test answers on a port of its own and keeps a stream over a crash', async () => {
  await using nats = await startNats();
  const connection = await connect({ servers: nats.url, reconnectTimeWait: 50, maxReconnectAttempts: -1 });
  try {
    const manager = await jetstreamManager(connection, { timeout: 10_000 });
    await manager.streams.add({ name: 'kept', subjects: ['kept.>'] });
    await nats.stop('SIGKILL');
    await nats.start();
    const names = await until('the stream again', async () => {
      const streams = await manager.streams
        .names()
        .next()
        .catch(() => []);
      return streams.length > 0 && streams;
    });
    expect(names).toEqual(['kept']);
  } finally {
    await connection.close();
  }
});

test('two nats-servers of tests do not meet', async () => {
  await using one = await startNats();
  await using other = await startNats({ config: 'authorization { token: "only-here" }' });
  expect(one.port).not.toBe(other.port);
  const connection = await connect({ servers: other.url, token: 'only-here' });
  expect(connection.getServer()).toBe(`127.0.0.1:${other.port}`);
  await connection.close();
  await expect(connect({ servers: other.url, reconnect: false })).rejects.toThrow(/authorization/i);
});
