// The agents' gRPC: claims, renewals, and the stream that brings results in and takes acknowledgements out.
// The order that keeps every promise: change the ledger, commit, then answer. Renewals alone are answered from
// memory, so that a slow disk never ends a lease.

import type { Server } from '@grpc/grpc-js';
import { type ServerDuplexStream, type ServerUnaryCall, type sendUnaryData, status } from '@grpc/grpc-js';
import { failpoint } from '../../proto/failpoint.js';
import {
  type AgentBatch,
  type AgentMessage,
  type AgentsServer,
  AgentsService,
  type ClaimReply,
  type ClaimRequest,
  type CoordinatorBatch,
  type CoordinatorMessage,
  type HostKeySeen,
  type LoginAsk,
  type LoginOutcome,
  type PullEmpty,
  type RenewReply,
  type RenewRequest,
  type Result,
  type ResultBatch,
  type StartAsk,
  Verdict,
  Work,
} from '../../proto/gen/netsweep/v1/agent.js';
import { type Device, type Output, Status } from '../../proto/gen/netsweep/v1/model.js';
import { type HostKey, LoginResult, Permit, SecretUse } from '../../proto/gen/netsweep/v1/session.js';
import { CHUNK_BYTES } from '../../proto/subjects.js';
import { type Books, credentialsOf, loginKey } from '../books.js';
import type { Write } from '../store/store.js';
import type { DeviceState } from '../sweep/activesweep.js';
import { placeOf } from '../sweep/endpoints.js';
import type { ClaimAnswer } from '../sweep/ledger.js';
import type { Answer } from '../sweep/logins.js';
import { Outbox } from './outbox.js';
import type { AgentLink, Presence } from './presence.js';

type Stream = ServerDuplexStream<AgentBatch, CoordinatorBatch>;

/** Batches of one stream that may wait for the disk before the agent is made to wait. */
const BATCHES_UNCOMMITTED = 8;

export class Agents {
  /** By sweep: bastions that may have had a secret, and devices that may have had one inside the session. */
  readonly #spent = new Map<string, Set<string>>();

  constructor(
    private readonly books: Books,
    private readonly presence: Presence,
    /** Something changed that may let more work be offered. */
    private readonly kick: () => void,
    /** A pull on a segment came back empty. */
    private readonly pullEmpty: (link: AgentLink, pull: PullEmpty) => void,
  ) {}

  serveOn(server: Pick<Server, 'addService'>): void {
    const service: AgentsServer = {
      link: (stream) => this.#link(stream),
      claim: (call, callback) => void this.#claim(call, callback),
      renew: (call, callback) => this.#renew(call, callback),
    };
    server.addService(AgentsService, service);
  }

  #link(stream: Stream): void {
    let link: AgentLink | null = null;
    let uncommitted = 0;
    const outbox = new Outbox<CoordinatorMessage>(
      this.books.host,
      (messages) => stream.write({ messages }),
      () => stream.end(),
    );
    const gone = () => {
      outbox.discard();
      if (link !== null) this.presence.leave(link);
      link = null;
    };
    stream.on('error', gone);
    stream.on('cancelled', gone);
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
        link = this.#hello(outbox, body.value);
      } else if (link === null) refuse('hello first', status.FAILED_PRECONDITION);
      else if (body?.$case === 'results') {
        if (!isSound(body.value)) return refuse('results that cannot be stored', status.INVALID_ARGUMENT);
        if (++uncommitted >= BATCHES_UNCOMMITTED) stream.pause();
        void this.#results(link, body.value).then(() => {
          if (--uncommitted < BATCHES_UNCOMMITTED) stream.resume();
        });
      } else this.#said(link, body);
    };
    stream.on('data', (batch: AgentBatch) => batch.messages.forEach(hear));
  }

  #hello(outbox: Outbox<CoordinatorMessage>, hello: AgentLink['hello']): AgentLink | null {
    const link: AgentLink = {
      hello,
      draining: false,
      send: (body) => outbox.push({ body }),
      end: () => outbox.end(),
    };
    const other = this.presence.join(link);
    if (other !== null) {
      const reason = `another agent named ${hello.name} holds leases`;
      link.send({ $case: 'goodbye', value: { reason, retryMs: 1_000 } });
      link.end();
      return null;
    }
    const { store, terms, ledger } = this.books;
    // A commit that an agent has seen and the store has not: the store was rolled back.
    if (hello.storeId === store.id && hello.commit > this.books.lastCommit) {
      const writes: Write[] = [];
      ledger.holdAll(this.books.host.monotonicMs(), this.books.host.wallMs(), writes);
      void this.books.commit(writes);
    }
    link.send({
      $case: 'welcome',
      value: { storeId: store.id, termMs: terms.termMs, lockDelayMs: terms.lockDelayMs },
    });
    this.kick();
    return link;
  }

  #said(link: AgentLink, body: AgentMessage['body']): void {
    switch (body?.$case) {
      case 'loginAsk':
        return this.#loginAsk(link, body.value);
      case 'loginOutcome':
        return this.#loginOutcome(body.value);
      case 'hostKeySeen':
        return void this.#hostKeySeen(link, body.value);
      case 'pullEmpty':
        return this.pullEmpty(link, body.value);
      case 'draining':
        link.draining = true;
        return;
      case 'startAsk':
        return this.#startAsk(link, body.value);
      case 'inSession':
      case 'hello':
      case 'results':
      case undefined: // a newer agent's message; older coordinators pass it over
        return;
      default:
        body satisfies never;
    }
  }

  #startAsk(link: AgentLink, { ask, sweep, epoch, index }: StartAsk): void {
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
    if (link === undefined || link.draining) {
      callback(null, { answer: { $case: 'later', value: { ms: 1_000, reason: 'say hello first' } } });
      return;
    }
    const writes: Write[] = [];
    const answer = this.books.ledger.claim(request, this.books.host.monotonicMs(), writes);
    failpoint('claim.decided');
    await this.books.commit(writes);
    failpoint('claim.committed');
    callback(null, { answer: this.#claimAnswer(answer) });
    if (answer.answer !== 'grant') this.kick();
  }

  #claimAnswer(answer: ClaimAnswer): NonNullable<ClaimReply['answer']> {
    if (answer.answer === 'drop') return { $case: 'drop', value: { reason: answer.reason } };
    if (answer.answer === 'later') return { $case: 'later', value: { ms: answer.ms, reason: answer.reason } };
    const { sweep } = answer.shard;
    const wanted = new Set(answer.devices.flatMap(({ device }) => credentialsOf(device)));
    return {
      $case: 'grant',
      value: {
        epoch: answer.epoch,
        termMs: this.books.terms.termMs,
        work: answer.devices.map((state) => this.#work(state)),
        credentials: [...sweep.credentials.values()].filter(({ id }) => wanted.has(id)),
      },
    };
  }

  #work({ device }: DeviceState): Work {
    const [own, ...bastions] = credentialsOf(device).map((credential, hop) => ({
      credential,
      hostKeys: this.#hostKeys(device, hop),
    }));
    return Work.create({ index: device.index, ...own, jump: bastions });
  }

  #hostKeys(device: Device, hop: number): HostKey[] {
    return this.books.hostKeys.lookUp(placeOf(device, hop)).map(({ type, blob }) => ({ type, blob }));
  }

  #renew(call: ServerUnaryCall<RenewRequest, RenewReply>, callback: sendUnaryData<RenewReply>): void {
    const { instance, leases } = call.request;
    const { ledger } = this.books;
    const now = this.books.host.monotonicMs();
    callback(null, {
      lost: leases.filter((lease) => !ledger.renew(instance, lease, now)),
      cancelled: [...new Set(leases.map(({ sweep }) => sweep))].filter(
        (id) => ledger.sweeps.get(id)?.halt?.recalls === true,
      ),
    });
  }

  async #results(link: AgentLink, sent: ResultBatch): Promise<void> {
    const { ledger } = this.books;
    const batch = this.#sparing(link, sent);
    if (batch.chunks.length + batch.results.length === 0) return;
    const pieces: Write[] = batch.chunks.map((chunk) => ({ write: 'chunk', ...chunk }));
    const incomplete = await this.#withoutBodies(batch.results, pieces);
    const now = this.books.host.monotonicMs();
    const writes: Write[] = [...pieces];
    const acks = batch.results.map((result) => {
      if (incomplete.has(result)) return { seq: result.seq, verdict: Verdict.NEED_BODY };
      const device = ledger.sweeps.get(result.sweep)?.states[result.index]?.device;
      const verdict = ledger.result(result, link.hello.name, now, this.books.host.wallMs(), writes);
      if (device !== undefined) this.books.endLogins([device], result.epoch, now);
      return { seq: result.seq, verdict };
    });
    failpoint('intake.decided');
    const commit = await this.books.commit(writes);
    failpoint('intake.committed');
    link.send({ $case: 'acks', value: { acks, commit } });
    this.kick();
  }

  /** In a pause outputs stay with the agent; what is small is taken as long as anything can be written. */
  #sparing(link: AgentLink, sent: ResultBatch): ResultBatch {
    const { pause, lastCommit } = this.books;
    if (pause.reason === '') return sent;
    const isSmall = (result: Result) => !pause.full && outputsOf(result).length === 0;
    const later = sent.results.filter((result) => !isSmall(result));
    const acks = later.map(({ seq }) => ({ seq, verdict: Verdict.LATER }));
    if (acks.length > 0) link.send({ $case: 'acks', value: { acks, commit: lastCommit } });
    return { chunks: [], results: sent.results.filter(isSmall) };
  }

  /** Results whose outputs came in pieces that are not all here; the pieces of this batch are kept first. */
  async #withoutBodies(results: Result[], pieces: Write[]): Promise<Set<Result>> {
    const incomplete = new Set<Result>();
    const inPieces = results.flatMap((result) =>
      outputsOf(result).flatMap(({ body, sha256 }) => (body.length === 0 ? [{ result, sha256 }] : [])),
    );
    if (inPieces.length === 0) return incomplete;
    await this.books.commit(pieces.splice(0));
    for (const { result, sha256 } of inPieces)
      if (!(await this.books.store.hasBody(sha256))) incomplete.add(result);
    return incomplete;
  }

  #loginAsk(link: AgentLink, ask: LoginAsk): void {
    const { ledger, logins } = this.books;
    const answer = (permit: Permit) => link.send({ $case: 'loginAnswer', value: { ask: ask.ask, permit } });
    const working = () => ledger.working(ask.sweep, ask.epoch, ask.index, this.books.host.monotonicMs());
    const state = working();
    if (state === null || !isOwn(state.device, ask)) return answer(Permit.LOST);
    const guard = this.books.guardOf(ask.credential, ask.use);
    const key = loginKey(ask.epoch, ask.index, ask.use, ask.hop);
    if (ask.hop > 0) return this.#bastionAsk(ask, state.device, guard, answer);
    const spent = this.#isSpent(ask, state.row);
    const decided = (permit: Answer) => {
      const sweep = ledger.sweeps.get(ask.sweep);
      if (permit === 'stopped') return answer(Permit.STOPPED);
      if (permit === 'spent') return answer(Permit.SPENT);
      if (sweep === undefined || working() === null) return answer(Permit.LOST);
      if (ask.use === SecretUse.CHANNEL) {
        this.#had(ask.sweep).add(`${ask.index}`);
        return answer(Permit.SEND);
      }
      const writes: Write[] = [];
      sweep.change(
        state,
        ask.use === SecretUse.ENABLE ? { enableSpent: true } : { loginSpent: true },
        writes,
      );
      void this.books.commit(writes).then(() => answer(Permit.SEND));
    };
    // Spent without a result: its agent died with the outcome. It is repeated only once the credential is proved.
    logins.ask(guard, key, this.books.host.monotonicMs(), decided, spent && !logins.isUnderWay(guard, key));
  }

  /**
   * Many devices share a bastion: what counts is the guard of its credential, and that a bastion which may have had
   * the secret gets it again, from whichever agent or worker, only once it has proved good.
   */
  #bastionAsk(ask: LoginAsk, device: Device, guard: string, answer: (permit: Permit) => void): void {
    const { logins } = this.books;
    const key = loginKey(ask.epoch, ask.index, ask.use, ask.hop);
    const had = this.#had(ask.sweep);
    const place = loginPlace(device, ask);
    const decided = (permit: Answer) => {
      if (permit === 'send') had.add(place);
      answer(permit === 'send' ? Permit.SEND : permit === 'spent' ? Permit.SPENT : Permit.STOPPED);
    };
    logins.ask(
      guard,
      key,
      this.books.host.monotonicMs(),
      decided,
      had.has(place) && !logins.isUnderWay(guard, key),
    );
  }

  /** Whether the device may have had this secret in this use. */
  #isSpent({ sweep, index, use }: LoginAsk, row: { loginSpent: boolean; enableSpent: boolean }): boolean {
    if (use === SecretUse.CHANNEL) return this.#had(sweep).has(`${index}`);
    return use === SecretUse.ENABLE ? row.enableSpent : row.loginSpent;
  }

  #had(sweep: string): Set<string> {
    const { ledger } = this.books;
    for (const id of this.#spent.keys()) if (!ledger.sweeps.has(id)) this.#spent.delete(id);
    const had = this.#spent.get(sweep) ?? new Set();
    this.#spent.set(sweep, had);
    return had;
  }

  #loginOutcome(outcome: LoginOutcome): void {
    const { ledger, logins } = this.books;
    const device = ledger.sweeps.get(outcome.sweep)?.states[outcome.index]?.device;
    if (device !== undefined && !isOwn(device, outcome)) return;
    const guard = this.books.guardOf(outcome.credential, outcome.use);
    const key = loginKey(outcome.epoch, outcome.index, outcome.use, outcome.hop);
    if (device !== undefined && outcome.result === LoginResult.UNSENT) {
      if (outcome.hop > 0) this.#spent.get(outcome.sweep)?.delete(loginPlace(device, outcome));
      if (outcome.use === SecretUse.CHANNEL) this.#spent.get(outcome.sweep)?.delete(`${outcome.index}`);
    }
    logins.outcome(guard, key, loginWord(outcome.result), this.books.host.monotonicMs());
    if (logins.isStopped(guard)) this.kick();
  }

  async #hostKeySeen(link: AgentLink, seen: HostKeySeen): Promise<void> {
    const { ledger, hostKeys } = this.books;
    const state = ledger.working(seen.sweep, seen.epoch, seen.index, this.books.host.monotonicMs());
    const writes: Write[] = [];
    const device = state !== null && seen.hop <= state.device.jump.length ? state.device : null;
    const accepted =
      device !== null &&
      seen.key !== undefined &&
      hostKeys.firstSeen(
        placeOf(device, seen.hop),
        seen.key,
        link.hello.name,
        this.books.host.wallMs(),
        writes,
      );
    const known = device === null ? [] : this.#hostKeys(device, seen.hop);
    await this.books.commit(writes);
    link.send({ $case: 'hostKeyAnswer', value: { ask: seen.ask, accepted, known } });
  }
}

/** Names a bastion and what logs in there. */
function loginPlace(device: Device, { hop, credential }: LoginAsk | LoginOutcome): string {
  const way = device.jump.slice(0, hop).map(({ host, port }) => `${host} ${port}`);
  return [device.segment, ...way, credential].join('\n');
}

/** Whether a login is one that this device, or a bastion on the way to it, takes. */
function isOwn(device: Device, { credential, use, hop }: LoginAsk | LoginOutcome): boolean {
  return credentialsOf(device)[hop] === credential && (hop === 0 || use === SecretUse.LOGIN);
}

/** All that comes with a body: outputs, and the transcript where there is one. */
function outputsOf({ end }: Result): Output[] {
  if (end?.$case !== 'attempt') return [];
  const { outputs, transcript } = end.value;
  return transcript === undefined ? outputs : [...outputs, transcript];
}

/** How an attempt may end; the other states are the coordinator's to give. */
const ATTEMPT_ENDS: ReadonlySet<Status> = new Set([Status.OK, Status.SUSPECT, Status.FAILED, Status.SKIPPED]);

/** What ledger or store would refuse must not get that far: a failed commit ends the process. */
function isSound({ chunks, results }: ResultBatch): boolean {
  return (
    chunks.every(
      ({ sha256, data }) => sha256.length === 32 && data.length > 0 && data.length <= CHUNK_BYTES,
    ) &&
    results.every(
      (result) =>
        (result.end?.$case !== 'attempt' || ATTEMPT_ENDS.has(result.end.value.status)) &&
        outputsOf(result).every(({ sha256 }) => sha256.length === 32),
    )
  );
}

function loginWord(result: LoginResult): 'accepted' | 'refused' | 'hung-up' | 'unknown' | 'unsent' {
  switch (result) {
    case LoginResult.ACCEPTED:
      return 'accepted';
    case LoginResult.REFUSED:
      return 'refused';
    case LoginResult.HUNG_UP:
      return 'hung-up';
    case LoginResult.UNSENT:
      return 'unsent';
    case LoginResult.UNKNOWN:
    case LoginResult.UNRECOGNIZED:
      return 'unknown';
    default:
      return result satisfies never;
  }
}
