// A distributed netsweep with mutual TLS on both wires: nats-server, `netsweep serve` and agents, each with a
// certificate of one authority. Everything ends with its block.
import { mkdir } from 'node:fs/promises';
import { NatsAuthority } from '../../coordinator/identity/natsauthority.ts';
import { openStore } from '../../coordinator/store/open.ts';
import { type Certificates, type Leaf, makeCertificates } from '../certificates.ts';
import { type Nats, startNats } from '../nats.ts';
import type { Namespace } from '../netns.ts';
import { type OwnNats, startOwnNats } from '../ownnats.ts';
import { Place } from '../place.ts';
import { Running, root, without } from '../process.ts';

/** Why startSecured can't run here; null if it can. */
export const securedMissing: string | null = without('nats-server', 'openssl', 'setpriv');

export interface SecuredOptions {
  /** Where nats-server and the coordinator listen. */
  address?: string;
  /** false: nats-server asks its clients for no certificate. */
  natsVerifies?: boolean;
  /** So many servers of a NATS of our own, on loopback; default: none of it. */
  ownNats?: number;
}

export interface AgentOptions {
  name: string;
  segment?: string;
  /** Words for its certificate; default those of a leaf of the authority. */
  tls?: string[];
  inside?: Namespace;
  /** Another nats-server than the one with TLS. */
  nats?: string;
}

/** Options by which a program of ours shows this certificate and believes in this authority. */
export function tlsWords(ca: string, { cert, key }: Leaf): string[] {
  return ['--tls-ca', ca, '--tls-cert', cert, '--tls-key', key];
}

export class Secured implements AsyncDisposable {
  /** The coordinator's HOST:PORT. */
  coordinator = '';
  #nats: Nats | null = null;
  #own: { nats: OwnNats; authority: NatsAuthority } | null = null;
  #serve: Running | null = null;
  readonly #agents: Running[] = [];

  private constructor(
    readonly place: Place,
    readonly certificates: Certificates,
  ) {}

  static async open(options: SecuredOptions): Promise<Secured> {
    const secured = new Secured(await Place.open(), await makeCertificates());
    try {
      await secured.#start(options);
      return secured;
    } catch (error) {
      await secured[Symbol.asyncDispose]();
      throw error;
    }
  }

  get nats(): Nats {
    if (this.#nats === null) throw new Error('nats-server is not running');
    return this.#nats;
  }

  get own(): { nats: OwnNats; authority: NatsAuthority } {
    if (this.#own === null) throw new Error('there is no NATS of our own');
    return this.#own;
  }

  /** Words that lead the command line here, with a certificate of its own. */
  async client(): Promise<string[]> {
    return ['--coordinator', this.coordinator, ...(await this.#leaf('client'))];
  }

  /** Starts an agent; its log tells when it is ready. */
  async agent({ name, segment = 'default', tls, inside, nats }: AgentOptions): Promise<Running> {
    const servers = nats ?? this.#servers;
    const where = ['--nats', servers, '--coordinator', this.coordinator, '--segment', segment];
    const words = [...where, '--name', name, '--workers', '1', ...(tls ?? (await this.#leaf(name)))];
    if (this.#own !== null) words.push('--nats-creds', await this.#creds(name, segment));
    const agent = start(this.place, 'agent/main.js', words, inside);
    this.#agents.push(agent);
    return agent;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#agents.map((agent) => agent.stop('SIGTERM')));
    await this.#serve?.stop('SIGTERM');
    await this.#own?.authority[Symbol.asyncDispose]();
    await this.#own?.nats[Symbol.asyncDispose]();
    await this.#nats?.[Symbol.asyncDispose]();
    await this.certificates[Symbol.asyncDispose]();
    await this.place[Symbol.asyncDispose]();
  }

  get #servers(): string {
    return this.#own?.nats.urls.join(',') ?? this.nats.url;
  }

  async #creds(agent: string, segment: string): Promise<string> {
    const { authority, nats } = this.own;
    const grant = { agent, segments: segment.split(','), storeId: nats.storeId };
    const creds = await authority.user({ ...grant, expires: Date.now() + 3_600_000 });
    return this.place.write(`${agent}.creds`, creds.toString());
  }

  async #start({ address = '127.0.0.1', natsVerifies = true, ownNats = 0 }: SecuredOptions): Promise<void> {
    if (ownNats > 0) await this.#startOwn(ownNats);
    else await this.#startNats(address, natsVerifies);
    const where = ['--nats', this.#servers, '--listen', `${address}:0`, '--http', '127.0.0.1:0'];
    const words = ['serve', ...where, '--state', this.place.path('serve')];
    this.#serve = start(this.place, 'coordinator/main.js', [
      ...words,
      ...(await this.#leaf('coordinator', [address])),
    ]);
    const [, coordinator = ''] = await this.#serve.logged(/^ready listen=(\S+) /m);
    this.coordinator = coordinator;
  }

  async #startNats(address: string, natsVerifies: boolean): Promise<void> {
    const { cert, key } = await this.certificates.leaf('nats', [address]);
    const files = `cert_file: "${cert}", key_file: "${key}", ca_file: "${this.certificates.ca}"`;
    this.#nats = await startNats({ address, config: `tls { ${files}, verify: ${natsVerifies} }` });
  }

  async #startOwn(servers: number): Promise<void> {
    const directory = this.place.path('serve/serve');
    await mkdir(directory, { recursive: true, mode: 0o700 });
    const store = await openStore(directory, null);
    const storeId = store.id;
    await store[Symbol.asyncDispose]();
    const nats = await startOwnNats({ servers, storeId, directory, certificates: this.certificates });
    const tls = { ca: this.certificates.ca, ...(await this.certificates.leaf('authority')) };
    const warn = () => undefined;
    this.#own = { nats, authority: NatsAuthority.open({ directory, servers: nats.urls, tls, warn }) };
  }

  async #leaf(name: string, addresses: string[] = []): Promise<string[]> {
    return tlsWords(this.certificates.ca, await this.certificates.leaf(name, addresses));
  }
}

function start(place: Place, program: string, args: string[], inside?: Namespace): Running {
  const words = [`${root}/dist/${program}`, ...args];
  const [file, argv] = inside?.command(process.execPath, words) ?? [process.execPath, words];
  const options = { onParentExit: 'killed' as const, cwd: place.folder, env: place.environment() };
  return new Running(file, argv, options);
}

export function startSecured(options: SecuredOptions = {}): Promise<Secured> {
  return Secured.open(options);
}
