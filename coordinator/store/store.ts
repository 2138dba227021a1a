// What the coordinator asks of its store, and nothing of how it is kept. The store is the ledger: whatever
// it has committed is true after any crash, whatever it has not never happened. Writes are handed over in
// order and committed in groups; `commit` resolves when they are on disk (fsync), and only then may anybody
// be told.

import type { KnownOutput } from '../../proto/gen/netsweep/v1/agent.js';
import type { KeptAudit, OpenFindings } from '../../proto/gen/netsweep/v1/audits.js';
import type { Version } from '../../proto/gen/netsweep/v1/history.js';
import type { JoinToken, Member } from '../../proto/gen/netsweep/v1/members.js';
import type { Credential, Device, Failure, Report, SweepOptions } from '../../proto/gen/netsweep/v1/model.js';
import type { ScheduleRun } from '../../proto/gen/netsweep/v1/schedules.js';
import type { Secured } from '../../proto/gen/netsweep/v1/session.js';
import type { CredentialState, KnownHost, SweepState } from '../../proto/gen/netsweep/v1/sweeps.js';
import type { Act } from '../auditlog/acts.js';
import type { MemberWrite } from '../identity/book.js';
import type { AuditWrite } from '../report/book.js';
import type { KeptSchedule, ScheduleWrite } from '../schedule/book.js';

/** A sweep's own row; its counts follow from its devices. */
export interface SweepRow {
  id: string;
  /** The client's idempotency key. */
  key: string;
  state: SweepState;
  options: SweepOptions;
  startedAtMs: number;
  /** 0: not yet. */
  endedAtMs: number;
  reason: string;
  /** Shard numbers up to this one may have been used; a number is never used again. */
  lastShard: number;
  /** Results that came too late, and results that came again; kept with the row's next write. */
  refusedResults: number;
  repeatedResults: number;
}

/** A device's state in a sweep beyond what was submitted. */
export interface DeviceRow {
  index: number;
  /** Attempts ended so far; a hand-back is none. */
  attempts: number;
  /** Work time so far over all attempts, in ms. */
  workedMs: number;
  /** A secret of this device's credential has been permitted in this sweep: to log in, to enable, to log in inside. */
  loginSpent: boolean;
  enableSpent: boolean;
  channelSpent: boolean;
  /** A sweep that may write has started this device's commands. */
  started: boolean;
  /** How the processes died that were in session with it. */
  deaths: string[];
}

export interface ShardRow {
  sweep: string;
  shard: number;
  segment: string;
  offer: number;
  /** Empty: offered, not leased. */
  epoch: string;
  /** Instance that holds the lease. */
  holder: string;
  claimId: string;
  /** Indexes of its devices. */
  devices: number[];
}

/** Where host keys belong to; `jump`: the bastions on the way as text. */
export interface Place {
  segment: string;
  jump: string;
  host: string;
  port: number;
}

/** The smallest things that are written; a list of them is committed whole, in order. */
/** A device's outputs. */
export interface Of {
  device: string;
  segment: string;
  command: string;
}

export type Write =
  | { write: 'sweep'; row: SweepRow }
  /** The selection of a new sweep; states start empty. */
  | { write: 'devices'; sweep: string; devices: Device[] }
  /** A sweep's credential, sealed with the store's key; dropped when the sweep ends. */
  | { write: 'secret'; sweep: string; credential: Credential }
  | { write: 'dropSecrets'; sweep: string }
  | { write: 'device'; sweep: string; row: DeviceRow }
  /** Whether a bastion may have had a secret; `login` names both. */
  | { write: 'bastion'; sweep: string; login: string; spent: boolean }
  /** Counts of a sweep that has ended. */
  | { write: 'lateResults'; sweep: string; refused: number; repeated: number }
  | { write: 'shard'; row: ShardRow }
  | { write: 'dropShard'; sweep: string; shard: number }
  /** A piece of an output's gzip body; repeats are ignored. */
  | { write: 'chunk'; sha256: Uint8Array; seq: number; data: Uint8Array }
  /**
   * A device's published record: state and outputs in one. `Output.body` goes into the bodies (once per
   * digest) and is not kept in the report. A second one for the same device is a bug and fails the commit.
   * `epoch`: of the result that it came with, if it did; `secured`: its connection, for the audit log. `versions`: its complete outputs go into the history.
   */
  | { write: 'report'; report: Report; epoch?: string; versions?: boolean; secured?: Secured }
  /** An older attempt, kept as evidence. */
  | { write: 'evidence'; report: Report; epoch?: string; secured?: Secured }
  | { write: 'hostKey'; host: KnownHost; replace: boolean }
  | ({ write: 'dropHostKeys' } & Place)
  | { write: 'credential'; state: CredentialState }
  | { write: 'dropSweep'; sweep: string }
  /** All versions of a device's outputs; an empty segment or command: of any. */
  | ({ write: 'forget' } & Of)
  /** Whether nothing may be granted until leases that were lost with a rollback have ended. */
  | { write: 'hold'; held: boolean }
  | ScheduleWrite
  | AuditWrite
  | MemberWrite
  /** Goes into the audit log alone. */
  | { write: 'act'; act: Act };

/** An unfinished sweep, as a started coordinator finds it. */
export interface OpenSweep {
  row: SweepRow;
  devices: {
    device: Device;
    row: DeviceRow;
    /** Terminal status, if published. */
    report: Report | null;
    /** Of the attempt before the one to come, where there was one. */
    lastFailure: Failure | null;
  }[];
  shards: ShardRow[];
  credentials: Credential[];
  /** Logins at bastions that may have had their secret. */
  bastions: string[];
  /** Under which epochs results were taken, of the latest: their agents may not know that yet. */
  taken: { index: number; epoch: string }[];
}

/** Which outputs are meant; empty: any. `devices` is a pattern of names with * ? [...]. */
export interface Asked {
  segment: string;
  devices: string;
  platform: string;
  command: string;
  bodies: boolean;
}

/** Where a version stands among all others. */
export interface VersionKey {
  segment: string;
  device: string;
  command: string;
  version: number;
}

/** How much more the store can take, in bytes. */
export interface Room {
  directory: string;
  /** Free on its disk, for us. */
  freeBytes: number;
  /** The disk's size. */
  diskBytes: number;
  /** Free within the store's file. */
  spareBytes: number;
  /** What it may need of the disk at once. */
  leastBytes: number;
}

export interface Store {
  /** Random, made with the store; part of every NATS name. */
  readonly id: string;
  /** Found damaged at its end: commits may be missing that were acknowledged. */
  readonly isRolledBack: boolean;
  /** A hold was under way when it was closed. */
  readonly isHeld: boolean;
  /**
   * Resolves with the commit's number once all writes are on disk; where that is full, once there is room again. A
   * failure is fatal: the process must end.
   */
  commit(writes: Write[]): Promise<number>;
  lastCommit(): Promise<number>;
  /** A commit has found the disk full; it and all that came after it wait for room. */
  readonly full: boolean;
  /** The newest head of the audit log, as its line; empty: nothing was recorded yet. */
  readonly auditHead: string;
  room(): Promise<Room>;
  /** Sweeps whose last device has not ended, with everything the ledger needs. Reports come without outputs. */
  openSweeps(): Promise<OpenSweep[]>;
  /** Rows of all sweeps, newest first. */
  sweeps(limit: number): Promise<SweepRow[]>;
  sweepByKey(key: string): Promise<SweepRow | null>;
  /** Counts per status of a sweep's published reports, and the sum of their durations. */
  tally(
    sweep: string,
  ): Promise<{ counts: Map<string, number>; deviceTimeMs: number; agents: number; selected: number }>;
  /**
   * Published reports in the order they were committed, after `after` (0: from the start), at most `limit`,
   * each with its number. Bodies only when asked for and kept in one piece; larger ones are fetched by digest.
   */
  reportsAfter(
    sweep: string,
    after: number,
    limit: number,
    bodies: boolean,
  ): Promise<{ seq: number; report: Report }[]>;
  /** The same in inventory order, after index `after` (-1: from the start). */
  reportsByIndex(sweep: string, after: number, limit: number, bodies: boolean): Promise<Report[]>;
  /** Until it is disposed of a sweep's reports are read as they come: what is committed is kept at hand. */
  follow(sweep: string): Disposable;
  /** All of a sweep's devices as submitted. */
  devices(sweep: string): Promise<Device[]>;
  hasBody(sha256: Uint8Array): Promise<boolean>;
  /**
   * The gzip bodies of outputs; null: it has none that fits the digest. Of one in several pieces an empty one: it keeps
   * that until the report comes that names it without its bytes.
   */
  takeBodies(digests: Uint8Array[]): Promise<(Buffer | null)[]>;
  /** The gzip body of an output in pieces of at most CHUNK_BYTES; empty: unknown. */
  body(sha256: Uint8Array, from: number): Promise<{ data: Uint8Array; more: boolean } | null>;
  /** For each device the last complete outputs of its commands, as far as they are known. */
  knownOutputs(devices: Pick<Device, 'segment' | 'name' | 'commands'>[]): Promise<KnownOutput[][]>;
  /** Versions of a device's outputs in the order of segment, command and version, after `after`. */
  versions(device: string, after: VersionKey | null, limit: number): Promise<Version[]>;
  /** The newest version of every output in the order of segment, device and command; bodies as in `reportsAfter`. */
  newestVersions(asked: Asked, after: VersionKey | null, limit: number): Promise<Version[]>;
  hostKeys(): Promise<KnownHost[]>;
  credentials(): Promise<CredentialState[]>;
  /** The identity of a credential: a keyed digest of user name and secrets, so that a changed one is another. */
  identify(credential: Credential): Promise<string>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** A store that keeps schedules as well. */
export interface ScheduleStore extends Store {
  schedules(): Promise<KeptSchedule[]>;
  /** Runs that wait, or were under way. */
  openScheduleRuns(): Promise<ScheduleRun[]>;
  /** A schedule's, newest first. */
  scheduleRuns(schedule: string, limit: number): Promise<ScheduleRun[]>;
}

/** A store that keeps audits as well. */
export interface AuditStore extends ScheduleStore {
  /** Newest first; of one line, or all. */
  audits(line: string | null, limit: number): Promise<KeptAudit[]>;
  /** Of one rule. */
  openFindings(policy: string, rule: string): Promise<OpenFindings>;
}

/** A store that keeps members as well. */
export interface MemberStore extends AuditStore {
  members(): Promise<Member[]>;
  joinTokens(): Promise<JoinToken[]>;
}
