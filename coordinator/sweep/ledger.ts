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
import type { InSession, Lease, Result } from '../../proto/gen/netsweep/v1/agent.js';
import { Verdict } from '../../proto/gen/netsweep/v1/agent.js';
import type { Counts, Credential, Device } from '../../proto/gen/netsweep/v1/model.js';
import { Status } from '../../proto/gen/netsweep/v1/model.js';
import { SweepState } from '../../proto/gen/netsweep/v1/sweeps.js';
import type { OpenSweep, ShardRow, SweepRow, Write } from '../store/store.js';
import { ActiveSweep, type DeviceState, type Ending, type Halt } from './activesweep.js';
import { type Claim, type ClaimAnswer, Claims, leaseOf } from './claims.js';
import { EndedSweeps } from './endedsweeps.js';
import { Endpoints } from './endpoints.js';
import { Fitness } from './fitness.js';
import { interrupted, LEASE_LOST, Outcomes, UNKNOWN_END } from './outcomes.js';
import { Pace } from './pace.js';
import { type OpenShard, patienceMs, Shards } from './shards.js';
import { Suspicions } from './suspicion.js';

export interface Terms {
  termMs: number;
  lockDelayMs: number;
}

/** A session at its prompt that is about to send its first command. */
export interface StartRequest {
  sweep: string;
  epoch: string;
  index: number;
}

/** Devices of a selection in one write. */
const DEVICES_AT_ONCE = 1_000;
/** When to ask again for what is not granted in a pause, in ms. */
const PAUSED_MS = 1_000;

export class Ledger {
  readonly sweeps = new Map<string, ActiveSweep>();
  readonly endpoints = new Endpoints();
  readonly pace = new Pace();
  readonly fitness = new Fitness();
  readonly #shards = new Shards();
  readonly #ended = new EndedSweeps();
  readonly #suspicions = new Suspicions();
  readonly #outcomes: Outcomes;
  readonly #claims: Claims;
  /** Nothing is granted before this: a store behind its agents may have forgotten leases. */
  #holdUntil = 0;
  /** Why nothing is offered or granted; empty: it is. */
  #paused = '';

  constructor(
    incarnation: string,
    private readonly terms: Terms,
    random: () => number = Math.random,
  ) {
    this.#claims = new Claims(this.#shards, this.endpoints, this.fitness, terms.termMs, incarnation);
    const limits = (sweep: ActiveSweep, wallMs: number, writes: Write[]) =>
      this.#stopAtLimits(sweep, wallMs, writes);
    this.#outcomes = new Outcomes(
      this.endpoints,
      terms.lockDelayMs,
      random,
      this.#suspicions,
      this.fitness,
      limits,
    );
  }

  add(row: SweepRow, devices: Device[], credentials: Credential[], writes: Write[]): ActiveSweep {
    const sweep = new ActiveSweep(row, devices, credentials, this);
    this.sweeps.set(row.id, sweep);
    writes.push({ write: 'sweep', row });
    for (let at = 0; at < devices.length; at += DEVICES_AT_ONCE)
      writes.push({ write: 'devices', sweep: row.id, devices: devices.slice(at, at + DEVICES_AT_ONCE) });
    for (const credential of credentials) writes.push({ write: 'secret', sweep: row.id, credential });
    return sweep;
  }

  /**
   * A sweep found in the store at start. Its leases are held for a whole term and lock delay from now, and
   * only the instance that holds one may renew it; offers that nobody claimed are forgotten.
   */
  restore(found: OpenSweep, now: number, writes: Write[]): ActiveSweep {
    const sweep = ActiveSweep.restore(found, this);
    this.sweeps.set(sweep.id, sweep);
    if (sweep.row.state === SweepState.CANCELLED) sweep.halt = cancelled(sweep.row.reason);
    for (const row of found.shards) {
      if (row.epoch === '') {
        writes.push({ write: 'dropShard', sweep: sweep.id, shard: row.shard });
        continue;
      }
      const devices = sweep.states.filter(
        (state) => state.shard === row.shard && state.status === Status.UNSPECIFIED,
      );
      for (const state of devices) this.endpoints.take(state.endpoint, row.epoch, now);
      const expiresAt = now + this.terms.termMs + this.terms.lockDelayMs;
      this.#shards.add(sweep, row, devices, now).lease = leaseOf(row, devices, now, expiresAt);
    }
    return sweep;
  }

  /**
   * The store was rolled back: agents may hold leases it has forgotten, so nothing is granted until they end. What
   * a sweep that may write had still to do may have been done: it ends interrupted, unless its holder knows better.
   */
  holdAll(now: number, wallMs: number, writes: Write[]): void {
    this.hold(now);
    writes.push({ write: 'hold', held: true });
    const writers = [...this.sweeps.values()].filter(({ row }) => row.options.allowWrites);
    for (const sweep of writers) {
      for (const { lease, ...shard } of this.#shards)
        if (shard.sweep === sweep)
          for (const index of lease?.left ?? []) sweep.change(sweep.state(index), { started: true }, writes);
      for (const shard of this.#shards.offered(sweep)) this.#withdraw(shard, writes);
      this.endWaiting(sweep, () => interrupted('the store was rolled back'), wallMs, writes);
    }
  }

  /** Nothing is granted for a term and a lock delay; also where a coordinator before us did not see its hold's end. */
  hold(now: number): void {
    this.#holdUntil = now + this.terms.termMs + this.terms.lockDelayMs;
  }

  isHeld(now: number): boolean {
    return now < this.#holdUntil;
  }

  /** What is on the disk of a hold goes when it has ended. */
  endHold(now: number, writes: Write[]): void {
    if (this.#holdUntil === 0 || this.isHeld(now)) return;
    this.#holdUntil = 0;
    writes.push({ write: 'hold', held: false });
  }

  /** Nothing is offered or granted for this reason; empty: it is again, after so long. */
  pause(reason: string, afterMs: number): void {
    this.#paused = reason;
    for (const shard of this.#shards) {
      if (shard.lease !== null) shard.lease.progressAt += afterMs;
      // What the last claims were told to wait has not passed yet.
      else shard.quietUntil += afterMs > 0 ? PAUSED_MS + afterMs : 0;
    }
  }

  /** A new shard of `sweep` for `segment`, offered for the first time; null: nothing is ready. */
  form(sweep: ActiveSweep, segment: string, most: number, now: number, writes: Write[]): OpenShard | null {
    if (sweep.halt !== null || this.#paused !== '' || this.isHeld(now)) return null;
    const devices = sweep.formShard(segment, most, now, writes);
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
    return this.#shards.add(sweep, row, devices, now);
  }

  /** Puts all but the first `most` devices of a shard that nobody has been offered back in line. */
  shrink(shard: OpenShard, most: number, writes: Write[]): void {
    shard.sweep.requeue(shard.devices.slice(most), 0);
    shard.devices = shard.devices.slice(0, most);
    shard.row = { ...shard.row, devices: shard.devices.map((state) => state.device.index) };
    writes.push({ write: 'shard', row: shard.row });
  }

  /** Raises the offer number; the next publication is another message. What was claimed meanwhile is left alone. */
  reoffer(shard: OpenShard, writes: Write[]): void {
    if (shard.lease !== null || this.#shards.get(shard.row.sweep, shard.row.shard) !== shard) return;
    if (this.#shards.get(shard.row.sweep, shard.row.shard) !== shard) return; // closed meanwhile
    shard.row = { ...shard.row, offer: shard.row.offer + 1 };
    shard.offeredAt = Number.POSITIVE_INFINITY;
    writes.push({ write: 'shard', row: shard.row });
  }

  /** Takes back offers that nobody has claimed; their devices wait in line again. */
  withdraw(sweep: ActiveSweep, segment: string, writes: Write[]): void {
    for (const shard of this.#shards.offered(sweep))
      if (shard.row.segment === segment) this.#withdraw(shard, writes);
  }

  shards(): Iterable<OpenShard> {
    return this.#shards;
  }

  claim(claim: Claim, now: number, writes: Write[]): ClaimAnswer {
    const holdMs = this.#holdUntil - now;
    const paused = this.#paused === '' ? null : { ms: PAUSED_MS, reason: this.#paused };
    return this.#claims.answer(
      claim,
      now,
      holdMs > 0 ? { ms: holdMs, reason: 'leases unknown' } : paused,
      writes,
    );
  }

  /** False: the lease is over, another's, or nothing has come of it for longer than its devices may take. */
  renew(instance: string, lease: Lease, now: number): boolean {
    const shard = this.#shards.get(lease.sweep, lease.shard);
    const held = shard?.lease;
    if (shard === undefined || held == null || held.epoch !== lease.epoch) return false;
    if (held.holder !== instance || held.expiresAt <= now) return false;
    if (this.#paused === '' && now - held.progressAt > patienceMs(shard)) return false;
    held.expiresAt = now + this.terms.termMs;
    return true;
  }

  /** Sessions have been opened to these devices: if their agent dies, they may be why. */
  inSession({ sweep, epoch, indexes }: InSession): void {
    for (const index of indexes) {
      const shard = this.#shards.get(sweep, this.sweeps.get(sweep)?.states[index]?.shard ?? 0);
      if (shard?.lease?.epoch === epoch) shard.lease.inSession.add(index);
    }
  }

  /** This agent instance has said something. */
  alive(instance: string, writes: Write[]): void {
    this.#suspicions.alive(instance, writes);
  }

  /** The device a live epoch is working on; null: the epoch is old or the device has ended under it. */
  working(sweep: string, epoch: string, index: number, now: number): DeviceState | null {
    const state = this.sweeps.get(sweep)?.states[index];
    if (state === undefined) return null;
    const lease = this.#shards.get(sweep, state.shard)?.lease;
    if (lease == null || lease.epoch !== epoch || !lease.left.has(index) || lease.expiresAt <= now)
      return null;
    return state;
  }

  /**
   * May the first command of a sweep that may write be sent? `later`: not while the sweep's limits leave no room.
   * Asked again by the same session, whose answer was lost, it is granted again.
   */
  start(
    { sweep: id, epoch, index }: StartRequest,
    now: number,
    wallMs: number,
    writes: Write[],
  ): 'granted' | 'refused' | 'later' {
    const sweep = this.sweeps.get(id);
    const state = this.working(id, epoch, index, now);
    if (sweep === undefined || state === null) return 'refused';
    this.#stopAtLimits(sweep, wallMs, writes, true);
    if (sweep.halt !== null || wallMs >= sweep.deadlineAtMs) return 'refused';
    if (!state.row.started && (this.#paused !== '' || !sweep.mayStart())) return 'later';
    // Written again for one that was started before: its first write may still be on its way to the disk.
    sweep.change(state, { started: true }, writes);
    return 'granted';
  }

  /**
   * Takes one device's result. STORED and its writes, or DUPLICATE or DISCARD without any. The caller acknowledges
   * only when the writes are committed.
   */
  result(result: Result, agent: string, now: number, wallMs: number, writes: Write[]): Verdict {
    const state = this.sweeps.get(result.sweep)?.states[result.index];
    const shard = this.#shards.get(result.sweep, result.shard);
    const lease = shard?.lease;
    if (
      shard === undefined ||
      state === undefined ||
      lease == null ||
      lease.epoch !== result.epoch ||
      !lease.left.has(result.index)
    )
      return this.#late(result, writes);
    lease.left.delete(result.index);
    lease.progressAt = now;
    shard.sweep.took(state, lease.epoch);
    switch (result.end?.$case) {
      case 'attempt':
        this.#outcomes.attempted(shard, state, result.end.value, { agent, now, wallMs }, writes);
        break;
      case 'handedBack':
        this.#outcomes.handedBack(shard, state, result.end.value, now, writes);
        break;
      case undefined:
        this.#outcomes.handedBack(shard, state, UNKNOWN_END, now, writes);
        break;
      default:
        result.end satisfies never;
    }
    if (lease.left.size === 0) this.#shards.close(shard, writes);
    else if (state.status === Status.UNSPECIFIED) {
      // Or a coordinator that starts again would take a device that waits for one that is held.
      shard.row = { ...shard.row, devices: [...lease.left] };
      writes.push({ write: 'shard', row: shard.row });
    }
    this.#finish(shard.sweep, wallMs, writes);
    return Verdict.STORED;
  }

  /** The epoch under which a device is worked on now; empty: none. */
  epochOf(sweep: string, index: number): string {
    const shard = this.sweeps.get(sweep)?.states[index]?.shard ?? 0;
    return this.#shards.get(sweep, shard)?.row.epoch ?? '';
  }

  /** The instance whose live lease has this epoch; null: none has. */
  holderOf({ sweep, index, epoch }: { sweep: string; index: number; epoch: string }): string | null {
    const shard = this.sweeps.get(sweep)?.states[index]?.shard ?? 0;
    const lease = this.#shards.get(sweep, shard)?.lease;
    return lease != null && lease.epoch === epoch ? lease.holder : null;
  }

  /** Null: there is no such shard any more. */
  segmentOf(sweep: string, shard: number): string | null {
    return this.#shards.get(sweep, shard)?.row.segment ?? null;
  }

  /** Ends leases whose term is over; their devices wait out the lock delay and are offered again. */
  lapse(now: number, wallMs: number, writes: Write[]): OpenShard[] {
    const lapsed = this.#shards.lapsed(now);
    for (const shard of lapsed) {
      for (const index of shard.lease?.left ?? [])
        this.#outcomes.handedBack(shard, shard.sweep.state(index), LEASE_LOST, now, writes);
      this.#shards.close(shard, writes);
      this.#finish(shard.sweep, wallMs, writes);
    }
    this.#ended.tick(now);
    return lapsed;
  }

  /** A person wants no more of it. */
  cancel(sweep: ActiveSweep, reason: string, wallMs: number, writes: Write[]): void {
    if (sweep.halt?.recalls === true) return;
    sweep.row = { ...sweep.row, reason, state: SweepState.CANCELLED };
    this.halt(sweep, cancelled(reason), wallMs, writes);
  }

  /** The sweep takes no more work; what waits ends now, what is leased when it has ended or its agent lets go. */
  halt(sweep: ActiveSweep, halt: Halt, wallMs: number, writes: Write[]): void {
    if (sweep.halt?.recalls === true || (sweep.halt !== null && !halt.recalls)) return;
    sweep.halt = halt;
    // First cause wins.
    sweep.row = { ...sweep.row, reason: sweep.row.reason || halt.reason };
    writes.push({ write: 'sweep', row: sweep.row });
    for (const shard of this.#shards.offered(sweep)) {
      for (const state of shard.devices) sweep.end(state, sweep.haltEnding(state), writes);
      this.#shards.close(shard, writes);
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
    return this.#shards.running(match);
  }

  counts(sweep: ActiveSweep): Counts {
    return sweep.counts(this.running({ sweep }));
  }

  /** A result that changes nothing: one that was taken before, whatever its epoch, or one that came too late. */
  #late({ sweep: id, index, epoch }: Result, writes: Write[]): Verdict {
    const sweep = this.sweeps.get(id);
    const again =
      sweep === undefined
        ? this.#ended.late(id, index, epoch, writes)
        : sweep.states[index]?.epochs.includes(epoch) === true;
    sweep?.countLate(again, writes);
    return again ? Verdict.DUPLICATE : Verdict.DISCARD;
  }

  #withdraw(shard: OpenShard, writes: Write[]): void {
    shard.sweep.requeue(shard.devices, 0);
    this.#shards.close(shard, writes);
  }

  /** Its own limits may keep devices of a sweep from being begun: those that wait, or one that asks for leave. */
  #stopAtLimits(sweep: ActiveSweep, wallMs: number, writes: Write[], withheld = false): void {
    const stop = sweep.halt === null ? sweep.stops.reached() : null;
    if (stop === null || (!withheld && sweep.open === this.running({ sweep }))) return;
    const { reason, failure } = stop;
    const untouched = { status: Status.SKIPPED, failure };
    const touched = { status: Status.FAILED, failure };
    this.halt(sweep, { reason, untouched, touched, recalls: false }, wallMs, writes);
  }

  #finish(sweep: ActiveSweep, wallMs: number, writes: Write[]): void {
    this.#stopAtLimits(sweep, wallMs, writes);
    if (!sweep.finish(wallMs, writes)) return;
    this.sweeps.delete(sweep.id);
    this.#ended.add(sweep);
    this.#suspicions.forget(sweep);
  }
}

function cancelled(reason: string): Halt {
  const ending = { status: Status.CANCELLED, failure: null };
  return { reason, untouched: ending, touched: ending, recalls: true };
}
