// What has been counted since the coordinator was started. What is on the disk is counted by its writes, once they are
// there; what leaves no trace there, by the station that sees it. To count must cost next to nothing.
import { type Failure, Kind, Status } from '../../proto/gen/netsweep/v1/model.js';
import { RunState, type ScheduleRun } from '../../proto/gen/netsweep/v1/schedules.js';
import { SweepState } from '../../proto/gen/netsweep/v1/sweeps.js';
import { label } from '../../proto/label.js';
import { Counts, Histogram, LABELS, SECONDS } from '../../proto/operation/metric.js';
import type { Write } from '../store/store.js';

/** Of a device that has not failed. */
const NO_KIND = 'none';
const KINDS = new Map<string, string>(Object.values(Kind).map((kind) => [kind, label('KIND', kind)]));
const STATUSES = new Map<string, string>(Object.values(Status).map((one) => [one, label('STATUS', one)]));
const WRITES_AT_ONCE = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000];

export class Counted {
  /** By status and kind of failure. */
  readonly devices = new Counts([`ok${LABELS}${NO_KIND}`]);
  /** Attempts that failed and are made again, by kind of failure. */
  readonly retries = new Counts();
  readonly sweepsStarted = new Counts(['']);
  readonly sweepsEnded = new Counts(['ended', 'cancelled']);
  readonly hostKeys = new Counts(['new', 'accepted', 'changed']);
  /** By what became of them. */
  readonly dueTimes = new Counts(['ok', 'failed', 'missed', 'skipped', 'cut-off']);
  readonly claims = new Counts(['grant', 'drop', 'later']);
  readonly renewals = new Counts(['renewed', 'refused']);
  readonly lapses = new Counts(['']);
  readonly results = new Counts(['stored', 'duplicate', 'refused', 'need-body', 'later']);
  /** By the way that they went. */
  readonly offers = new Counts(['nats', 'direct']);
  readonly reoffers = new Counts(['']);
  readonly logins = new Counts(['send', 'stopped', 'spent', 'lost']);
  readonly loginOutcomes = new Counts(['accepted', 'refused', 'hung-up', 'unknown', 'unsent']);
  /** Connections that were closed because nobody was known on them. */
  readonly strangers = new Counts(['late', 'crowd']);
  readonly commits = new Histogram(SECONDS);
  readonly writes = new Histogram(WRITES_AT_ONCE);

  /** These are on the disk, together, `ms` after they were handed over. */
  committed(writes: readonly Write[], ms: number): void {
    this.commits.observe(ms / 1_000);
    this.writes.observe(writes.length);
    for (const write of writes) this.#written(write);
  }

  #written(write: Write): void {
    switch (write.write) {
      case 'report': {
        const { status, failure } = write.report;
        return this.devices.add(`${STATUSES.get(status)}${LABELS}${this.#kind(failure)}`);
      }
      case 'evidence':
        return this.retries.add(this.#kind(write.report.failure));
      case 'devices':
        if (write.devices[0]?.index === 0) this.sweepsStarted.add('');
        return;
      case 'sweep':
        if (write.row.endedAtMs > 0)
          this.sweepsEnded.add(write.row.state === SweepState.CANCELLED ? 'cancelled' : 'ended');
        return;
      case 'hostKey':
        return this.hostKeys.add(write.replace ? 'accepted' : 'new');
      case 'scheduleRun':
        return this.#run(write.run);
      default:
        return; // nothing that is counted
    }
  }

  #kind(failure: Failure | undefined): string {
    if (failure === undefined) return NO_KIND;
    if (failure.kind === Kind.HOST_KEY) this.hostKeys.add('changed');
    return KINDS.get(failure.kind) ?? NO_KIND;
  }

  #run({ state, exitCode, count }: ScheduleRun): void {
    const times = Math.max(1, count);
    if (state === RunState.ENDED) this.dueTimes.add(exitCode === 0 ? 'ok' : 'failed');
    else if (state === RunState.MISSED) this.dueTimes.add('missed', times);
    else if (state === RunState.SKIPPED) this.dueTimes.add('skipped', times);
    else if (state === RunState.CUT_OFF) this.dueTimes.add('cut-off');
  }
}
