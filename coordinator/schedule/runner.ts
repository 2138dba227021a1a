// What a scheduled run is to the scheduler: something that begins, says its last lines, and ends with a code.
import type { Schedule, ScheduleRun } from '../../proto/gen/netsweep/v1/schedules.js';

export interface RunEnd {
  /** -1: by a signal. */
  exitCode: number;
  /** The last lines that it printed. */
  tail: string;
}

export interface Begun {
  ended: Promise<RunEnd>;
  /** Asks it to end. */
  stop(): void;
}

export interface Runner {
  begin(schedule: Schedule, run: ScheduleRun): Begun;
}
