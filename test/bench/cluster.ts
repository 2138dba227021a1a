// A distributed netsweep on this machine: nats-server, `netsweep serve` and agents, measured together. `run` is a
// client of it, as a user would type it.
import { readFileSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Account, type Bill, type Measured, printed, type Spent } from './account/account.ts';
import { built, program } from './place.ts';
import { roleOf } from './programs.ts';

const PORTS_MS = 10_000;

export interface ClusterWish {
  agents: number;
  /** Worker processes of each agent. */
  workers: number;
  /** Most devices at once of each agent. */
  forks: number;
  /** Further options of the agents. */
  words?: string[];
}

export class Cluster implements AsyncDisposable {
  #address = '';
  #clients = 0;

  private constructor(
    private readonly account: Account,
    private readonly folder: string,
    private readonly stop: AbortSignal,
  ) {}

  /** The coordinator's state directory. */
  get state(): string {
    return join(this.folder, 'state');
  }

  static async open(wish: ClusterWish, folder: string, stop: AbortSignal): Promise<Cluster> {
    const cluster = new Cluster(Account.open(roleOf, stop), await mkdtemp(join(folder, 'cluster-')), stop);
    try {
      const nats = await cluster.#startNats();
      await cluster.#startCoordinator(nats);
      await Promise.all(
        Array.from({ length: wish.agents }, (_, n) => cluster.#startAgent(n + 1, nats, wish)),
      );
      return cluster;
    } catch (error) {
      await cluster[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** `netsweep` with these words and this coordinator; CPU is what the run has cost, memory the most until now. */
  async run(words: string[], timeoutMs: number): Promise<Measured & { stdout: string; stderr: string }> {
    const stdout = join(this.folder, `client-${++this.#clients}`);
    const before = this.account.bill();
    const ran = await this.account.run(
      {
        command: [process.execPath, built('coordinator/main.js'), ...words, '--coordinator', this.#address],
        role: 'command line',
        stdout,
        stderr: `${stdout}.err`,
      },
      timeoutMs,
    );
    const stderr = readFileSync(`${stdout}.err`, 'utf8');
    return { ...ran, ...since(before, this.account.bill()), stdout, stderr };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.account[Symbol.asyncDispose]();
  }

  async #startNats(): Promise<string[]> {
    const file = process.env.NETSWEEP_NATS_SERVER ?? program('nats-server');
    if (file === null) throw new Error('no nats-server on PATH (set NETSWEEP_NATS_SERVER)');
    const folder = join(this.folder, 'nats');
    const config = join(folder, 'nats.conf');
    await mkdir(folder);
    const settings = {
      host: '127.0.0.1',
      port: -1,
      ports_file_dir: folder,
      jetstream: { store_dir: join(folder, 'jetstream') },
    };
    await writeFile(config, JSON.stringify(settings), { mode: 0o600 });
    const said = join(this.folder, 'nats.log');
    await this.account.start({
      command: [file, '-c', config],
      role: 'nats-server',
      stdout: said,
      stderr: `${said}.err`,
    });
    return ['--nats', await portsOf(folder)];
  }

  async #startCoordinator(nats: string[]): Promise<void> {
    const words = [
      'serve',
      ...nats,
      '--state',
      this.state,
      '--listen',
      '127.0.0.1:0',
      '--http',
      '127.0.0.1:0',
    ];
    const [, address = ''] = await this.#started(
      'coordinator',
      'coordinator/main.js',
      words,
      /^ready listen=(\S+) /m,
    );
    this.#address = address;
  }

  async #startAgent(n: number, nats: string[], { workers, forks, words = [] }: ClusterWish): Promise<void> {
    const limits = ['--workers', String(workers), '--forks', String(forks)];
    const who = ['--name', `agent-${n}`, '--coordinator', this.#address];
    await this.#started('agents', 'agent/main.js', [...nats, ...who, ...limits, ...words], /^ready name=/m);
  }

  async #started(role: string, path: string, words: string[], ready: RegExp): Promise<RegExpExecArray> {
    const said = join(await mkdtemp(join(this.folder, `${role}-`)), 'log');
    const child = await this.account.start({
      command: [process.execPath, built(path), ...words],
      role,
      stdout: said,
      stderr: `${said}.err`,
    });
    return await printed(child, said, ready, this.stop);
  }
}

/** nats-server chooses a port and writes it into a file. */
async function portsOf(folder: string): Promise<string> {
  for (const until = performance.now() + PORTS_MS; performance.now() < until; await delay(20)) {
    const name = (await readdir(folder)).find((file) => file.endsWith('.ports'));
    const text = name === undefined ? '' : await readFile(join(folder, name), 'utf8');
    const [, url] = /"(nats:\/\/[^"]+)"/.exec(text) ?? [];
    if (url !== undefined) return url;
  }
  throw new Error('nats-server did not start');
}

function since(before: Bill, now: Bill): Bill {
  const less = (spent: Spent, earlier: Spent | undefined) => ({
    ...spent,
    cpuMs: spent.cpuMs - (earlier?.cpuMs ?? 0),
  });
  return {
    exact: now.exact,
    roles: Object.fromEntries(
      Object.entries(now.roles).map(([role, spent]) => [role, less(spent, before.roles[role])]),
    ),
    total: less(now.total, before.total),
  };
}
