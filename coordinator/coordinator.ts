// The coordinator from start to stop. It opens its books first and closes them last: whatever agents still
// send while it stops has somewhere to go. NATS may come later, or never: offers then go over gRPC.
//
//   open:  store -> books -> gRPC server -> (NATS -> dispatch and reconcile loops)
//   close: loops -> streams -> server -> NATS -> store

import { hostname } from 'node:os';
import type { Server } from '@grpc/grpc-js';
import type { PullEmpty } from '../proto/gen/netsweep/v1/agent.js';
import { Status } from '../proto/gen/netsweep/v1/model.js';
import type { Agent, Diagnosis, SubmitHeader } from '../proto/gen/netsweep/v1/sweeps.js';
import { Counts } from '../proto/operation/metric.js';
import { LEASE_TERM_MS, LOCK_DELAY_MS } from '../proto/subjects.js';
import type { Act } from './auditlog/acts.js';
import { COORDINATOR, ownName, type Who } from './auditlog/who.js';
import { Books } from './books.js';
import { watchHeap } from './heap.js';
import { HistoryAnswers } from './history/answers.js';
import { type Host, machine } from './host.js';
import type { Authority } from './identity/authority.js';
import type { Endowment } from './identity/members.js';
import type { Membership } from './identity/membership.js';
import { serveNoMembers } from './identity/nomembers.js';
import { Agents } from './intake/agents.js';
import { type AgentLink, Presence } from './intake/presence.js';
import { bind, close, createServer, listen } from './intake/server.js';
import { Strangers } from './intake/strangers.js';
import { Findings } from './operation/findings.js';
import type { Journal } from './operation/journal.js';
import type { Seen } from './operation/watched.js';
import { serveAudits } from './report/keeping.js';
import type { ScheduleBook } from './schedule/book.js';
import { Service } from './service.js';
import { openSigningKey, type Signer } from './signing.js';
import { openStore } from './store/open.js';
import type { MemberStore, ScheduleStore, Store, Write } from './store/store.js';
import type { StoreThread } from './store/storethread.js';
import type { Keep } from './store/versions.js';
import type { ActiveSweep } from './sweep/activesweep.js';
import { Dispatch, type Road } from './sweep/dispatch.js';
import type { NatsOptions } from './sweep/natsconnection.js';
import { Offers } from './sweep/offers.js';
import { Reconcile } from './sweep/reconcile.js';
import type { TlsFiles } from './tls.js';
import { version } from './version.js';

/** How often the ledger is looked over when nothing happens, in ms. */
const LOOK_EVERY_MS = 250;
/** How long open calls may take to end when the coordinator stops, in ms. */
const CLOSE_GRACE_MS = 1_000;
/** How long before logins count no more that an earlier process has given leave for, in ms. */
const UNDER_WAY_MS = 1_500;

export interface CoordinatorOptions extends Duties {
  directory: string;
  keyFile: string | null;
  /** Of earlier versions; null: all. */
  keep: Keep | null;
  /** That opens the store already. */
  thread?: StoreThread;
  /** HOST:PORT or unix:PATH. */
  listen: string;
  tls: TlsFiles | null;
  /** Our own, which decides who may connect; null: `tls` does. */
  authority?: Authority | null;
  /** What members of this store are given beside their certificates. */
  endowment?(storeId: string): Endowment;
  /** Where this user's own programs come without a certificate, as unix:PATH. */
  socket?: string;
}

/** What a coordinator does for the process that it is the heart of. */
interface Duties {
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

  readonly #history: HistoryAnswers;
  #unwatch: () => void = () => undefined;
  #heap: Disposable | null = null;
  #server: Server | null = null;
  #membership: Membership | null = null;
  #strangers: Strangers | null = null;
  #scheduleStore: ScheduleStore | null = null;
  #findings: Findings | null = null;
  #options: CoordinatorOptions | null = null;
  /** Where we have an authority of our own. */
  #memberStore: MemberStore | null = null;
  #address = '';

  private constructor(
    private readonly options: Duties,
    private readonly store: Store,
    readonly books: Books,
    private readonly presence: Presence,
    readonly service: Service,
    /** By which it signs what it grants; null: it signs nothing. */
    readonly signer: Signer | null,
  ) {
    this.#history = new HistoryAnswers(store);
  }

  /** Ready to serve clients and agents. Throws StateInUse when another process holds the directory. */
  static async open(options: CoordinatorOptions): Promise<Coordinator> {
    const store = await openStore(options.directory, options.keyFile, options.keep, options.thread);
    try {
      const server = createServer();
      const signer = openSigningKey(options.directory);
      const coordinator = await Coordinator.on(store, server, options, machine, signer);
      coordinator.#findings = new Findings(store);
      coordinator.#options = options;
      serveAudits(server, {
        audits: (line, limit) => store.audits(line, limit),
        openFindings: (policy, rule) => store.openFindings(policy, rule),
        commit: (writes) => store.commit(writes).finally(() => coordinator.#findings?.changed()),
      });
      coordinator.#watchRoom();
      coordinator.#heap = watchHeap();
      coordinator.#server = server;
      await coordinator.#admit(server, store, options);
      if (options.socket !== undefined) await listen(server, options.socket, null);
      coordinator.#scheduleStore = store;
      // Before whatever comes, and on the disk with it or earlier: a beginning file costs three syncs.
      void coordinator.books.commit([{ write: 'act', act: startAct(options.directory) }]);
      return coordinator;
    } catch (error) {
      await store[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** On a store that is open and a server that does not listen yet; takes up or closes what was left unfinished. */
  static async on(
    store: Store,
    server: Pick<Server, 'addService'>,
    duties: Duties,
    host: Host,
    signer: Signer | null = null,
  ): Promise<Coordinator> {
    const books = await Books.open(store, { termMs: LEASE_TERM_MS, lockDelayMs: LOCK_DELAY_MS }, host);
    const presence = new Presence(
      (instance) => books.ledger.running({ instance }),
      (instance) => books.ledger.fitness.restMs(instance, host.monotonicMs()) > 0,
    );
    const service = new Service(books, presence, {
      submitted: (segments, header) => duties.submitted(segments, header),
      kick: () => coordinator.kick(),
      tellAgents: (sweep) => coordinator.#tellAgents(sweep),
      notice: (sweep) => coordinator.#dispatch?.trouble(sweep) ?? '',
      diagnose: (agents) => coordinator.#diagnose(agents),
      attached: (change) => duties.attached(change),
    });
    const coordinator = new Coordinator(duties, store, books, presence, service, signer);
    service.serveOn(server);
    coordinator.#history.serveOn(server);
    const missed = (link: AgentLink, pull: PullEmpty) => coordinator.#missed(link, pull);
    const warn = (why: string, what: string) => duties.warn(why, what);
    const altered = (segment: string) => coordinator.#dispatch?.distrust(segment);
    new Agents(
      books,
      presence,
      { kick: () => coordinator.kick(), pullEmpty: missed, altered, warn },
      signer,
    ).serveOn(server);
    await restore(books, duties);
    return coordinator;
  }

  /** Listens for those whom our own authority has enrolled, or for those with certificates of another. */
  async #admit(server: Server, store: MemberStore, options: CoordinatorOptions): Promise<void> {
    const { authority = null, warn } = options;
    const { books } = this;
    const strangers = new Strangers(books.host, (why, words) => {
      books.counted.strangers.add(why);
      if (words !== null) warn(null, words);
    });
    this.#strangers = strangers;
    if (authority === null) {
      serveNoMembers(server);
      this.#address = await listen(server, options.listen, options.tls, strangers);
      return;
    }
    this.#memberStore = store;
    const book = {
      members: () => store.members(),
      joinTokens: () => store.joinTokens(),
      commit: (writes: Write[]) => books.commit(writes),
    };
    const address = () => this.#address;
    const { host } = books;
    const endowment = options.endowment?.(store.id) ?? null;
    const signingKey = this.signer?.publicKey ?? Buffer.alloc(0);
    const { Membership } = await import('./identity/membership.js'); // most coordinators have none
    this.#membership = await Membership.open({
      ...{ authority, endowment, signingKey, book, server, address, host, warn },
      known: (peer) => strangers.known(peer),
    });
    this.#address = await bind(server, options.listen, this.#membership.credentials, strangers);
  }

  get address(): string {
    return this.#address;
  }

  get storeId(): string {
    return this.store.id;
  }

  /** Where schedules are kept. */
  get scheduleBook(): ScheduleBook {
    const store = this.#scheduleStore;
    if (store === null) throw new Error('this coordinator keeps no schedules');
    return {
      schedules: () => store.schedules(),
      openRuns: () => store.openScheduleRuns(),
      runs: (schedule, limit) => store.scheduleRuns(schedule, limit),
      commit: (writes) => this.books.commit(writes),
      sweepsOf: async (key) => {
        const sweep = await store.sweepByKey(key);
        return sweep === null ? [] : [sweep.id];
      },
    };
  }

  /** Answers to more than sweeps. */
  offer(add: (server: Pick<Server, 'addService'>) => void): void {
    if (this.#server !== null) add(this.#server);
  }

  /** What happens goes there from now on. */
  log(journal: Journal): void {
    this.books.committed = (writes) => journal.committed(writes);
    this.presence.roster.changed = (entry, what) => journal.agent(entry, what);
  }

  /** For those who watch over it. */
  get seen(): Seen {
    return {
      books: this.books,
      presence: this.presence,
      nats: () => this.#offers?.server ?? '',
      findings: async () => (await this.#findings?.read()) ?? new Counts(),
      isEnding: () => this.#stop.signal.aborted,
      certificate: () => (this.#options?.authority?.files ?? this.#options?.tls)?.cert ?? null,
      natsShown: () => [],
    };
  }

  async #diagnose(agents: Agent[]): Promise<Diagnosis[]> {
    if (this.#options === null) return [];
    const { diagnoseCoordinator } = await import('./doctor/there.js');
    const { directory, keyFile, authority } = this.#options;
    const { pause, host } = this.books;
    const tls = authority?.files ?? this.#options.tls;
    const members = (await this.#memberStore?.members()) ?? null;
    return diagnoseCoordinator({
      ...{ directory, keyFile, tls, members, agents, version: version() },
      listen: this.#address,
      nats: async () => (await this.#offers?.facts()) ?? null,
      pause: pause.reason,
      nowMs: host.wallMs(),
    });
  }

  agents(): AgentLink[] {
    return this.presence.all();
  }

  /** Begins to offer work; resolves when NATS takes offers. */
  async connect(nats: NatsOptions): Promise<void> {
    const offers = Offers.open(nats, this.store.id, this.options.warn);
    this.#offers = offers;
    this.work(offers);
    await offers.ready;
  }

  work(road: Road): void {
    this.#dispatch = new Dispatch(this.books, this.presence, road, this.options.warn);
    const reconcile = new Reconcile(this.books, this.presence, (sweep) => this.#tellAgents(sweep));
    this.#loop = this.#keepWorking(this.#dispatch, reconcile);
  }

  /** Something changed that may let more work be offered. */
  kick(): void {
    this.#again = true;
    this.#kicked();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    this.service.stop();
    this.#history.stop();
    this.#kicked();
    // What waits for room ends with us; nobody has been told of it.
    await this.books.pause.unlessFull(this.#loop);
    this.#unwatch();
    this.#heap?.[Symbol.dispose]();
    this.#membership?.[Symbol.dispose]();
    this.#strangers?.[Symbol.dispose]();
    for (const link of this.presence.all()) link.end();
    if (this.#server !== null) await close(this.#server, CLOSE_GRACE_MS);
    await this.#offers?.[Symbol.asyncDispose]();
    await this.books.pause.unlessFull(this.#dispatch?.idle() ?? Promise.resolve());
    const stopped = this.books.commit([
      { write: 'act', act: { act: 'stop', who: COORDINATOR, pid: process.pid } },
    ]);
    await this.books.pause.unlessFull(stopped.then(() => undefined));
    await this.store[Symbol.asyncDispose]();
  }

  async #keepWorking(dispatch: Dispatch, reconcile: Reconcile): Promise<void> {
    const { host } = this.books;
    let looked = Number.NEGATIVE_INFINITY;
    while (!this.#stop.signal.aborted) {
      this.#again = false;
      if (host.monotonicMs() - looked >= LOOK_EVERY_MS) {
        await reconcile.look();
        looked = host.monotonicMs();
      }
      await reconcile.heedStops();
      const due = await dispatch.offer();
      if (!this.#again) await this.#rest(Math.max(0, Math.min(LOOK_EVERY_MS, due - host.monotonicMs())));
    }
  }

  /** Until the next kick, or for so long. */
  #rest(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const callOff = this.books.host.after(ms, resolve);
      this.#kicked = () => {
        callOff();
        resolve();
      };
      if (this.#stop.signal.aborted) this.#kicked();
    });
  }

  #watchRoom(): void {
    this.#unwatch = this.books.pause.watch((reason) => {
      this.options.warn(reason, reason === '' ? 'the pause is over' : 'paused');
      this.books.lookAtStarts();
      this.kick();
    });
  }

  #tellAgents(sweep: ActiveSweep): void {
    for (const link of this.presence.all()) link.send({ $case: 'cancel', value: { sweep: sweep.id } });
  }

  #missed(link: AgentLink, pull: PullEmpty): void {
    this.#dispatch?.missed(link, pull).catch((error: unknown) => this.options.warn(error, 're-offer'));
  }
}

/** Takes up the sweeps that an earlier process left, or closes them. */
async function restore(books: Books, { unfinished, warn }: Duties): Promise<void> {
  const writes: Write[] = [];
  const wall = books.host.wallMs();
  for (const found of await books.store.openSweeps()) {
    const sweep = books.ledger.restore(found, books.host.monotonicMs(), writes);
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
    books.ledger.cancel(sweep, 'its coordinator ended before it did', wall, writes);
  }
  // Logins that the process before has given leave for may still be under way.
  if (unfinished === 'resume' && books.ledger.sweeps.size > 0)
    books.ledger.pace.logins.close(books.host.monotonicMs() + UNDER_WAY_MS);
  // The processes that held these leases ended with the coordinator that had started them.
  if (unfinished === 'cancel') books.ledger.lapse(Number.POSITIVE_INFINITY, wall, writes);
  if (books.store.isHeld && unfinished === 'resume') books.ledger.hold(books.host.monotonicMs());
  if (books.store.isRolledBack) {
    warn('its log is damaged: what was committed last may be done again', 'the store has lost commits');
    if (unfinished === 'resume') books.ledger.holdAll(books.host.monotonicMs(), wall, writes);
  }
  // Not waited for: what is read from the store comes after it, and on a full disk it may take a while.
  void books.commit(writes);
}

function startAct(directory: string): Act {
  const { pid, version: node } = process;
  const who: Who = { via: 'process', name: ownName() };
  return { act: 'start', who, version: version(), node, pid, host: hostname(), directory };
}
