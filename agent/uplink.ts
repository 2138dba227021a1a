// The agent's side of gRPC: claims, renewals, and one stream that carries results up until the coordinator has
// them on disk. A result is kept here until it is acknowledged and sent again on every new stream; the stream
// is opened again for as long as the agent lives, with a short backoff.
import {
  type CallOptions,
  type ClientDuplexStream,
  Metadata,
  type ServiceError,
  status,
} from '@grpc/grpc-js';
import { Abridger } from '../proto/abridged.js';
import { Beat, FULL_BATCH } from '../proto/beat.js';
import { failpoint } from '../proto/failpoint.js';
import type {
  AgentBatch,
  AgentMessage,
  ClaimReply,
  ClaimRequest,
  CoordinatorBatch,
  CoordinatorMessage,
  Hello,
  HostKeyAnswer,
  Lease,
  LoginAnswer,
  LoginAsk,
  RenewReply,
  RenewRequest,
  ResultBatch,
  Shard,
  StartAsk,
  Welcome,
} from '../proto/gen/netsweep/v1/agent.js';
import { Verdict } from '../proto/gen/netsweep/v1/agent.js';
import { type Chunk, type HostKey, Permit } from '../proto/gen/netsweep/v1/session.js';
import { FINAL } from '../proto/identity/refusal.js';
import { FarClock } from './farclock.js';
import { type Host, pause } from './host.js';
import type { Leave } from './ipc.js';
import { type Delivery, type Outcome, Results, type WaitingRoom } from './results.js';

const CALL_MS = 5_000;
/** Until an agent comes again that was turned away, in ms: there is a person between. */
const TURNED_AWAY_MS = 5_000;
/** How long a result rests that the coordinator does not take now, in ms. */
const LATER_MS = 500;

/** Leave to log in: when, on our clock and on the coordinator's. */
interface Permitted extends Leave {
  atMs: number;
}

type KeyAnswer = Omit<HostKeyAnswer, 'ask'>;
type Stream = ClientDuplexStream<AgentBatch, CoordinatorBatch>;
type Body = NonNullable<AgentMessage['body']>;

/** What the coordinator tells us unasked. */
export interface UplinkEvents {
  /** First, and again after every reconnect; a new store id means that another coordinator answers. */
  welcome(welcome: Welcome): void;
  cancel(sweep: string): void;
  offer(shard: Shard | Uint8Array): void;
  /** Nothing new is to be taken, or work again. */
  drain(drained: boolean): void;
  /** More waits for acknowledgement than there is room for, or no longer. */
  full(full: boolean): void;
  /** The coordinator will never have this agent. */
  unwanted(reason: string): void;
  warn(what: string): void;
}

/** What an agent says of itself; the rest of its hello is what it has been told. */
export type Introduction = Omit<Hello, 'storeId' | 'commit' | 'coordinator' | 'drained'>;

/** What is used of the generated client. */
export interface UplinkClient {
  link(): Stream;
  claim: Call<ClaimRequest, ClaimReply>;
  renew: Call<RenewRequest, RenewReply>;
  /** Calls from now on go over new connections, opened with the certificate that there is by now. */
  reopen?(): void;
  close(): void;
}

type Call<Request, Reply> = (
  request: Request,
  metadata: Metadata,
  options: Partial<CallOptions>,
  callback: (error: ServiceError | null, reply: Reply) => void,
) => unknown;

export class Uplink {
  readonly #results: Results;
  /** Questions without an answer; each is put again on the next stream. */
  readonly #questions = new Map<number, Body>();
  readonly #permits = new Map<number, (answer: Permitted) => void>();
  /** Of the coordinator on the stream that there is. */
  #clock = new FarClock();
  readonly #hostKeys = new Map<number, (answer: KeyAnswer) => void>();
  readonly #starts = new Map<number, (granted: boolean) => void>();
  readonly #closing = new AbortController();
  /** Only while the coordinator has welcomed us on it. */
  #stream: Stream | null = null;
  /** For the stream that there is; null: the coordinator wants everything said. */
  #abridger: Abridger | null = null;
  #unsaid: AgentMessage[] = [];
  readonly #beat = new Beat();
  /** Wakes whoever waits for the beat once there is enough for a batch. */
  #enough: () => void = () => undefined;
  #complaint = '';
  /** Wakes whoever waits for a stream that has broken. */
  #stuck: () => void = () => undefined;
  #flushing = false;
  /** The stream is ended because another is to follow at once. */
  #goingOver = false;
  #asks = 0;
  #commit = 0;
  /** The coordinator that told of it. */
  #toldBy = '';
  /** The one that was last linked. */
  #coordinator = '';
  #storeId = '';
  /** Told to take nothing new: a coordinator that is started again hears it from us. */
  #isDrained = false;
  #links: Promise<void> = Promise.resolve();

  private constructor(
    private readonly client: UplinkClient,
    private readonly host: Host,
    private readonly hello: Introduction,
    private readonly events: UplinkEvents,
    waiting: WaitingRoom | undefined,
  ) {
    this.#results = new Results(host, waiting, (full) => events.full(full));
  }

  /** Begins to connect; `welcome` tells when it has. */
  static open(
    client: UplinkClient,
    host: Host,
    hello: Introduction,
    events: UplinkEvents,
    waiting?: WaitingRoom,
  ): Uplink {
    const uplink = new Uplink(client, host, hello, events, waiting);
    uplink.#links = uplink.#keepLinked();
    return uplink;
  }

  get connected(): boolean {
    return this.#stream !== null;
  }

  /** For whoever watches over it. */
  get load(): Results['load'] {
    return this.#results.load;
  }

  claim(request: ClaimRequest): Promise<ClaimReply> {
    return new Promise((resolve, reject) => {
      this.client.claim(
        request,
        new Metadata(),
        { deadline: this.host.wallMs() + CALL_MS },
        settle(resolve, reject),
      );
    });
  }

  renew(request: RenewRequest): Promise<RenewReply> {
    return new Promise((resolve, reject) => {
      this.client.renew(
        request,
        new Metadata(),
        { deadline: this.host.wallMs() + CALL_MS },
        settle(resolve, reject),
      );
    });
  }

  /** Delivers one result; resolves with the coordinator's verdict once it is on disk there, or refused. */
  deliver(result: Outcome, chunks: Chunk[]): Promise<Verdict> {
    const verdict = this.#results.keep(result, chunks);
    void this.#flush();
    return verdict;
  }

  /** Room for one session's output; waits for it until `signal` aborts. */
  async reserve(signal: AbortSignal): Promise<Delivery> {
    const delivery = await this.#results.reserve(signal);
    return {
      add: (chunk) => delivery.add(chunk),
      end: (result, known) => {
        if (result.end?.$case === 'attempt') this.#beat.took(result.end.value.durationMs);
        const verdict = delivery.end(result, known);
        void this.#flush();
        return verdict;
      },
    };
  }

  /** Resolves when what waits for acknowledgement leaves room for more, or `signal` aborts. */
  room(signal: AbortSignal): Promise<void> {
    return this.#results.room(signal);
  }

  /** Leave to send a secret; LOST when the lease is over. Outlasts a broken stream. */
  permit(ask: Omit<LoginAsk, 'ask'>): Promise<Permitted> {
    const number = ++this.#asks;
    return new Promise((resolve) => {
      this.#permits.set(number, resolve);
      this.#put(number, { $case: 'loginAsk', value: { ...ask, ask: number } });
    });
  }

  /** Refused with no known key: the lease is over. Outlasts a broken stream. */
  acceptHostKey(
    seen: { sweep: string; shard: number; epoch: string; index: number; hop: number },
    key: HostKey,
  ): Promise<KeyAnswer> {
    const ask = ++this.#asks;
    return new Promise((resolve) => {
      this.#hostKeys.set(ask, resolve);
      this.#put(ask, { $case: 'hostKeySeen', value: { ...seen, ask, key } });
    });
  }

  /** Leave to send a device's first command; false: nothing may be sent. Outlasts a broken stream. */
  start(ask: Omit<StartAsk, 'ask'>): Promise<boolean> {
    const number = ++this.#asks;
    return new Promise((resolve) => {
      this.#starts.set(number, resolve);
      this.#put(number, { $case: 'startAsk', value: { ...ask, ask: number } });
    });
  }

  /** Sessions have been opened to these devices of a lease. What gathers is said at once. */
  inSession({ sweep, epoch }: Lease, indexes: number[]): void {
    const body = this.#unsaid.at(-1)?.body;
    if (body?.$case === 'inSession' && body.value.epoch === epoch) body.value.indexes.push(...indexes);
    else if (indexes.length > 0) this.say({ $case: 'inSession', value: { sweep, epoch, indexes } });
  }

  /** False: there is no stream now. How a login fared is kept until there is one. */
  say(body: Body): boolean {
    const linked = this.#stream !== null;
    if (linked || body.$case === 'loginOutcome') this.#unsaid.push({ body });
    if (linked) void this.#flush();
    return linked;
  }

  /** Resolves when every result has been acknowledged, or `signal` aborts. */
  async delivered(signal: AbortSignal): Promise<void> {
    while (!this.#results.empty && !signal.aborted) await pause(this.host, 20, signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort();
    this.#stream?.end();
    await this.#links;
    for (const answer of this.#permits.values()) answer({ permit: Permit.LOST, at: 0, atMs: 0 });
    for (const answer of this.#hostKeys.values()) answer({ accepted: false, known: [], mayLogIn: false });
    for (const answer of this.#starts.values()) answer(false);
    this.client.close();
  }

  /** Goes over to a new connection. What has not been acknowledged is sent again on it. */
  reopen(): void {
    this.client.reopen?.();
    const stream = this.#stream;
    if (stream === null) return;
    this.#goingOver = true;
    this.#unlinked(stream);
    stream.end();
  }

  #put(ask: number, question: Body): void {
    this.#questions.set(ask, question);
    this.say(question);
  }

  async #keepLinked(): Promise<void> {
    while (!this.#closing.signal.aborted) {
      const retryMs = await this.#link();
      if (retryMs === 0) return;
      await pause(this.host, retryMs * (0.5 + this.host.random() / 2), this.#closing.signal);
    }
  }

  /** One stream from hello to end; resolves with how long to wait before the next, 0 for never. */
  #link(): Promise<number> {
    return new Promise((resolve) => {
      const stream = this.client.link();
      this.#clock = new FarClock();
      /** As the coordinator has said; null: it has said nothing. */
      let toldMs: number | null = null;
      let retryMs = 400;
      stream.on('data', (batch: CoordinatorBatch) => {
        if (batch.nowMs > 0) this.#clock.heard(batch.nowMs, this.host.monotonicMs());
        for (const { body } of batch.messages) {
          if (body?.$case === 'goodbye') {
            toldMs = body.value.retryMs;
            this.events.warn(`the coordinator says: ${body.value.reason}`);
            if (toldMs === 0) this.events.unwanted(body.value.reason);
          } else this.#heard(stream, body);
        }
      });
      const hangUp = () => stream.end();
      let over = false;
      const ended = (error?: ServiceError) => {
        if (over) return;
        over = true;
        this.#closing.signal.removeEventListener('abort', hangUp);
        if (error !== undefined) this.#complain(`link: ${error.details || error.message}`);
        if (error?.code === status.UNAUTHENTICATED) retryMs = TURNED_AWAY_MS;
        if (toldMs === null && error !== undefined && isFinal(error)) {
          toldMs = 0;
          this.events.unwanted(error.details);
        }
        this.#unlinked(stream);
        resolve(this.#goingOver ? 1 : (toldMs ?? retryMs));
        this.#goingOver = false;
      };
      stream.on('error', ended);
      stream.on('end', () => {
        stream.end();
        ended();
      });
      this.#closing.signal.addEventListener('abort', hangUp, { once: true });
      const seen = { storeId: this.#storeId, commit: this.#commit, coordinator: this.#toldBy };
      const hello: Hello = { ...this.hello, ...seen, drained: this.#isDrained };
      stream.write({ messages: [{ body: { $case: 'hello', value: hello } }] });
    });
  }

  /** Once for each cause of an outage, however often it is tried again. */
  #complain(what: string): void {
    if (what !== this.#complaint && !this.#closing.signal.aborted) this.events.warn(what);
    this.#complaint = what;
  }

  #unlinked(stream: Stream): void {
    if (this.#stream === stream) this.#stream = null;
    this.#stuck();
    this.#unsaid = this.#unsaid.filter(({ body }) => body?.$case === 'loginOutcome');
  }

  /** The highest of the coordinator that told last: with the store an older one's may have been rolled back. */
  #told(commit: number): void {
    if (commit === 0) return; // nothing: leases that were lost may still be held
    this.#commit = this.#toldBy === this.#coordinator ? Math.max(this.#commit, commit) : commit;
    this.#toldBy = this.#coordinator;
  }

  #heard(stream: Stream, body: CoordinatorMessage['body']): void {
    switch (body?.$case) {
      case 'welcome':
        if (this.#storeId !== body.value.storeId) this.#commit = 0;
        this.#storeId = body.value.storeId;
        this.#coordinator = body.value.coordinator;
        this.#stream = stream;
        this.#complaint = '';
        this.#results.abridges = body.value.abridged;
        this.#abridger = body.value.abridged ? new Abridger() : null;
        this.#results.sendAgain();
        for (const question of this.#questions.values()) this.#unsaid.push({ body: question });
        this.events.welcome(body.value);
        void this.#flush();
        return;
      case 'acks':
        this.#told(body.value.commit);
        for (const { seq, verdict } of body.value.acks) {
          const settle = () => void (this.#results.acknowledged(seq, verdict) && this.#flush());
          if (verdict === Verdict.LATER) this.host.after(LATER_MS, settle);
          else settle();
        }
        return;
      case 'loginAnswer':
        this.#permits.get(body.value.ask)?.(this.#permitted(body.value));
        this.#permits.delete(body.value.ask);
        this.#questions.delete(body.value.ask);
        return;
      case 'hostKeyAnswer':
        this.#hostKeys.get(body.value.ask)?.(body.value);
        this.#hostKeys.delete(body.value.ask);
        this.#questions.delete(body.value.ask);
        return;
      case 'cancel':
        return this.events.cancel(body.value.sweep);
      case 'offer':
        return this.events.offer(body.value);
      case 'offerBytes':
        return this.events.offer(body.value);
      case 'startAnswer':
        this.#starts.get(body.value.ask)?.(body.value.granted);
        this.#starts.delete(body.value.ask);
        this.#questions.delete(body.value.ask);
        return;
      case 'drain':
        this.#isDrained = body.value.drained;
        return this.events.drain(this.#isDrained);
      case 'goodbye':
      case undefined: // a newer coordinator's message; older agents pass it over
        return;
      default:
        body satisfies never;
    }
  }

  #permitted({ permit, atMs }: LoginAnswer): Permitted {
    return { permit, at: atMs > 0 ? this.#clock.ours(atMs) : 0, atMs };
  }

  /** Sends what has gathered, a batch each beat, as fast as the stream takes them. */
  async #flush(): Promise<void> {
    if (this.#flushing) {
      if (this.#gathered >= FULL_BATCH) this.#enough();
      return;
    }
    this.#flushing = true;
    await this.#due();
    for (let stream = this.#stream; stream !== null && this.#pending; stream = this.#stream) {
      const batch = this.#results.unsent > 0 ? await this.#results.nextBatch() : null;
      // Meanwhile the stream may have broken: the next one gets all of it again.
      if (stream !== this.#stream) continue;
      const messages = this.#unsaid.splice(0);
      if (batch !== null && batch.chunks.length + batch.results.length > 0)
        messages.push({ body: { $case: 'results', value: this.#abridged(batch) } });
      if (messages.length === 0) continue;
      this.#beat.left(this.host.monotonicMs(), messages.length + (batch?.results.length ?? 0));
      failpoint('agent.sending');
      if (!stream.write({ messages })) await this.#drained(stream);
    }
    this.#flushing = false;
  }

  #abridged({ chunks, results }: ResultBatch): ResultBatch {
    return { chunks, results: results.map((result) => this.#abridger?.abridge(result) ?? result) };
  }

  get #pending(): boolean {
    return this.#gathered > 0;
  }

  get #gathered(): number {
    return this.#unsaid.length + this.#results.unsent;
  }

  /** Until what has gathered leaves. */
  #due(): Promise<void> {
    const waitMs = () => this.#beat.waitMs(this.host.monotonicMs(), this.#gathered);
    return new Promise((resolve) => {
      let callOff = this.host.after(waitMs(), resolve);
      this.#enough = () => {
        this.#enough = () => undefined;
        callOff();
        callOff = this.host.after(waitMs(), resolve);
      };
    });
  }

  /** Until the stream takes more, or is no longer ours. */
  #drained(stream: Stream): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        stream.off('drain', done);
        this.#stuck = () => undefined;
        resolve();
      };
      this.#stuck = done;
      stream.once('drain', done);
      if (this.#stream !== stream) done();
    });
  }
}

/**
 * Whether it will never be otherwise: this certificate was revoked, or is not an agent's. An error of the stream's own,
 * as a write after its end, has neither code nor metadata.
 */
export function isFinal({ code, metadata }: Partial<ServiceError>): boolean {
  return code === status.PERMISSION_DENIED || (metadata?.get(FINAL).length ?? 0) > 0;
}

function settle<Reply>(resolve: (reply: Reply) => void, reject: (error: Error) => void) {
  return (error: ServiceError | null, reply: Reply) => (error === null ? resolve(reply) : reject(error));
}
