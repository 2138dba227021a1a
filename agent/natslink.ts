// The agent's connection to NATS, opened in the background and kept for life: an agent works without it, too.
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { natsConnection, type NatsOptions as Way } from '../proto/natsconnect.js';
import { machine, pause } from './host.js';

/** Pause before a connection that was refused is tried again, in ms. */
const CONNECT_AGAIN_MS = 1_000;

const API = '$JS.API';

export interface NatsOptions extends Way {
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
    const opening = connect(natsConnection(this.options, `netsweep agent ${this.options.name}`));
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
