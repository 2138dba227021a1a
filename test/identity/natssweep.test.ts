// Whole sweeps by real programs on a NATS of our own: what its users are allowed is what they need.
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect as connectTls } from 'node:tls';
import { jetstreamManager } from '@nats-io/jetstream';
import { connect, credsAuthenticator } from '@nats-io/transport-node';
import { describe, expect, test } from 'vitest';
import { bucketStream, streamName } from '../../proto/subjects.ts';
import type { Leaf } from '../certificates.ts';
import { Fleet } from '../fleet.ts';
import type { OwnNats } from '../ownnats.ts';
import { until } from '../process.ts';
import { securedMissing, startSecured } from '../real/secured.ts';

describe.skipIf(securedMissing !== null)('a sweep', () => {
  test.each([
    ['one server', 1],
    ['a cluster of three', 3],
  ])('needs no more on %s than its users may, and a revoked agent is gone from it', async (_, servers) => {
    await using fleet = await Fleet.open({ devices: 12, segments: 2 });
    await using secured = await startSecured({ ownNats: servers });
    const { nats, authority } = secured.own;
    const agents = [
      await secured.agent({ name: 'agent.1', segment: 'segment-1' }),
      await secured.agent({ name: 'agent.2', segment: 'segment-2,dc 3' }),
    ];
    for (const agent of agents) await agent.logged(/^ready name=/m);
    const words = ['run', '-i', fleet.inventory(), '--format', 'json', ...(await secured.client())];
    const swept = await secured.place.netsweep([...words, 'show version']);
    expect(swept).toMatchObject({ status: 0 });
    expect(JSON.parse(swept.stdout).counts).toMatchObject({ selected: 12, ok: 12 });
    expect(nats.log).not.toMatch(/violation/i);
    const leaf = await secured.certificates.leaf('agent.1');
    expect(await copies(nats, leaf)).toEqual([servers, servers]);
    // Its certificate is of the authority that the servers believe in, and makes it none of them.
    if (servers > 1)
      for (const login of ['', '"user":"route","pass":"guessed",'])
        expect(await joinAsServer(nats, leaf, login)).toMatch(/Authorization Violation/);
    expect(await authority.revoke('agent.1')).toBe(true);
    await until('it is turned away', () => /authentication error/.test(nats.log));
  });
});

/** How many servers keep the stream of work, and agents' presence. */
async function copies(
  { urls, creds, certificates, storeId }: OwnNats,
  { cert, key }: Leaf,
): Promise<number[]> {
  const connection = await connect({
    servers: urls,
    authenticator: credsAuthenticator(readFileSync(creds)),
    tls: { caFile: certificates.ca, certFile: cert, keyFile: key },
  });
  try {
    const manager = await jetstreamManager(connection, { checkAPI: false });
    const streams = [streamName(storeId), bucketStream(storeId)];
    const infos = await Promise.all(streams.map((name) => manager.streams.info(name)));
    return infos.map(({ config }) => config.num_replicas);
  } finally {
    await connection.close();
  }
}

/** What a server says to somebody who comes as another server. */
async function joinAsServer(nats: OwnNats, { cert, key }: Leaf, login: string): Promise<string> {
  const [ca, own, secret] = [nats.certificates.ca, cert, key].map((file) => readFileSync(file));
  const port = nats.clusterPorts[0] ?? 0;
  const socket = connectTls({ port, host: '127.0.0.1', ca, cert: own, key: secret });
  let said = '';
  socket.on('data', (data) => (said += data.toString()));
  socket.on('error', () => undefined); // it closes, which is what is waited for
  await once(socket, 'secureConnect');
  socket.write(
    `CONNECT {${login}"verbose":false,"pedantic":false,"tls_required":true,"name":"thief","cluster":"netsweep"}\r\nPING\r\n`,
  );
  await once(socket, 'close');
  return said;
}
