// A real nats-server with JetStream, by default on loopback, a port and a store of its own.
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ownPort } from './port.ts';
import { program, Running } from './process.ts';

export interface NatsOptions {
  /** More lines of nats-server's configuration file: authorization, tls, ... */
  config?: string;
  /** Default 127.0.0.1. */
  address?: string;
}

export class Nats implements AsyncDisposable {
  readonly folder: string;
  readonly address: string;
  port = 0;
  #running: Running | null = null;

  private constructor(folder: string, address: string) {
    this.folder = folder;
    this.address = address;
  }

  static async open(options: NatsOptions): Promise<Nats> {
    const folder = await mkdtemp(join(tmpdir(), 'netsweep-nats-'));
    const nats = new Nats(folder, options.address ?? '127.0.0.1');
    await mkdir(join(nats.folder, 'store'));
    await writeFile(join(nats.folder, 'nats.conf'), options.config ?? '');
    try {
      nats.port = await ownPort(nats.address);
      await nats.start();
    } catch (error) {
      await nats[Symbol.asyncDispose]();
      throw error;
    }
    return nats;
  }

  get url(): string {
    return `nats://${this.address}:${this.port}`;
  }

  get pid(): number {
    if (this.#running === null) throw new Error('nats-server is not running');
    return this.#running.pid;
  }

  get running(): boolean {
    return this.#running !== null && !this.#running.ended;
  }

  get log(): string {
    return this.#running?.log ?? '';
  }

  /** Starts it, again on the same port and store after a stop. */
  async start(): Promise<void> {
    const server = process.env.NETSWEEP_NATS_SERVER ?? program('nats-server');
    if (server === null) throw new Error('no nats-server: run deploy/setup.sh');
    const { folder } = this;
    const listen = ['-a', this.address, '-p', String(this.port)];
    const store = ['-js', '-sd', join(folder, 'store')];
    const args = ['-c', join(folder, 'nats.conf'), ...listen, ...store];
    this.#running = new Running(server, args, { onParentExit: 'killed' });
    await this.#running.logged(/Server is ready/);
  }

  /** Ends it; SIGKILL is a crash, SIGTERM a stop in good order. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    await this.#running?.stop(signal);
    this.#running = null;
  }

  /** Starts it again with another configuration. */
  async restart(config: string): Promise<void> {
    await this.stop();
    await writeFile(join(this.folder, 'nats.conf'), config);
    await this.start();
  }

  /** Only sends it. */
  kill(signal: NodeJS.Signals): void {
    process.kill(this.pid, signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop('SIGKILL');
    await rm(this.folder, { recursive: true, force: true });
  }
}

export function startNats(options: NatsOptions = {}): Promise<Nats> {
  return Nats.open(options);
}
