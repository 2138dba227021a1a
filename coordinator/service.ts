// The service that clients use: submit, watch, results, cancel, and the ledgers of keys and credentials.
// A client is never told of anything that is not on disk.
import type { Server, ServerDuplexStream, ServerReadableStream, ServerWritableStream } from '@grpc/grpc-js';
import { status } from '@grpc/grpc-js';
import { ulid } from 'ulid';
import { failpoint } from '../proto/failpoint.js';
import {
  Counts,
  type Credential,
  Device,
  type Report,
  Status,
  SweepOptions,
} from '../proto/gen/netsweep/v1/model.js';
import {
  type Agent,
  type AttachReply,
  type AttachRequest,
  type BodyPart,
  type BodyRequest,
  type Diagnosis,
  type DrainAgentReply,
  type DrainAgentRequest,
  type ResultsRequest,
  type SubmitHeader,
  type SubmitPart,
  type SubmitReply,
  Sweep,
  type SweepEvent,
  SweepState,
  type WatchRequest,
} from '../proto/gen/netsweep/v1/sweeps.js';
import { type SweepsServer, SweepsService } from '../proto/gen/netsweep/v1/sweeps_service.js';
import { AUTO } from '../proto/platform.js';
import type { Act } from './auditlog/acts.js';
import { COORDINATOR, type Who, whoOf } from './auditlog/who.js';
import type { Books } from './books.js';
import { answer, asStatus, ServiceError, stream, unary } from './intake/calls.js';
import type { Presence } from './intake/presence.js';
import { agentsOf } from './operation/agents.js';
import type { SweepRow, Write } from './store/store.js';
import type { ActiveSweep } from './sweep/activesweep.js';
import { Alike } from './sweep/alike.js';
import { refusePlatforms } from './sweep/ownplatforms.js';
import { paceWords } from './sweep/pace.js';
import { version } from './version.js';
import { watch } from './watch.js';

/** Reports read from the store at a time. */
const PAGE = 64;
/** Devices that tell how large the others may be. */
const SAMPLE = 50;

export interface ServiceHooks {
  /** A sweep's devices are about to wait for agents of these segments. */
  submitted(segments: string[], header: SubmitHeader): Promise<void>;
  /** There is new work, or less of it. */
  kick(): void;
  /** Tells the agents of a halted sweep to let go of it. */
  tellAgents(sweep: ActiveSweep): void;
  /** What hinders the sweep now; empty: nothing. */
  notice(sweep: ActiveSweep): string;
  /** What it finds of itself and of all that it stands on. */
  diagnose(agents: Agent[]): Promise<Diagnosis[]>;
  /** A client's stream has opened (+1) or ended (-1). */
  attached(change: 1 | -1): void;
}

interface Submission {
  header: SubmitHeader;
  devices: Device[];
  credentials: Credential[];
}

export class Service {
  readonly #sweepsOf = new Map<string, Set<string>>();
  /** Submits on their way to the disk, by the client's key. */
  readonly #submits = new Map<string, Promise<SubmitReply>>();
  readonly #stopping = new AbortController();

  constructor(
    private readonly books: Books,
    private readonly presence: Presence,
    private readonly hooks: ServiceHooks,
  ) {}

  /** Ends the streams that would otherwise last as long as their sweeps. */
  stop(): void {
    this.#stopping.abort();
  }

  serveOn(server: Pick<Server, 'addService'>): void {
    const service: SweepsServer = {
      attach: (call) => this.#attach(call),
      submit: (call, callback) => answer(callback, this.#submit(call)),
      watch: (call) => stream(call, (signal) => this.#watch(call, signal), this.#stopping.signal),
      results: (call) => stream(call, (signal) => this.#results(call, signal), this.#stopping.signal),
      body: (call) => stream(call, () => this.#body(call), this.#stopping.signal),
      list: unary(async ({ sweep, limit }) => ({ sweeps: await this.#list(sweep, limit) })),
      cancel: unary(async ({ sweep, reason }, call) =>
        this.cancel((await this.#find(sweep)).id, reason || 'cancelled', whoOf(call)),
      ),
      remove: unary(async ({ sweep }, call) => this.#remove(await this.#find(sweep), whoOf(call))),
      listAgents: unary(async ({ away }) => ({ agents: agentsOf(this.presence, this.books.ledger, away) })),
      diagnose: unary(async () => ({
        found: await this.hooks.diagnose(agentsOf(this.presence, this.books.ledger, true)),
        version: version(),
      })),
      drainAgent: unary(async (request, call) => this.#drainAgent(request, whoOf(call))),
      listHostKeys: unary(async ({ host }) => ({
        hosts: this.books.hostKeys.list(host),
        problems: [...this.books.hostKeys.problems],
      })),
      acceptHostKey: unary(async (key, call) => {
        const { host, port, segment, jump } = key;
        await this.#write((writes) => {
          this.books.hostKeys.accept({ ...key, firstSeenMs: this.books.host.wallMs() }, writes);
          record(writes, { act: 'accept-host-key', who: whoOf(call), host, port, segment, jump });
        });
        return {};
      }),
      removeHostKeys: unary(async (match, call) => ({
        removed: await this.#write((writes) => {
          const removed = this.books.hostKeys.remove(match, writes);
          record(writes, { act: 'remove-host-keys', who: whoOf(call), ...match, removed });
          return removed;
        }),
      })),
      listCredentials: unary(async () => ({ credentials: this.books.standings() })),
      releaseCredential: unary(async ({ name }, call) => ({
        released: await this.#write((writes) => {
          const released = this.books.release(name, this.books.host.wallMs(), writes);
          record(writes, { act: 'release-credential', who: whoOf(call), name, released });
          return released;
        }),
      })),
    };
    server.addService(SweepsService, service);
  }

  /** Cancels: nothing new starts, what waits ends now, agents let go of the rest. Repeats change nothing. */
  async cancel(id: string, reason: string, who: Who): Promise<Sweep> {
    const sweep = this.books.ledger.sweeps.get(id);
    if (sweep !== undefined) {
      await this.#write((writes) => {
        this.books.ledger.cancel(sweep, reason, this.books.host.wallMs(), writes);
        record(writes, { act: 'cancel', who, sweep: id, reason });
      });
      this.hooks.tellAgents(sweep);
    }
    return this.#sweep(await this.#find(id));
  }

  #attach(call: ServerDuplexStream<AttachRequest, AttachReply>): void {
    // Who comes while we end is sent away before it is answered, and starts a coordinator of its own.
    if (this.#stopping.signal.aborted) {
      call.emit('error', asStatus(new ServiceError(status.UNAVAILABLE, 'the coordinator is ending')));
      return;
    }
    let client: string | null = null;
    let ended = false;
    const gone = () => {
      if (ended) return;
      ended = true;
      call.end();
      const sweeps = client === null ? undefined : this.#sweepsOf.get(client);
      if (client !== null) this.#sweepsOf.delete(client);
      const cancels = [...(sweeps ?? [])].map((id) => this.cancel(id, 'its client has gone', COORDINATOR));
      void Promise.allSettled(cancels).then(() => this.hooks.attached(-1));
    };
    this.hooks.attached(1);
    call.on('data', (request: AttachRequest) => {
      client = request.client;
      if (!this.#sweepsOf.has(client)) this.#sweepsOf.set(client, new Set());
      call.write({});
    });
    call.on('cancelled', gone);
    call.on('error', gone);
    call.on('end', gone);
  }

  async #submit(call: ServerReadableStream<SubmitPart, SubmitReply>): Promise<SubmitReply> {
    const submission = await received(call);
    const { key } = submission.header;
    const who = whoOf(call);
    // A repeat may come while the first is still on its way to the disk.
    const submitted = this.#submits.get(key) ?? this.#add(submission, who);
    this.#submits.set(key, submitted);
    return submitted.finally(() => this.#submits.delete(key));
  }

  async #add({ header, devices, credentials }: Submission, who: Who): Promise<SubmitReply> {
    const same = await this.books.store.sweepByKey(header.key);
    if (same !== null) return { sweep: same.id };
    this.#refuseWithoutRoom(devices);
    const identified = await this.#identify(credentials);
    const options = SweepOptions.create(header.options);
    const { host } = this.books;
    const now = host.wallMs();
    const id = ulid(now, () => host.random());
    const row: SweepRow = {
      id,
      key: header.key,
      state: SweepState.RUNNING,
      options,
      startedAtMs: now,
      endedAtMs: 0,
      reason: '',
      lastShard: 0,
      refusedResults: 0,
      repeatedResults: 0,
    };
    const lasting = (submitted: string) => identified.get(submitted)?.id ?? '';
    const ways = new Map<Device['jump'], Device['jump']>();
    const way = (jump: Device['jump']) => {
      const known = ways.get(jump) ?? jump.map((hop) => ({ ...hop, credential: lasting(hop.credential) }));
      ways.set(jump, known);
      return known;
    };
    for (const [index, device] of devices.entries())
      Object.assign(device, { index, credential: lasting(device.credential), jump: way(device.jump) });
    const distinct = new Map([...identified.values()].map((credential) => [credential.id, credential]));
    const guarded = await Promise.all(
      Array.from(distinct.values(), async (one) => [one, await this.books.guardsOf(one)] as const),
    );
    failpoint('submit.decided');
    await this.#write((writes) => {
      for (const [credential, guards] of guarded)
        this.books.useCredential(credential, guards, options.authFailMax, now, writes);
      this.books.ledger.add(row, devices, [...distinct.values()], writes);
      const used = Array.from(distinct.values(), ({ id, name, username }) => ({ id, name, username }));
      record(writes, { act: 'submit', who, sweep: id, header, devices, credentials: used });
    });
    failpoint('submit.committed');
    this.#sweepsOf.get(header.client)?.add(id);
    await this.hooks.submitted([...new Set(devices.map(({ segment }) => segment))], header);
    this.hooks.kick();
    return { sweep: id };
  }

  #refuseWithoutRoom(devices: Device[]): void {
    const { pause } = this.books;
    const sample = devices.slice(0, SAMPLE);
    const bytes = sample.reduce((sum, device) => sum + Device.encode(device).finish().length, 0);
    const room = pause.hasRoomFor((bytes * devices.length) / sample.length);
    if (pause.reason === '' && room) return;
    const reason = pause.reason || `store full: no room for ${devices.length} devices`;
    throw new ServiceError(status.RESOURCE_EXHAUSTED, `the coordinator takes no new sweep now: ${reason}`);
  }

  /** The client's credential ids, each with the credential under its lasting id. */
  async #identify(credentials: Credential[]): Promise<Map<string, Credential>> {
    const pairs = credentials.map(async (credential): Promise<[string, Credential]> => {
      const id = await this.books.store.identify(credential);
      const name = credential.name || `${credential.username}-${id.slice(0, 6)}`;
      return [credential.id, { ...credential, id, name }];
    });
    return new Map(await Promise.all(pairs));
  }

  async *#watch(
    { request }: ServerWritableStream<WatchRequest, SweepEvent>,
    signal: AbortSignal,
  ): AsyncGenerator<SweepEvent> {
    const { id } = await this.#find(request.sweep);
    const describe = {
      progress: (active: ActiveSweep) => this.#progress(active),
      ended: async () => this.#sweep(await this.#find(id)),
    };
    yield* watch(this.books, id, request, describe, signal);
  }

  async *#results(
    { request }: ServerWritableStream<ResultsRequest, Report>,
    signal: AbortSignal,
  ): AsyncGenerator<Report> {
    const { id } = await this.#find(request.sweep);
    for (let after = -1; !signal.aborted; ) {
      const page = await this.books.store.reportsByIndex(id, after, PAGE, request.bodies);
      yield* page;
      const last = page.at(-1)?.device?.index;
      if (last === undefined || page.length < PAGE) return;
      after = last;
    }
  }

  async *#body({ request }: ServerWritableStream<BodyRequest, BodyPart>): AsyncGenerator<BodyPart> {
    for (let from = 0; ; ) {
      const piece = await this.books.store.body(request.sha256, from);
      if (piece === null) throw new ServiceError(status.NOT_FOUND, 'no output with this digest');
      yield { data: Buffer.from(piece.data) };
      if (!piece.more) return;
      from += piece.data.length;
    }
  }

  async #list(named: string, limit: number): Promise<Sweep[]> {
    const rows = named === '' ? await this.books.store.sweeps(limit || 1_000_000) : [await this.#find(named)];
    return Promise.all(rows.map((row) => this.#sweep(row)));
  }

  async #remove(row: SweepRow, who: Who): Promise<Record<string, never>> {
    if (this.books.ledger.sweeps.has(row.id))
      throw new ServiceError(status.FAILED_PRECONDITION, `sweep ${row.id} is running; cancel it first`);
    await this.#write((writes) => {
      writes.push({ write: 'dropSweep', sweep: row.id });
      record(writes, { act: 'remove-sweep', who, sweep: row.id });
    });
    return {};
  }

  async #drainAgent({ name, drained }: DrainAgentRequest, who: Who): Promise<DrainAgentReply> {
    const [link] = this.presence.drain(name, drained);
    if (link === undefined) throw new ServiceError(status.NOT_FOUND, `no agent is called "${name}"`);
    await this.#write((writes) => record(writes, { act: 'drain-agent', who, agent: name, drained }));
    this.hooks.kick();
    const alone = link.hello.segments.filter((segment) => this.presence.able(segment).length === 0);
    const agent = agentsOf(this.presence, this.books.ledger, false).find((one) => one.name === name);
    return { agent, alone };
  }

  /** By id, unique prefix, or `last`. */
  async #find(named: string): Promise<SweepRow> {
    const rows = await this.books.store.sweeps(named === 'last' ? 1 : 1_000_000);
    if (named === 'last') {
      const last = rows[0];
      if (last === undefined)
        throw new ServiceError(
          status.NOT_FOUND,
          'there is no sweep yet (netsweep run makes one; --state or --coordinator names where others are)',
        );
      return last;
    }
    const wanted = named.toUpperCase();
    const matches = rows.filter((row) => row.id.startsWith(wanted));
    const [only] = matches;
    if (named === '' || only === undefined)
      throw new ServiceError(status.NOT_FOUND, `no sweep ${named} (netsweep sweeps list shows them)`);
    if (matches.length > 1)
      throw new ServiceError(status.INVALID_ARGUMENT, `${named} names ${matches.length} sweeps`);
    return only;
  }

  async #sweep(row: SweepRow): Promise<Sweep> {
    const tally = await this.books.store.tally(row.id);
    const active = this.books.ledger.sweeps.get(row.id);
    const running = active === undefined ? 0 : this.books.ledger.running({ sweep: active });
    const count = (status: Status) => tally.counts.get(status) ?? 0;
    const counts = Counts.create({
      selected: tally.selected,
      ok: count(Status.OK),
      suspect: count(Status.SUSPECT),
      failed: count(Status.FAILED),
      skipped: count(Status.SKIPPED),
      cancelled: count(Status.CANCELLED),
      interrupted: count(Status.INTERRUPTED),
      running,
    });
    const ended = [...tally.counts.values()].reduce((sum, number) => sum + number, 0);
    counts.waiting = tally.selected - ended - running;
    return Sweep.create({
      ...this.#describe(row),
      counts,
      deviceTimeMs: tally.deviceTimeMs,
      agents: tally.agents,
      stage: active === undefined ? '' : stageOf(active),
      notice: active === undefined ? '' : this.hooks.notice(active),
    });
  }

  #progress(active: ActiveSweep): Sweep {
    const counts = this.books.ledger.counts(active);
    const stage = stageOf(active);
    return Sweep.create({ ...this.#describe(active.row), counts, stage, notice: this.hooks.notice(active) });
  }

  /** Without the platforms' data, which would make a long list of sweeps larger than a message may be. */
  #describe(row: SweepRow): Partial<Sweep> {
    const { id, state, startedAtMs, endedAtMs, reason, options, refusedResults, repeatedResults } = row;
    const late = { refusedResults, repeatedResults };
    const about = {
      id,
      state,
      startedAtMs,
      endedAtMs,
      reason,
      ...late,
      options: { ...options, platforms: [] },
    };
    const { pause } = this.books;
    if (state !== SweepState.RUNNING || pause.reason === '') return about;
    return { ...about, state: SweepState.PAUSED, reason: pause.reason };
  }

  async #write<T>(change: (writes: Write[]) => T): Promise<T> {
    const writes: Write[] = [];
    const result = change(writes);
    await this.books.commit(writes);
    return result;
  }
}

/** What is under way, and by what it is held back. */
function stageOf(active: ActiveSweep): string {
  const pace = paceWords(active.held().keys(), active.row.options);
  return [active.stops.underWay, pace].filter((words) => words !== '').join('; ');
}

function record(writes: Write[], act: Act): void {
  writes.push({ write: 'act', act });
}

async function received(call: ServerReadableStream<SubmitPart, SubmitReply>): Promise<Submission> {
  let header: SubmitHeader | null = null;
  const devices: Device[] = [];
  const credentials: Credential[] = [];
  const alike = new Alike();
  for await (const part of call as AsyncIterable<SubmitPart>) {
    if (part.body?.$case === 'header') header = part.body.value;
    if (part.body?.$case === 'devices')
      for (const device of part.body.value.devices) devices.push(alike.of(device));
    if (part.body?.$case === 'credential') credentials.push(part.body.value);
  }
  if (header === null || header.key === '' || header.options === undefined)
    throw new ServiceError(
      status.INVALID_ARGUMENT,
      'a submit begins with a header that has a key and options',
    );
  if (devices.length === 0) throw new ServiceError(status.INVALID_ARGUMENT, 'a submit needs a device');
  const refused = refusePlatforms(header.options.platforms);
  if (refused !== null) throw new ServiceError(status.INVALID_ARGUMENT, refused);
  // The agent that finds a platform out takes its commands.
  if (devices.some(({ commands, platform }) => commands.length === 0 && platform !== AUTO))
    throw new ServiceError(status.INVALID_ARGUMENT, 'every device needs a command');
  return { header, devices, credentials };
}
