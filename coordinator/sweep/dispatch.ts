// Offers work to agents: forms shards of waiting devices, makes them durable, publishes them. Little lies in
// NATS at a time, chosen fairly over sweeps, so that a sweep of one device never queues behind a large one and
// the limit on devices at once holds over all agents.
//
// Where NATS takes nothing for a while, or an agent can't reach it, offers go over the agent's own stream: slower to
// spread, but no sweep waits for NATS.
import { type PullEmpty, Shard } from '../../proto/gen/netsweep/v1/agent.js';
import type { Books } from '../books.js';
import type { AgentLink, Presence } from '../intake/presence.js';
import type { Write } from '../store/store.js';
import type { ActiveSweep } from './activesweep.js';
import { Lanes } from './lanes.js';
import type { OpenShard } from './shards.js';

/** Most devices in one shard: a lost agent costs little, and the tail stays short. */
const SHARD_DEVICES = 32;
/** How long after an offer nobody draws conclusions from empty pulls, in ms; a claim may be under way. */
const CLAIM_GRACE_MS = 500;
/** How long NATS may be away before offers go without it, in ms. */
const DIRECT_AFTER_MS = 5_000;
/** Least time between two rebuilds of the road, in ms. */
const MEND_EVERY_MS = 1_000;

/** What carries offers to agents. */
export interface Road {
  /** Most bytes of one offer. */
  readonly maxBytes: number;
  /** False: this very offer has been published before, so nothing new lies there. */
  publish(shard: Shard): Promise<boolean>;
  /** Makes again what may have been lost; of one segment also what looks sound. */
  rebuild(segment: string | null): Promise<void>;
}

export class Dispatch {
  #turn = 0;
  readonly #lanes: Lanes;
  /** Offers on their way out; nobody else publishes these. */
  readonly #sending = new Map<OpenShard, Promise<void>>();
  /** Which instance an offer went to directly. */
  readonly #sentTo = new WeakMap<OpenShard, string>();
  /** Agents that say they can't reach NATS. */
  readonly #cutOff = new WeakSet<AgentLink>();
  #mending: Promise<void> | null = null;
  #mendedAt = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly books: Books,
    private readonly presence: Presence,
    private readonly road: Road,
    private readonly warn: (error: unknown, what: string) => void,
  ) {
    this.#lanes = new Lanes(DIRECT_AFTER_MS, warn);
  }

  /** Offers whatever may be offered now, and begins to publish again what could not be published before. */
  async offer(): Promise<void> {
    if (this.books.pause.reason !== '') return;
    const now = this.books.host.monotonicMs();
    const writes: Write[] = [];
    this.#form(now, writes);
    await this.books.commit(writes);
    if (this.#lanes.anyShutForLong(now)) this.#mend();
    for (const shard of this.books.ledger.shards()) {
      if (shard.lease !== null || Number.isFinite(shard.offeredAt) || this.#sending.has(shard)) continue;
      const way = this.#lanes.way(shard.row.segment, now);
      if (way === 'nats') this.#send(shard, () => this.#publish(shard));
      else if (way === 'direct') this.#sendDirectly(shard, this.#freest(shard.row.segment));
    }
  }

  /**
   * An able agent found nothing. Offers that its pull should have met were lost on the road: they are offered
   * again, at the second loss over a new durable, at the third over gRPC. An agent that can't reach NATS at all has
   * looked at nothing; what lies there untaken it gets directly.
   */
  async missed(link: AgentLink, pull: PullEmpty): Promise<void> {
    if (!pull.unanswered) this.#cutOff.delete(link);
    if (link.draining || (pull.unanswered && pull.pulledMs < DIRECT_AFTER_MS)) return;
    if (pull.unanswered) this.#sayCutOff(link);
    if (this.books.pause.reason !== '') return;
    const { ledger, host } = this.books;
    const before = host.monotonicMs() - CLAIM_GRACE_MS - (pull.unanswered ? 0 : pull.pulledMs);
    let room = pull.unanswered ? this.#room(link) : Number.POSITIVE_INFINITY;
    const writes: Write[] = [];
    const lost: OpenShard[] = [];
    for (const shard of this.#unclaimed(pull.segment)) {
      if (this.#sending.has(shard) || shard.offeredAt >= before || shard.quietUntil >= before) continue;
      if (room <= 0) break;
      room -= shard.devices.length;
      if (!pull.unanswered) shard.misses += 1;
      ledger.reoffer(shard, writes);
      lost.push(shard);
    }
    const again = this.#again(lost, link, pull, writes);
    for (const shard of lost) this.#send(shard, () => again.then((ready) => ready(shard)));
    await Promise.all(lost.map((shard) => this.#sending.get(shard)));
  }

  /** Why a sweep's offers do not go the way they should; empty: they do. */
  trouble(sweep: ActiveSweep): string {
    const segments = new Set(sweep.segments());
    for (const shard of this.books.ledger.shards())
      if (shard.sweep === sweep && shard.lease === null) segments.add(shard.row.segment);
    return this.#lanes.trouble(segments, this.books.host.monotonicMs());
  }

  /** Resolves when nothing is on its way out any more. */
  async idle(): Promise<void> {
    await Promise.all([...this.#sending.values(), this.#mending]);
  }

  /** Makes sure of their new numbers and of the road; resolves with how each is then sent. */
  async #again(
    lost: OpenShard[],
    link: AgentLink,
    { segment, unanswered }: PullEmpty,
    writes: Write[],
  ): Promise<(shard: OpenShard) => Promise<void>> {
    await this.books.commit(writes);
    if (lost.some((shard) => shard.misses === 2))
      await this.road.rebuild(segment).catch((error: unknown) => this.warn(error, 'rebuild'));
    return async (shard) => {
      if (unanswered || shard.misses >= 3) this.#sendDirectly(shard, link);
      else await this.#publish(shard);
    };
  }

  #send(shard: OpenShard, work: () => Promise<void>): void {
    this.#sending.set(
      shard,
      work().finally(() => this.#sending.delete(shard)),
    );
  }

  #form(now: number, writes: Write[]): void {
    const sweeps = [...this.books.ledger.sweeps.values()].filter((sweep) => sweep.halt === null);
    const segments = [...new Set(sweeps.flatMap((sweep) => sweep.segments()))];
    const rooms = new Map(segments.map((segment) => [segment, this.#roomIn(segment)]));
    this.#turn += 1;
    // A shard of each sweep and segment in turn: what is scarce is shared, not taken by the first in line.
    for (let progress = true; progress; ) {
      progress = false;
      for (const segment of rotate(segments, this.#turn)) {
        for (const sweep of rotate(sweeps, this.#turn)) {
          const room = rooms.get(segment) ?? 0;
          const shard = this.#formOne(sweep, segment, room, now, writes);
          if (shard === null) continue;
          rooms.set(segment, room - shard.devices.length);
          progress = true;
        }
      }
    }
  }

  #formOne(
    sweep: ActiveSweep,
    segment: string,
    room: number,
    now: number,
    writes: Write[],
  ): OpenShard | null {
    const most = Math.min(room, sweep.room, this.#shardSize(sweep));
    if (most < 1) return null;
    const shard = this.books.ledger.form(sweep, segment, most, now, writes);
    if (shard !== null) this.#cut(shard, writes);
    return shard;
  }

  /** Down to what the road carries in one message. */
  #cut(shard: OpenShard, writes: Write[]): void {
    while (
      shard.devices.length > 1 &&
      Shard.encode(this.#message(shard)).finish().length > this.road.maxBytes
    )
      this.books.ledger.shrink(shard, Math.floor(shard.devices.length / 2), writes);
  }

  /** Each agent should meet a few shards, so that nobody idles while one is slow. */
  #shardSize(sweep: ActiveSweep): number {
    const agents = Math.max(1, this.presence.all().length);
    const atOnce = Math.min(sweep.row.options.forks, sweep.states.length);
    return Math.max(1, Math.min(SHARD_DEVICES, Math.ceil(atOnce / (4 * agents))));
  }

  /** Devices that may still be offered in a segment. */
  #roomIn(segment: string): number {
    if (this.presence.able(segment).length === 0) return 0;
    const offered = this.#unclaimed(segment).reduce((sum, { devices }) => sum + devices.length, 0);
    return 2 * this.presence.freeSlots(segment) + 8 - offered;
  }

  async #publish(shard: OpenShard): Promise<void> {
    const { segment } = shard.row;
    const { host, ledger } = this.books;
    const message = this.#message(shard);
    // One device with more to say than NATS carries: a sweep with platforms of its own, or a very small limit.
    if (Shard.encode(message).finish().length > this.road.maxBytes)
      return this.#sendDirectly(shard, this.#freest(segment));
    try {
      const published = await this.road.publish(message);
      this.#lanes.open(segment);
      if (published) shard.offeredAt = host.monotonicMs();
      else {
        const writes: Write[] = [];
        ledger.reoffer(shard, writes);
        await this.books.commit(writes);
      }
    } catch (error) {
      this.#lanes.shut(segment, host.monotonicMs(), error);
      this.#mend();
    }
  }

  /** At most one at a time and now and then: whatever the road needs is made again where it is missing. */
  #mend(): void {
    const now = this.books.host.monotonicMs();
    if (this.#mending !== null || now - this.#mendedAt < MEND_EVERY_MS) return;
    this.#mendedAt = now;
    this.#mending = this.road
      .rebuild(null)
      .then(
        () => this.#lanes.mended(),
        () => undefined, // what is wrong has just been said
      )
      .finally(() => {
        this.#mending = null;
      });
  }

  /** Over the agent's own stream; without an agent that has room the offer waits for the next look. */
  #sendDirectly(shard: OpenShard, link: AgentLink | null): void {
    if (link === null) return;
    this.#sentTo.set(shard, link.hello.instance);
    link.send({ $case: 'offer', value: this.#message(shard) });
    shard.offeredAt = this.books.host.monotonicMs();
  }

  #freest(segment: string): AgentLink | null {
    const [first] = this.presence
      .able(segment)
      .map((link) => ({ link, room: this.#room(link) }))
      .filter(({ room }) => room > 0)
      .sort((one, other) => other.room - one.room);
    return first?.link ?? null;
  }

  /** Sessions that the agent could open beyond those it has and those it has just been sent. */
  #room({ hello: { instance, forks } }: AgentLink): number {
    const since = this.books.host.monotonicMs() - CLAIM_GRACE_MS;
    let sent = 0;
    for (const shard of this.books.ledger.shards())
      if (shard.lease === null && shard.offeredAt >= since && this.#sentTo.get(shard) === instance)
        sent += shard.devices.length;
    return forks - this.books.ledger.running({ instance }) - sent;
  }

  #unclaimed(segment: string): OpenShard[] {
    return [...this.books.ledger.shards()].filter(
      (shard) => shard.lease === null && shard.row.segment === segment,
    );
  }

  #sayCutOff(link: AgentLink): void {
    if (this.#cutOff.has(link)) return;
    this.#cutOff.add(link);
    this.warn(null, `agent ${link.hello.name} can't reach NATS: it is offered work over gRPC`);
  }

  #message(shard: OpenShard): Shard {
    return Shard.create({
      storeId: this.books.store.id,
      sweep: shard.sweep.id,
      shard: shard.row.shard,
      offer: shard.row.offer,
      segment: shard.row.segment,
      options: shard.sweep.row.options,
      devices: shard.devices.map((state) => state.device),
    });
  }
}

function rotate<T>(list: T[], by: number): T[] {
  if (list.length === 0) return list;
  const at = by % list.length;
  return [...list.slice(at), ...list.slice(0, at)];
}
