// What a self-contained coordinator does for its clients, from the first to the last: a coordinator on a Unix socket,
// and a cluster of its own, whose nats-server and agents start with the first sweep and end with the coordinator.

import type { ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { Isolation } from '../proto/gen/netsweep/v1/model.js';
import type { SubmitHeader } from '../proto/gen/netsweep/v1/sweeps.js';
import type { AgentOrders } from '../proto/orders.js';
import { Coordinator } from './coordinator.js';
import { socketAddress } from './intake/server.js';
import { addressFile, tell } from './privatenews.js';
import { exited, forkAgent, give, type NatsServer, startNatsServer } from './processes.js';
import type { StoreThread } from './store/storethread.js';
import type { Keep } from './store/versions.js';

/** How long agents may take to let go of their sessions at the end, in ms. */
const AGENT_GRACE_MS = 3_000;

/** What has been started for it already. */
export interface Started {
  /** An agent that waits for orders; null: none. */
  spare: ChildProcess | null;
  thread: StoreThread;
}

/** Serves clients until the last has gone or `ended` aborts. Throws StateInUse for a held directory. */
export async function serveClients(
  state: string,
  keep: Keep | null,
  { spare, thread }: Started,
  ended: AbortController,
): Promise<void> {
  let clients = 0;
  let cluster: Cluster | null = null;
  const coordinator = await Coordinator.open({
    directory: state,
    keyFile: null,
    keep,
    thread,
    listen: await socketAddress(state),
    tls: null,
    unfinished: 'cancel',
    submitted: async (segments, header) => cluster?.serve(segments, header),
    attached: (change) => {
      clients += change;
      if (clients > 0) return;
      coordinator.service.stop();
      ended.abort();
    },
    warn: (error, what) =>
      console.error(
        error === null
          ? `netsweep: ${what}`
          : `netsweep: ${what}: ${error instanceof Error ? error.message : error}`,
      ),
  });
  coordinator.books.failed.addEventListener('abort', () =>
    crash('the store failed', coordinator.books.failed.reason),
  );
  // Until somebody has attached, the starter's IPC channel is the only sign that anybody wants us.
  process.once('disconnect', () => {
    if (clients === 0) ended.abort();
  });
  const file = addressFile(state);
  try {
    cluster = new Cluster(coordinator, await runDirectory(state), spare);
    await writeFile(`${file}.new`, JSON.stringify({ address: coordinator.address }), { mode: 0o600 });
    await rename(`${file}.new`, file);
    await tell({ address: coordinator.address });
    // A starter that has attached already may have closed the channel; one that has not is gone.
    if (!process.connected && clients === 0) ended.abort();
    if (!ended.signal.aborted)
      await new Promise<void>((resolve) => ended.signal.addEventListener('abort', () => resolve()));
  } finally {
    await rm(file, { force: true });
    await cluster?.[Symbol.asyncDispose]();
    await coordinator[Symbol.asyncDispose]();
  }
}

/** The private nats-server and the local agents; grown as sweeps name new segments. */
class Cluster {
  readonly #agents: ChildProcess[] = [];
  readonly #served = new Set<string>();
  #nats: NatsServer | null = null;
  #starting: Promise<void> | null = null;
  #kept: Promise<void> = Promise.resolve();
  #ending = false;
  #token = '';
  #growing: Promise<void> = Promise.resolve();

  constructor(
    private readonly coordinator: Coordinator,
    private readonly directory: string,
    /** An agent that waits for orders; null: none. */
    private spare: ChildProcess | null,
  ) {
    if (spare !== null) this.#withNats().catch(() => undefined); // said to the sweep that needs it
  }

  /** Resolves when agents for all of `segments` are on their way. */
  serve(segments: string[], header: SubmitHeader): Promise<void> {
    this.#growing = this.#growing.then(() => this.#grow(segments, header));
    return this.#growing;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#growing.catch(() => undefined);
    await Promise.all([...this.#agents, ...(this.spare === null ? [] : [this.spare])].map(endAgent));
    this.#ending = true;
    await this.#starting?.catch(() => undefined);
    await this.#nats?.[Symbol.asyncDispose]();
    await this.#kept;
    await rm(this.directory, { recursive: true, force: true });
  }

  async #grow(segments: string[], header: SubmitHeader): Promise<void> {
    const missing = segments.filter((segment) => !this.#served.has(segment));
    if (missing.length === 0) return;
    await this.#withNats();
    const cores = availableParallelism();
    const most = header.agents || Math.min(missing.length, Math.max(3, cores));
    const hands = deal(missing, most);
    const workers = Math.max(1, Math.floor((header.workers || cores) / hands.length));
    for (const hand of hands) {
      for (const segment of hand) this.#served.add(segment);
      const agent = this.#takeAgent();
      this.#agents.push(agent);
      const orders: AgentOrders = {
        nats: [this.#nats?.url ?? ''],
        natsToken: this.#token,
        coordinator: this.coordinator.address,
        signedBy: this.coordinator.signer?.publicKey ?? null,
        segments: hand,
        name: `agent-${this.#agents.length}`,
        workers,
        forks: 10_000, // the sweep's own limit is the one that counts here
        isAwaited: header.options?.isolation !== Isolation.DEVICE,
      };
      give(agent, { orders });
    }
  }

  #takeAgent(): ChildProcess {
    const { spare } = this;
    this.spare = null;
    return spare?.connected ? spare : forkAgent();
  }

  #withNats(): Promise<void> {
    this.#starting ??= this.#startNats();
    return this.#starting;
  }

  async #startNats(): Promise<void> {
    this.#token = randomBytes(24).toString('base64url');
    this.#nats = await startNatsServer(this.directory, this.#token, null);
    this.#kept = this.#keepNats(this.#nats).catch((error: unknown) => crash('nats-server is lost', error));
    await this.coordinator.connect({
      servers: [this.#nats.url],
      token: this.#token,
      credsFile: null,
      tls: null,
      storage: 'memory',
    });
  }

  /** A nats-server that ends before its time is started again where it was; the ledger offers again what it held. */
  async #keepNats(nats: NatsServer): Promise<void> {
    for (let current = nats; ; ) {
      await current.ended;
      if (this.#ending) return;
      console.error('netsweep: nats-server has ended and is started again');
      current = await startNatsServer(this.directory, this.#token, new URL(current.url).port);
      this.#nats = current;
    }
  }
}

/** Segments dealt round robin to at most `agents` agents; with more agents than segments, some serve the same. */
export function deal(segments: string[], agents: number): string[][] {
  const hands = Array.from({ length: Math.max(1, agents) }, (): string[] => []);
  for (let n = 0; n < Math.max(segments.length, hands.length); n++) {
    const segment = segments[n % segments.length];
    if (segment !== undefined) hands[n % hands.length]?.push(segment);
  }
  return hands;
}

async function endAgent(child: ChildProcess): Promise<void> {
  const gone = exited(child);
  child.kill('SIGTERM');
  const hard = setTimeout(() => child.kill('SIGKILL'), AGENT_GRACE_MS);
  await gone;
  clearTimeout(hard);
}

/** A fresh directory below the state directory, which the store's lock makes ours alone. */
async function runDirectory(state: string): Promise<string> {
  const directory = join(state, 'run');
  await rm(directory, { recursive: true, force: true });
  await mkdir(directory, { mode: 0o700 });
  return directory;
}

/** What everything rests on has gone: nothing may be told any more, so nothing is tidied up either. */
function crash(what: string, reason: unknown): never {
  console.error(`netsweep: ${what}:`, reason);
  process.exit(70);
}
