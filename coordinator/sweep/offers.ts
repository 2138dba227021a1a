// Shards on NATS JetStream: the coordinator's only file that knows NATS. A work-queue stream with a subject
// and a durable pull consumer per segment carries offers to whichever agent is free. NATS is only the road:
// losing the stream loses nothing, because the ledger offers again what is neither leased nor finished.
import { readFileSync } from 'node:fs';
import { checkServerIdentity } from 'node:tls';
import {
  AckPolicy,
  type JetStreamClient,
  type JetStreamManager,
  jetstream,
  jetstreamManager,
  RetentionPolicy,
  StorageType,
} from '@nats-io/jetstream';
import { Kvm } from '@nats-io/kv';
import {
  connect,
  credsAuthenticator,
  type NatsConnection,
  type NodeConnectionOptions,
  nanos,
} from '@nats-io/transport-node';
import { Shard } from '../../proto/gen/netsweep/v1/agent.js';
import {
  consumerName,
  LEASE_TERM_MS,
  presenceBucket,
  shardSubject,
  streamName,
} from '../../proto/subjects.js';
import type { TlsFiles } from '../config.js';

export interface NatsOptions {
  servers: string[];
  /** A private server's secret; null: none. */
  token: string | null;
  credsFile: string | null;
  tls: TlsFiles | null;
  /** A private server loses its memory with its process anyway. */
  storage: 'file' | 'memory';
}

/** The connection options that coordinator and agent use alike are few enough to be written twice. */
function connectionOptions(options: NatsOptions): NodeConnectionOptions {
  return {
    servers: options.servers,
    name: 'netsweep coordinator',
    maxReconnectAttempts: -1,
    reconnectTimeWait: 250,
    waitOnFirstConnect: true,
    pingInterval: 5_000,
    ...(options.token === null ? {} : { token: options.token }),
    ...(options.credsFile === null
      ? {}
      : { authenticator: credsAuthenticator(readFileSync(options.credsFile)) }),
    ...(options.tls === null ? {} : { tls: tlsOptions(options.tls, options.servers) }),
  };
}

/**
 * The library gives TLS no name for an IP address, and TLS then looks for "localhost" in the certificate: there it
 * must be for one of the servers we were told of.
 */
function tlsOptions({ ca, cert, key }: TlsFiles, servers: string[]) {
  const told = servers.map(
    (url) => /^(?:\w+:\/\/)?(?:.*@)?\[?([^[\]/]*?)\]?(?::\d+)?\/?$/.exec(url)?.[1] ?? url,
  );
  const identify: typeof checkServerIdentity = (host, certificate) => {
    const refusals = (host === 'localhost' ? told : [host]).map((name) =>
      checkServerIdentity(name, certificate),
    );
    return refusals.includes(undefined) ? undefined : refusals[0];
  };
  return { caFile: ca, certFile: cert, keyFile: key, checkServerIdentity: identify };
}

export class Offers {
  readonly #segments = new Set<string>();

  private constructor(
    private readonly connection: NatsConnection,
    private readonly manager: JetStreamManager,
    private readonly client: JetStreamClient,
    private readonly storeId: string,
    private readonly storage: StorageType,
  ) {}

  /** Waits until NATS is there; `signal` gives up. */
  static async open(options: NatsOptions, storeId: string, signal: AbortSignal): Promise<Offers> {
    const connection = await abandonable(connect(connectionOptions(options)), signal, (late) => late.close());
    try {
      const manager = await jetstreamManager(connection, { timeout: 5_000 });
      const storage = options.storage === 'memory' ? StorageType.Memory : StorageType.File;
      const offers = new Offers(
        connection,
        manager,
        jetstream(connection, { timeout: 2_000 }),
        storeId,
        storage,
      );
      await offers.#ensureStream();
      return offers;
    } catch (error) {
      await connection.close();
      throw error;
    }
  }

  get server(): string {
    return this.connection.getServer();
  }

  /** Makes the segment's durable if it is not there; cheap when it is. */
  async ensureSegment(segment: string): Promise<void> {
    if (this.#segments.has(segment)) return;
    await this.manager.consumers.add(streamName(this.storeId), {
      durable_name: consumerName(segment),
      filter_subject: shardSubject(this.storeId, segment),
      ack_policy: AckPolicy.Explicit,
      ack_wait: nanos(LEASE_TERM_MS),
      max_deliver: -1,
      max_ack_pending: 20_000,
      max_waiting: 4_096,
    });
    this.#segments.add(segment);
  }

  /** Publishes an offer; false: the server has had this very offer before, so nothing new lies there. */
  async publish(shard: Shard): Promise<boolean> {
    await this.ensureSegment(shard.segment);
    const id = `${shard.sweep}/${shard.shard}/${shard.offer}`;
    const subject = shardSubject(this.storeId, shard.segment);
    const ack = await this.client.publish(subject, Shard.encode(shard).finish(), { msgID: id });
    return !ack.duplicate;
  }

  /** After an error or a sign of loss: makes stream, bucket and the segments' durables again where missing. */
  async rebuild(segment: string | null): Promise<void> {
    await this.#ensureStream();
    const segments = segment === null ? [...this.#segments] : [segment];
    for (const one of segments) {
      this.#segments.delete(one);
      if (segment !== null)
        await this.manager.consumers
          .delete(streamName(this.storeId), consumerName(one))
          .catch((error: Error) => ignoreMissing(error));
      await this.ensureSegment(one);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.connection.close();
  }

  async #ensureStream(): Promise<void> {
    const name = streamName(this.storeId);
    const there = await this.manager.streams.info(name).then(
      () => true,
      (error: Error) => {
        ignoreMissing(error);
        return false;
      },
    );
    if (!there)
      await this.manager.streams.add({
        name,
        subjects: [shardSubject(this.storeId, null)],
        retention: RetentionPolicy.Workqueue,
        storage: this.storage,
      });
    await new Kvm(this.connection).create(presenceBucket(this.storeId), {
      ttl: LEASE_TERM_MS,
      history: 1,
      storage: this.storage,
    });
  }
}

/** Stream and consumer not found are answers here; everything else is a failure. */
function ignoreMissing(error: Error): void {
  if (!/not found/i.test(error.message)) throw error;
}

/** `work`, or a rejection when `signal` aborts first; what comes too late is closed by `discard`. */
async function abandonable<T>(
  work: Promise<T>,
  signal: AbortSignal,
  discard: (late: T) => Promise<void>,
): Promise<T> {
  signal.throwIfAborted();
  let abandoned = false;
  const aborted = new Promise<never>((_resolve, reject) => {
    signal.addEventListener(
      'abort',
      () => {
        abandoned = true;
        reject(signal.reason);
      },
      { once: true },
    );
  });
  void work.then(
    (late) => (abandoned ? discard(late) : undefined),
    () => undefined,
  );
  return Promise.race([work, aborted]);
}
