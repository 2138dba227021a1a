// A whole netsweep of real programs for one test: fleet, and either nothing else (a self-contained `netsweep run`
// brings its own) or nats-server, `netsweep serve` and agents. One line sets it up, and it ends with its block.
import { readFileSync } from 'node:fs';
import { ChannelCredentials } from '@grpc/grpc-js';
import type { Agent } from '../proto/gen/netsweep/v1/sweeps.ts';
import { SweepsClient } from '../proto/gen/netsweep/v1/sweeps_service.ts';
import { type Certificates, type Leaf, makeCertificates } from './certificates.ts';
import { type FaultProxy, startFaultProxy } from './faultproxy.ts';
import { Fleet, type FleetOptions } from './fleet.ts';
import { type Nats, type NatsOptions, startNats } from './nats.ts';
import { type Netsweep, Place } from './place.ts';
import { ownPort } from './port.ts';
import { type Finished, Running, root, until } from './process.ts';
import type { SmallDisk } from './smalldisk.ts';

/** One device of `--format ndjson`. */
export interface Result {
  sweep: string;
  device: string;
  host: string;
  port: number;
  platform: string;
  segment: string;
  status: string;
  failure: { kind: string; stage: string; message: string; retryable: boolean } | null;
  attempts: number;
  agent: string | null;
  notes: string[];
  outputs: { command: string; status: string; output: string; bytes: number; sha256: string }[];
}

export interface AgentOptions {
  name: string;
  segments: string[];
  forks?: number;
  /** Default 1. */
  workers?: number;
  /** Most that it and each of its workers may have; default: the system's. */
  descriptors?: number;
  /** Added to its environment. */
  env?: NodeJS.ProcessEnv;
  /** Added to its options. */
  words?: string[];
  /** Where it looks for NATS; default: where the cluster has it. */
  nats?: string;
}

export interface ClusterOptions extends FleetOptions {
  /** None: self-contained. */
  agents?: AgentOptions[];
  /** Where the coordinator keeps its state; default: with everything else. */
  disk?: SmallDisk;
  /** Added to the coordinator's environment. */
  serveEnv?: NodeJS.ProcessEnv;
  /** Every connection between programs goes over a link that can be made bad: see `links`. */
  proxied?: boolean;
  /** Mutual TLS everywhere, with one certificate that all of them share. */
  tls?: boolean;
  nats?: NatsOptions;
  /** NATS of the test's own, as --nats takes it, instead of one nats-server that comes with the cluster. */
  servers?: string | null;
  /** Where a link to NATS leads, as HOST:PORT, when they are the test's own; links are counted by `turn`. */
  natsAt?: ((turn: number) => string) | null;
  /** Where a program (the coordinator, or an agent by its name) finds NATS; default: where it is. */
  natsFor?: (program: string, url: string) => Promise<string>;
}

type Distribution = Required<
  Pick<ClusterOptions, 'agents' | 'proxied' | 'nats' | 'servers' | 'natsAt' | 'natsFor'>
> & {
  tls: Tls | null;
  serve: ServeOptions;
};

interface Tls extends Leaf {
  ca: string;
}

/** The links of a proxied cluster; an agent has its own two. */
export interface Links {
  client: FaultProxy;
  coordinatorNats: FaultProxy;
  agents: Map<string, AgentLinks>;
}

export interface AgentLinks {
  coordinator: FaultProxy;
  nats: FaultProxy;
}

export async function startCluster({
  agents = [],
  proxied = false,
  tls = false,
  nats = {},
  servers = null,
  natsAt = null,
  natsFor = async (_program, url) => url,
  disk,
  serveEnv,
  ...fleet
}: ClusterOptions): Promise<Cluster> {
  const certificates = tls ? await makeCertificates() : null;
  const cluster = new Cluster(await Fleet.open(fleet), await Place.open(), certificates);
  try {
    if (agents.length > 0)
      await cluster.distribute({
        agents,
        proxied,
        nats,
        servers,
        natsAt,
        natsFor,
        tls: certificates && { ca: certificates.ca, ...(await certificates.leaf('all')) },
        serve: { disk: disk ?? null, env: serveEnv },
      });
    return cluster;
  } catch (error) {
    await cluster[Symbol.asyncDispose]();
    throw error;
  }
}

export class Cluster implements AsyncDisposable {
  readonly agents = new Map<string, AgentProgram>();
  #nats: Nats | null = null;
  #serve: Serve | null = null;
  #links: Links | null = null;
  readonly #proxies: FaultProxy[] = [];
  #servers = '';
  /** Where agents that were named at the start find NATS. */
  readonly #urls = new Map<string, string>();

  constructor(
    readonly fleet: Fleet,
    readonly place: Place,
    private readonly certificates: Certificates | null = null,
  ) {}

  get nats(): Nats {
    if (this.#nats === null) throw new Error('a self-contained cluster has no nats-server of its own');
    return this.#nats;
  }

  get serve(): Serve {
    if (this.#serve === null) throw new Error('a self-contained cluster has no coordinator of its own');
    return this.#serve;
  }

  get links(): Links {
    if (this.#links === null) throw new Error('the cluster is not proxied');
    return this.#links;
  }

  linksOf(agent: string): AgentLinks {
    const links = this.links.agents.get(agent);
    if (links === undefined) throw new Error(`no links of agent ${agent}`);
    return links;
  }

  async distribute(distribution: Distribution): Promise<void> {
    const { agents, proxied, nats, servers, natsAt, natsFor, tls, serve } = distribution;
    if (servers === null) this.#nats = await startNats(tls === null ? nats : withTls(nats, tls));
    if (tls !== null) {
      const { ca, cert, key } = tls;
      Object.assign(this.place.env, { NETSWEEP_TLS_CA: ca, NETSWEEP_TLS_CERT: cert, NETSWEEP_TLS_KEY: key });
    }
    const toNats = (turn: number) => natsAt?.(turn) ?? `${this.nats.address}:${this.nats.port}`;
    const coordinatorNats = proxied ? await this.#proxy(() => toNats(0)) : null;
    this.#servers = servers ?? this.nats.url;
    this.#serve = await Serve.open(
      this.place,
      natsUrl(coordinatorNats) ?? (await natsFor('coordinator', this.#servers)),
      { ...serve, tls },
    );
    this.place.env.NETSWEEP_COORDINATOR = this.#serve.address;
    if (coordinatorNats !== null) {
      const client = await this.#proxy(() => this.serve.address);
      this.place.env.NETSWEEP_COORDINATOR = client.address;
      this.#links = { client, coordinatorNats, agents: new Map() };
      for (const [turn, { name }] of agents.entries())
        this.#links.agents.set(name, {
          coordinator: await this.#proxy(() => this.serve.address),
          nats: await this.#proxy(() => toNats(turn)),
        });
    }
    for (const { name } of agents) this.#urls.set(name, await natsFor(name, this.#servers));
    for (const agent of agents) this.startAgent(agent);
    for (const { name } of agents) await this.agent(name).ready();
  }

  /** Starts an agent; `ready` of it tells when it takes work. One that was not named at the start has no links. */
  startAgent(options: AgentOptions): AgentProgram {
    const links = this.#links?.agents.get(options.name);
    const nats =
      options.nats ?? natsUrl(links?.nats ?? null) ?? this.#urls.get(options.name) ?? this.#servers;
    const to = links?.coordinator.address ?? this.serve.address;
    const agent = new AgentProgram(this.place, { ...options, nats, to });
    this.agents.set(options.name, agent);
    return agent;
  }

  async #proxy(target: () => string): Promise<FaultProxy> {
    const proxy = await startFaultProxy({ target });
    this.#proxies.push(proxy);
    return proxy;
  }

  agent(name: string): AgentProgram {
    const agent = this.agents.get(name);
    if (agent === undefined) throw new Error(`no agent ${name}`);
    return agent;
  }

  /** `netsweep run` on the whole fleet, with the results as objects. */
  async run(args: string[], options: { inventory?: string; timeoutMs?: number } = {}): Promise<Ran> {
    const { inventory = this.fleet.inventory(), ...rest } = options;
    const finished = await this.place.netsweep(['run', '-i', inventory, '--format', 'ndjson', ...args], rest);
    return { ...finished, results: readResults(finished.stdout) };
  }

  /** The same, in the background. */
  start(args: string[], inventory = this.fleet.inventory()): Netsweep {
    return this.place.start(['run', '-i', inventory, '--format', 'ndjson', ...args]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const agent of this.agents.values()) await agent.stop('SIGKILL');
    await this.#serve?.stop('SIGKILL');
    await this.#nats?.[Symbol.asyncDispose]();
    for (const proxy of this.#proxies) await proxy[Symbol.asyncDispose]();
    await this.place[Symbol.asyncDispose]();
    await this.fleet[Symbol.asyncDispose]();
    await this.certificates?.[Symbol.asyncDispose]();
  }
}

function withTls(nats: NatsOptions, { ca, cert, key }: Tls): NatsOptions {
  const tls = `tls { cert_file: "${cert}", key_file: "${key}", ca_file: "${ca}", verify: true }`;
  return { ...nats, config: `${nats.config ?? ''}\n${tls}` };
}

function natsUrl(proxy: FaultProxy | null): string | null {
  return proxy === null ? null : `nats://${proxy.address}`;
}

export interface Ran extends Finished {
  results: Result[];
}

/** What `--format ndjson` printed. */
export function readResults(stdout: string): Result[] {
  return stdout
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as Result); // the contract's own object
}

/** The devices that did not end ok, and why. */
export function troubles(results: Result[]): string[] {
  return results.flatMap(({ device, status, failure }) =>
    status === 'ok' ? [] : [`${device}: ${status} ${failure?.kind} (${failure?.stage}): ${failure?.message}`],
  );
}

type Files = [ca: Buffer, key: Buffer, cert: Buffer];

interface ServeOptions {
  disk: SmallDisk | null;
  tls?: Tls | null;
  env?: NodeJS.ProcessEnv | undefined;
}

/** `netsweep serve`, which can be ended and started again on its state and its address. */
export class Serve {
  address = '';
  /** Of its /healthz. */
  http = '';
  #running: Running | null = null;
  /** All it has said over all its lives. */
  #said = '';

  private constructor(
    private readonly place: Place,
    private readonly nats: string,
    private readonly options: ServeOptions,
  ) {}

  static async open(place: Place, nats: string, options: ServeOptions = { disk: null }): Promise<Serve> {
    const serve = new Serve(place, nats, options);
    serve.address = `127.0.0.1:${await ownPort()}`;
    await serve.start();
    return serve;
  }

  get log(): string {
    return this.#said + (this.#running?.log ?? '');
  }

  get pid(): number {
    if (this.#running === null) throw new Error('the coordinator is not running');
    return this.#running.pid;
  }

  get state(): string {
    return this.options.disk?.folder ?? this.place.path('coordinator');
  }

  async start(env: NodeJS.ProcessEnv = {}, timeoutMs?: number): Promise<void> {
    const where = ['--nats', this.nats, '--state', this.state];
    const listen = ['--listen', this.address, '--http', '127.0.0.1:0'];
    const words = ['serve', ...where, ...listen];
    const { disk } = this.options;
    this.#running = program(this.place, 'coordinator/main.js', words, { ...this.options.env, ...env }, disk);
    const [, address, http] = await this.#running.logged(/^ready listen=(\S+) http=(\S+) /m, timeoutMs);
    this.address = address ?? '';
    this.http = http ?? '';
  }

  /** Ends it and resolves with its exit code; null: by a signal. */
  async stop(signal: NodeJS.Signals): Promise<number | null> {
    const running = this.#running;
    if (running === null) return null;
    await running.stop(signal);
    this.#said += running.log;
    this.#running = null;
    return running.child.exitCode;
  }

  /** Resolves when it has ended by itself. */
  async ended(): Promise<void> {
    await until('the coordinator has ended', () => this.#running?.ended ?? true);
  }

  /** The service that the command line uses. */
  client(): SweepsClient & Disposable {
    const { tls } = this.options;
    const credentials = tls
      ? ChannelCredentials.createSsl(
          ...([tls.ca, tls.key, tls.cert].map((file) => readFileSync(file)) as Files),
        )
      : ChannelCredentials.createInsecure();
    const client = new SweepsClient(
      this.address,
      credentials,
      tls ? { 'grpc.ssl_target_name_override': 'localhost' } : {},
    );
    return Object.assign(client, { [Symbol.dispose]: () => client.close() });
  }

  async listAgents(): Promise<Agent[]> {
    using client = this.client();
    return await new Promise((resolve, reject) => {
      client.listAgents({ away: false }, (error, { agents }) => (error ? reject(error) : resolve(agents)));
    });
  }

  /** Resolves when the agent holds a device. */
  async busy(name: string): Promise<void> {
    await until(`${name} is busy`, async () => {
      const agents = await this.listAgents();
      return agents.some((agent) => agent.name === name && agent.busy > 0);
    });
  }
}

/** `netsweep-agent`. */
export class AgentProgram {
  /** Where it answers those who watch over it; empty: nowhere, or not yet. */
  http = '';
  readonly #running: Running;

  constructor(
    place: Place,
    {
      name,
      segments,
      forks,
      workers = 1,
      descriptors,
      env,
      words: more = [],
      nats,
      to,
    }: AgentOptions & { nats: string; to: string },
  ) {
    const about = ['--nats', nats, '--coordinator', to, '--name', name, '--segment', segments.join(',')];
    const limit = forks === undefined ? [] : ['--forks', String(forks)];
    const words = [...about, '--workers', String(workers), ...limit, ...more];
    this.#running = program(place, 'agent/main.js', words, env, limited(descriptors));
  }

  get log(): string {
    return this.#running.log;
  }

  get pid(): number {
    return this.#running.pid;
  }

  get exitCode(): number | null {
    return this.#running.child.exitCode;
  }

  async ready(timeoutMs?: number): Promise<void> {
    const [, http] = await this.#running.logged(
      /^ready name=.*?(?: http=(\S+))?(?: rehearsal=yes)?$/m,
      timeoutMs,
    );
    this.http = http ?? '';
  }

  /** Only sends it. */
  kill(signal: NodeJS.Signals): void {
    this.#running.child.kill(signal);
  }

  /** Resolves when it has ended by itself. */
  async ended(): Promise<void> {
    await until('the agent has ended', () => this.#running.ended);
  }

  async stop(signal: NodeJS.Signals): Promise<void> {
    await this.#running.stop(signal);
  }
}

function program(
  place: Place,
  name: string,
  args: string[],
  env: NodeJS.ProcessEnv = {},
  inside: Pick<SmallDisk, 'command'> | null = null,
): Running {
  const words = [`${root}/dist/${name}`, ...args];
  const [file, argv] = inside?.command(process.execPath, words, place.folder) ?? [process.execPath, words];
  return new Running(file, argv, {
    onParentExit: 'killed',
    cwd: place.folder,
    env: place.environment(env),
  });
}

/** A program that has so many descriptors. */
function limited(descriptors: number | undefined): Pick<SmallDisk, 'command'> | null {
  if (descriptors === undefined) return null;
  return { command: (file, args) => ['prlimit', [`--nofile=${descriptors}`, '--', file, ...args]] };
}
