// Whoever has the key of an agent, or of a nats-server, has a certificate of our authority. It makes neither of them the
// coordinator: nobody sends them anything.
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:tls';
import { expect, test } from 'vitest';
import { openChannel } from '../../agent/channel.ts';
import { Authority, newSerial, type Pair } from '../../coordinator/identity/authority.ts';
import { Identity } from '../../proto/gen/netsweep/v1/members.ts';
import { makeKey, requestCertificate } from '../../proto/identity/certificaterequest.ts';
import { keepIdentity, keepKey, readIdentityDirectory } from '../../proto/identity/identitydirectory.ts';
import { join, renewIdentity } from '../../proto/identity/join.ts';
import { writeJoinToken } from '../../proto/identity/jointoken.ts';
import { Place } from '../place.ts';
import { until } from '../process.ts';

const HOUR_MS = 3_600_000;
/** The coordinator's; a nats-server's certificate is for localhost and 127.0.0.1 as well. */
const HOST = '127.0.0.2';

/** Listens as if it were the coordinator; counts what it is sent once TLS stands. */
class Impostor implements AsyncDisposable {
  heard = 0;
  met = 0;
  private constructor(private readonly server: ReturnType<typeof createServer>) {}

  static async open({ cert, key }: Pair, authority: Authority): Promise<Impostor> {
    const server = createServer({ cert: cert + authority.certificate, key, ALPNProtocols: ['h2'] });
    const impostor = new Impostor(server);
    server.on('connection', () => {
      impostor.met += 1;
    });
    server.on('secureConnection', (socket) => {
      socket
        .on('error', () => undefined)
        .on('data', (bytes) => {
          impostor.heard += bytes.length;
        });
    });
    server.on('tlsClientError', () => undefined);
    await new Promise<void>((resolve) => server.listen(0, HOST, resolve));
    return impostor;
  }

  get address(): string {
    return `${HOST}:${(this.server.address() as AddressInfo).port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.server.close();
  }
}

test.each(['agent', 'nats-server', 'coordinator'])(
  'the key of the %s speaks for the coordinator if it is its own',
  async (whose) => {
    await using place = await Place.open();
    const authority = await Authority.make(place.path('authority'), 'netsweep', [HOST]);
    const member = async (name: string): Promise<Pair> => {
      const key = makeKey();
      const leaf = { name, hosts: [], uri: `netsweep://agent/${name}`, uses: ['client' as const] };
      const more = { serial: newSerial(), notAfterMs: Date.now() + HOUR_MS };
      return { key, cert: await authority.certify(await requestCertificate(key), { ...leaf, ...more }) };
    };
    const pairs: Record<string, () => Promise<Pair>> = {
      agent: () => member('a'),
      'nats-server': () =>
        authority.serverPair('nats-1', ['nats-1', 'localhost', '127.0.0.1', '::1'], Date.now() + HOUR_MS),
      coordinator: async () => authority.server(),
    };
    await using impostor = await Impostor.open((await pairs[whose]?.()) as Pair, authority);
    const { address } = impostor;
    const own = await member('b');
    keepKey(place.path('b'), own.key);
    keepIdentity(
      place.path('b'),
      address,
      Identity.create({ name: 'b', certificate: own.cert, authority: authority.certificate }),
    );
    const identity = readIdentityDirectory(place.path('b'));
    if (identity === null) throw new Error('nothing was kept');
    const token = writeJoinToken({
      secret: Buffer.alloc(20, 7),
      fingerprint: authority.fingerprint,
      address,
    });

    const link = openChannel(address, identity);
    const stream = link.link();
    stream.on('error', () => undefined).on('data', () => undefined);
    const joining = join(token, place.path('c')).catch((error: Error) => error.message);
    const renewing = renewIdentity(identity).catch((error: Error) => error.message);
    if (whose === 'coordinator') {
      await until('it is spoken to', () => impostor.heard > 0);
    } else {
      for (const refused of [await joining, await renewing])
        expect(refused).toMatch(/certificate|unsupported|altnames|purpose/i);
      await until('the agent has tried as well', () => impostor.met >= 4);
      expect(impostor.heard).toBe(0);
    }
    stream.cancel();
    link.close();
  },
);
