// The ledger: which agent instance may work on which devices, under which epoch, and what became of them.
// A pure state machine on a monotonic clock that is passed in; it takes a request and gives the answer and
// the writes that must be on disk before the answer leaves. Ownership lives here and in the store, never in
// NATS.
//
//   waiting --form--> offered --claim--> leased --result--> ended, or waiting again (retry, hand-back)
//                                          `----lapse----> waiting, after the lock delay
//
// An epoch is the incarnation of this coordinator and a counter; it is compared for equality only and grows
// old when the lease ends here. A result under an old epoch changes nothing.
import type { Lease, Result } from '../../proto/gen/netsweep/v1/agent.js';
import { HandedBack, Verdict } from '../../proto/gen/netsweep/v1/agent.js';
import {
  type Counts,
  type Credential,
  type Device,
  Failure,
  Kind,
  Stage,
  Status,
} from '../../proto/gen/netsweep/v1/model.js';
import type { Attempt } from '../../proto/gen/netsweep/v1/session.js';
import { SweepState } from '../../proto/gen/netsweep/v1/sweeps.js';
import type { OpenSweep, ShardRow, SweepRow, Write } from '../store/store.js';
import { ActiveSweep, type DeviceState, type Ending, type Halt } from './activesweep.js';
import { Endpoints } from './endpoints.js';

export interface Terms {
  termMs: number;
  lockDelayMs: number;
}

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

interface OpenLease {
  epoch: string;
  holder: string;
  claimId: string;
  expiresAt: number;
  /** Devices granted and not ended under this epoch. */
  left: Set<number>;
  /** When one of them ended last, or the lease began. */
  progressAt: number;
}

export type ClaimAnswer =
  | { answer: 'grant'; shard: OpenShard; epoch: string; devices: DeviceState[] }
  | { answer: 'drop'; reason: string }
  | { answer: 'later'; ms: number; reason: string };

/** How much longer than its devices may take a lease may go without any of them ending, in ms. */
const NO_PROGRESS_MS = 30_000;

/** A device that was there when this many workers died is not tried again. */
const WORKERS_LOST_MOST = 3;

/** How far a failed attempt is put off, in ms: doubling from a second, with up to half of it as jitter. */
export function backoffMs(attempts: number, random: () => number): number {
  return 1000 * 2 ** (attempts - 1) * (1 + random() / 2);
}

export class Ledger {
  readonly sweeps = new Map<string, ActiveSweep>();
  readonly endpoints = new Endpoints();
  readonly #shards = new Map<string, OpenShard>();
  #epochs = 0;
  /** Nothing is granted before this: a store behind its agents may have forgotten leases. */
  #holdUntil = 0;

  constructor(
    private readonly incarnation: string,
    private readonly terms: Terms,
    private readonly random: () => number = Math.random,
  ) {}

  add(row: SweepRow, devices: Device[], credentials: Credential[], writes: Write[]): ActiveSweep {
    const sweep = new ActiveSweep(row, devices, credentials);
    this.sweeps.set(row.id, sweep);
    writes.push({ write: 'sweep', row }, { write: 'devices', sweep: row.id, devices });
    for (const credential of credentials) writes.push({ write: 'secret', sweep: row.id, credential });
    return sweep;
  }

  /**
   * A sweep found in the store at start. Its leases are held for a whole term and lock delay from now, and
   * only the instance that holds one may renew it; offers that nobody claimed are forgotten.
   */
  restore(found: OpenSweep, now: number, writes: Write[]): ActiveSweep {
    const sweep = ActiveSweep.restore(found);
    this.sweeps.set(sweep.id, sweep);
    for (const row of found.shards) {
      if (row.epoch === '') {
        writes.push({ write: 'dropShard', sweep: sweep.id, shard: row.shard });
        continue;
      }
      const devices = sweep.states.filter(
        (state) => state.shard === row.shard && state.status === Status.UNSPECIFIED,
      );
      for (const state of devices) this.endpoints.take(state.endpoint, row.epoch, now);
      this.#shards.set(shardKey(sweep.id, row.shard), {
        sweep,
        row,
        devices,
        offeredAt: now,
        quietUntil: now,
        misses: 0,
        lease: {
          epoch: row.epoch,
          holder: row.holder,
          claimId: row.claimId,
          expiresAt: now + this.terms.termMs + this.terms.lockDelayMs,
          left: new Set(devices.map((state) => state.device.index)),
          progressAt: now,
        },
      });
    }
    return sweep;
  }

  /**
   * The store was rolled back: agents may hold leases it has forgotten, so nothing is granted until they end. What
   * a sweep that may write had still to do may have been done, so it ends interrupted.
   */
  holdAll(now: number, wallMs: number, writes: Write[]): void {
    this.#holdUntil = now + this.terms.termMs + this.terms.lockDelayMs;
    const message = 'the store was rolled back: whether its commands were sent is unknown';
    const failure = Failure.create({ kind: Kind.WORKER_LOST, stage: Stage.PLAN, message });
    for (const sweep of [...this.sweeps.values()])
      if (sweep.row.options.allowWrites)
        this.endWaiting(sweep, () => ({ status: Status.INTERRUPTED, failure }), wallMs, writes);
  }

  /** A new shard of `sweep` for `segment`, offered for the first time; null: nothing is ready. */
  form(sweep: ActiveSweep, segment: string, most: number, now: number, writes: Write[]): OpenShard | null {
    if (sweep.halt !== null || now < this.#holdUntil) return null;
    const devices = sweep.formShard(segment, most, this.endpoints, now, writes);
    const first = devices[0];
    if (first === undefined) return null;
    const row: ShardRow = {
      sweep: sweep.id,
      shard: first.shard,
      segment,
      offer: 1,
      epoch: '',
      holder: '',
      claimId: '',
      devices: devices.map((state) => state.device.index),
    };
    writes.push({ write: 'shard', row });
    const shard: OpenShard = {
      sweep,
      row,
      devices,
      offeredAt: Number.POSITIVE_INFINITY,
      quietUntil: now,
      misses: 0,
      lease: null,
    };
    this.#shards.set(shardKey(sweep.id, row.shard), shard);
    return shard;
  }

  /** Raises the offer number of an unleased shard; the next publication is another message. */
  reoffer(shard: OpenShard, writes: Write[]): void {
    shard.row = { ...shard.row, offer: shard.row.offer + 1 };
    shard.offeredAt = Number.POSITIVE_INFINITY;
    writes.push({ write: 'shard', row: shard.row });
  }

  /** Takes back offers that nobody has claimed; their devices wait in line again. */
  withdraw(sweep: ActiveSweep, segment: string, writes: Write[]): void {
    for (const shard of [...this.#shards.values()]) {
      if (shard.sweep !== sweep || shard.row.segment !== segment || shard.lease !== null) continue;
      sweep.requeue(shard.devices, 0);
      this.#close(shard, writes);
    }
  }

  shards(): Iterable<OpenShard> {
    return this.#shards.values();
  }

  claim(
    request: { instance: string; claimId: string; sweep: string; shard: number; offer: number },
    now: number,
    writes: Write[],
  ): ClaimAnswer {
    const shard = this.#shards.get(shardKey(request.sweep, request.shard));
    if (shard === undefined) return { answer: 'drop', reason: 'finished' };
    if (shard.lease !== null) return this.#repeatedClaim(shard, shard.lease, request, now);
    if (request.offer < shard.row.offer) return { answer: 'drop', reason: 'an older offer' };
    if (shard.sweep.halt !== null) return { answer: 'drop', reason: 'the sweep takes no more work' };
    if (now < this.#holdUntil) return this.#later(shard, this.#holdUntil - now, now, 'leases unknown');

    const epoch = `${this.incarnation}.${++this.#epochs}`;
    const granted: DeviceState[] = [];
    const busy: DeviceState[] = [];
    for (const state of shard.devices)
      (this.endpoints.take(state.endpoint, epoch, now) ? granted : busy).push(state);
    if (busy.length > 0)
      shard.sweep.requeue(busy, Math.min(...busy.map((state) => this.#freeAt(state, now))));
    shard.devices = granted;
    if (granted.length === 0) {
      this.#close(shard, writes);
      return { answer: 'drop', reason: 'its devices are busy; they are offered again' };
    }
    if (shard.sweep.row.options.allowWrites)
      for (const state of granted) shard.sweep.change(state, { started: true }, writes);
    shard.lease = {
      epoch,
      holder: request.instance,
      claimId: request.claimId,
      expiresAt: now + this.terms.termMs,
      left: new Set(granted.map((state) => state.device.index)),
      progressAt: now,
    };
    const devices = granted.map((state) => state.device.index);
    shard.row = { ...shard.row, epoch, holder: request.instance, claimId: request.claimId, devices };
    writes.push({ write: 'shard', row: shard.row });
    return { answer: 'grant', shard, epoch, devices: granted };
  }

  /** False: the lease is over, another's, or nothing has come of it for longer than its devices may take. */
  renew(instance: string, lease: Lease, now: number): boolean {
    const shard = this.#shards.get(shardKey(lease.sweep, lease.shard));
    const held = shard?.lease;
    if (shard === undefined || held == null || held.epoch !== lease.epoch) return false;
    if (held.holder !== instance || held.expiresAt <= now) return false;
    if (now - held.progressAt > patienceMs(shard)) return false;
    held.expiresAt = now + this.terms.termMs;
    return true;
  }

  /** The device a live epoch is working on; null: the epoch is old or the device has ended under it. */
  working(sweep: string, epoch: string, index: number, now: number): DeviceState | null {
    const active = this.sweeps.get(sweep);
    const state = active?.states[index];
    if (active === undefined || state === undefined) return null;
    const lease = this.#shards.get(shardKey(sweep, state.shard))?.lease;
    if (lease == null || lease.epoch !== epoch || !lease.left.has(index) || lease.expiresAt <= now)
      return null;
    return state;
  }

  /**
   * Takes one device's result. STORED and its writes, or DUPLICATE or DISCARD without any. The caller acknowledges
   * only when the writes are committed.
   */
  result(result: Result, agent: string, now: number, wallMs: number, writes: Write[]): Verdict {
    const state = this.sweeps.get(result.sweep)?.states[result.index];
    const shard = this.#shards.get(shardKey(result.sweep, result.shard));
    const lease = shard?.lease;
    if (
      shard === undefined ||
      state === undefined ||
      lease == null ||
      lease.epoch !== result.epoch ||
      !lease.left.has(result.index)
    )
      return state?.lastEpoch === result.epoch || state === undefined ? Verdict.DUPLICATE : Verdict.DISCARD;
    lease.left.delete(result.index);
    lease.progressAt = now;
    state.lastEpoch = result.epoch;
    switch (result.end?.$case) {
      case 'attempt':
        this.#attempted(shard, state, result.end.value, agent, now, wallMs, writes);
        break;
      case 'handedBack':
        this.#handedBack(shard, state, result.end.value, now, writes);
        break;
      case undefined:
        this.#handedBack(
          shard,
          state,
          HandedBack.create({ reason: 'unknown kind of result', touched: true }),
          now,
          writes,
        );
        break;
      default:
        result.end satisfies never;
    }
    if (lease.left.size === 0) this.#close(shard, writes);
    this.#finish(shard.sweep, wallMs, writes);
    return Verdict.STORED;
  }

  /** Ends leases whose term is over; their devices wait out the lock delay and are offered again. */
  lapse(now: number, wallMs: number, writes: Write[]): OpenShard[] {
    const lapsed = [...this.#shards.values()].filter(
      (shard) => shard.lease !== null && shard.lease.expiresAt <= now,
    );
    for (const shard of lapsed) {
      for (const index of shard.lease?.left ?? [])
        this.#handedBack(
          shard,
          shard.sweep.state(index),
          HandedBack.create({ reason: 'lease lost', touched: true }),
          now,
          writes,
        );
      this.#close(shard, writes);
      this.#finish(shard.sweep, wallMs, writes);
    }
    return lapsed;
  }

  /** The sweep takes no more work; what waits ends now, what is leased when its agent lets go. */
  halt(sweep: ActiveSweep, halt: Halt, cancelled: boolean, wallMs: number, writes: Write[]): void {
    if (sweep.halt !== null) return;
    sweep.halt = halt;
    sweep.row = {
      ...sweep.row,
      reason: halt.reason,
      state: cancelled ? SweepState.CANCELLED : sweep.row.state,
    };
    writes.push({ write: 'sweep', row: sweep.row });
    for (const shard of [...this.#shards.values()]) {
      if (shard.sweep !== sweep || shard.lease !== null) continue;
      for (const state of shard.devices) sweep.end(state, sweep.haltEnding(state), writes);
      this.#close(shard, writes);
    }
    sweep.endWaiting((state) => sweep.haltEnding(state), writes);
    this.#finish(sweep, wallMs, writes);
  }

  /** Ends waiting devices that `how` has an ending for, for instance those of a segment without an agent. */
  endWaiting(
    sweep: ActiveSweep,
    how: (state: DeviceState) => Ending | null,
    wallMs: number,
    writes: Write[],
  ): number {
    const ended = sweep.endWaiting(how, writes);
    this.#finish(sweep, wallMs, writes);
    return ended;
  }

  /** Devices leased now, over all shards of a sweep, or of an instance. */
  running(match: { sweep?: ActiveSweep; instance?: string }): number {
    let running = 0;
    for (const { sweep, lease } of this.#shards.values())
      if (
        lease !== null &&
        (match.sweep === undefined || match.sweep === sweep) &&
        (match.instance === undefined || match.instance === lease.holder)
      )
        running += lease.left.size;
    return running;
  }

  counts(sweep: ActiveSweep): Counts {
    return sweep.counts(this.running({ sweep }));
  }

  #repeatedClaim(
    shard: OpenShard,
    lease: OpenLease,
    request: { instance: string; claimId: string },
    now: number,
  ): ClaimAnswer {
    if (lease.claimId !== request.claimId || lease.holder !== request.instance || lease.expiresAt <= now)
      return {
        answer: 'later',
        ms: Math.max(100, Math.ceil(lease.expiresAt - now)),
        reason: 'held by another',
      };
    lease.expiresAt = now + this.terms.termMs;
    const devices = shard.devices.filter((state) => lease.left.has(state.device.index));
    return { answer: 'grant', shard, epoch: lease.epoch, devices };
  }

  #later(shard: OpenShard, ms: number, now: number, reason: string): ClaimAnswer {
    shard.quietUntil = now + ms;
    return { answer: 'later', ms: Math.ceil(ms), reason };
  }

  #attempted(
    shard: OpenShard,
    state: DeviceState,
    attempt: Attempt,
    agent: string,
    now: number,
    wallMs: number,
    writes: Write[],
  ): void {
    const { sweep } = shard;
    const free = attempt.leftClean ? now : now + this.terms.lockDelayMs;
    this.endpoints.release(state.endpoint, state.lastEpoch, free);
    const failure = attempt.failure ?? null;
    // Written with whatever becomes of it: its record, or its place back in line.
    state.row = {
      ...state.row,
      attempts: state.row.attempts + 1,
      workedMs: state.row.workedMs + attempt.durationMs,
      loginSpent: attempt.secretSent || state.loginUnknown,
      enableSpent: attempt.secretSent && state.row.enableSpent,
      started: false,
    };
    const ending: Ending = {
      status: attempt.status,
      failure,
      outputs: attempt.outputs,
      transcript: attempt.transcript,
      platform: attempt.platform,
      notes: attempt.notes,
      agent,
      startedAtMs: wallMs - attempt.endedAgoMs - attempt.durationMs,
      durationMs: attempt.durationMs,
    };
    if (!mayRetry(sweep, state, failure)) return sweep.end(state, ending, writes);
    if (sweep.halt !== null) return sweep.end(state, sweep.haltEnding(state), writes);
    writes.push({ write: 'evidence', report: sweep.report(state, ending) });
    state.lastFailure = failure;
    sweep.change(state, {}, writes);
    const wait = backoffMs(state.row.attempts, this.random);
    sweep.requeue([state], Math.max(free, now + wait));
  }

  #handedBack(shard: OpenShard, state: DeviceState, back: HandedBack, now: number, writes: Write[]): void {
    const { sweep } = shard;
    const free = back.touched ? now + this.terms.lockDelayMs : now;
    this.endpoints.release(state.endpoint, shard.lease?.epoch ?? '', free);
    state.loginUnknown ||= state.row.loginSpent;
    if (sweep.row.options.allowWrites) {
      if (back.touched) {
        const failure = Failure.create({
          kind: Kind.WORKER_LOST,
          stage: Stage.COMMAND,
          message: back.reason,
        });
        return sweep.end(state, { status: Status.INTERRUPTED, failure }, writes);
      }
      sweep.change(state, { started: false }, writes);
    }
    if (sweep.halt !== null) return sweep.end(state, sweep.haltEnding(state), writes);
    if (back.workerLost && ++state.workersLost >= WORKERS_LOST_MOST) {
      const message = `${state.workersLost} worker processes died while they worked on it`;
      const failure = Failure.create({ kind: Kind.WORKER_LOST, stage: Stage.COMMAND, message });
      return sweep.end(state, { status: Status.FAILED, failure }, writes);
    }
    sweep.requeue([state], free);
  }

  #close(shard: OpenShard, writes: Write[]): void {
    this.#shards.delete(shardKey(shard.row.sweep, shard.row.shard));
    writes.push({ write: 'dropShard', sweep: shard.row.sweep, shard: shard.row.shard });
  }

  #finish(sweep: ActiveSweep, wallMs: number, writes: Write[]): void {
    if (sweep.finish(wallMs, writes)) this.sweeps.delete(sweep.id);
  }

  #freeAt(state: DeviceState, now: number): number {
    const freeAt = this.endpoints.freeAt(state.endpoint);
    return Number.isFinite(freeAt) ? freeAt : now + 500;
  }
}

/**
 * Another attempt is worth it while attempts and time are left. A sweep that may write is only tried again when
 * the attempt ended before its first command.
 */
function mayRetry(sweep: ActiveSweep, state: DeviceState, failure: Failure | null): boolean {
  const { options } = sweep.row;
  if (failure?.retryable !== true || state.row.attempts > options.retries) return false;
  if (options.allowWrites && (failure.stage === Stage.COMMAND || failure.stage === Stage.CLOSE)) return false;
  const deviceMs = state.device.limits?.deviceMs || options.limits?.deviceMs || 0;
  return deviceMs === 0 || state.row.workedMs < deviceMs;
}

/** How long nothing may come of a shard's lease: what its slowest device may take, and a margin. */
function patienceMs({ sweep, devices }: OpenShard): number {
  const { limits, retries } = sweep.row.options;
  const ownMs = devices.map(({ device }) => device.limits?.deviceMs ?? 0);
  const deviceMs = Math.max(limits?.deviceMs ?? 0, ...ownMs);
  return deviceMs === 0 ? Number.POSITIVE_INFINITY : deviceMs * (retries + 1) + NO_PROGRESS_MS;
}

function shardKey(sweep: string, shard: number): string {
  return `${sweep}/${shard}`;
}
