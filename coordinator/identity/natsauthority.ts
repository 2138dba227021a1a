// Tells the servers of NATS of agents' accounts, over the system account: when one is new, changed or revoked, and of
// all of them each time the connection comes, because a server may have been away, or may be a new one.

import type { NatsConnection } from '@nats-io/transport-node';
import { openConnection, rest, type Warn, watch } from '../sweep/natsconnection.js';
import type { TlsFiles } from '../tls.js';
import { CLAIMS_UPDATE, type Grant } from './natsclaims.js';
import { natsFolder, systemCreds } from './natsplaces.js';
import { agentAccounts, natsUser, revokeNatsUser } from './natsusers.js';

/** How long servers may take to say that they have taken claims, in ms. */
const ANSWER_MS = 2_000;
/** The same after the first of them has: the others of a cluster were told at the same time. */
const OTHERS_MS = 250;
/** How often it is looked whether there is something that no server has taken yet, in ms. */
const LOOK_EVERY_MS = 1_000;
/** Claims that are on their way at a time. */
const AT_ONCE = 16;

export interface NatsAuthorityOptions {
  /** The coordinator's state directory, in which `initNats` has been. */
  directory: string;
  servers: string[];
  tls: TlsFiles | null;
  warn: Warn;
}

export class NatsAuthority implements AsyncDisposable {
  #connection: NatsConnection | null = null;
  /** False while the connection is broken. */
  #up = false;
  /** Servers may not know of every account as it is in the folder. */
  #behind = true;
  /** The latest change of the folder: a renewal may not bring back what is just being revoked. */
  #changed: Promise<unknown> = Promise.resolve();
  readonly #closing = new AbortController();
  readonly #kept: Promise<void>;

  private constructor(private readonly options: NatsAuthorityOptions) {
    this.#kept = this.#keepTelling().catch((error: unknown) =>
      options.warn(error, 'NATS is told of no accounts'),
    );
  }

  /** Begins to connect. */
  static open(options: NatsAuthorityOptions): NatsAuthority {
    return new NatsAuthority(options);
  }

  /** Credentials for an agent until `expires`, in ms since 1970; zero them after use. Servers know of it, or will. */
  async user(grant: Grant & { expires: number }): Promise<Buffer> {
    const { creds, news } = await this.#change(() => natsUser(this.options.directory, grant));
    if (news !== null) await this.#tell(news);
    return creds;
  }

  /** Ends an agent's connections and all its credentials. False: no server is there; they are told when one is. */
  async revoke(agent: string): Promise<boolean> {
    const claims = await this.#change(() => revokeNatsUser(this.options.directory, agent));
    return claims === null || (await this.#tell(claims));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort();
    await this.#connection?.close();
    await this.#kept;
  }

  #change<T>(work: () => Promise<T>): Promise<T> {
    const change = this.#changed.then(work);
    this.#changed = change.catch(() => undefined); // said to whoever has asked for it
    return change;
  }

  async #keepTelling(): Promise<void> {
    const { signal } = this.#closing;
    const { directory, servers, tls, warn } = this.options;
    const credsFile = systemCreds(natsFolder(directory));
    const connection = await openConnection(
      { servers, token: null, credsFile, tls, storage: 'file' },
      warn,
      signal,
    );
    if (connection === null) return;
    this.#connection = connection;
    this.#up = true;
    const watching = watch(connection, (up) => {
      this.#up = up;
      this.#behind = true;
    });
    while (!signal.aborted) {
      if (this.#up && this.#behind) await this.#tellAll();
      await rest(LOOK_EVERY_MS, signal);
    }
    await watching;
  }

  async #tellAll(): Promise<void> {
    this.#behind = false;
    const left = agentAccounts(this.options.directory);
    const tell = async () => {
      for (let claims = left.pop(); claims !== undefined && !this.#behind; claims = left.pop())
        await this.#tell(claims);
    };
    await Promise.all(Array.from({ length: AT_ONCE }, tell));
  }

  /** Whether at least one server has taken them; otherwise all are told again later. */
  async #tell(claims: string): Promise<boolean> {
    let taken = false;
    try {
      if (this.#connection === null || !this.#up) throw new Error('NATS is away');
      const options = { strategy: 'stall' as const, maxWait: ANSWER_MS, stall: OTHERS_MS };
      for await (const answer of await this.#connection.requestMany(CLAIMS_UPDATE, claims, options)) {
        const { error } = answer.json<{ error?: { description: string } }>();
        if (error !== undefined) this.options.warn(null, `NATS refuses an account: ${error.description}`);
        else taken = true;
      }
    } catch (error) {
      if (this.#up) this.options.warn(error, 'NATS was not told of an account');
    }
    if (!taken) this.#behind = true;
    return taken;
  }
}
