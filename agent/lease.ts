// Shards from JetStream, turned into leases: the agent's only file that knows NATS. One message is pulled at a
// time and only while there is room; it is acknowledged when every result of the shard is on the coordinator's
// disk, and never under an old epoch. NATS decides nothing: whoever holds a message still asks the coordinator.
import { readFileSync } from 'node:fs';
import { checkServerIdentity } from 'node:tls';
import { type Consumer, type JsMsg, jetstream } from '@nats-io/jetstream';
import { type KV, Kvm } from '@nats-io/kv';
import {
  connect,
  credsAuthenticator,
  type NatsConnection,
  type NodeConnectionOptions,
} from '@nats-io/transport-node';
import { Shard } from '../proto/gen/netsweep/v1/agent.js';
import { consumerName, presenceBucket, segmentToken, streamName } from '../proto/subjects.js';
import type { TlsFiles } from './channel.js';
import { type Host, pause } from './host.js';

/** How long one pull waits on the server, in ms. An empty one tells the coordinator that nothing lies there. */
const PULL_MS = 2_000;
/** Pause after a pull that failed, in ms. */
const RETRY_MS = 500;

export interface NatsOptions {
  servers: string[];
  token: string | null;
  credsFile: string | null;
  tls: TlsFiles | null;
  name: string;
}

/** An offer in hand, from NATS or straight from the coordinator. */
export interface Offer {
  shard: Shard;
  /** Still at it: keeps NATS from handing the message to another. */
  working(): void;
  /** The shard is finished, or not worth having: forget it. */
  done(): Promise<void>;
  /** Give it back for later. */
  later(ms: number): void;
}

export class Shards {
  #consumers = new Map<string, Consumer>();
  #presence: KV | null = null;

  private constructor(private readonly connection: NatsConnection) {}

  /** Waits until NATS is there; `signal` gives up. */
  static async open(options: NatsOptions, signal: AbortSignal): Promise<Shards> {
    const opening = connect(connectionOptions(options));
    const given = new Promise<never>((_resolve, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason), { once: true });
    });
    signal.throwIfAborted();
    try {
      return new Shards(await Promise.race([opening, given]));
    } catch (error) {
      void opening.then((late) => late.close()).catch(() => undefined);
      throw error;
    }
  }

  get server(): string {
    return this.connection.getServer();
  }

  /**
   * One pull on a segment: an offer of this store, or null when nothing lies there. Foreign work is given back.
   * Throws when NATS or the segment's durable is not there.
   */
  async pull(storeId: string, segment: string, signal: AbortSignal): Promise<Offer | null> {
    const consumer = await this.#consumer(storeId, segment);
    const messages = await consumer.fetch({ max_messages: 1, expires: PULL_MS });
    const stop = () => messages.stop();
    signal.addEventListener('abort', stop, { once: true });
    try {
      for await (const message of messages) {
        const offer = readOffer(message, storeId);
        if (offer === null || signal.aborted) message.nak(1_000);
        else return offer;
      }
      return null;
    } catch (error) {
      this.#consumers.delete(`${storeId}/${segment}`);
      throw error;
    } finally {
      signal.removeEventListener('abort', stop);
    }
  }

  /** Says in the bucket that this agent is there; for display only, so a failure is nobody's concern. */
  async present(storeId: string, name: string, about: Record<string, unknown>): Promise<void> {
    try {
      this.#presence ??= await new Kvm(this.connection).open(presenceBucket(storeId));
      await this.#presence.put(segmentToken(name), JSON.stringify(about));
    } catch {
      this.#presence = null;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.connection.close();
  }

  async #consumer(storeId: string, segment: string): Promise<Consumer> {
    const key = `${storeId}/${segment}`;
    const known = this.#consumers.get(key);
    if (known !== undefined) return known;
    const consumer = await jetstream(this.connection, { timeout: 2_000 }).consumers.get(
      streamName(storeId),
      consumerName(segment),
    );
    this.#consumers.set(key, consumer);
    return consumer;
  }
}

/** Offers of one segment, one after the other, for as long as `signal` allows and `ready` says when. */
export async function* offers(
  shards: Pick<Shards, 'pull'>,
  segment: string,
  ready: () => Promise<string | null>,
  events: { empty(segment: string, pulledMs: number): void; warn(what: string): void },
  host: Host,
  signal: AbortSignal,
): AsyncGenerator<Offer> {
  while (!signal.aborted) {
    const storeId = await ready();
    if (storeId === null) continue;
    const began = host.monotonicMs();
    try {
      const offer = await shards.pull(storeId, segment, signal);
      if (offer !== null) yield offer;
      else if (!signal.aborted) events.empty(segment, Math.round(host.monotonicMs() - began));
    } catch (error) {
      if (signal.aborted) return;
      // The coordinator makes the durable when the segment's first shard comes; until then there is none. Where
      // there was one, what lay in it is lost, and that is found out as after any empty pull.
      if (/not found|no responders/i.test(String(error)))
        events.empty(segment, Math.round(host.monotonicMs() - began));
      else events.warn(`pull on ${segment}: ${error}`);
      await pause(host, RETRY_MS, signal);
    }
  }
}

/** An offer that came over gRPC because NATS would not deliver it: there is no message to acknowledge. */
export function directOffer(shard: Shard): Offer {
  return { shard, working: () => undefined, done: async () => undefined, later: () => undefined };
}

function readOffer(message: JsMsg, storeId: string): Offer | null {
  const shard = Shard.decode(message.data);
  if (shard.storeId !== storeId) return null;
  return {
    shard,
    working: () => message.working(),
    done: async () => {
      message.ack();
    },
    later: (ms) => message.nak(ms),
  };
}

/** The connection options that coordinator and agent use alike are few enough to be written twice. */
function connectionOptions({ servers, token, credsFile, tls, name }: NatsOptions): NodeConnectionOptions {
  return {
    servers,
    name: `netsweep agent ${name}`,
    maxReconnectAttempts: -1,
    reconnectTimeWait: 250,
    waitOnFirstConnect: true,
    pingInterval: 5_000,
    ...(token === null ? {} : { token }),
    ...(credsFile === null ? {} : { authenticator: credsAuthenticator(readFileSync(credsFile)) }),
    ...(tls === null ? {} : { tls: tlsOptions(tls, servers) }),
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
