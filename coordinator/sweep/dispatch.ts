// Offers work to agents: has shards formed, makes them durable, publishes them, and offers again what gets lost.
// Where NATS takes nothing for a while, or an agent can't reach it, offers go over the agent's own stream: slower to
// spread, but no sweep waits for NATS.
import { type PullEmpty, Shard } from '../../proto/gen/netsweep/v1/agent.js';
import type { Books } from '../books.js';
import type { AgentLink, Presence } from '../intake/presence.js';
import type { Write } from '../store/store.js';
import type { ActiveSweep } from './activesweep.js';
import { Forming, isTooLarge, messageOf } from './forming.js';
import { Lanes } from './lanes.js';
import type { OpenShard } from './shards.js';

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
  readonly #forming: Forming;
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
    this.#forming = new Forming(books, presence, road);
    this.#lanes = new Lanes(DIRECT_AFTER_MS, warn);
  }

  /**
   * Offers whatever may be offered now, and begins to publish again what could not be published before. Resolves with
   * when to come again for what is still to grow, on the monotonic clock.
   */
  async offer(): Promise<number> {
    if (this.books.pause.reason !== '') return Number.POSITIVE_INFINITY;
    const now = this.books.host.monotonicMs();
    const writes: Write[] = [];
    const due = this.#forming.form(now, writes);
    if (writes.length > 0) await this.books.commit(writes);
    if (this.#lanes.anyShutForLong(now)) this.#mend();
    for (const shard of this.books.ledger.shards()) {
      if (shard.lease !== null || Number.isFinite(shard.offeredAt) || this.#sending.has(shard)) continue;
      const way = this.#lanes.way(shard.row.segment, now);
      if (way === 'nats') this.#send(shard, () => this.#publish(shard));
      else if (way === 'direct') this.#sendDirectly(shard, this.#target(shard));
    }
    return due;
  }

  /**
   * An able agent found nothing. Offers that its pull should have met were lost on the road: they are offered
   * again, at the second loss over a new durable, at the third over gRPC. An agent that can't reach NATS at all has
   * looked at nothing; what lies there untaken it gets directly.
   */
  async missed(link: AgentLink, pull: PullEmpty): Promise<void> {
    if (!pull.unanswered) this.#cutOff.delete(link);
    if (this.books.pause.reason !== '') return;
    if (!this.presence.takes(link) || (pull.unanswered && pull.pulledMs < DIRECT_AFTER_MS)) return;
    if (pull.unanswered) this.#sayCutOff(link);
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
    this.books.counted.reoffers.add('', lost.length);
    const again = this.#again(lost, link, pull, writes);
    for (const shard of lost) this.#send(shard, () => again.then((ready) => ready(shard)));
    await Promise.all(lost.map((shard) => this.#sending.get(shard)));
  }

  /** What agents got from NATS is not what we had offered: for a while it goes there directly. */
  distrust(segment: string): void {
    this.#lanes.distrust(segment, this.books.host.monotonicMs());
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
      if (shard.sweep.row.options.agent !== '') this.#sendDirectly(shard, this.#target(shard));
      else if (unanswered || shard.misses >= 3) this.#sendDirectly(shard, link);
      else await this.#publish(shard);
    };
  }

  #send(shard: OpenShard, work: () => Promise<void>): void {
    this.#sending.set(
      shard,
      work().finally(() => this.#sending.delete(shard)),
    );
  }

  async #publish(shard: OpenShard): Promise<void> {
    const { segment } = shard.row;
    const { host, ledger, counted } = this.books;
    const message = messageOf(this.books.store.id, shard);
    // One device with more to say than NATS carries: a sweep with platforms of its own, or a very small limit.
    if (isTooLarge(message, this.road) || shard.sweep.row.options.agent !== '')
      return this.#sendDirectly(shard, this.#target(shard));
    try {
      const published = await this.road.publish(message);
      this.#lanes.open(segment);
      if (published) counted.offers.add('nats');
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
    this.books.counted.offers.add('direct');
    this.#sentTo.set(shard, link.hello.instance);
    const message = messageOf(this.books.store.id, shard);
    if (link.hello.verifies)
      link.send({ $case: 'offerBytes', value: Buffer.from(Shard.encode(message).finish()) });
    else link.send({ $case: 'offer', value: message });
    shard.offeredAt = this.books.host.monotonicMs();
  }

  /** Who gets an offer directly: the agent that it is for, or the one with most room. */
  #target({ row, sweep }: OpenShard): AgentLink | null {
    const { agent } = sweep.row.options;
    const [first] = this.presence
      .able(row.segment)
      .filter(({ hello }) => agent === '' || hello.name === agent)
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
}
