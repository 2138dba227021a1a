// The shards that have been formed and not closed: what the ledger offers, leases and takes results for.
import type { ShardRow, Write } from '../store/store.js';
import type { ActiveSweep, DeviceState } from './activesweep.js';

/** How much longer than its devices may take a lease may go without any of them ending, in ms. */
const NO_PROGRESS_MS = 30_000;

/** A shard that has been formed and not closed. */
export interface OpenShard {
  sweep: ActiveSweep;
  row: ShardRow;
  devices: DeviceState[];
  /** When the latest offer was published; Infinity: not yet. */
  offeredAt: number;
  /** No empty pull that began before this counts as a sign of loss. */
  quietUntil: number;
  /** Empty pulls that this offer should have met. */
  misses: number;
  lease: OpenLease | null;
}

export interface OpenLease {
  epoch: string;
  holder: string;
  claimId: string;
  expiresAt: number;
  /** Devices granted and not ended under this epoch. */
  left: Set<number>;
  /** Devices that sessions were opened to. */
  inSession: Set<number>;
  /** When one of them ended last, or the lease began. */
  progressAt: number;
}

export class Shards {
  readonly #open = new Map<string, OpenShard>();

  [Symbol.iterator](): Iterator<OpenShard> {
    return this.#open.values();
  }

  get(sweep: string, shard: number): OpenShard | undefined {
    return this.#open.get(shardKey(sweep, shard));
  }

  /** A shard that nobody has been offered yet. */
  add(sweep: ActiveSweep, row: ShardRow, devices: DeviceState[], now: number): OpenShard {
    const offeredAt = Number.POSITIVE_INFINITY;
    const shard: OpenShard = { sweep, row, devices, offeredAt, quietUntil: now, misses: 0, lease: null };
    this.#open.set(shardKey(row.sweep, row.shard), shard);
    return shard;
  }

  /** Its number is not used again; what still comes for it is too late. */
  close({ row }: OpenShard, writes: Write[]): void {
    this.#open.delete(shardKey(row.sweep, row.shard));
    writes.push({ write: 'dropShard', sweep: row.sweep, shard: row.shard });
  }

  /** Those of a sweep that nobody holds. */
  offered(sweep: ActiveSweep): OpenShard[] {
    return [...this.#open.values()].filter((shard) => shard.sweep === sweep && shard.lease === null);
  }

  lapsed(now: number): OpenShard[] {
    return [...this.#open.values()].filter(({ lease }) => lease !== null && lease.expiresAt <= now);
  }

  /** Devices leased now, over all shards of a sweep, or of an instance. */
  running(match: { sweep?: ActiveSweep; instance?: string }): number {
    let running = 0;
    for (const { sweep, lease } of this.#open.values())
      if (
        lease !== null &&
        (match.sweep === undefined || match.sweep === sweep) &&
        (match.instance === undefined || match.instance === lease.holder)
      )
        running += lease.left.size;
    return running;
  }
}

/** How long nothing may come of a shard's lease: what its slowest device may take, and a margin. */
export function patienceMs({ sweep, devices }: OpenShard): number {
  const { limits, retries } = sweep.row.options;
  const ownMs = devices.map(({ device }) => device.limits?.deviceMs ?? 0);
  const deviceMs = Math.max(limits?.deviceMs ?? 0, ...ownMs);
  return deviceMs === 0 ? Number.POSITIVE_INFINITY : deviceMs * (retries + 1) + NO_PROGRESS_MS;
}

function shardKey(sweep: string, shard: number): string {
  return `${sweep}/${shard}`;
}
