// Names on NATS and the terms of a lease. Everything carries the store's id, so that two coordinators
// on one NATS never read each other's work (an agent naks what is not its store's).

/** How long a lease lasts without a renewal, in ms; a duration, never a clock time. */
export const LEASE_TERM_MS = 10_000;
/** How long nobody touches an endpoint after its lease was lost or its session left uncleanly, in ms. */
export const LOCK_DELAY_MS = 5_000;
/** How often an agent renews, in ms. */
export const RENEW_EVERY_MS = 2_000;
/** Share of the term, from when the last answered renewal was sent, after which nothing new is started. */
export const START_SHARE = 0.5;
/** Share of the term after which an agent destroys its sockets. */
export const STOP_SHARE = 0.7;
/** Most bytes of one output piece in a message. */
export const CHUNK_BYTES = 512 * 1024;
/** Most bytes of a batch of results; gRPC's own limit of 4 MiB a message is left far away. */
export const BATCH_BYTES = 1024 * 1024;
/** A worker that has said nothing for this long is killed, in ms. */
export const WORKER_SILENCE_MS = 5_000;

/** A segment as one NATS token: letters, digits, `_` and `-` stay, every other byte becomes `=XX`. */
export function segmentToken(segment: string): string {
  return Array.from(Buffer.from(segment, 'utf8'), (byte) =>
    /[A-Za-z0-9_-]/.test(String.fromCharCode(byte))
      ? String.fromCharCode(byte)
      : `=${byte.toString(16).toUpperCase().padStart(2, '0')}`,
  ).join('');
}

export function streamName(storeId: string): string {
  return `netsweep-${storeId}`;
}

/** The subject of one segment's shards, or of all with `*`. */
export function shardSubject(storeId: string, segment: string | null): string {
  return `netsweep.${storeId}.shard.${segment === null ? '*' : segmentToken(segment)}`;
}

export function consumerName(segment: string): string {
  return `segment-${segmentToken(segment)}`;
}

/** The KV bucket of agents that are there; for display only. */
export function presenceBucket(storeId: string): string {
  return `netsweep-${storeId}-agents`;
}

/** The stream that the bucket is. */
export function bucketStream(storeId: string): string {
  return `KV_${presenceBucket(storeId)}`;
}

/** What an agent says of itself in the bucket, or all of them with `*`. */
export function presenceSubject(storeId: string, agent: string): string {
  return `$KV.${presenceBucket(storeId)}.${agent === '*' ? '*' : segmentToken(agent)}`;
}
