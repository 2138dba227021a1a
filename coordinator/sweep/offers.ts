// Shards on NATS JetStream. A work-queue stream with a subject and a durable pull consumer per segment carries
// offers to whichever agent is free. NATS is only the road: losing the stream loses nothing, because the ledger
// offers again what is neither leased nor finished.
import {
  AckPolicy,
  DiscardPolicy,
  type JetStreamClient,
  type JetStreamManager,
  jetstream,
  jetstreamManager,
  RetentionPolicy,
  StorageType,
  type StreamInfo,
} from '@nats-io/jetstream';
import { type NatsConnection, nanos } from '@nats-io/transport-node';
import { Shard } from '../../proto/gen/netsweep/v1/agent.js';
import {
  bucketStream,
  consumerName,
  LEASE_TERM_MS,
  presenceSubject,
  shardSubject,
  streamName,
} from '../../proto/subjects.js';
import type { NatsFacts } from '../doctor/nats.js';
import { isLoopback } from '../intake/loopback.js';
import { type NatsOptions, openConnection, reasonOf, rest, type Warn, watch } from './natsconnection.js';

/** How long NATS may take to answer, in ms. A publication is repeated anyway. */
const ANSWER_MS = 2_000;
/** Copies that a cluster keeps of everything: one server may be lost. */
const REPLICAS = 3;
/** What headers and subject of a message may take of the server's limit, in bytes. */
const HEADER_BYTES = 1_024;
/** Most bytes of what an agent says of itself. */
const PRESENCE_BYTES = 16 * 1024;
/** Pause before stream and consumers are set up again, in ms. */
const SET_UP_AGAIN_MS = 1_000;

interface Link {
  connection: NatsConnection;
  manager: JetStreamManager;
  client: JetStreamClient;
}

export class Offers {
  #link: Link | null = null;
  /** False while the connection is broken. */
  #up = true;
  /** Segments that have had an offer. */
  readonly #known = new Set<string>();
  /** Those of them whose durables are there, as far as we know. */
  readonly #served = new Set<string>();
  #complaint = '';
  readonly #closing = new AbortController();
  readonly #ready: Promise<void>;
  #watching: Promise<void> = Promise.resolve();

  private constructor(
    private readonly options: NatsOptions,
    private readonly storeId: string,
    private readonly warn: Warn,
  ) {
    this.#ready = this.#open();
  }

  /** Begins to connect. */
  static open(options: NatsOptions, storeId: string, warn: Warn): Offers {
    return new Offers(options, storeId, warn);
  }

  /** Resolves when NATS is there and takes offers, or when this is closed. */
  get ready(): Promise<void> {
    return this.#ready;
  }

  /** Where NATS is reached; empty: it is not now. */
  get server(): string {
    return this.#link === null || !this.#up ? '' : this.#link.connection.getServer();
  }

  /** What can be told of the server; null: it is away. */
  async facts(): Promise<NatsFacts | null> {
    if (this.#link === null || !this.#up) return null;
    const { connection, manager } = this.#link;
    const server = connection.getServer();
    const [account, stream] = await Promise.all([
      manager.getAccountInfo().catch(() => null),
      manager.streams.info(streamName(this.storeId)).catch(() => null),
    ]);
    const { info } = connection;
    const { shownBy } = await import('./natsshown.js');
    return {
      server,
      certificates: await shownBy(this.options.servers, this.options.tls),
      version: info?.version ?? '',
      isLoopback: isLoopback(server),
      isCluster: info?.cluster !== undefined,
      isEncrypted: info?.tls_required === true,
      isGuarded: info?.auth_required === true || info?.tls_verify === true,
      copies: stream?.config.num_replicas ?? 0,
      storage: account && { limit: account.limits.max_storage, used: account.storage },
    };
  }

  /** Most bytes that one offer may have. */
  get maxBytes(): number {
    const most = this.#link?.connection.info?.max_payload ?? 1024 * 1024;
    return Math.max(HEADER_BYTES, most - HEADER_BYTES);
  }

  /** Publishes an offer; false: the server has had this very offer before, so nothing new lies there. */
  async publish(shard: Shard): Promise<boolean> {
    const { client } = this.#linked();
    const id = `${shard.sweep}/${shard.shard}/${shard.offer}`;
    const subject = shardSubject(this.storeId, shard.segment);
    try {
      await this.#ensureSegment(shard.segment);
      const ack = await client.publish(subject, Shard.encode(shard).finish(), { msgID: id });
      return !ack.duplicate;
    } catch (error) {
      throw new Error(reasonOf(error), { cause: error });
    }
  }

  /** After an error or a sign of loss: makes stream, bucket and the segments' durables again where missing. */
  async rebuild(segment: string | null): Promise<void> {
    const { manager } = this.#linked();
    await this.#ensureStream();
    const segments = segment === null ? [...this.#known] : [segment];
    for (const one of segments) this.#served.delete(one);
    if (segment !== null)
      await manager.consumers
        .delete(streamName(this.storeId), consumerName(segment))
        .catch((error: Error) => ignoreMissing(error));
    for (const one of segments) await this.#ensureSegment(one);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort();
    await this.#link?.connection.close();
    await Promise.allSettled([this.#ready, this.#watching]);
  }

  async #open(): Promise<void> {
    const { signal } = this.#closing;
    const connection = await openConnection(this.options, this.warn, signal);
    if (connection === null) return;
    const manager = await jetstreamManager(connection, { timeout: ANSWER_MS, checkAPI: false });
    this.#link = { connection, manager, client: jetstream(connection, { timeout: ANSWER_MS }) };
    this.#watching = watch(connection, (up) => {
      this.#up = up;
      if (up) void this.#setUp();
    });
    while (!signal.aborted && !(await this.#setUp())) await rest(SET_UP_AGAIN_MS, signal);
  }

  /** Whether everything is there now; each new reason why not is said once. */
  async #setUp(): Promise<boolean> {
    try {
      await this.rebuild(null);
      this.#complaint = '';
      return true;
    } catch (error) {
      if (!this.#closing.signal.aborted && String(error) !== this.#complaint)
        this.warn(null, `NATS is there, but its JetStream can't be used: ${reasonOf(error)}`);
      this.#complaint = String(error);
      return false;
    }
  }

  #linked(): Link {
    if (this.#link === null || !this.#up) throw new Error('no connection');
    return this.#link;
  }

  /** Makes the segment's durable if it is not there; cheap when it is. */
  async #ensureSegment(segment: string): Promise<void> {
    if (this.#served.has(segment)) return;
    this.#known.add(segment);
    await this.#linked().manager.consumers.add(streamName(this.storeId), {
      durable_name: consumerName(segment),
      filter_subject: shardSubject(this.storeId, segment),
      ack_policy: AckPolicy.Explicit,
      ack_wait: nanos(LEASE_TERM_MS),
      max_deliver: -1,
      max_ack_pending: 20_000,
      max_waiting: 4_096,
    });
    this.#served.add(segment);
  }

  async #ensureStream(): Promise<void> {
    const { manager } = this.#linked();
    const name = streamName(this.storeId);
    const there = await manager.streams.info(name).catch((error: Error) => {
      ignoreMissing(error);
      return null;
    });
    if (there === null)
      await this.#withReplicas((replicas) =>
        manager.streams.add({
          name,
          subjects: [shardSubject(this.storeId, null)],
          retention: RetentionPolicy.Workqueue,
          storage: this.#storage,
          num_replicas: replicas,
        }),
      );
    else await this.#replicate(there);
    // For display only: a server that will not have it loses nothing.
    await this.#ensureBucket().catch(() => undefined);
  }

  /** As a bucket of the library is, but without roll-ups: one agent's key could take away those of all others. */
  async #ensureBucket(): Promise<void> {
    const { manager } = this.#linked();
    const name = bucketStream(this.storeId);
    const there = await manager.streams.info(name).catch((error: Error) => {
      ignoreMissing(error);
      return null;
    });
    if (there?.config.allow_rollup_hdrs) await manager.streams.update(name, { allow_rollup_hdrs: false });
    if (there !== null) return;
    await this.#withReplicas((replicas) =>
      manager.streams.add({
        name,
        subjects: [presenceSubject(this.storeId, '*')],
        max_msgs_per_subject: 1,
        max_msg_size: PRESENCE_BYTES,
        max_age: nanos(LEASE_TERM_MS),
        discard: DiscardPolicy.New,
        allow_direct: true,
        storage: this.#storage,
        num_replicas: replicas,
      }),
    );
  }

  get #storage(): StorageType {
    return this.options.storage === 'memory' ? StorageType.Memory : StorageType.File;
  }

  /** A cluster of fewer than three servers keeps what it can: once. */
  async #withReplicas(make: (replicas: number) => Promise<unknown>): Promise<void> {
    if (this.#wanted === 1) return void (await make(1));
    try {
      await make(REPLICAS);
    } catch (error) {
      if (!/replicas|insufficient|no suitable peers/i.test(reasonOf(error))) throw error;
      this.warn(
        null,
        `one copy of each offer is kept until the NATS cluster can keep three: ${reasonOf(error)}`,
      );
      await make(1);
    }
  }

  /** What was made when there were fewer servers. */
  async #replicate({ config }: StreamInfo): Promise<void> {
    if (config.num_replicas >= this.#wanted) return;
    const { manager } = this.#linked();
    await manager.streams.update(config.name, { num_replicas: REPLICAS }).catch(() => undefined);
  }

  /** A server that is part of a cluster says so. */
  get #wanted(): number {
    return this.#linked().connection.info?.cluster === undefined ? 1 : REPLICAS;
  }
}

/** Stream and consumer not found are answers here; everything else is a failure. */
function ignoreMissing(error: Error): void {
  if (!/not found/i.test(error.message)) throw error;
}
