// What becomes of a device once its work under an epoch is over: it ends, or it waits in line again. Pure, as the
// ledger that calls it; an ending and the state that it leaves are one write.
//
// A sweep that may write never does so twice by itself: a device whose first command may have been sent ends with
// what its agent says of it, or `interrupted` when nobody can say.
import { HandedBack } from '../../proto/gen/netsweep/v1/agent.js';
import { Failure, Kind, Stage, Status } from '../../proto/gen/netsweep/v1/model.js';
import type { Attempt } from '../../proto/gen/netsweep/v1/session.js';
import type { Write } from '../store/store.js';
import type { ActiveSweep, DeviceState, Ending } from './activesweep.js';
import type { Endpoints } from './endpoints.js';
import type { Fitness } from './fitness.js';
import type { OpenShard } from './shards.js';
import { conviction, type Suspicions } from './suspicion.js';

/** How long a device that an agent could not connect to is kept for another one, in ms. */
const ANOTHER_MS = 10_000;
/** So often in a row a device may find its agent without something, with pauses that grow up to a limit, in ms. */
const LOCAL_FAILURES_MOST = 8;
const LOCAL_PAUSE_MOST_MS = 30_000;

export class Outcomes {
  constructor(
    private readonly endpoints: Endpoints,
    private readonly lockDelayMs: number,
    private readonly random: () => number,
    private readonly suspicions: Suspicions,
    private readonly fitness: Fitness,
    /** Called before a device is to be tried again: the sweep may have reached a limit. */
    private readonly limits: (sweep: ActiveSweep, wallMs: number, writes: Write[]) => void,
  ) {}

  /** An attempt has ended: it is published, or kept as evidence before the next. */
  attempted(
    shard: OpenShard,
    state: DeviceState,
    attempt: Attempt,
    when: { agent: string; now: number; wallMs: number },
    writes: Write[],
  ): void {
    const { sweep } = shard;
    const free = when.now + (attempt.leftClean ? 0 : this.lockDelayMs);
    this.endpoints.release(state.endpoint, shard.row.epoch, free);
    const failure = attempt.failure ?? null;
    const reached = isConnected(failure);
    if (reached) this.fitness.reached(shard.row.holder, state.missed?.instance ?? '', when.now);
    else this.fitness.failed(shard.row.holder, when.now);
    // Written with whatever becomes of it: its record, or its place back in line.
    state.row = {
      ...state.row,
      attempts: state.row.attempts + 1,
      workedMs: state.row.workedMs + attempt.durationMs,
      loginSpent: attempt.secretSent || state.loginUnknown,
      enableSpent: attempt.secretSent && state.row.enableSpent,
      channelSpent: state.channelUnknown || (attempt.secretSent && state.row.channelSpent),
      // An agent that did not ask has written all the same.
      started: state.row.started || (sweep.row.options.allowWrites && attempt.outputs.length > 0),
    };
    const ending: Ending = {
      status: endOf(state, attempt.status),
      failure,
      outputs: attempt.outputs,
      transcript: attempt.transcript,
      platform: attempt.platform,
      notes: attempt.notes,
      secured: attempt.secured,
      agent: when.agent,
      startedAtMs: when.wallMs - attempt.endedAgoMs - attempt.durationMs,
      durationMs: attempt.durationMs,
    };
    if (!mayRetry(sweep, state, failure)) return sweep.end(state, ending, writes);
    this.limits(sweep, when.wallMs, writes);
    if (sweep.halt !== null)
      return sweep.end(state, sweep.halt.recalls ? sweep.haltEnding(state) : ending, writes);
    writes.push({
      write: 'evidence',
      report: sweep.report(state, ending),
      epoch: shard.row.epoch,
      ...(attempt.secured && { secured: attempt.secured }),
    });
    state.lastFailure = failure;
    sweep.change(state, {}, writes);
    const again = Math.max(free, when.now + backoffMs(state.row.attempts, this.random));
    state.localFailures = 0;
    state.missed = reached ? null : { instance: shard.row.holder, until: again + ANOTHER_MS };
    sweep.requeue([state], again);
  }

  /** Its work has ended without an attempt: the agent let go of it, or its lease is over. */
  handedBack(shard: OpenShard, state: DeviceState, back: HandedBack, now: number, writes: Write[]): void {
    const { sweep } = shard;
    const isLost = back === LEASE_LOST && shard.lease?.inSession.has(state.device.index) === true;
    const free = now + (back.touched ? this.lockDelayMs : 0);
    this.endpoints.release(state.endpoint, shard.row.epoch, free);
    state.loginUnknown ||= state.row.loginSpent;
    state.channelUnknown ||= state.row.channelSpent;
    if (state.row.started) return sweep.end(state, interrupted(back.reason), writes);
    if (sweep.halt !== null) return sweep.end(state, sweep.haltEnding(state), writes);
    if (back.workerLost) this.suspicions.raise(sweep, state, back.reason, writes);
    if (isLost) this.suspicions.lost(shard.row.holder, sweep, state, writes);
    const convicted = back.workerLost || isLost ? conviction(state, back.alone) : null;
    if (convicted !== null) return sweep.end(state, convicted, writes);
    if (back.local) this.#local(shard, state, back.reason, { now, free }, writes);
    else sweep.requeue([state], free);
  }

  /** The agent had too little of something itself: another may do better, and it as well after a pause. */
  #local(
    { sweep, row }: OpenShard,
    state: DeviceState,
    reason: string,
    { now, free }: { now: number; free: number },
    writes: Write[],
  ): void {
    this.fitness.failed(row.holder, now);
    state.localFailures += 1;
    if (state.localFailures > LOCAL_FAILURES_MOST) {
      const message = `no agent could try it: ${reason}`;
      const failure = Failure.create({ kind: Kind.UNREACHABLE, stage: Stage.CONNECT, message });
      return sweep.end(state, { status: Status.FAILED, failure }, writes);
    }
    const again = Math.max(
      free,
      now + Math.min(LOCAL_PAUSE_MOST_MS, backoffMs(state.localFailures, this.random)),
    );
    state.missed = { instance: row.holder, until: again + ANOTHER_MS };
    sweep.requeue([state], again);
  }
}

/** The end of a device that was started and whose fate nobody knows. */
export function interrupted(reason: string): Ending {
  const message = `its commands may have been sent, and nobody knows how they fared: ${reason}`;
  const failure = Failure.create({ kind: Kind.WORKER_LOST, stage: Stage.COMMAND, message });
  return { status: Status.INTERRUPTED, failure };
}

/** How far a failed attempt is put off, in ms: doubling from a second, with up to half of it as jitter. */
export function backoffMs(attempts: number, random: () => number): number {
  return 1000 * 2 ** (attempts - 1) * (1 + random() / 2);
}

/** There was a connection to the device, whatever became of it. */
function isConnected(failure: Failure | null): boolean {
  return failure === null || (failure.stage !== Stage.CONNECT && failure.stage !== Stage.RESOLVE);
}

/** What was started was tried, whatever stopped it. */
function endOf({ row }: DeviceState, status: Status): Status {
  return row.started && status === Status.SKIPPED ? Status.FAILED : status;
}

/**
 * Another attempt is worth it while attempts and time are left, and never once a sweep that may write has started
 * the device's commands.
 */
function mayRetry(sweep: ActiveSweep, state: DeviceState, failure: Failure | null): boolean {
  const { options } = sweep.row;
  if (failure?.retryable !== true || state.row.attempts > options.retries || state.row.started) return false;
  const deviceMs = state.device.limits?.deviceMs || options.limits?.deviceMs || 0;
  return deviceMs === 0 || state.row.workedMs < deviceMs;
}

/** Its lease is over, and its agent has said nothing. */
export const LEASE_LOST = HandedBack.create({ reason: 'lease lost', touched: true });

/** A kind of result that a newer agent knows: whatever it was, it may have touched the device. */
export const UNKNOWN_END = HandedBack.create({ reason: 'unknown kind of result', touched: true });
