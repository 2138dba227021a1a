// Three real nats-servers on loopback that form one JetStream cluster; each can be ended, frozen and started again.
import { type JetStreamManager, jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { type Nats, startNats } from './nats.ts';
import { ownPort } from './port.ts';
import { until } from './process.ts';

const SERVERS = ['n1', 'n2', 'n3'] as const;
export type ServerName = (typeof SERVERS)[number];

export interface NatsClusterOptions {
  /** Clients are told of all servers, whichever they were given. */
  advertised?: boolean;
}

export class NatsCluster implements AsyncDisposable {
  private constructor(private readonly servers: ReadonlyMap<ServerName, Nats>) {}

  static async open({ advertised = true }: NatsClusterOptions = {}): Promise<NatsCluster> {
    const ports = await Promise.all(SERVERS.map(() => ownPort()));
    const routes = ports.map((port) => `"nats://127.0.0.1:${port}"`).join(', ');
    const starting = SERVERS.map((name, at) => {
      const listen = `cluster { name: netsweep, listen: "127.0.0.1:${ports[at]}", routes: [${routes}], no_advertise: ${!advertised} }`;
      return startNats({ config: `server_name: ${name}\n${listen}\n` });
    });
    const started = await Promise.allSettled(starting);
    const servers = new Map<ServerName, Nats>();
    for (const [at, one] of started.entries())
      if (one.status === 'fulfilled') servers.set(SERVERS[at] ?? 'n1', one.value);
    const cluster = new NatsCluster(servers);
    try {
      if (servers.size < SERVERS.length) throw new Error('not every server has started');
      await cluster.manage((manager) =>
        until('the cluster has a leader', () => manager.getAccountInfo().then(Boolean, () => null)),
      );
      return cluster;
    } catch (error) {
      await cluster[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** All of them, as --nats takes them. */
  get url(): string {
    return [...this.servers.values()].map(({ url }) => url).join(',');
  }

  get all(): Nats[] {
    return [...this.servers.values()];
  }

  get names(): ServerName[] {
    return [...this.servers.keys()];
  }

  server(name: ServerName): Nats {
    const server = this.servers.get(name);
    if (server === undefined) throw new Error(`no server ${name}`);
    return server;
  }

  /** The server that leads the only stream of work. */
  async leader(): Promise<ServerName> {
    return this.manage((manager) =>
      until('the stream has a leader', async () => {
        const streams = await manager.streams
          .list()
          .next()
          .catch(() => []);
        const shards = streams.find(({ config }) => config.name.startsWith('netsweep-'));
        return SERVERS.find((name) => name === shards?.cluster?.leader);
      }),
    );
  }

  async manage<T>(work: (manager: JetStreamManager) => Promise<T>): Promise<T> {
    const servers = this.url.split(',');
    const connection = await connect({ servers, reconnectTimeWait: 50, maxReconnectAttempts: -1 });
    try {
      return await work(await jetstreamManager(connection, { timeout: 1_000, checkAPI: false }));
    } finally {
      await connection.close();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.servers.values()].map((server) => server[Symbol.asyncDispose]()));
  }
}

export function startNatsCluster(options: NatsClusterOptions = {}): Promise<NatsCluster> {
  return NatsCluster.open(options);
}
