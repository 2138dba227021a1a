// Everything that uses a NATS of our own, in one process: who gives agents their users, the coordinator's offers, and
// agents' shards; and plain connections for whoever tries more than that.
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { jetstreamManager } from '@nats-io/jetstream';
import { encodeUser } from '@nats-io/jwt';
import { createUser, fromSeed } from '@nats-io/nkeys';
import {
  type Authenticator,
  connect,
  credsAuthenticator,
  jwtAuthenticator,
  type NatsConnection,
  PermissionViolationError,
} from '@nats-io/transport-node';
import { Shards } from '../../agent/lease.ts';
import { NatsAuthority } from '../../coordinator/identity/natsauthority.ts';
import { credentials } from '../../coordinator/identity/natskeys.ts';
import { Offers } from '../../coordinator/sweep/offers.ts';
import { Shard } from '../../proto/gen/netsweep/v1/agent.ts';
import { allowed } from '../../proto/rights.ts';
import { bucketStream, presenceSubject } from '../../proto/subjects.ts';
import type { Leaf } from '../certificates.ts';
import { type OwnNats, type OwnNatsOptions, startOwnNats } from '../ownnats.ts';

export const HOUR_MS = 3_600_000;
const quiet = () => undefined;

export interface Caller extends AsyncDisposable {
  connection: NatsConnection;
  /** So far. */
  refusals: string[];
  /** Resolves when the server has seen all that was sent, and `refusals` is whole. */
  settled(): Promise<void>;
}

export class NatsRoad implements AsyncDisposable {
  private constructor(
    readonly nats: OwnNats,
    readonly authority: NatsAuthority,
    readonly offers: Offers,
    private readonly leaf: Leaf,
  ) {}

  static async open(options: OwnNatsOptions = {}): Promise<NatsRoad> {
    const nats = await startOwnNats(options);
    const leaf = await nats.certificates.leaf('all');
    const { directory, urls: servers, storeId } = nats;
    const tls = { ca: nats.certificates.ca, ...leaf };
    const authority = NatsAuthority.open({ directory, servers, tls, warn: quiet });
    const ours = { servers, token: null, credsFile: nats.creds, tls, storage: 'file' as const };
    const road = new NatsRoad(nats, authority, Offers.open(ours, storeId, quiet), leaf);
    await road.offers.ready;
    return road;
  }

  get storeId(): string {
    return this.nats.storeId;
  }

  /** A file with credentials of an agent. */
  async creds(agent: string, segments: string[], expires = Date.now() + HOUR_MS): Promise<string> {
    const creds = await this.authority.user({ agent, segments, storeId: this.storeId, expires });
    const file = join(this.nats.directory, `${randomUUID()}.creds`);
    await writeFile(file, creds, { mode: 0o600 });
    return file;
  }

  shards(name: string, credsFile: string): Promise<Shards> {
    const tls = { ca: this.nats.certificates.ca, ...this.leaf };
    return Shards.open({ servers: this.nats.urls, token: null, credsFile, tls, name }, quiet);
  }

  /** Puts a shard of a sweep on its segment. */
  offer(segment: string, shard: number, sweep = 'sweep'): Promise<boolean> {
    const { storeId } = this;
    return this.offers.publish({ ...Shard.decode(new Uint8Array()), storeId, sweep, segment, shard });
  }

  /** A plain connection; null: without credentials, or without a certificate. */
  connect(creds: string | null, leaf: Leaf | null = this.leaf): Promise<NatsConnection> {
    return this.connectAs(creds === null ? null : credsAuthenticator(readFileSync(creds)), leaf);
  }

  connectAs(authenticator: Authenticator | null, leaf: Leaf | null = this.leaf): Promise<NatsConnection> {
    return connect({
      servers: this.nats.urls,
      reconnect: false,
      timeout: 10_000,
      tls: {
        caFile: this.nats.certificates.ca,
        ...(leaf === null ? {} : { certFile: leaf.cert, keyFile: leaf.key }),
      },
      ...(authenticator === null ? {} : { authenticator }),
    });
  }

  /** The same, and what the server refuses it: `publish SUBJECT` or `subscription SUBJECT`. */
  async caller(creds: string): Promise<Caller> {
    return watched(await this.connect(creds));
  }

  /** A connection to the coordinator's account that may do everything. */
  async everything(): Promise<Caller> {
    const account = fromSeed(readFileSync(join(this.nats.directory, 'nats', 'account.nk')));
    const user = createUser();
    const jwt = await encodeUser('test', user, account, { pub: { allow: ['>'] }, sub: { allow: ['>'] } });
    return watched(await this.connectAs(jwtAuthenticator(jwt, user.getSeed())));
  }

  /** Another coordinator's offers, by a user with some of the coordinator's rights. */
  async offersBy(may: (subject: string) => boolean): Promise<Offers> {
    const scope = { storeId: this.storeId, segment: '*', agent: '*' };
    const pub = { allow: allowed('coordinator', 'publish', scope).filter(may) };
    const sub = { allow: allowed('coordinator', 'subscribe', scope) };
    const account = fromSeed(readFileSync(join(this.nats.directory, 'nats', 'account.nk')));
    const user = createUser();
    const credsFile = join(this.nats.directory, `${randomUUID()}.creds`);
    const jwt = await encodeUser('some', user, account, { pub, sub });
    await writeFile(credsFile, credentials(jwt, user), { mode: 0o600 });
    const tls = { ca: this.nats.certificates.ca, ...this.leaf };
    const { urls: servers } = this.nats;
    return Offers.open({ servers, token: null, credsFile, tls, storage: 'file' }, this.storeId, quiet);
  }

  /** What an agent says of itself. */
  async presence(agent: string): Promise<string | undefined> {
    await using everything = await this.everything();
    const manager = await jetstreamManager(everything.connection);
    const query = { last_by_subj: presenceSubject(this.storeId, agent) };
    return (await manager.streams.getMessage(bucketStream(this.storeId), query))?.string();
  }

  /** The public key of the coordinator's account. */
  get account(): string {
    return fromSeed(readFileSync(join(this.nats.directory, 'nats', 'account.nk'))).getPublicKey();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.offers[Symbol.asyncDispose]();
    await this.authority[Symbol.asyncDispose]();
    await this.nats[Symbol.asyncDispose]();
  }
}

function watched(connection: NatsConnection): Caller {
  const refusals: string[] = [];
  const heard = (async () => {
    for await (const event of connection.status())
      if (event.type === 'error' && event.error instanceof PermissionViolationError)
        refusals.push(`${event.error.operation} ${event.error.subject}`);
  })();
  const close = () => connection.close().then(() => heard);
  const settled = () => connection.flush().then(() => setImmediate());
  return { connection, refusals, settled, [Symbol.asyncDispose]: close };
}
