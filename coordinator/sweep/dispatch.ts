// Offers work to agents: forms shards of waiting devices, makes them durable, publishes them. Little lies in
// NATS at a time, chosen fairly over sweeps, so that a sweep of one device never queues behind a large one and
// the limit on devices at once holds over all agents.
import { Shard } from '../../proto/gen/netsweep/v1/agent.js';
import type { Books } from '../books.js';
import type { AgentLink, Presence } from '../intake/presence.js';
import type { Write } from '../store/store.js';
import type { ActiveSweep } from './activesweep.js';
import type { Offers } from './offers.js';
import type { OpenShard } from './shards.js';

/** Most devices in one shard: a lost agent costs little, and the tail stays short. */
const SHARD_DEVICES = 32;
/** How long after an offer nobody draws conclusions from empty pulls, in ms; a claim may be under way. */
const CLAIM_GRACE_MS = 500;

export class Dispatch {
  #turn = 0;

  constructor(
    private readonly books: Books,
    private readonly presence: Presence,
    private readonly offers: Pick<Offers, 'publish' | 'rebuild'>,
    private readonly warn: (error: unknown, what: string) => void,
  ) {}

  /** Offers whatever may be offered now, and publishes again what could not be published before. */
  async offer(): Promise<void> {
    const writes: Write[] = [];
    const formed = this.#form(this.books.host.monotonicMs(), writes);
    await this.books.commit(writes);
    const unpublished = [...this.books.ledger.shards()].filter(
      (shard) =>
        shard.lease === null && shard.offeredAt === Number.POSITIVE_INFINITY && !formed.includes(shard),
    );
    await Promise.all([...formed, ...unpublished].map((shard) => this.#publish(shard)));
  }

  /**
   * An able agent found nothing. Offers that its pull should have met were lost on the road: they are offered
   * again, at the second loss over a new durable, at the third over gRPC.
   */
  async missed(link: AgentLink, segment: string, pulledMs: number): Promise<void> {
    const began = this.books.host.monotonicMs() - pulledMs;
    const lost = [...this.books.ledger.shards()].filter(
      (shard) =>
        shard.lease === null &&
        shard.row.segment === segment &&
        shard.offeredAt + CLAIM_GRACE_MS < began &&
        shard.quietUntil + CLAIM_GRACE_MS < began,
    );
    if (lost.length === 0) return;
    const writes: Write[] = [];
    for (const shard of lost) {
      shard.misses += 1;
      this.books.ledger.reoffer(shard, writes);
    }
    await this.books.commit(writes);
    if (lost.some((shard) => shard.misses === 2))
      await this.offers.rebuild(segment).catch((e) => this.warn(e, 'rebuild'));
    for (const shard of lost) {
      if (shard.misses < 3) await this.#publish(shard);
      else {
        link.send({ $case: 'offer', value: this.#message(shard) });
        shard.offeredAt = this.books.host.monotonicMs();
      }
    }
  }

  #form(now: number, writes: Write[]): OpenShard[] {
    const formed: OpenShard[] = [];
    const sweeps = [...this.books.ledger.sweeps.values()].filter((sweep) => sweep.halt === null);
    const segments = [...new Set(sweeps.flatMap((sweep) => sweep.segments()))];
    const rooms = new Map(segments.map((segment) => [segment, this.#room(segment)]));
    this.#turn += 1;
    // A shard of each sweep and segment in turn: what is scarce is shared, not taken by the first in line.
    for (let progress = true; progress; ) {
      progress = false;
      for (const segment of rotate(segments, this.#turn)) {
        for (const sweep of rotate(sweeps, this.#turn)) {
          const room = rooms.get(segment) ?? 0;
          const shard = this.#formOne(sweep, segment, room, now, writes);
          if (shard === null) continue;
          formed.push(shard);
          rooms.set(segment, room - shard.devices.length);
          progress = true;
        }
      }
    }
    return formed;
  }

  #formOne(
    sweep: ActiveSweep,
    segment: string,
    room: number,
    now: number,
    writes: Write[],
  ): OpenShard | null {
    const { forks } = sweep.row.options;
    const most = Math.min(room, forks - sweep.inShards, this.#shardSize(sweep));
    return most < 1 ? null : this.books.ledger.form(sweep, segment, most, now, writes);
  }

  /** Each agent should meet a few shards, so that nobody idles while one is slow. */
  #shardSize(sweep: ActiveSweep): number {
    const agents = Math.max(1, this.presence.all().length);
    const atOnce = Math.min(sweep.row.options.forks, sweep.states.length);
    return Math.max(1, Math.min(SHARD_DEVICES, Math.ceil(atOnce / (4 * agents))));
  }

  #room(segment: string): number {
    if (this.presence.able(segment).length === 0) return 0;
    let offered = 0;
    for (const shard of this.books.ledger.shards())
      if (shard.lease === null && shard.row.segment === segment) offered += shard.devices.length;
    return 2 * this.presence.freeSlots(segment) + 8 - offered;
  }

  async #publish(shard: OpenShard): Promise<void> {
    try {
      const published = await this.offers.publish(this.#message(shard));
      if (published) shard.offeredAt = this.books.host.monotonicMs();
      else {
        const writes: Write[] = [];
        this.books.ledger.reoffer(shard, writes);
        await this.books.commit(writes);
      }
    } catch (error) {
      this.warn(error, 'an offer could not be published; it is tried again');
      await this.offers.rebuild(null).catch((again: unknown) => this.warn(again, 'NATS could not be set up'));
    }
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
