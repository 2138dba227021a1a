// The coordinator's connection to NATS, opened in the background and kept for life: whatever is wrong at first
// (nobody listens, wrong credentials) may be put right while we wait. What is built on it is built again each
// time the connection has come back, because the server may have come back empty.
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { natsConnection, type NatsOptions as Way } from '../../proto/natsconnect.js';
import { isLocalNats } from '../../proto/natsurl.js';

/** Pause before another try, in ms. */
const RETRY_MS = 1_000;

export interface NatsOptions extends Way {
  /** A private server loses its memory with its process anyway. */
  storage: 'file' | 'memory';
}

/** A server beyond loopback that asks nobody who he is: work is not laid out there. */
export class OpenToAll extends Error {
  constructor(server: string) {
    super(`nats://${server} lets in whoever comes: it has to ask for credentials, or for a certificate`);
  }
}

export type Warn = (error: unknown, what: string) => void;

/**
 * Resolves when connected; null once `signal` has given up. Each new reason to wait is said once. Throws OpenToAll.
 */
export async function openConnection(
  options: NatsOptions,
  warn: Warn,
  signal: AbortSignal,
): Promise<NatsConnection | null> {
  let complaint = '';
  while (!signal.aborted) {
    try {
      const connection = await abandonable(connect(natsConnection(options, 'netsweep coordinator')), signal);
      if (!isOpenToAll(connection)) return connection;
      await connection.close();
      throw new OpenToAll(connection.getServer());
    } catch (error) {
      if (signal.aborted) break;
      if (error instanceof OpenToAll) throw error;
      if (String(error) !== complaint) warn(null, `NATS will not have us: ${reasonOf(error)}`);
      complaint = String(error);
      await rest(RETRY_MS, signal);
    }
  }
  return null;
}

/** Tells whether the connection stands each time that this changes, until it is closed. */
export async function watch(connection: NatsConnection, stands: (up: boolean) => void): Promise<void> {
  for await (const { type } of connection.status())
    if (type === 'reconnect' || type === 'disconnect')
      stands(type === 'reconnect' && !isOpenToAll(connection));
}

function isOpenToAll(connection: NatsConnection): boolean {
  const { auth_required: asksWho, tls_verify: asksForCertificate } = connection.info ?? {};
  return !asksWho && !asksForCertificate && !isLocalNats(connection.getServer());
}

/** What a person can do something with; the library's own words for silence are a guess. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.message === 'timeout') return 'no answer in time';
  const guessed = error.name === 'JetStreamNotEnabled' && error.message === 'jetstream is not enabled';
  return guessed ? 'JetStream is not enabled there, or has no leader now' : error.message;
}

/** Resolves after `ms`, or when `signal` aborts. */
export function rest(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener('abort', done, { once: true });
  });
}

/** The connection, or a rejection when `signal` aborts first; one that comes too late is closed. */
async function abandonable(opening: Promise<NatsConnection>, signal: AbortSignal): Promise<NatsConnection> {
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
  void opening.then(
    (late) => (abandoned ? late.close() : undefined),
    () => undefined,
  );
  return Promise.race([opening, aborted]);
}
