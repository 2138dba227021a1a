// The agents' gRPC: claims, renewals, and the stream that brings results in and takes acknowledgements out.
// The order that keeps every promise: change the ledger, commit, then answer. Renewals alone are answered from
// memory, so that a slow disk never ends a lease.

import type { Server } from '@grpc/grpc-js';
import { type ServerDuplexStream, type ServerUnaryCall, type sendUnaryData, status } from '@grpc/grpc-js';
import { Restorer } from '../../proto/abridged.js';
import { failpoint } from '../../proto/failpoint.js';
import {
  type AgentBatch,
  type AgentMessage,
  type ClaimReply,
  type ClaimRequest,
  type CoordinatorBatch,
  type CoordinatorMessage,
  Grant,
  type HostKeySeen,
  type KnownOutput,
  Later,
  type LoginAsk,
  type PullEmpty,
  type RenewReply,
  type RenewRequest,
  type Result,
  type ResultBatch,
  type StartAsk,
  Verdict,
  Work,
} from '../../proto/gen/netsweep/v1/agent.js';
import { type AgentsServer, AgentsService } from '../../proto/gen/netsweep/v1/agent_service.js';
import { type HostKey, Permit } from '../../proto/gen/netsweep/v1/session.js';
import { leaseAct } from '../auditlog/acts.js';
import { type Books, credentialsOf } from '../books.js';
import { type Caller, callerOf, type Parting } from '../identity/caller.js';
import type { Signer } from '../signing.js';
import type { Write } from '../store/store.js';
import { type DeviceState, runsAlone } from '../sweep/activesweep.js';
import type { ClaimAnswer } from '../sweep/claims.js';
import { placeKey, placeOf } from '../sweep/endpoints.js';
import { skew, version } from '../version.js';
import { isSound, outputsOf, Pieces } from './bodies.js';
import { asStatus, ServiceError } from './calls.js';
import { Known } from './known.js';
import { LoginAsks } from './loginasks.js';
import { Outbox } from './outbox.js';
import type { AgentLink, Presence } from './presence.js';
import { withProvedKey } from './provedkey.js';
import { Rights } from './rights.js';
import { sign } from './terms.js';

type Stream = ServerDuplexStream<AgentBatch, CoordinatorBatch>;

/** Batches of one stream that may wait for the disk before the agent is made to wait. */
const BATCHES_UNCOMMITTED = 8;
/** When an agent of a release too far away may ask again, in ms: either side may have been upgraded. */
const RELEASE_RETRY_MS = 30_000;
/** The same of one whose certificate has ended under its stream: it may have another by then. */
const EXPIRED_RETRY_MS = 1_000;
const OWN_VERSION = version();
/** How verdicts of the ledger are counted. */
const WORDS: Partial<Record<Verdict, string>> = {
  [Verdict.STORED]: 'stored',
  [Verdict.DUPLICATE]: 'duplicate',
  [Verdict.DISCARD]: 'refused',
};

/** What agents bring about beyond the books. */
export interface AgentsEvents {
  /** Something changed that may let more work be offered. */
  kick(): void;
  /** A pull on a segment came back empty. */
  pullEmpty(link: AgentLink, pull: PullEmpty): void;
  /** What an agent had of the segment's offers from NATS was not what we had offered. */
  altered(segment: string): void;
  warn(why: string, what: string): void;
}

export class Agents {
  readonly #logins: LoginAsks;
  readonly #known: Known;
  readonly #rights: Rights;

  constructor(
    private readonly books: Books,
    private readonly presence: Presence,
    private readonly events: AgentsEvents,
    /** Null: nothing is signed. */
    private readonly signer: Signer | null = null,
  ) {
    this.#logins = new LoginAsks(books, () => events.kick());
    this.#known = new Known(books.store);
    this.#rights = new Rights(books.ledger);
    books.ledger.fitness.onRest = (instance, ms) => {
      const name = presence.get(instance)?.hello.name ?? instance;
      events.warn(`its siblings reach what it does not`, `agent ${name} claims nothing for ${ms / 1000} s`);
    };
  }

  serveOn(server: Pick<Server, 'addService'>): void {
    const service: AgentsServer = {
      link: (stream) => this.#link(stream),
      claim: (call, callback) => void this.#claim(call, callback),
      renew: (call, callback) => this.#renew(call, callback),
    };
    server.addService(AgentsService, service);
  }

  #link(stream: Stream): void {
    const caller = callerOf(stream);
    let link: AgentLink | null = null;
    let uncommitted = 0;
    const pieces = new Pieces();
    const restorer = new Restorer();
    const outbox = new Outbox<CoordinatorMessage>(
      this.books.host,
      (messages) =>
        stream.write({ messages, nowMs: messages.some(isTimed) ? this.books.host.monotonicMs() : 0 }),
      () => stream.end(),
    );
    const gone = () => {
      outbox.discard();
      if (link !== null && this.presence.leave(link)) this.presence.roster.left(link.hello.instance);
      link = null;
    };
    stream.on('error', gone);
    stream.on('cancelled', gone);
    // Whoever has been revoked may read nothing any more, and so keep its stream.
    const { ended } = caller;
    const part = () => {
      const { why, isFinal }: Parting = ended?.reason ?? { why: '', isFinal: false }; // of whoever let it in
      const value = { reason: why, retryMs: isFinal ? 0 : EXPIRED_RETRY_MS };
      if (link !== null) stream.write({ messages: [{ body: { $case: 'goodbye', value } }], nowMs: 0 });
      gone();
    };
    ended?.addEventListener('abort', part, { once: true });
    stream.on('end', () => {
      gone();
      stream.end();
    });
    // Emitted, not destroyed with it: a destroyed stream sends no status, and its agent would wait for ever.
    const refuse = (message: string, code: status) =>
      stream.emit('error', Object.assign(new Error(message), { code, details: message }));
    const hear = ({ body }: AgentMessage) => {
      if (body?.$case === 'hello') {
        if (link !== null) return refuse('one hello a stream', status.FAILED_PRECONDITION);
        link = this.#hello(outbox, body.value, caller);
      } else if (link === null) refuse('hello first', status.FAILED_PRECONDITION);
      else if (body?.$case === 'results') {
        const batch = this.#restored(link, restorer, body.value);
        if (!isSound(batch)) return refuse('results that cannot be stored', status.INVALID_ARGUMENT);
        if (++uncommitted >= BATCHES_UNCOMMITTED) stream.pause();
        void this.#results(link, pieces, batch).then(() => {
          if (--uncommitted < BATCHES_UNCOMMITTED) stream.resume();
        });
      } else this.#said(link, body);
    };
    stream.on('data', (batch: AgentBatch) => {
      batch.messages.forEach(hear);
      if (link !== null) this.#alive(link.hello.instance);
    });
  }

  #hello(outbox: Outbox<CoordinatorMessage>, hello: AgentLink['hello'], caller: Caller): AgentLink | null {
    const link: AgentLink = {
      ...{ hello, caller },
      draining: false,
      send: (body) => outbox.push({ body }),
      end: () => outbox.end(),
    };
    const misfit = this.#rights.misfit(caller, hello) ?? this.presence.misfit(link);
    if (misfit !== null) {
      link.send({ $case: 'goodbye', value: { reason: misfit, retryMs: 0 } });
      link.end();
      return null;
    }
    this.books.ledger.pace.rehearses = hello.rehearses;
    if (skew(hello.version, OWN_VERSION) === 'far') {
      const reason = `it is ${hello.version}, more than one release from ${OWN_VERSION}: upgrade the older one`;
      link.send({ $case: 'goodbye', value: { reason, retryMs: RELEASE_RETRY_MS } });
      link.end();
      return null;
    }
    const other = this.presence.join(link);
    if (other !== null) {
      const reason = `another agent named ${hello.name} holds leases`;
      link.send({ $case: 'goodbye', value: { reason, retryMs: 1_000 } });
      link.end();
      return null;
    }
    const { store, terms, ledger, incarnation } = this.books;
    this.books.compare(hello);
    link.send({
      $case: 'welcome',
      value: {
        storeId: store.id,
        coordinator: incarnation,
        ...terms,
        abridged: true,
        signingKey: this.signer?.publicKey ?? Buffer.alloc(0),
      },
    });
    this.presence.roster.joined(hello, this.books.host.wallMs());
    const drained = this.presence.ordered(hello.instance);
    if (drained !== null && drained !== hello.drained) link.send({ $case: 'drain', value: { drained } });
    // Whoever was away when a sweep was cancelled would go on with it until the next renewal.
    for (const { id, halt } of ledger.sweeps.values())
      if (halt?.recalls === true) link.send({ $case: 'cancel', value: { sweep: id } });
    this.events.kick();
    return link;
  }

  #alive(instance: string): void {
    this.presence.roster.heard(instance, this.books.host.wallMs());
    const writes: Write[] = [];
    this.books.ledger.alive(instance, writes);
    if (writes.length > 0) void this.books.commit(writes);
  }

  #said(link: AgentLink, body: AgentMessage['body']): void {
    const may = (spoken: { sweep: string; index: number; epoch: string }) =>
      this.#rights.maySpeak(link, spoken);
    switch (body?.$case) {
      case 'loginAsk':
        return this.#loginAsk(link, body.value);
      case 'loginOutcome':
        return may(body.value) ? this.#logins.outcome(body.value) : undefined;
      case 'loginLate':
        return may({ ...body.value, epoch: '' }) ? this.#logins.late(body.value) : undefined;
      case 'hostKeySeen':
        return void this.#hostKeySeen(link, body.value);
      case 'pullEmpty':
        return link.hello.segments.includes(body.value.segment)
          ? this.events.pullEmpty(link, body.value)
          : undefined;
      case 'draining':
        link.draining = true;
        return;
      case 'status':
        return this.presence.roster.said(link.hello.instance, body.value, this.books.host.wallMs());
      case 'startAsk':
        return this.#startAsk(link, body.value);
      case 'inSession': {
        const indexes = body.value.indexes.filter((index) => may({ ...body.value, index }));
        return this.books.ledger.inSession({ ...body.value, indexes });
      }
      case 'hello':
      case 'results':
      case undefined: // a newer agent's message; older coordinators pass it over
        return;
      default:
        body satisfies never;
    }
  }

  #loginAsk(link: AgentLink, ask: LoginAsk): void {
    if (!this.#rights.maySpeak(link, ask))
      return link.send({ $case: 'loginAnswer', value: { ask: ask.ask, permit: Permit.LOST, atMs: 0 } });
    this.#logins.ask(ask, link.hello.paces, (permit, atMs) =>
      link.send({ $case: 'loginAnswer', value: { ask: ask.ask, permit, atMs } }),
    );
  }

  #startAsk(link: AgentLink, { ask, sweep, epoch, index }: StartAsk): void {
    if (!this.#rights.maySpeak(link, { sweep, epoch, index }))
      return link.send({ $case: 'startAnswer', value: { ask, granted: false } });
    this.books.askStart({ sweep, epoch, index }, (granted) => {
      failpoint('start.committed');
      link.send({ $case: 'startAnswer', value: { ask, granted } });
    });
  }

  async #claim(
    call: ServerUnaryCall<ClaimRequest, ClaimReply>,
    callback: sendUnaryData<ClaimReply>,
  ): Promise<void> {
    const { request } = call;
    const link = this.presence.get(request.instance);
    if (link === undefined || !this.presence.takes(link)) {
      this.books.counted.claims.add('later');
      callback(null, {
        answer: { $case: 'later', value: Later.create({ ms: 1_000, reason: 'say hello first' }) },
      });
      return;
    }
    const misfit = this.#rights.claimMisfit(callerOf(call), link, request);
    if (misfit !== null) {
      callback(asStatus(new ServiceError(status.PERMISSION_DENIED, misfit)));
      return;
    }
    const writes: Write[] = [];
    const hasSibling = (segment: string) => this.presence.hasSibling(request.instance, segment);
    const now = this.books.host.monotonicMs();
    const answer = this.books.ledger.claim({ ...request, hasSibling, agent: link.hello.name }, now, writes);
    this.books.counted.claims.add(answer.answer);
    if (answer.answer === 'grant' && writes.length > 0) writes.push(leaseAct(link.hello, answer));
    failpoint('claim.decided');
    const known = this.#offerKnown(answer);
    const prepared = this.#prepareKeys(answer);
    await this.books.commit(writes);
    failpoint('claim.committed');
    await prepared;
    callback(null, { answer: this.#claimAnswer(answer, await known, request, link) });
    if (answer.answer !== 'grant') this.events.kick();
  }

  #prepareKeys(answer: ClaimAnswer): Promise<void> {
    const devices = answer.answer === 'grant' ? answer.devices : [];
    return this.books.hostKeys.prepare(devices.map(({ device }) => device));
  }

  async #offerKnown(answer: ClaimAnswer): Promise<KnownOutput[][]> {
    if (answer.answer !== 'grant') return [];
    return this.#known.offer(answer.epoch, answer.devices).catch(() => []); // a store that is closing knows none
  }

  #claimAnswer(
    answer: ClaimAnswer,
    known: KnownOutput[][],
    claim: ClaimRequest,
    { hello: { verifies } }: AgentLink,
  ): NonNullable<ClaimReply['answer']> {
    if (answer.answer === 'drop') return { $case: 'drop', value: { reason: answer.reason } };
    if (answer.answer === 'later') return { $case: 'later', value: Later.create(answer) };
    const { epoch, shard } = answer;
    const wanted = new Set(answer.devices.flatMap(({ device }) => credentialsOf(device)));
    const { termMs } = this.books.terms;
    const { pace } = this.books.ledger;
    const grant = Grant.create({
      epoch,
      termMs,
      spreadMs: pace.spreadMs(answer.devices.map(({ track }) => track)),
      work: answer.devices.map((state, at) => this.#work(state, known[at] ?? [])),
      credentials: [...shard.sweep.credentials.values()].filter(({ id }) => wanted.has(id)),
    });
    const storeId = this.books.store.id;
    const signed = verifies && this.signer !== null;
    return { $case: 'grant', value: signed ? sign(grant, storeId, answer, claim, this.signer) : grant };
  }

  #work(state: DeviceState, known: KnownOutput[]): Work {
    const { device } = state;
    const [own, ...bastions] = credentialsOf(device).map((credential, hop) => ({
      credential,
      hostKeys: this.#hostKeys(state, hop),
      marks: this.books.hostKeys.marks(placeOf(device, hop)),
    }));
    const paced = this.books.ledger.pace.isPaced(state.track);
    return Work.create({
      index: device.index,
      ...own,
      jump: bastions,
      alone: runsAlone(state),
      known,
      paced,
    });
  }

  #hostKeys(state: DeviceState, hop: number): HostKey[] {
    const place = placeOf(state.device, hop);
    return this.books.hostKeys.lookUp(place, hop === 0 ? state.endpoint : placeKey(place));
  }

  #renew(call: ServerUnaryCall<RenewRequest, RenewReply>, callback: sendUnaryData<RenewReply>): void {
    const { instance, leases } = call.request;
    const { ledger, counted } = this.books;
    const caller = callerOf(call);
    if (!this.#rights.mayRenew(caller, instance)) {
      callback(asStatus(new ServiceError(status.PERMISSION_DENIED, 'this instance is another agent')));
      return;
    }
    this.#alive(instance);
    const now = this.books.host.monotonicMs();
    const lost = leases.filter((lease) => !ledger.renew(instance, lease, now));
    if (lost.length < leases.length) this.#rights.renewed(caller, instance);
    counted.renewals.add('refused', lost.length);
    counted.renewals.add('renewed', leases.length - lost.length);
    callback(null, {
      lost,
      cancelled: [...new Set(leases.map(({ sweep }) => sweep))].filter(
        (id) => ledger.sweeps.get(id)?.halt?.recalls === true,
      ),
    });
  }

  async #results(link: AgentLink, pieces: Pieces, sent: ResultBatch): Promise<void> {
    const { ledger, host, counted } = this.books;
    const batch = this.#sparing(link, sent);
    if (batch.chunks.length + batch.results.length === 0) return;
    const chunks: Write[] = batch.chunks.map((chunk) => ({ write: 'chunk', ...chunk }));
    pieces.take(batch);
    if (chunks.length > 0) await this.books.commit(chunks);
    const stateOf = ({ sweep, index }: Result) => ledger.sweeps.get(sweep)?.states[index];
    const isOffered = (result: Result, sha256: Buffer) =>
      this.#known.isOffered(stateOf(result), result.epoch, sha256);
    const missing = await pieces.missing(batch, isOffered, this.books.store);
    const now = host.monotonicMs();
    const writes: Write[] = [];
    /** Leases of which that has been said. */
    const unsigned = new Set<string>();
    const acks = batch.results.map((result) => {
      if (missing.has(result)) {
        counted.results.add('need-body');
        return { seq: result.seq, verdict: Verdict.NEED_BODY };
      }
      const state = stateOf(result);
      if (state !== undefined && !this.#rights.maySpeak(link, result)) {
        counted.results.add('refused');
        this.#refused(link, result);
        return { seq: result.seq, verdict: Verdict.DISCARD };
      }
      const verdict = ledger.result(result, link.hello.name, now, host.wallMs(), writes);
      counted.results.add(WORDS[verdict] ?? 'refused');
      if (verdict === Verdict.DISCARD) this.#refused(link, result);
      else if (state !== undefined && isUnsigned(result) && !unsigned.has(result.epoch)) {
        unsigned.add(result.epoch);
        this.#altered(link, result, state);
      }
      if (state !== undefined) {
        this.books.endLogins([state.device], result.epoch, now);
        if (verdict === Verdict.STORED) this.#known.forget(state);
      }
      return { seq: result.seq, verdict };
    });
    failpoint('intake.decided');
    const commit = await this.books.commit(writes);
    failpoint('intake.committed');
    link.send({ $case: 'acks', value: { acks, commit: this.books.told(commit) } });
    this.events.kick();
  }

  /** Results as if they had said it all; those that name what nobody remembers to have offered are asked for once more. */
  #restored(link: AgentLink, restorer: Restorer, sent: ResultBatch): ResultBatch {
    const { ledger, lastCommit } = this.books;
    const stateOf = ({ sweep, index }: Result) => ledger.sweeps.get(sweep)?.states[index];
    const results = sent.results
      .map((result) => restorer.restore(result))
      .map((result) => {
        const state = stateOf(result);
        return state === undefined ? result : withProvedKey(result, () => this.#hostKeys(state, 0));
      })
      .filter((result) => {
        if (this.#known.restore(stateOf(result), result)) return true;
        this.books.counted.results.add('need-body');
        const acks = [{ seq: result.seq, verdict: Verdict.NEED_BODY }];
        link.send({ $case: 'acks', value: { acks, commit: this.books.told(lastCommit) } });
        return false;
      });
    return { chunks: sent.chunks, results };
  }

  /** In a pause outputs stay with the agent; what is small is taken as long as anything can be written. */
  #sparing(link: AgentLink, sent: ResultBatch): ResultBatch {
    const { pause, lastCommit } = this.books;
    if (pause.reason === '') return sent;
    const isSmall = (result: Result) => !pause.full && outputsOf(result).length === 0;
    const later = sent.results.filter((result) => !isSmall(result));
    const acks = later.map(({ seq }) => ({ seq, verdict: Verdict.LATER }));
    this.books.counted.results.add('later', later.length);
    if (acks.length > 0) link.send({ $case: 'acks', value: { acks, commit: this.books.told(lastCommit) } });
    return { chunks: [], results: sent.results.filter(isSmall) };
  }

  #refused({ hello }: AgentLink, { sweep, index, epoch }: Result): void {
    const now = this.books.ledger.epochOf(sweep, index) || 'none';
    this.events.warn(
      `its epoch is ${epoch}, now it is ${now}`,
      `a result of ${hello.name} for ${sweep}/${index} is refused`,
    );
  }

  #altered({ hello }: AgentLink, { sweep, shard, end }: Result, { device: { segment } }: DeviceState): void {
    const why = end?.$case === 'handedBack' ? end.value.reason : '';
    this.events.warn(why, `agent ${hello.name} carries out nothing of ${sweep}/${shard}`);
    this.events.altered(segment);
  }

  async #hostKeySeen(link: AgentLink, { sweep, epoch, index, ask, hop, key }: HostKeySeen): Promise<void> {
    const { ledger, host } = this.books;
    const may = this.#rights.maySpeak(link, { sweep, epoch, index });
    const working = may ? ledger.working(sweep, epoch, index, host.monotonicMs()) : null;
    const state = working !== null && hop <= working.device.jump.length ? working : null;
    const writes: Write[] = [];
    const accepted = state !== null && key !== undefined && this.#firstSeen(link, state, hop, key, writes);
    const known = accepted || state === null ? [] : this.#hostKeys(state, hop);
    const mayLogIn = accepted && hop === 0 && this.#logins.lend({ sweep, epoch, index }, writes);
    await this.books.commit(writes);
    link.send({ $case: 'hostKeyAnswer', value: { ask, accepted, known, mayLogIn } });
  }

  #firstSeen(
    { hello: { name } }: AgentLink,
    { device, endpoint }: DeviceState,
    hop: number,
    key: HostKey,
    writes: Write[],
  ): boolean {
    const place = placeOf(device, hop);
    const about = { agent: name, wallMs: this.books.host.wallMs() };
    const known = hop === 0 ? endpoint : placeKey(place);
    return this.books.hostKeys.firstSeen(place, key, about, writes, known);
  }
}

function isUnsigned({ end }: Result): boolean {
  return end?.$case === 'handedBack' && end.value.unsigned;
}

/** It names a moment of our clock. */
function isTimed({ body }: CoordinatorMessage): boolean {
  return body?.$case === 'loginAnswer' && body.value.atMs > 0;
}
