// Where schedules and what became of their due times are kept, as the scheduler sees it. What is handed to one `commit`
// is true together or not at all.
import type { Schedule, ScheduleRun } from '../../proto/gen/netsweep/v1/schedules.js';

export type ScheduleWrite =
  | { write: 'schedule'; schedule: Schedule }
  /** With all its runs. */
  | { write: 'dropSchedule'; id: string }
  | { write: 'scheduleRun'; run: ScheduleRun };

export interface KeptSchedule {
  schedule: Schedule;
  /** Not what was written. */
  isDamaged: boolean;
}

export interface ScheduleBook {
  schedules(): Promise<KeptSchedule[]>;
  /** Runs that wait, or were under way. */
  openRuns(): Promise<ScheduleRun[]>;
  /** A schedule's, newest first. */
  runs(schedule: string, limit: number): Promise<ScheduleRun[]>;
  commit(writes: ScheduleWrite[]): Promise<unknown>;
  /** Sweeps that were submitted under a run's key. */
  sweepsOf(key: string): Promise<string[]>;
}
