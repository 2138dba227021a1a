// A NATS of our own, as `netsweep serve --init` sets it up: one real nats-server or three, started with the
// configurations that were made, nothing added to them.
import { copyFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Authority } from '../coordinator/identity/authority.ts';
import { certifyNats } from '../coordinator/identity/natscertificates.ts';
import { initNats, type NatsServerFiles } from '../coordinator/identity/natsinit.ts';
import { type Certificates, makeCertificates } from './certificates.ts';
import { ownPort } from './port.ts';
import { program, Running, until } from './process.ts';

export interface OwnNatsOptions {
  /** Default 1. */
  servers?: number;
  storeId?: string;
  /** The coordinator's state directory; default: one of its own. */
  directory?: string;
  certificates?: Certificates;
  /** Whose certificates the servers have; default: those of `certificates`. */
  authority?: Authority;
}

export class OwnNats implements AsyncDisposable {
  readonly running = new Map<string, Running>();
  files: NatsServerFiles[] = [];
  clusterPorts: number[] = [];

  private constructor(
    readonly directory: string,
    readonly storeId: string,
    readonly certificates: Certificates,
    /** What ends with it. */
    private readonly owned: (() => Promise<void>)[],
  ) {}

  static async open(options: OwnNatsOptions): Promise<OwnNats> {
    const { servers = 1, storeId = 'feed0123', certificates } = options;
    const owned: (() => Promise<void>)[] = [];
    const directory = options.directory ?? (await mkdtemp(join(tmpdir(), 'netsweep-own-nats-')));
    if (options.directory === undefined) owned.push(() => rm(directory, { recursive: true, force: true }));
    const authority = certificates ?? (await makeCertificates());
    if (certificates === undefined) owned.push(() => authority[Symbol.asyncDispose]());
    const nats = new OwnNats(directory, storeId, authority, owned);
    try {
      await nats.#start(servers, options.authority ?? null);
      return nats;
    } catch (error) {
      await nats[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** As --nats takes them. */
  get urls(): string[] {
    return this.files.map(({ url }) => url);
  }

  get creds(): string {
    return join(this.directory, 'nats', 'coordinator.creds');
  }

  get log(): string {
    return [...this.running.values()].map(({ log }) => log).join('\n');
  }

  async stop(name: string): Promise<void> {
    await this.running.get(name)?.stop('SIGTERM');
    this.running.delete(name);
  }

  async start(name: string): Promise<void> {
    const server = process.env.NETSWEEP_NATS_SERVER ?? program('nats-server');
    const files = this.files.find((one) => one.name === name);
    if (server === null || files === undefined) throw new Error(`can't start ${name}`);
    const running = new Running(server, ['-c', files.configuration], {
      onParentExit: 'killed',
      cwd: files.folder,
    });
    this.running.set(name, running);
    await running.logged(/Server is ready/);
  }

  /** Servers read their configurations and certificates again. */
  async reload(): Promise<void> {
    for (const running of this.running.values()) {
      const seen = running.log.length;
      running.child.kill('SIGHUP');
      await until('it is read again', () =>
        running.log.slice(seen).includes('Reloaded server configuration'),
      );
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.running.values()].map((running) => running.stop('SIGKILL')));
    for (const end of this.owned) await end();
  }

  async #start(count: number, authority: Authority | null): Promise<void> {
    const hosts = await Promise.all(
      Array.from({ length: count }, async () => ({
        host: '127.0.0.1',
        port: await ownPort(),
        clusterPort: await ownPort(),
        monitorPort: await ownPort(),
      })),
    );
    this.clusterPorts = hosts.map(({ clusterPort }) => clusterPort);
    const { directory, storeId } = this;
    const { servers } = await initNats({ directory, storeId, hosts });
    this.files = servers;
    if (authority !== null) for (const server of servers) await certifyNats(authority, server);
    else await this.#certify(servers);
    await Promise.all(servers.map(({ name }) => this.start(name)));
  }

  async #certify(servers: NatsServerFiles[]): Promise<void> {
    const { cert, key } = await this.certificates.leaf('nats');
    for (const { tls } of servers) {
      await copyFile(this.certificates.ca, tls.ca);
      await copyFile(cert, tls.cert);
      await copyFile(key, tls.key);
    }
  }
}

export function startOwnNats(options: OwnNatsOptions = {}): Promise<OwnNats> {
  return OwnNats.open(options);
}
