// The agent's connection to NATS, opened in the background and kept for life: an agent works without it, too.
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { checkServerIdentity } from 'node:tls';
import {
  type Authenticator,
  connect,
  credsAuthenticator,
  type NatsConnection,
  type NodeConnectionOptions,
} from '@nats-io/transport-node';
import { natsHost } from '../proto/natsurl.js';
import type { TlsFiles } from './channel.js';
import { machine, pause } from './host.js';

/** Pause before a connection that was refused is tried again, in ms. */
const CONNECT_AGAIN_MS = 1_000;

const API = '$JS.API';

export interface NatsOptions {
  servers: string[];
  token: string | null;
  credsFile: string | null;
  tls: TlsFiles | null;
  name: string;
}

export class NatsLink implements AsyncDisposable {
  #connection: NatsConnection | null = null;
  /** False while the connection is broken. */
  #up = false;
  readonly #closing = new AbortController();
  #connected: () => void = () => undefined;
  /** Resolves when it is connected for the first time. */
  readonly connected = new Promise<void>((resolve) => {
    this.#connected = resolve;
  });
  readonly #kept: Promise<void>;

  constructor(
    private readonly options: NatsOptions,
    private readonly warn: (what: string) => void,
  ) {
    this.#kept = this.#keepConnected();
  }

  /** Empty until connected for the first time. */
  get server(): string {
    return this.#connection?.getServer() ?? '';
  }

  /** By which prefix JetStream is spoken to: where an agent has an account of its own, not by the usual one. */
  get apiPrefix(): string {
    return this.options.credsFile === null ? API : apiPrefixIn(readFileSync(this.options.credsFile, 'utf8'));
  }

  /** The connection stands. */
  get up(): boolean {
    return this.#up;
  }

  /** Throws while there is none: what is sent then would not arrive. */
  connection(): NatsConnection {
    if (this.#connection === null || !this.#up) throw new Error('NATS is away');
    return this.#connection;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort();
    await this.#connection?.close();
    await this.#kept;
  }

  /** The library keeps a connection once it has one; what it takes for hopeless at first is tried again here. */
  async #keepConnected(): Promise<void> {
    const { signal } = this.#closing;
    let complaint = '';
    while (!signal.aborted && this.#connection === null) {
      try {
        this.#connection = await this.#connect(signal);
      } catch (error) {
        if (String(error) !== complaint) this.warn(`NATS will not have us: ${error}`);
        complaint = String(error);
        await pause(machine, CONNECT_AGAIN_MS, signal);
      }
    }
    if (this.#connection === null) return;
    this.#up = true;
    this.#connected();
    for await (const { type } of this.#connection.status()) {
      if (type === 'disconnect') this.#up = false;
      if (type === 'reconnect') this.#up = true;
    }
  }

  /** Null: given up. */
  async #connect(signal: AbortSignal): Promise<NatsConnection | null> {
    const opening = connect(connectionOptions(this.options));
    const connection = await Promise.race([opening, once(signal, 'abort').then(() => null)]);
    if (connection === null) void opening.then((late) => late.close()).catch(() => undefined);
    return connection;
  }
}

/** It stands in what the user is allowed to publish. */
function apiPrefixIn(creds: string): string {
  const [, claims = ''] = /BEGIN NATS USER JWT-+\s+[\w-]+\.([\w-]+)\./.exec(creds) ?? [];
  const [, prefix = API] =
    /"([^"*>]+)\.CONSUMER\.MSG\.NEXT\./.exec(Buffer.from(claims, 'base64url').toString()) ?? [];
  return prefix;
}

/** The connection options that coordinator and agent use alike are few enough to be written twice. */
function connectionOptions({ servers, token, credsFile, tls, name }: NatsOptions): NodeConnectionOptions {
  return {
    servers,
    name: `netsweep agent ${name}`,
    maxReconnectAttempts: -1,
    reconnectTimeWait: 250,
    waitOnFirstConnect: true,
    ignoreAuthErrorAbort: true,
    pingInterval: 5_000,
    timeout: 10_000, // of one attempt to connect
    ...(token === null ? {} : { token }),
    ...(credsFile === null ? {} : { authenticator: renewed(credsFile) }),
    ...(tls === null ? {} : { tls: tlsOptions(tls, servers) }),
  };
}

/** Credentials as they are at each connection: they are renewed while we run. Half a file counts as the last whole one. */
function renewed(file: string): Authenticator {
  let whole = readFileSync(file);
  return (nonce) => {
    try {
      const fresh = readFileSync(file);
      const shown = credsAuthenticator(fresh)(nonce);
      whole = fresh;
      return shown;
    } catch {
      return credsAuthenticator(whole)(nonce);
    }
  };
}

/**
 * The library gives TLS no name for an IP address, and TLS then looks for "localhost" in the certificate: there it
 * must be for one of the servers we were told of.
 */
function tlsOptions({ ca, cert, key }: TlsFiles, servers: string[]) {
  const told = servers.map(natsHost);
  const identify: typeof checkServerIdentity = (host, certificate) => {
    const refusals = (host === 'localhost' ? told : [host]).map((name) =>
      checkServerIdentity(name, certificate),
    );
    return refusals.includes(undefined) ? undefined : refusals[0];
  };
  return { caFile: ca, certFile: cert, keyFile: key, checkServerIdentity: identify };
}
