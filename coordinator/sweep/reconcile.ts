// The loop that makes every sweep end: leases whose term is over, segments without an agent, deadlines and
// stopped credentials. It looks at the ledger alone; what NATS believes is of no interest here.
import { Failure, Kind, Stage, Status } from '../../proto/gen/netsweep/v1/model.js';
import { type Books, credentialsOf } from '../books.js';
import type { Presence } from '../intake/presence.js';
import type { Write } from '../store/store.js';
import type { ActiveSweep, Halt } from './activesweep.js';

export class Reconcile {
  /** Since when a segment with waiting devices has had no agent; on the clock that stands still in pauses. */
  readonly #alone = new Map<string, number>();
  /** How many of a sweep's credentials were stopped when its waiting devices were last ended for it. */
  readonly #heeded = new WeakMap<ActiveSweep, number>();

  constructor(
    private readonly books: Books,
    private readonly presence: Presence,
    /** Tells the agents of a halted sweep to let go of it. */
    private readonly tellAgents: (sweep: ActiveSweep) => void,
  ) {}

  /** One look at everything; resolves when its changes are on disk. */
  async look(): Promise<void> {
    const now = this.books.host.monotonicMs();
    const wall = this.books.host.wallMs();
    const writes: Write[] = [];
    this.#lapse(now, wall, writes);
    for (const sweep of [...this.books.ledger.sweeps.values()]) {
      this.#deadline(sweep, wall, writes);
      this.#stoppedCredentials(sweep, wall, writes);
    }
    this.books.ledger.endHold(now, writes);
    this.#noAgent(this.books.pause.clockMs(), wall, writes);
    this.books.logins.tick(now);
    this.books.ledger.endpoints.sweepOut(now);
    this.books.ledger.pace.logins.retain(this.books.ledger.sweeps, now);
    if (writes.length > 0) await this.books.commit(writes);
    this.books.forgetUnused();
    this.books.ledger.fitness.retain(new Set(this.presence.all().map(({ hello }) => hello.instance)));
  }

  #lapse(now: number, wall: number, writes: Write[]): void {
    const lapsed = this.books.ledger.lapse(now, wall, writes);
    this.books.counted.lapses.add('', lapsed.length);
    for (const { devices, row } of lapsed)
      this.books.endLogins(
        devices.map(({ device }) => device),
        row.epoch,
        now,
      );
  }

  #deadline(sweep: ActiveSweep, wall: number, writes: Write[]): void {
    if (sweep.halt?.recalls === true || wall < sweep.deadlineAtMs) return;
    const failure = failed(Kind.DEADLINE, 'the deadline of the sweep has passed');
    const halt: Halt = {
      reason: 'deadline',
      untouched: { status: Status.SKIPPED, failure },
      touched: { status: Status.FAILED, failure },
      recalls: true,
    };
    this.books.ledger.halt(sweep, halt, wall, writes);
    this.tellAgents(sweep);
  }

  /** Before anything is offered: nobody connects to a device for a credential that is stopped. */
  async heedStops(): Promise<void> {
    const writes: Write[] = [];
    for (const sweep of [...this.books.ledger.sweeps.values()]) {
      const { size } = this.#stoppedOf(sweep);
      if (size === (this.#heeded.get(sweep) ?? 0)) continue;
      this.#heeded.set(sweep, size);
      this.#stoppedCredentials(sweep, this.books.host.wallMs(), writes);
    }
    if (writes.length > 0) await this.books.commit(writes);
  }

  #stoppedOf(sweep: ActiveSweep): Set<string> {
    return new Set([...sweep.credentials.keys()].filter((id) => this.books.logins.isStopped(id)));
  }

  #stoppedCredentials(sweep: ActiveSweep, wall: number, writes: Write[]): void {
    const stopped = this.#stoppedOf(sweep);
    if (stopped.size === 0) return;
    this.books.ledger.endWaiting(
      sweep,
      ({ device }) => {
        const needed = credentialsOf(device).find((credential) => stopped.has(credential));
        if (needed === undefined) return null;
        const name = sweep.credentials.get(needed)?.name ?? '';
        const message = `credential ${name} was refused too often and is stopped; netsweep credentials release ${name}`;
        const failure = Failure.create({ kind: Kind.CREDENTIAL_STOPPED, stage: Stage.AUTH, message });
        return { status: Status.SKIPPED, failure };
      },
      wall,
      writes,
    );
  }

  #noAgent(now: number, wall: number, writes: Write[]): void {
    const { ledger } = this.books;
    const wanted = new Set<string>();
    for (const sweep of ledger.sweeps.values()) for (const segment of sweep.segments()) wanted.add(segment);
    for (const shard of ledger.shards()) if (shard.lease === null) wanted.add(shard.row.segment);
    for (const segment of [...this.#alone.keys()]) if (!wanted.has(segment)) this.#alone.delete(segment);
    for (const segment of wanted) {
      if (this.presence.able(segment).length > 0) {
        this.#alone.delete(segment);
        continue;
      }
      const since = this.#alone.get(segment) ?? now;
      this.#alone.set(segment, since);
      for (const sweep of [...ledger.sweeps.values()])
        if (now - since >= sweep.row.options.agentWaitMs) this.#endWithoutAgent(sweep, segment, wall, writes);
    }
  }

  #endWithoutAgent(sweep: ActiveSweep, segment: string, wall: number, writes: Write[]): void {
    this.books.ledger.withdraw(sweep, segment, writes);
    const failure = failed(Kind.NO_AGENT, `no agent serves segment ${segment}`);
    const ending = { status: Status.FAILED, failure };
    this.books.ledger.endWaiting(
      sweep,
      (state) => {
        if (state.device.segment !== segment) return null;
        return state.lastFailure === null ? ending : { status: Status.FAILED, failure: state.lastFailure };
      },
      wall,
      writes,
    );
  }
}

function failed(kind: Kind, message: string): Failure {
  return Failure.create({ kind, stage: Stage.PLAN, message });
}
