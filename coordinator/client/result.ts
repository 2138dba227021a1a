// What a script is given for each device: the objects that `--format ndjson` prints, with types. They go to scripts without
// the rest of the program, so that they may need nothing of it.

/** How a device ended. */
export type Status = 'ok' | 'suspect' | 'failed' | 'skipped' | 'cancelled' | 'interrupted';

/** Why it did not end well. */
export interface Failure {
  /** `unreachable`, `auth`, `timeout` ... */
  kind: string;
  /** `connect`, `auth`, `command` ... */
  stage: string;
  message: string;
  /** Whether it may pass when it is tried again. */
  retryable: boolean;
}

/** What a device printed in answer to a command. */
export interface CommandOutput {
  command: string;
  /** `complete` only where that is proved. */
  status: 'complete' | 'suspect' | 'truncated';
  output: string;
  /** What the bytes were read as: `utf-8` or `latin-1`. */
  encoding: string;
  /** Of `output` in UTF-8. */
  bytes: number;
  /** Of the same, in hex. */
  sha256: string;
  durationMs: number;
  /** Of a shell; null elsewhere. */
  exitStatus: number | null;
  stderr: string | null;
}

/** One device of a sweep, ended. */
export interface Result {
  sweep: string;
  device: string;
  host: string;
  port: number;
  platform: string;
  segment: string;
  groups: string[];
  status: Status;
  failure: Failure | null;
  /** Sessions that were tried. */
  attempts: number;
  /** Null: no agent got to it. */
  agent: string | null;
  /** ISO 8601; null: it was never begun. */
  startedAt: string | null;
  durationMs: number;
  notes: string[];
  outputs: CommandOutput[];
}

/** How many devices are in which state; they add up to `selected`. */
export interface Counts extends Record<Status, number> {
  selected: number;
  running: number;
  waiting: number;
}

/** A sweep in figures. */
export interface Summary {
  id: string;
  status: 'running' | 'ended' | 'cancelled' | 'paused';
  startedAt: string | null;
  endedAt: string | null;
  durationMs: number | null;
  counts: Counts;
  /** Why it was cancelled or stopped. */
  reason: string | null;
}
