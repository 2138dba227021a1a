// The course of sweeps in the log, told from what is on the disk: when one begins and ends, and on demand each device.
// What a device has said is never in it.
import { type Failure, type Report, Status } from '../../proto/gen/netsweep/v1/model.js';
import { SweepState } from '../../proto/gen/netsweep/v1/sweeps.js';
import { label } from '../../proto/label.js';
import type { About } from '../../proto/operation/log.js';
import type { Entry } from '../intake/roster.js';
import type { SweepRow, Write } from '../store/store.js';

/** Where lines go. */
export interface Log {
  info(about: object, what: string): void;
  debug(about: object, what: string): void;
  isLevelEnabled(level: string): boolean;
}

export class Journal {
  readonly #devices: boolean;

  constructor(private readonly log: Log) {
    this.#devices = log.isLevelEnabled('debug');
  }

  /** These are on the disk. */
  committed(writes: readonly Write[]): void {
    for (const write of writes) {
      if (write.write === 'devices' && write.devices[0]?.index === 0)
        this.log.info({ sweep: write.sweep }, 'a sweep begins');
      else if (write.write === 'sweep' && write.row.endedAtMs > 0) this.#ended(write.row);
      else if (this.#devices && write.write === 'report') this.#device(write.report, 'a device has ended');
      else if (this.#devices && write.write === 'evidence')
        this.#device(write.report, 'a device is tried again');
    }
  }

  agent({ hello: { name, version, segments } }: Entry, what: 'has come' | 'has gone'): void {
    this.log.info({ agent: name, version, segments }, `an agent ${what}`);
  }

  #ended({ id, state, reason, startedAtMs, endedAtMs, refusedResults, repeatedResults }: SweepRow): void {
    const cancelled = state === SweepState.CANCELLED;
    const about = {
      sweep: id,
      durationMs: Math.round(endedAtMs - startedAtMs),
      refusedResults,
      repeatedResults,
    };
    this.log.info(
      reason === '' ? about : { ...about, reason },
      cancelled ? 'a sweep is cancelled' : 'a sweep has ended',
    );
  }

  #device({ sweep, device, status, failure, attempts, agent, durationMs }: Report, what: string): void {
    const { index, name, segment } = device ?? {};
    const about: About = {
      sweep,
      ...(index === undefined ? {} : { device: index }),
      ...(name === undefined ? {} : { name }),
      ...(segment === undefined ? {} : { segment }),
      ...(agent === '' ? {} : { agent }),
    };
    this.log.debug(
      { ...about, status: statusWord(status), ...failureOf(failure), attempts, durationMs },
      what,
    );
  }
}

function statusWord(status: Status): string {
  return status === Status.UNSPECIFIED ? 'none' : label('STATUS', status);
}

function failureOf(failure: Failure | undefined): { kind?: string; stage?: string } {
  if (failure === undefined) return {};
  return { kind: label('KIND', failure.kind), stage: label('STAGE', failure.stage) };
}
