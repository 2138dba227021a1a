// Forms shards of waiting devices: how many, of which sweep, how large. Little is offered at a time, chosen fairly
// over sweeps, so that a sweep of one device never queues behind a large one and the limit on devices at once
// holds over all agents.
import { Shard } from '../../proto/gen/netsweep/v1/agent.js';
import type { Books } from '../books.js';
import type { Presence } from '../intake/presence.js';
import type { Write } from '../store/store.js';
import type { ActiveSweep } from './activesweep.js';
import type { OpenShard } from './shards.js';

/** Most devices in one shard: a lost agent costs little, and the tail stays short. */
const SHARD_DEVICES = 64;
/** Devices offered in a segment beyond twice its free slots, so that a slot that frees finds work. */
const SPARE_DEVICES = 8;
/** How long places that have become free wait for more, to be filled by one shard, in ms: each has a price of its own. */
export const GATHER_MS = 80;

export class Forming {
  #turn = 0;
  /** Segments in which a sweep has had its first turn. */
  readonly #met = new WeakMap<ActiveSweep, Set<string>>();
  /** When a sweep had its latest shard in a segment. */
  readonly #formedAt = new WeakMap<ActiveSweep, Map<string, number>>();
  /** When places that wait for more are filled as they are; Infinity: none wait. */
  #due = Number.POSITIVE_INFINITY;

  constructor(
    private readonly books: Books,
    private readonly presence: Presence,
    private readonly road: { readonly maxBytes: number },
  ) {}

  /** As many shards as may be offered now. Returns when to come again for those that are still to grow. */
  form(now: number, writes: Write[]): number {
    this.#due = Number.POSITIVE_INFINITY;
    const sweeps = [...this.books.ledger.sweeps.values()].filter((sweep) => sweep.halt === null);
    const segments = [...new Set(sweeps.flatMap((sweep) => sweep.segments()))];
    for (const segment of segments) this.#makeRoom(segment, sweeps, writes);
    const rooms = new Map(segments.map((segment) => [segment, this.#room(segment)]));
    this.#turn += 1;
    const lessFirst = rotate(sweeps, this.#turn).sort((one, other) => one.inShards - other.inShards);
    // A shard of each sweep and segment in turn: what is scarce is shared, not taken by the first in line.
    for (let progress = true; progress; ) {
      progress = false;
      for (const segment of rotate(segments, this.#turn)) {
        for (const sweep of lessFirst) {
          const room = rooms.get(segment) ?? 0;
          const shard = this.#formOne(sweep, segment, room, now, writes);
          if (shard === null) continue;
          rooms.set(segment, room - shard.devices.length);
          progress = true;
        }
      }
    }
    return this.#due;
  }

  /** A newcomer does not wait until what others have been offered is claimed: that goes back in line, behind it. */
  #makeRoom(segment: string, sweeps: ActiveSweep[], writes: Write[]): void {
    const newcomers = sweeps.filter((sweep) => this.#isNew(sweep, segment));
    if (newcomers.length === 0 || this.#room(segment) > 0) return;
    for (const sweep of sweeps)
      if (!newcomers.includes(sweep)) this.books.ledger.withdraw(sweep, segment, writes);
  }

  /** Once, for a sweep with devices in the segment. */
  #isNew(sweep: ActiveSweep, segment: string): boolean {
    const met = this.#met.get(sweep) ?? new Set();
    if (met.has(segment) || !sweep.segments().includes(segment)) return false;
    this.#met.set(sweep, met.add(segment));
    return true;
  }

  #formOne(
    sweep: ActiveSweep,
    segment: string,
    room: number,
    now: number,
    writes: Write[],
  ): OpenShard | null {
    const wanted = this.#shardSize(sweep);
    const most = Math.min(room, sweep.room, wanted);
    if (most < 1 || (most < Math.min(wanted, sweep.waiting(segment)) && this.#gathers(sweep, segment, now)))
      return null;
    const shard = this.books.ledger.form(sweep, segment, most, now, writes);
    if (shard === null) return null;
    this.#cut(shard, writes);
    const formedAt = this.#formedAt.get(sweep) ?? new Map<string, number>();
    this.#formedAt.set(sweep, formedAt.set(segment, now));
    return shard;
  }

  /** While others of the sweep are under way, a shard that could be larger waits a moment for their places. */
  #gathers(sweep: ActiveSweep, segment: string, now: number): boolean {
    const due = (this.#formedAt.get(sweep)?.get(segment) ?? Number.NEGATIVE_INFINITY) + GATHER_MS;
    if (sweep.inShards === 0 || due <= now) return false;
    this.#due = Math.min(this.#due, due);
    return true;
  }

  /** Down to what the road carries in one message. */
  #cut(shard: OpenShard, writes: Write[]): void {
    while (shard.devices.length > 1 && isTooLarge(messageOf(this.books.store.id, shard), this.road))
      this.books.ledger.shrink(shard, Math.floor(shard.devices.length / 2), writes);
  }

  /** Each agent should meet a few shards, so that nobody idles while one is slow. */
  #shardSize(sweep: ActiveSweep): number {
    const agents = Math.max(1, this.presence.all().length);
    const atOnce = Math.min(sweep.row.options.forks, sweep.states.length);
    return Math.max(1, Math.min(SHARD_DEVICES, Math.ceil(atOnce / (4 * agents))));
  }

  /** Devices that may still be offered in a segment. */
  #room(segment: string): number {
    if (this.presence.able(segment).length === 0) return 0;
    let offered = 0;
    for (const shard of this.books.ledger.shards())
      if (shard.lease === null && shard.row.segment === segment) offered += shard.devices.length;
    return 2 * this.presence.freeSlots(segment) + SPARE_DEVICES - offered;
  }
}

/** A shard as agents get it. */
export function messageOf(storeId: string, { sweep, row, devices }: OpenShard): Shard {
  return Shard.create({
    storeId,
    sweep: sweep.id,
    shard: row.shard,
    offer: row.offer,
    segment: row.segment,
    options: sweep.row.options,
    devices: devices.map((state) => state.device),
  });
}

export function isTooLarge(message: Shard, { maxBytes }: { readonly maxBytes: number }): boolean {
  return Shard.encode(message).finish().length > maxBytes;
}

function rotate<T>(list: T[], by: number): T[] {
  if (list.length === 0) return list;
  const at = by % list.length;
  return [...list.slice(at), ...list.slice(0, at)];
}
