// The coordinator from start to stop. It opens its books first and closes them last: whatever agents still
// send while it stops has somewhere to go. Offers begin once NATS is connected; until then sweeps wait.
//
//   open:  store -> books -> gRPC server -> (NATS -> dispatch and reconcile loops)
//   close: loops -> streams -> server -> NATS -> store
import { randomBytes } from 'node:crypto';
import type { Server } from '@grpc/grpc-js';
import { Status } from '../proto/gen/netsweep/v1/model.js';
import type { SubmitHeader } from '../proto/gen/netsweep/v1/sweeps.js';
import { LEASE_TERM_MS, LOCK_DELAY_MS } from '../proto/subjects.js';
import { Books } from './books.js';
import { monotonicMs } from './clock.js';
import type { TlsFiles } from './config.js';
import { Agents } from './intake/agents.js';
import { type AgentLink, Presence } from './intake/presence.js';
import { close, createServer, listen } from './intake/server.js';
import { Service } from './service.js';
import { openStore } from './store/open.js';
import type { Store, Write } from './store/store.js';
import type { ActiveSweep } from './sweep/activesweep.js';
import { Dispatch } from './sweep/dispatch.js';
import { type NatsOptions, Offers } from './sweep/offers.js';
import { Reconcile } from './sweep/reconcile.js';

/** How often the ledger is looked over when nothing happens, in ms. */
const LOOK_EVERY_MS = 250;
/** How long open calls may take to end when the coordinator stops, in ms. */
const CLOSE_GRACE_MS = 1_000;

export interface CoordinatorOptions {
  directory: string;
  keyFile: string | null;
  /** HOST:PORT or unix:PATH. */
  listen: string;
  tls: TlsFiles | null;
  /** What happens to sweeps that an earlier process left unfinished. */
  unfinished: 'resume' | 'cancel';
  /** Segments with new work; resolves when their agents are on the way. */
  submitted(segments: string[], header: SubmitHeader): Promise<void>;
  attached(change: 1 | -1): void;
  warn(error: unknown, what: string): void;
}

export class Coordinator {
  #offers: Offers | null = null;
  #loop: Promise<void> = Promise.resolve();
  #dispatch: Dispatch | null = null;
  readonly #stop = new AbortController();
  #kicked: () => void = () => undefined;
  #again = false;

  private constructor(
    private readonly options: CoordinatorOptions,
    private readonly store: Store,
    readonly books: Books,
    private readonly presence: Presence,
    private readonly server: Server,
    readonly service: Service,
    readonly address: string,
  ) {}

  /** Ready to serve clients and agents. Throws StateInUse when another process holds the directory. */
  static async open(options: CoordinatorOptions): Promise<Coordinator> {
    const store = await openStore(options.directory, options.keyFile);
    try {
      const incarnation = randomBytes(16).toString('hex');
      const books = await Books.open(store, incarnation, {
        termMs: LEASE_TERM_MS,
        lockDelayMs: LOCK_DELAY_MS,
      });
      const presence = new Presence((instance) => books.ledger.running({ instance }));
      const server = createServer();
      const service = new Service(books, presence, {
        submitted: (segments, header) => options.submitted(segments, header),
        kick: () => coordinator.kick(),
        tellAgents: (sweep) => coordinator.#tellAgents(sweep),
        attached: (change) => options.attached(change),
      });
      service.serveOn(server);
      const missed = (link: AgentLink, segment: string, ms: number) => coordinator.#missed(link, segment, ms);
      new Agents(books, presence, () => coordinator.kick(), missed).serveOn(server);
      await restore(books, options.unfinished);
      const address = await listen(server, options.listen, options.tls);
      const coordinator = new Coordinator(options, store, books, presence, server, service, address);
      return coordinator;
    } catch (error) {
      await store[Symbol.asyncDispose]();
      throw error;
    }
  }

  get storeId(): string {
    return this.store.id;
  }

  agents(): AgentLink[] {
    return this.presence.all();
  }

  /** Connects to NATS and begins to offer work. */
  async connect(nats: NatsOptions): Promise<void> {
    const offers = await Offers.open(nats, this.store.id, this.#stop.signal);
    this.#offers = offers;
    this.#dispatch = new Dispatch(this.books, this.presence, offers, this.options.warn);
    const reconcile = new Reconcile(this.books, this.presence, (sweep) => this.#tellAgents(sweep));
    this.#loop = this.#work(this.#dispatch, reconcile);
  }

  /** Something changed that may let more work be offered. */
  kick(): void {
    this.#again = true;
    this.#kicked();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    this.service.stop();
    this.#kicked();
    await this.#loop;
    for (const link of this.presence.all()) link.end();
    await close(this.server, CLOSE_GRACE_MS);
    await this.#offers?.[Symbol.asyncDispose]();
    await this.store[Symbol.asyncDispose]();
  }

  async #work(dispatch: Dispatch, reconcile: Reconcile): Promise<void> {
    let looked = 0;
    while (!this.#stop.signal.aborted) {
      this.#again = false;
      if (monotonicMs() - looked >= LOOK_EVERY_MS) {
        await reconcile.look();
        looked = monotonicMs();
      }
      await dispatch.offer();
      if (!this.#again) await this.#rest();
    }
  }

  /** Until the next kick, or the next look. */
  #rest(): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, LOOK_EVERY_MS);
      this.#kicked = () => {
        clearTimeout(timer);
        resolve();
      };
      if (this.#stop.signal.aborted) this.#kicked();
    });
  }

  #tellAgents(sweep: ActiveSweep): void {
    for (const link of this.presence.all()) link.send({ $case: 'cancel', value: { sweep: sweep.id } });
  }

  #missed(link: AgentLink, segment: string, pulledMs: number): void {
    this.#dispatch
      ?.missed(link, segment, pulledMs)
      .catch((error: unknown) => this.options.warn(error, 're-offer'));
  }
}

/** Takes up the sweeps that an earlier process left, or closes them. */
async function restore(books: Books, unfinished: 'resume' | 'cancel'): Promise<void> {
  const writes: Write[] = [];
  const wall = Date.now();
  for (const found of await books.store.openSweeps()) {
    const sweep = books.ledger.restore(found, monotonicMs(), writes);
    for (const credential of sweep.credentials.values()) {
      const guards = await books.guardsOf(credential);
      books.useCredential(credential, guards, sweep.row.options.authFailMax, wall, writes);
    }
    if (unfinished === 'resume') {
      // What a credential has proved before the restart stays proved: its devices are in the store.
      for (const { device, status } of sweep.states)
        if (status === Status.OK || status === Status.SUSPECT) books.prove(device, sweep.credentials);
      continue;
    }
    const ending = { status: Status.CANCELLED, failure: null };
    const halt = { reason: 'its coordinator ended before it did', untouched: ending, touched: ending };
    books.ledger.halt(sweep, halt, true, wall, writes);
  }
  // The processes that held these leases ended with the coordinator that had started them.
  if (unfinished === 'cancel') books.ledger.lapse(Number.POSITIVE_INFINITY, wall, writes);
  await books.commit(writes);
}
