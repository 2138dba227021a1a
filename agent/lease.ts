// Shards from JetStream, turned into leases. One message is pulled at a time and only while there is room; it is
// acknowledged when every result of the shard is on the coordinator's disk, and never under an old epoch. NATS
// decides nothing: whoever holds a message still asks the coordinator.
import { type Consumer, type JsMsg, jetstream } from '@nats-io/jetstream';
import { Shard } from '../proto/gen/netsweep/v1/agent.js';
import { consumerName, presenceSubject, streamName } from '../proto/subjects.js';
import { type Host, machine, pause } from './host.js';
import { NatsLink, type NatsOptions } from './natslink.js';

/** How long one pull waits on the server, in ms. An empty one tells the coordinator that nothing lies there. */
const PULL_MS = 2_000;
/** How long NATS may take to answer beyond that, in ms. */
const ANSWER_MS = 2_000;
/** How long a pull waits for the first connection to NATS, in ms. */
const FIRST_MS = 1_000;
/** Pause after a pull that failed, in ms. */
const RETRY_MS = 500;
/** The first such pause where the segment has no durable yet: the coordinator may be about to make it. */
const RETRY_SOON_MS = 25;
/** How long another store's message is left alone, in ms. */
const FOREIGN_MS = 30_000;

/** An offer in hand, from NATS or straight from the coordinator. */
export interface Offer {
  shard: Shard;
  /** The shard as it came, which is what is signed for; null: it came as part of something else. */
  bytes: Uint8Array | null;
  /** Still at it: keeps NATS from handing the message to another. */
  working(): void;
  /** The shard is finished, or not worth having: forget it. */
  done(): Promise<void>;
  /** Give it back for later. */
  later(ms: number): void;
}

export class Shards {
  readonly #consumers = new Map<string, Consumer>();

  private constructor(private readonly link: NatsLink) {}

  /** Begins to connect, and goes on with it for as long as it takes. */
  static async open(options: NatsOptions, warn: (what: string) => void): Promise<Shards> {
    return new Shards(new NatsLink(options, warn));
  }

  /** Empty until connected for the first time. */
  get server(): string {
    return this.link.server;
  }

  /** The connection stands. */
  get up(): boolean {
    return this.link.up;
  }

  /**
   * One pull on a segment: an offer of this store, `foreign` after one that is not and was given back, or null when
   * nothing lies there. Throws when NATS or the segment's durable is not there.
   */
  async pull(storeId: string, segment: string, signal: AbortSignal): Promise<Offer | 'foreign' | null> {
    if (this.server === '') await Promise.race([this.link.connected, pause(machine, FIRST_MS, signal)]);
    const consumer = await this.#consumer(storeId, segment);
    const messages = await consumer.fetch({ max_messages: 1, expires: PULL_MS });
    let unanswered = false;
    const stop = () => messages.stop();
    const giveUp = setTimeout(() => {
      unanswered = true;
      stop();
    }, PULL_MS + ANSWER_MS);
    signal.addEventListener('abort', stop, { once: true });
    try {
      for await (const message of messages) {
        const offer = readOffer(message, storeId);
        if (signal.aborted) message.nak(0);
        else if (offer === null) message.nak(FOREIGN_MS);
        else return offer;
        return signal.aborted ? null : 'foreign';
      }
    } catch (error) {
      this.#consumers.delete(`${storeId}/${segment}`);
      throw error;
    } finally {
      clearTimeout(giveUp);
      signal.removeEventListener('abort', stop);
    }
    if (unanswered) throw new Error('NATS does not answer');
    return null;
  }

  /** Says in the bucket that this agent is there; for display only, so a failure is nobody's concern. */
  async present(storeId: string, name: string, about: Record<string, unknown>): Promise<void> {
    try {
      const client = jetstream(this.link.connection(), { timeout: ANSWER_MS });
      await client.publish(presenceSubject(storeId, name), JSON.stringify(about));
    } catch {} // it is said again soon
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.link[Symbol.asyncDispose]();
  }

  async #consumer(storeId: string, segment: string): Promise<Consumer> {
    const connection = this.link.connection();
    const key = `${storeId}/${segment}`;
    const known = this.#consumers.get(key);
    if (known !== undefined) return known;
    const consumer = await jetstream(connection, {
      timeout: ANSWER_MS,
      apiPrefix: this.link.apiPrefix,
    }).consumers.get(streamName(storeId), consumerName(segment));
    this.#consumers.set(key, consumer);
    return consumer;
  }
}

export interface PullEvents {
  /** Nothing lay there for so long. */
  empty(segment: string, pulledMs: number): void;
  /** NATS has answered no pull for so long. */
  unanswered(segment: string, sinceMs: number): void;
  warn(what: string): void;
}

/** Offers of one segment, one after the other, for as long as `signal` allows and `ready` says when. */
export async function* offers(
  shards: Pick<Shards, 'pull'>,
  segment: string,
  ready: () => Promise<string | null>,
  events: PullEvents,
  host: Host,
  signal: AbortSignal,
): AsyncGenerator<Offer> {
  let complaint = '';
  let retryMs = RETRY_SOON_MS;
  /** Since when NATS has answered nothing; null: it answers. */
  let silentSince: number | null = null;
  while (!signal.aborted) {
    const storeId = await ready();
    if (storeId === null) {
      silentSince = null; // nobody has asked
      continue;
    }
    const began = host.monotonicMs();
    const sinceMs = (from: number) => Math.round(host.monotonicMs() - from);
    try {
      const offer = await shards.pull(storeId, segment, signal);
      [complaint, silentSince, retryMs] = ['', null, RETRY_SOON_MS];
      if (offer === null && !signal.aborted) events.empty(segment, sinceMs(began));
      else if (offer !== null && offer !== 'foreign') yield offer;
    } catch (error) {
      if (signal.aborted) return;
      // The coordinator makes the durable when the segment's first shard comes; until then there is none. Where
      // there was one, what lay in it is lost, and that is found out as after any empty pull.
      if (isMissing(error)) {
        silentSince = null;
        events.empty(segment, sinceMs(began));
        retryMs = Math.min(RETRY_MS, retryMs * 2);
      } else {
        retryMs = RETRY_MS;
        silentSince ??= began;
        if (String(error) !== complaint) events.warn(`pull on ${segment}: ${error}`);
        complaint = String(error);
        events.unanswered(segment, sinceMs(silentSince));
      }
      await pause(host, retryMs, signal);
    }
  }
}

/** NATS is there, and what was to be pulled from is not. */
function isMissing(error: unknown): boolean {
  return /not found|(consumer|stream) deleted/i.test(String(error));
}

/** An offer that came over gRPC because NATS would not deliver it: there is no message to acknowledge. */
export function directOffer(came: Shard | Uint8Array): Offer | null {
  const bytes = came instanceof Uint8Array ? came : null;
  const shard = came instanceof Uint8Array ? readShard(came) : came;
  if (shard === null) return null;
  return { shard, bytes, working: () => undefined, done: async () => undefined, later: () => undefined };
}

function readOffer(message: JsMsg, storeId: string): Offer | null {
  const shard = readShard(message.data);
  if (shard?.storeId !== storeId) return null;
  return {
    shard,
    bytes: message.data,
    working: () => message.working(),
    done: async () => {
      message.ack();
    },
    later: (ms) => message.nak(ms),
  };
}

/** Null: not one of ours at all. */
function readShard(data: Uint8Array): Shard | null {
  try {
    return Shard.decode(data);
  } catch {
    return null;
  }
}
