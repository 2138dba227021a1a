// An agent asks for an offered shard: it gets the lease, or hears why not. The ledger's part that chooses; what is
// granted is in the ledger's shards, and on disk before the answer leaves.
import type { ClaimRequest } from '../../proto/gen/netsweep/v1/agent.js';
import type { ShardRow, Write } from '../store/store.js';
import type { DeviceState } from './activesweep.js';
import type { Endpoints } from './endpoints.js';
import type { Fitness } from './fitness.js';
import type { OpenLease, OpenShard, Shards } from './shards.js';

/** A claim, the claimant's name, and whether another agent of the segment may take the work. */
export type Claim = ClaimRequest & { hasSibling?: (segment: string) => boolean; agent?: string };

export type ClaimAnswer =
  | { answer: 'grant'; shard: OpenShard; epoch: string; devices: DeviceState[] }
  | { answer: 'drop'; reason: string }
  | Later;

interface Later {
  answer: 'later';
  ms: number;
  reason: string;
  /** The agent is to pull nothing for so long. */
  restMs?: number;
}

/** When to ask again, or to offer again, what another agent is to have, in ms. */
const RESTING_MS = 200;
/** How long an agent that rests is told to, in ms: its siblings may be gone by then. */
const REST_TOLD_MS = 2_000;
/** When to look again for an endpoint that a lease holds, in ms. */
const HELD_MS = 500;
/** When an offer that is held may be asked for again at the earliest, in ms. */
const HELD_LEAST_MS = 100;

export class Claims {
  #epochs = 0;

  constructor(
    private readonly shards: Shards,
    private readonly endpoints: Endpoints,
    private readonly fitness: Fitness,
    private readonly termMs: number,
    private readonly incarnation: string,
  ) {}

  /** `closed`: why nothing is granted now, and for how long; null: it is. */
  answer(
    claim: Claim,
    now: number,
    closed: { ms: number; reason: string } | null,
    writes: Write[],
  ): ClaimAnswer {
    const shard = this.shards.get(claim.sweep, claim.shard);
    if (shard === undefined) return { answer: 'drop', reason: 'finished' };
    if (shard.lease !== null) return this.#repeated(shard, shard.lease, claim, now);
    if (claim.offer < shard.row.offer) return { answer: 'drop', reason: 'an older offer' };
    if (shard.sweep.halt !== null) return { answer: 'drop', reason: 'the sweep takes no more work' };
    const { agent } = shard.sweep.row.options;
    if (agent !== '' && agent !== claim.agent) return { answer: 'drop', reason: 'it is for another agent' };
    if (closed !== null) return later(shard, closed.ms, now, closed.reason);
    const mayLeave = claim.hasSibling?.(shard.row.segment) === true;
    const restMs = mayLeave ? this.fitness.restMs(claim.instance, now) : 0;
    if (restMs > 0) {
      const reason = 'its siblings reach what it does not';
      return { ...later(shard, RESTING_MS, now, reason), restMs: Math.min(Math.ceil(restMs), REST_TOLD_MS) };
    }
    return this.#grant(shard, claim, mayLeave, now, writes);
  }

  /** What is free, and not for another instance; the rest goes back in line. */
  #grant(shard: OpenShard, claim: Claim, mayLeave: boolean, now: number, writes: Write[]): ClaimAnswer {
    const epoch = `${this.incarnation}.${++this.#epochs}`;
    const isForOthers = ({ missed }: DeviceState) =>
      mayLeave && missed?.instance === claim.instance && missed.until > now;
    const others = shard.devices.filter(isForOthers);
    const granted: DeviceState[] = [];
    const busy: DeviceState[] = [];
    for (const state of shard.devices)
      if (!isForOthers(state)) (this.endpoints.take(state.endpoint, epoch, now) ? granted : busy).push(state);
    if (busy.length > 0)
      shard.sweep.requeue(busy, Math.min(...busy.map((state) => this.#freeAt(state, now))));
    if (others.length > 0) shard.sweep.requeue(others, now + RESTING_MS);
    shard.devices = granted;
    if (granted.length === 0) {
      this.shards.close(shard, writes);
      const whose = others.length > 0 ? 'for another agent' : 'busy';
      return { answer: 'drop', reason: `its devices are ${whose}; they are offered again` };
    }
    const devices = granted.map((state) => state.device.index);
    shard.row = { ...shard.row, epoch, holder: claim.instance, claimId: claim.claimId, devices };
    shard.lease = leaseOf(shard.row, granted, now, now + this.termMs);
    writes.push({ write: 'shard', row: shard.row });
    return { answer: 'grant', shard, epoch, devices: granted };
  }

  #repeated(shard: OpenShard, lease: OpenLease, { claimId, instance }: Claim, now: number): ClaimAnswer {
    if (lease.claimId !== claimId || lease.holder !== instance || lease.expiresAt <= now) {
      const ms = Math.max(HELD_LEAST_MS, Math.ceil(lease.expiresAt - now));
      return { answer: 'later', ms, reason: 'held by another' };
    }
    lease.expiresAt = now + this.termMs;
    const devices = shard.devices.filter((state) => lease.left.has(state.device.index));
    return { answer: 'grant', shard, epoch: lease.epoch, devices };
  }

  #freeAt(state: DeviceState, now: number): number {
    const freeAt = this.endpoints.freeAt(state.endpoint);
    return Number.isFinite(freeAt) ? freeAt : now + HELD_MS;
  }
}

export function leaseOf(row: ShardRow, devices: DeviceState[], now: number, expiresAt: number): OpenLease {
  const { epoch, holder, claimId } = row;
  const left = new Set(devices.map((state) => state.device.index));
  return { epoch, holder, claimId, expiresAt, left, inSession: new Set(), progressAt: now };
}

function later(shard: OpenShard, ms: number, now: number, reason: string): Later {
  shard.quietUntil = now + ms;
  return { answer: 'later', ms: Math.ceil(ms), reason };
}
