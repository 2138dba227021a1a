// A nats-server with JetStream as far as shards use it, with the manners that 2.9.10 was seen to have: a repeated
// Msg-Id is swallowed for two minutes, an acknowledgement is taken from whoever sends it, and after a crash messages
// that were acknowledged a moment before come back. It can also lose, roll back, repeat, reorder and hide.
import type { Offer } from '../../agent/lease.ts';
import type { Shard } from '../../proto/gen/netsweep/v1/agent.ts';
import { LEASE_TERM_MS } from '../../proto/subjects.ts';
import type { Dice } from './dice.ts';
import type { Machine, Process } from './machine.ts';
import type { End, Network } from './network.ts';

const DEDUP_MS = 120_000;
/** An acknowledgement this young is not on the server's disk when it is killed. */
const ACK_UNSAFE_MS = 200;
const RECONNECT_MS = 250;
const REQUEST_MS = 2_000;
const PULL_MS = 2_000;
/** What an answer to a pull may take beyond it. */
const ANSWER_MS = 2_000;
const FOREIGN_MS = 30_000;

interface Message {
  seq: number;
  shard: Shard;
  hidden: boolean;
}

interface Durable {
  /** The next message that it has not seen. */
  next: number;
  /** Delivered and not acknowledged, by sequence: when each may be delivered again. */
  pending: Map<number, number>;
  pulls: Pull[];
}

interface Pull {
  until: number;
  answer: (message: Message | null) => boolean;
}

interface Stream {
  lastSeq: number;
  messages: Map<number, Message>;
  /** Acknowledged, and perhaps not on disk. */
  acked: { message: Message; at: number }[];
  durables: Map<string, Durable>;
  ids: Map<string, number>;
}

/** What a server may do wrong while it runs; each is the share of messages that it does it to. */
export interface Mischief {
  repeat: number;
  reorder: number;
  hide: number;
  loseAck: number;
}

export const HONEST: Mischief = { repeat: 0, reorder: 0, hide: 0, loseAck: 0 };

export class NatsServer {
  process: Process | null = null;
  mischief: Mischief = HONEST;
  #stream: Stream | null = null;
  /** Mischief that was really done. */
  readonly done: Record<keyof Mischief, number> = { repeat: 0, reorder: 0, hide: 0, loseAck: 0 };

  constructor(
    private readonly machine: Machine,
    private readonly dice: Dice,
    private readonly start: (machine: Machine) => Process,
  ) {
    this.restart();
  }

  /** SIGKILL; `restart` brings it back with what is on its disk. */
  kill(): void {
    this.process?.die();
    this.process = null;
    const stream = this.#stream;
    if (stream === null) return;
    for (const durable of stream.durables.values()) durable.pulls = [];
    const { now } = this.machine.timeline;
    for (const { message, at } of stream.acked.splice(0)) {
      const isLost = now - at < ACK_UNSAFE_MS && this.dice.chance(0.6);
      // A zombie stays in the stream; only a new durable delivers it.
      if (!isLost && !this.dice.chance(0.5)) continue;
      stream.messages.set(message.seq, message);
      if (isLost) stream.durables.get(message.shard.segment)?.pending.set(message.seq, now);
    }
    const stored = new Set([...stream.messages.values()].map(({ shard }) => idOf(shard)));
    for (const id of stream.ids.keys()) if (!stored.has(id)) stream.ids.delete(id);
  }

  restart(): void {
    if (this.process === null) this.process = this.start(this.machine);
  }

  wipe(): void {
    this.#stream = null;
  }

  copy(): () => void {
    const kept = this.#stream === null ? null : copyOf(this.#stream);
    return () => {
      this.#stream = kept;
    };
  }

  hasStream(): boolean {
    return this.#stream !== null;
  }

  addStream(): void {
    this.#stream ??= { lastSeq: 0, messages: new Map(), acked: [], durables: new Map(), ids: new Map() };
  }

  addDurable(segment: string): void {
    const stream = this.#there();
    if (!stream.durables.has(segment))
      stream.durables.set(segment, { next: 1, pending: new Map(), pulls: [] });
  }

  deleteDurable(segment: string): void {
    this.#there().durables.delete(segment);
  }

  /** False: it has had this very id. */
  publish(shard: Shard): boolean {
    const stream = this.#there();
    const { now } = this.machine.timeline;
    const id = idOf(shard);
    if (now - (stream.ids.get(id) ?? Number.NEGATIVE_INFINITY) < DEDUP_MS) return false;
    stream.ids.set(id, now);
    const hidden = this.#does('hide');
    const seq = ++stream.lastSeq;
    stream.messages.set(seq, { seq, shard, hidden });
    this.#deliver(shard.segment);
    return true;
  }

  /** Answers with a message, or null when none has come within PULL_MS. Throws without a durable. */
  pull(segment: string, answer: (message: Message | null) => boolean): void {
    const durable = this.#there().durables.get(segment);
    if (durable === undefined) throw new Error('consumer not found');
    const { timeline } = this.machine;
    const pull: Pull = { until: timeline.now + PULL_MS, answer };
    durable.pulls.push(pull);
    timeline.at(pull.until, () => {
      const at = durable.pulls.indexOf(pull);
      if (at < 0) return;
      durable.pulls.splice(at, 1);
      answer(null);
    });
    this.#deliver(segment);
  }

  ack(segment: string, seq: number): void {
    const stream = this.#stream;
    if (stream === null || this.#does('loseAck')) return;
    stream.durables.get(segment)?.pending.delete(seq);
    const message = stream.messages.get(seq);
    if (message === undefined) return;
    stream.messages.delete(seq);
    stream.acked.push({ message, at: this.machine.timeline.now });
  }

  nak(segment: string, seq: number, ms: number): void {
    this.#again(segment, seq, ms);
  }

  working(segment: string, seq: number): void {
    this.#again(segment, seq, LEASE_TERM_MS);
  }

  #again(segment: string, seq: number, ms: number): void {
    const pending = this.#stream?.durables.get(segment)?.pending;
    if (pending?.has(seq) !== true) return;
    const { timeline } = this.machine;
    pending.set(seq, timeline.now + ms);
    timeline.at(timeline.now + ms, () => this.#deliver(segment));
  }

  #deliver(segment: string): void {
    const stream = this.#stream;
    const durable = stream?.durables.get(segment);
    if (stream === null || durable === undefined || this.process?.alive !== true) return;
    while (durable.pulls.length > 0) {
      const message = this.#nextOf(stream, durable, segment);
      if (message === null) return;
      const { timeline } = this.machine;
      durable.pending.set(message.seq, timeline.now + LEASE_TERM_MS);
      timeline.at(timeline.now + LEASE_TERM_MS, () => this.#deliver(segment));
      durable.pulls.shift()?.answer(message);
      if (durable.pulls.length > 0 && this.#does('repeat')) durable.pulls.shift()?.answer(message);
    }
  }

  #nextOf(stream: Stream, durable: Durable, segment: string): Message | null {
    const { now } = this.machine.timeline;
    const ready: Message[] = [];
    for (const [seq, until] of durable.pending) {
      const message = stream.messages.get(seq);
      if (message === undefined) durable.pending.delete(seq);
      else if (until <= now && !message.hidden) ready.push(message);
    }
    for (const message of stream.messages.values())
      if (
        message.shard.segment === segment &&
        message.seq >= durable.next &&
        !durable.pending.has(message.seq) &&
        !message.hidden
      )
        ready.push(message);
    ready.sort((one, other) => one.seq - other.seq);
    const reordered = ready.length > 1 && this.#does('reorder');
    const message = reordered ? this.dice.pick(ready) : ready[0];
    if (message === undefined) return null;
    if (!reordered) durable.next = Math.max(durable.next, message.seq + 1);
    return message;
  }

  #there(): Stream {
    if (this.#stream === null) throw new Error('stream not found');
    return this.#stream;
  }

  #does(what: keyof Mischief): boolean {
    const share = this.mischief[what];
    if (share === 0 || !this.dice.chance(share)) return false;
    this.done[what] += 1;
    return true;
  }
}

/** A program's connection to the server, made again for as long as the program lives. */
export class NatsClient {
  #end: End | null = null;
  #closed = false;

  constructor(
    private readonly process: Process,
    private readonly network: Network,
    private readonly server: NatsServer,
  ) {
    this.#connect();
  }

  close(): void {
    this.#closed = true;
    this.#end?.reset();
  }

  get isUp(): boolean {
    return this.#end !== null;
  }

  /** Asks the server; rejects when the answer takes too long, or with what the server throws. */
  request<T>(ask: (server: NatsServer, answer: (value: T) => boolean) => void, ms = REQUEST_MS): Promise<T> {
    return new Promise((resolve, reject) => {
      const callOff = this.process.host.after(ms, () => reject(new Error('timeout')));
      const end = this.#end;
      end?.send(() => {
        const answer = (give: () => void) => {
          if (end.peer.isBroken) return false;
          end.peer.send(() => {
            callOff();
            give();
          });
          return true;
        };
        try {
          ask(this.server, (value) => answer(() => resolve(value)));
        } catch (error) {
          answer(() => reject(error));
        }
      });
    });
  }

  /** Says something that nobody answers. */
  say(what: (server: NatsServer) => void): void {
    this.#end?.send(() => what(this.server));
  }

  #connect(): void {
    if (this.#closed || !this.process.alive) return;
    const again = () => this.process.host.after(RECONNECT_MS, () => this.#connect());
    const connected = (end: End) => {
      if (this.#closed) return end.reset();
      this.#end = end;
      end.onBroken.push(() => {
        this.#end = null;
        again();
      });
    };
    this.network.connect(this.process, () => this.server.process, connected, again);
  }
}

/** The coordinator's road, as its Offers keep it. */
export class SimOffers {
  readonly maxBytes = 1024 * 1024;
  #segments = new Set<string>();

  constructor(private readonly client: NatsClient) {}

  async publish(shard: Shard): Promise<boolean> {
    await this.#ensureSegment(shard.segment);
    return this.client.request<boolean>((server, answer) => answer(server.publish(shard)));
  }

  async rebuild(segment: string | null): Promise<void> {
    await this.#request((server) => server.addStream());
    for (const one of segment === null ? [...this.#segments] : [segment]) {
      this.#segments.delete(one);
      if (segment !== null) await this.#request((server) => server.deleteDurable(one));
      await this.#ensureSegment(one);
    }
  }

  async #ensureSegment(segment: string): Promise<void> {
    if (this.#segments.has(segment)) return;
    await this.#request((server) => server.addDurable(segment));
    this.#segments.add(segment);
  }

  #request(what: (server: NatsServer) => void): Promise<boolean> {
    return this.client.request<boolean>((server, answer) => {
      what(server);
      return answer(true);
    });
  }
}

/** An agent's road, as its Shards keep it. */
export class SimShards {
  readonly server = 'nats';
  readonly up = true;

  constructor(
    private readonly client: NatsClient,
    /** An acknowledgement leaves the agent. */
    private readonly acknowledging: (shard: Shard) => void,
  ) {}

  async pull(storeId: string, segment: string, signal: AbortSignal): Promise<Offer | 'foreign' | null> {
    if (!this.client.isUp) throw new Error('NATS is away');
    const message = await this.client.request<Message | null>(
      (server, answer) => server.pull(segment, answer),
      PULL_MS + ANSWER_MS,
    );
    if (message === null) return null;
    const { seq, shard } = message;
    if (shard.storeId !== storeId || signal.aborted) {
      this.client.say((server) => server.nak(segment, seq, signal.aborted ? 0 : FOREIGN_MS));
      return signal.aborted ? null : 'foreign';
    }
    return {
      shard,
      bytes: null,
      working: () => this.client.say((server) => server.working(segment, seq)),
      done: async () => {
        this.acknowledging(shard);
        this.client.say((server) => server.ack(segment, seq));
      },
      later: (ms) => this.client.say((server) => server.nak(segment, seq, ms)),
    };
  }

  async present(): Promise<void> {}

  async [Symbol.asyncDispose](): Promise<void> {
    this.client.close();
  }
}

function idOf({ sweep, shard, offer }: Shard): string {
  return `${sweep}/${shard}/${offer}`;
}

function copyOf({ lastSeq, messages, acked, durables, ids }: Stream): Stream {
  const copied = [...durables].map(([segment, { next, pending }]): [string, Durable] => [
    segment,
    { next, pending: new Map(pending), pulls: [] },
  ]);
  return {
    lastSeq,
    messages: new Map(messages),
    acked: [...acked],
    durables: new Map(copied),
    ids: new Map(ids),
  };
}
