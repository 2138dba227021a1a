// The client's way to a coordinator: over the network, or to the private one of a state directory, which the
// first client starts.

import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { isIP, Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { checkServerIdentity } from 'node:tls';
import { type Channel, ChannelCredentials, type ChannelOptions, type ClientOptions } from '@grpc/grpc-js';
import { AuditsClient } from '../proto/gen/netsweep/v1/audits_service.js';
import { HistoryClient } from '../proto/gen/netsweep/v1/history_service.js';
import { SweepsClient } from '../proto/gen/netsweep/v1/sweeps_service.js';
import { Line } from '../proto/line.js';
import { isLoopback } from './intake/loopback.js';
import { InputError } from './inventory/inventory.js';
import { addressFile } from './privatenews.js';
import { type Begun, type PrivateWish, startPrivate } from './privatestart.js';
import { readIdentity, type TlsFiles } from './tls.js';
import { Unreachable } from './unreachable.js';

/** How long the first answer of a coordinator may take, in ms. */
const ANSWER_MS = 5_000;
/** How long a state directory may be held by a coordinator that is just starting or ending, in ms. */
const IN_USE_MS = 15_000;

const CHANNEL: ChannelOptions = {
  'grpc.max_receive_message_length': 64 * 1024 * 1024,
  'grpc.max_send_message_length': 16 * 1024 * 1024,
  'grpc.initial_reconnect_backoff_ms': 200,
  'grpc.max_reconnect_backoff_ms': 1_000,
  'grpc.keepalive_time_ms': 10_000,
  'grpc.keepalive_timeout_ms': 8_000,
  'grpc.use_local_subchannel_pool': 1,
  'grpc.enable_channelz': 0, // nobody asks for it, and it counts every message
};

export interface Connection extends AsyncDisposable {
  /** Another one after the connection was lost: to be asked for at each call. */
  readonly sweeps: SweepsClient;
  /** Over the same connection. */
  readonly history: HistoryClient;
  readonly audits: AuditsClient;
  selfContained: boolean;
  /** Attach id for SubmitHeader.client; empty when distributed. */
  client: string;
  /** Aborted with a reason when the coordinator has gone. */
  lost: AbortSignal;
}

export interface ConnectOptions extends PrivateWish {
  /** HOST:PORT or unix:PATH; null: self-contained. */
  coordinator: string | null;
  tls: TlsFiles | null;
  /** Start the private coordinator when none runs. */
  start: boolean;
  /** The private coordinator that is starting already; null: none is. */
  begun: Begun | null;
}

/** Resolves when the coordinator has answered. Throws Unreachable. */
export async function connect(options: ConnectOptions, signal: AbortSignal): Promise<Connection> {
  if (options.coordinator !== null) return remote(options.coordinator, options.tls);
  const until = Date.now() + IN_USE_MS;
  for (let { begun } = options; ; begun = null) {
    signal.throwIfAborted();
    if (begun === null) {
      const joined = await joinRunning(options.state);
      if (joined !== null) return joined;
      if (!options.start) throw new Unreachable(`no coordinator runs on ${options.state}`);
    }
    const started = await attachTo(begun ?? (await startPrivate(options)));
    if (started !== null) return started;
    if (Date.now() > until)
      throw new Unreachable(
        `state directory ${options.state} is in use by another process (end that one, or name another with --state)`,
      );
    await delay(50, undefined, { signal });
  }
}

async function remote(address: string, tls: TlsFiles | null): Promise<Connection> {
  const { credentials, options } = channel(address, tls);
  const line = new Line(() => new SweepsClient(address, credentials, options));
  try {
    await ready(line.client, ANSWER_MS);
  } catch (cause) {
    line.close();
    throw new Unreachable(
      `no coordinator answers at ${address} (netsweep doctor --coordinator ${address} looks why; without --coordinator it runs here)`,
      { cause },
    );
  }
  return {
    get sweeps() {
      return line.client;
    },
    get history() {
      return beside(line.client, HistoryClient);
    },
    get audits() {
      return beside(line.client, AuditsClient);
    },
    selfContained: false,
    client: '',
    lost: new AbortController().signal,
    [Symbol.asyncDispose]: async () => line.close(),
  };
}

/**
 * Both sides show certificates, or neither. TLS has no server names for IP addresses, and Node warns of each: there a
 * fixed name is sent, and the certificate must be for the address.
 */
function channel(
  address: string,
  tls: TlsFiles | null,
): { credentials: ChannelCredentials; options: ChannelOptions } {
  // The directory of a Unix socket says who may come.
  if (address.startsWith('unix:'))
    return { credentials: ChannelCredentials.createInsecure(), options: CHANNEL };
  if (tls === null) {
    const message = `--coordinator ${address}: only loopback is reached without --tls-ca, --tls-cert and --tls-key`;
    if (!isLoopback(address)) throw new InputError([{ at: null, message }]);
    return { credentials: ChannelCredentials.createInsecure(), options: CHANNEL };
  }
  const { ca, cert, key } = readIdentity(tls);
  const host = address.replace(/:\d+$/, '').replace(/^\[|\]$/g, '');
  if (isIP(host) === 0) return { credentials: ChannelCredentials.createSsl(ca, key, cert), options: CHANNEL };
  const verify: typeof checkServerIdentity = (_name, certificate) => checkServerIdentity(host, certificate);
  return {
    credentials: ChannelCredentials.createSsl(ca, key, cert, { checkServerIdentity: verify }),
    options: { ...CHANNEL, 'grpc.ssl_target_name_override': 'netsweep' },
  };
}

/** The private coordinator that runs on `state`; null: none. */
async function joinRunning(state: string): Promise<Connection | null> {
  const text = await readFile(addressFile(state), 'utf8').catch(() => null);
  if (text === null) return null;
  const { address } = JSON.parse(text) as { address: string }; // written by us, into a directory of ours
  return attach(address).catch(() => null);
}

/** Null: somebody else holds the directory. */
async function attachTo({ child, news }: Begun): Promise<Connection | null> {
  const told = await news;
  if ('inUse' in told) return null;
  if ('error' in told) throw new Unreachable(`the coordinator did not start: ${told.error}`);
  const connection = await attach(told.address);
  child.disconnect();
  child.unref();
  if (child.stderr instanceof Socket) child.stderr.unref();
  return connection;
}

/** Opens the stream whose end tells the coordinator that we have gone. */
async function attach(address: string): Promise<Connection> {
  const sweeps = new SweepsClient(address, ChannelCredentials.createInsecure(), CHANNEL);
  const client = randomBytes(16).toString('hex');
  const lost = new AbortController();
  try {
    await ready(sweeps, 2_000);
    const stream = sweeps.attach();
    stream.on('error', (error) => lost.abort(error));
    stream.on('end', () => lost.abort(new Error('the coordinator has ended')));
    await new Promise<void>((resolve, reject) => {
      stream.once('data', () => resolve());
      lost.signal.addEventListener('abort', () => reject(lost.signal.reason));
      stream.write({ client });
    });
    stream.on('data', () => undefined);
    return {
      sweeps,
      get history() {
        return beside(sweeps, HistoryClient);
      },
      get audits() {
        return beside(sweeps, AuditsClient);
      },
      selfContained: true,
      client,
      lost: lost.signal,
      [Symbol.asyncDispose]: async () => {
        stream.end();
        sweeps.close();
      },
    };
  } catch (error) {
    sweeps.close();
    throw error;
  }
}

/** Another service's client on a client's connection, which is closed with that. */
function beside<C>(
  sweeps: SweepsClient,
  client: new (address: string, credentials: ChannelCredentials, options: ClientOptions) => C,
): C {
  return new client('', ChannelCredentials.createInsecure(), {
    channelOverride: sweeps.getChannel() as Channel, // as every client of the library gives it
  });
}

function ready(sweeps: SweepsClient, withinMs: number): Promise<void> {
  return new Promise((resolve, reject) => {
    sweeps.waitForReady(Date.now() + withinMs, (error) => (error ? reject(error) : resolve()));
  });
}
