// One sweep that has not ended, in memory: which of its devices wait, which are in an open shard, which have
// ended. Pure: every change appends to a list of writes that the store commits before anybody is told.
// A device is always in exactly one place, so the counts always add up to the selection.
import {
  type Counts,
  type Credential,
  type Device,
  type Failure,
  type Output,
  Purpose,
  Report,
  Status,
} from '../../proto/gen/netsweep/v1/model.js';
import type { Secured } from '../../proto/gen/netsweep/v1/session.js';
import { SweepState } from '../../proto/gen/netsweep/v1/sweeps.js';
import type { DeviceRow, OpenSweep, SweepRow, Write } from '../store/store.js';
import { type Endpoints, endpointOf } from './endpoints.js';
import { Line, type Unit } from './line.js';
import { type Pace, type Track, Tracks } from './pace.js';
import { type Limits, Queue } from './queue.js';
import { Stops } from './stops.js';

/** A device of an open sweep. */
export interface DeviceState {
  device: Device;
  endpoint: string;
  track: Track;
  row: Omit<DeviceRow, 'index'>;
  /** The open shard that holds it; 0: none. */
  shard: number;
  /** UNSPECIFIED until the device has ended. */
  status: Status;
  /** Epochs under which a result was taken; they tell a repeat from a stranger. */
  epochs: string[];
  /** Who could not connect to it last, and until when the next try is another instance's. */
  missed: { instance: string; until: number } | null;
  /** How often in a row an agent had too little of something itself. */
  localFailures: number;
  /** The attempt before the one to come, for a device that is waiting to be tried again. */
  lastFailure: Failure | null;
  /** A lease ended after leave to send a secret: nobody knows whether it was sent, and how it fared. */
  loginUnknown: boolean;
  channelUnknown: boolean;
}

/** What all sweeps have in common. */
export interface Shared {
  endpoints: Endpoints;
  pace: Pace;
}

/** Why a sweep takes no more work, and how its unfinished devices end. */
export interface Halt {
  reason: string;
  untouched: { status: Status; failure: Failure | null };
  touched: { status: Status; failure: Failure | null };
  /** Agents let go of devices that are under way; otherwise these end as they will. */
  recalls: boolean;
}

/** Everything about how a device ended except who it is. */
export interface Ending {
  status: Status;
  failure: Failure | null;
  outputs?: Output[];
  transcript?: Output | undefined;
  /** As in Report. */
  platform?: string;
  notes?: string[];
  /** Of the attempt's connection. */
  secured?: Secured | undefined;
  agent?: string;
  startedAtMs?: number;
  durationMs?: number;
}

/** What a report begins as: made anew by the generated code, all that it names would be copied. */
/** From so many deaths on a device runs alone. */
export const ALONE_FROM = 2;

const NO_REPORT = Report.create();
/** Shared by all devices that nothing has been done with, as far as it is still of interest. */
const NO_EPOCHS: string[] = [];
const UNTOUCHED: DeviceState['row'] = {
  ...{ attempts: 0, workedMs: 0, started: false, deaths: [] },
  ...{ loginSpent: false, enableSpent: false, channelSpent: false },
};
/** Shard numbers reserved at a time. */
const SHARD_NUMBERS = 1_000;
/**
 * Devices of a sweep that run alone at a time: each takes a process, as with --isolation device. A lost agent may make
 * suspects of hundreds, and a sweep must not wait for a few of them at a time.
 */
const ALONE_MOST = 32;
/** Every sweep ends by then, in ms, unless it was given a deadline of its own. */
const CEILING_MS = 24 * 3600 * 1000;

export class ActiveSweep {
  readonly states: DeviceState[];
  readonly credentials: Map<string, Credential>;
  readonly #counts: Counts;
  /** By segment. */
  readonly #waiting = new Map<string, Queue>();
  /** Those of later stages, in the order of these. */
  readonly #held = new Map<string, Line>();
  readonly stops: Stops;
  halt: Halt | null = null;
  nextShard = 1;
  /** Devices in offered or leased shards. */
  inShards = 0;
  /** Those of them that run alone. */
  readonly #alone = new Set<DeviceState>();
  /** Devices that have been sent their first command and have not ended. */
  readonly #started = new Set<DeviceState>();
  /** Logins at bastions that may have had their secret, each with the first that was given leave. */
  readonly bastions = new Map<string, string>();
  open: number;

  constructor(
    public row: SweepRow,
    devices: Device[],
    credentials: Credential[],
    private readonly shared: Shared,
  ) {
    const tracks = new Tracks(row.id, row.options);
    this.credentials = new Map(credentials.map((credential) => [credential.id, credential]));
    this.states = devices.map((device) => ({
      device,
      endpoint: endpointOf(device),
      track: tracks.of(device),
      row: UNTOUCHED,
      shard: 0,
      status: Status.UNSPECIFIED,
      epochs: NO_EPOCHS,
      missed: null,
      localFailures: 0,
      lastFailure: null,
      loginUnknown: false,
      channelUnknown: false,
    }));
    this.open = devices.length;
    this.stops = new Stops(row.options, devices.length);
    this.#counts = zeroCounts(devices.length);
    this.#queue(this.states, 0);
  }

  /** A sweep as the store remembers it; devices of leased shards are not queued, their leases hold them. */
  static restore(found: OpenSweep, shared: Shared): ActiveSweep {
    const sweep = new ActiveSweep(
      found.row,
      found.devices.map(({ device }) => device),
      found.credentials,
      shared,
    );
    sweep.#waiting.clear();
    sweep.#held.clear();
    sweep.nextShard = found.row.lastShard + 1;
    for (const shard of found.shards) {
      if (shard.epoch === '') continue;
      for (const index of shard.devices) sweep.state(index).shard = shard.shard;
    }
    for (const { device, row, report, lastFailure } of found.devices) {
      const state = sweep.state(device.index);
      if (report === null) sweep.#is(state, row);
      state.lastFailure = lastFailure;
      if (state.shard !== 0) {
        sweep.inShards += 1;
        for (const place of state.track.places) shared.pace.caps.take(place);
      }
      // Whether under a lease that is held or one before it, nobody knows any more.
      state.loginUnknown = row.loginSpent;
      state.channelUnknown = row.channelSpent;
      if (report !== null) sweep.#settle(state, report.status, report.failure ?? null);
    }
    for (const { index, epoch } of found.taken) sweep.took(sweep.state(index), epoch);
    for (const login of found.bastions) sweep.bastions.set(login, '');
    sweep.#queue(
      sweep.states.filter((state) => state.status === Status.UNSPECIFIED && state.shard === 0),
      0,
    );
    return sweep;
  }

  get id(): string {
    return this.row.id;
  }

  /** Unix ms after which nothing of it is begun. */
  get deadlineAtMs(): number {
    return this.row.startedAtMs + (this.row.options.deadlineMs || CEILING_MS);
  }

  /** Whether its limits leave room for one more device to be started; asked again after every change. */
  mayStart(): boolean {
    if (this.halt !== null) return false;
    return this.stops.mayStart(this.#started.size);
  }

  state(index: number): DeviceState {
    const state = this.states[index];
    if (state === undefined) throw new Error(`sweep ${this.id} has no device ${index}`);
    return state;
  }

  segments(): string[] {
    return [...new Set([...this.#waiting.keys(), ...this.#held.keys()])];
  }

  /** How many of its devices stand in line in a segment, as far as their stage has come. */
  waiting(segment: string): number {
    return this.#waiting.get(segment)?.length ?? 0;
  }

  /** How many of its devices stand in line in a segment, those of later stages too. */
  /** Limits of the pace that devices in line wait for, and how many for each. */
  held(): Map<string, number> {
    const held = new Map<string, number>();
    if (this.halt !== null) return held;
    for (const line of this.#waiting.values())
      for (const [limit, devices] of line.held()) held.set(limit, (held.get(limit) ?? 0) + devices);
    return held;
  }

  inLine(segment: string): number {
    return this.waiting(segment) + (this.#held.get(segment)?.length ?? 0);
  }

  /** How many more of its devices may be in shards now. */
  get room(): number {
    return Math.min(this.row.options.forks, this.stops.most) - this.inShards;
  }

  /** Takes up to `most` waiting devices that are free to be worked on into a new shard. Empty: none is. */
  formShard(segment: string, most: number, now: number, writes: Write[]): DeviceState[] {
    this.#admit(segment);
    const line = this.#waiting.get(segment);
    if (line === undefined || most < 1) return [];
    const taken = this.#take(line, most, now);
    if (line.length === 0) this.#waiting.delete(segment);
    if (taken.length === 0) return taken;
    const shard = this.#takeNumber(writes);
    for (const state of taken) {
      state.shard = shard;
      if (runsAlone(state)) this.#alone.add(state);
    }
    this.inShards += taken.length;
    return taken;
  }

  /** Puts devices that have left their shard unfinished back in line. */
  requeue(states: DeviceState[], notBefore: number): void {
    for (const state of states) {
      this.#leave(state);
      this.#alone.delete(state);
    }
    this.#queue(states, notBefore);
  }

  /** A result was taken under this epoch. A list that grows would keep room for more in each of very many devices. */
  took(state: DeviceState, epoch: string): void {
    state.epochs = [...state.epochs, epoch];
  }

  /** Ends a device; its record and its state are one write. */
  end(state: DeviceState, ending: Ending, writes: Write[]): void {
    this.#settle(state, ending.status, ending.failure);
    writes.push({
      write: 'report',
      report: this.report(state, ending),
      epoch: state.epochs.at(-1) ?? '',
      versions: this.row.options.purpose === Purpose.COMMANDS,
      ...(ending.secured && { secured: ending.secured }),
    });
    state.row = UNTOUCHED;
  }

  /** Ends every device that waits in line, as `how` says. */
  endWaiting(how: (state: DeviceState) => Ending | null, writes: Write[]): number {
    const before = this.open;
    for (const lines of [this.#waiting, this.#held])
      for (const [segment, line] of lines) {
        line.filter((unit) => {
          const left = unit.indexes.filter((index) => {
            const state = this.state(index);
            const ending = how(state);
            if (ending !== null) this.end(state, ending, writes);
            return ending === null;
          });
          return left.length > 0 ? { ...unit, indexes: left } : null;
        });
        if (line.length === 0) lines.delete(segment);
      }
    return before - this.open;
  }

  /** How a device ends that a halt has caught. */
  haltEnding(state: DeviceState): Ending {
    if (this.halt === null) throw new Error(`sweep ${this.id} is not halted`);
    if (!this.halt.recalls && state.lastFailure !== null)
      return { status: Status.FAILED, failure: state.lastFailure };
    return state.row.attempts > 0 || state.row.loginSpent ? this.halt.touched : this.halt.untouched;
  }

  report(state: DeviceState, ending: Ending): Report {
    return {
      ...NO_REPORT,
      sweep: this.id,
      device: withCommands(state.device, ending.outputs ?? []),
      status: ending.status,
      failure: ending.failure ?? undefined,
      attempts: state.row.attempts,
      agent: ending.agent ?? '',
      startedAtMs: ending.startedAtMs ?? 0,
      durationMs: ending.durationMs ?? 0,
      outputs: ending.outputs ?? [],
      transcript: ending.transcript,
      platform: ending.platform ?? '',
      notes: ending.notes ?? [],
    };
  }

  /** A result changed nothing but this count. */
  countLate(again: boolean, writes: Write[]): void {
    const refused = this.row.refusedResults + Number(!again);
    const repeated = this.row.repeatedResults + Number(again);
    this.row = { ...this.row, refusedResults: refused, repeatedResults: repeated };
    writes.push({ write: 'lateResults', sweep: this.id, refused, repeated });
  }

  change(state: DeviceState, change: Partial<DeviceState['row']>, writes: Write[]): void {
    this.#is(state, { ...state.row, ...change });
    writes.push({ write: 'device', sweep: this.id, row: { index: state.device.index, ...state.row } });
  }

  /** A bastion is given a secret, by the login of this key, or has after all not been given it by that login. */
  spendAtBastion(login: string, key: string, spent: boolean, writes: Write[]): void {
    const first = this.bastions.get(login);
    if (spent && first === undefined) this.bastions.set(login, key);
    else if (!spent && first === key) this.bastions.delete(login);
    else if (!spent) return;
    // Written again for one that was spent before: its first write may still be on its way to the disk.
    writes.push({ write: 'bastion', sweep: this.id, login, spent });
  }

  /** Ends the sweep itself once its last device has ended. */
  finish(endedAtMs: number, writes: Write[]): boolean {
    if (this.open > 0 || this.row.endedAtMs > 0) return false;
    const state = this.row.state === SweepState.CANCELLED ? SweepState.CANCELLED : SweepState.ENDED;
    this.row = { ...this.row, state, endedAtMs };
    writes.push({ write: 'sweep', row: this.row }, { write: 'dropSecrets', sweep: this.id });
    return true;
  }

  counts(running: number): Counts {
    return { ...this.#counts, running, waiting: this.open - running };
  }

  #is(state: DeviceState, row: DeviceState['row']): void {
    state.row = row;
    if (row.started) this.#started.add(state);
  }

  #settle(state: DeviceState, status: Status, failure: Failure | null): void {
    if (state.status !== Status.UNSPECIFIED) throw new Error(`${state.device.name} would end twice`);
    if (state.shard !== 0) this.#leave(state);
    this.#alone.delete(state);
    this.#started.delete(state);
    state.status = status;
    this.open -= 1;
    this.#counts[countOf(status)] += 1;
    this.stops.ended(state.device, status, failure);
  }

  /** Those of whom neither endpoint nor pace keeps anybody away. */
  #take(line: Queue, most: number, now: number): DeviceState[] {
    const { endpoints, pace } = this.shared;
    const { options } = this.row;
    const limits: Limits = {
      fullAt: (track, devices) => pace.fullAt(track, devices, options.siteSessions, now),
      roomAt: (limit) => pace.roomAt(limit, this.id, options, now),
    };
    const taken: DeviceState[] = [];
    const kept: Unit[] = [];
    line.wake(now, limits);
    for (let alone = false; taken.length < most && !alone; ) {
      const unit = line.next(limits);
      if (unit === null) break;
      const states = unit.indexes.map((index) => this.state(index));
      const free = states.every((state) => endpoints.freeAt(state.endpoint) <= now);
      // Names of one endpoint may be at several sites.
      const isFull = states.some(({ track }) => track !== unit.track && limits.fullAt(track, 1) !== null);
      if (!free || isFull || !this.#fits(states, taken, most)) {
        kept.push(unit);
        continue;
      }
      for (const state of states) pace.take(state.track, state.device.index, now);
      taken.push(...states);
      alone = states.some(runsAlone);
    }
    line.putBack(kept);
    return taken;
  }

  /** It is in no shard any more. Its place counts until its endpoint is free, as somebody may be there still. */
  #leave(state: DeviceState): void {
    const { endpoints, pace } = this.shared;
    this.inShards -= 1;
    state.shard = 0;
    const free = endpoints.freeAt(state.endpoint);
    pace.release(state.track, state.device.index, Number.isFinite(free) ? free : 0);
  }

  /** Whether these may join those in a shard. Who runs alone has one alone, and a process: few at a time. */
  #fits(states: DeviceState[], taken: DeviceState[], most: number): boolean {
    if (states.some(runsAlone)) return taken.length === 0 && this.#alone.size < ALONE_MOST;
    return taken.length === 0 || taken.length + states.length <= most;
  }

  /** Lets those in line whose stage has come. */
  #admit(segment: string): void {
    const held = this.#held.get(segment);
    while (held !== undefined && held.length > 0 && held.stage <= this.stops.stage) {
      const unit = held.next(Number.POSITIVE_INFINITY);
      if (unit !== null) lineOf(this.#waiting, segment, Queue).add(unit);
    }
    if (held?.length === 0) this.#held.delete(segment);
  }

  /** The next shard's number; blocks of numbers are reserved on disk, so that none is used again after a crash. */
  #takeNumber(writes: Write[]): number {
    const number = this.nextShard++;
    if (number > this.row.lastShard) {
      this.row = { ...this.row, lastShard: number + SHARD_NUMBERS - 1 };
      writes.push({ write: 'sweep', row: this.row });
    }
    return number;
  }

  #queue(states: DeviceState[], notBefore: number): void {
    const units = new Map<string, Unit>();
    for (const { device, endpoint, track } of states) {
      const stage = this.stops.stageOf(device.index);
      const key = stage === 0 ? endpoint : `${endpoint}\n${stage}`;
      const unit = units.get(key);
      if (unit !== undefined) {
        unit.indexes.push(device.index);
        continue;
      }
      const made = { indexes: [device.index], notBefore, stage, track };
      units.set(key, made);
      if (stage > this.stops.stage) lineOf(this.#held, device.segment, Line).add(made);
      else lineOf(this.#waiting, device.segment, Queue).add(made);
    }
  }
}

/** Where the agent took the commands of a platform that it had found out, they are known from the outputs. */
function withCommands(device: Device, outputs: Output[]): Device {
  return device.commands.length > 0 ? device : { ...device, commands: outputs.map(({ command }) => command) };
}

function lineOf<T extends Line | Queue>(lines: Map<string, T>, segment: string, Made: new () => T): T {
  const line = lines.get(segment) ?? new Made();
  lines.set(segment, line);
  return line;
}

/** It has to be in a shard, and in a worker process, of its own. */
export function runsAlone({ row }: DeviceState): boolean {
  return row.deaths.length >= ALONE_FROM;
}

export function newRow(index: number): DeviceRow {
  return { index, ...UNTOUCHED };
}

function zeroCounts(selected: number): Counts {
  return {
    selected,
    ok: 0,
    suspect: 0,
    failed: 0,
    skipped: 0,
    cancelled: 0,
    interrupted: 0,
    running: 0,
    waiting: 0,
  };
}

function countOf(status: Status): 'ok' | 'suspect' | 'failed' | 'skipped' | 'cancelled' | 'interrupted' {
  switch (status) {
    case Status.OK:
      return 'ok';
    case Status.SUSPECT:
      return 'suspect';
    case Status.SKIPPED:
      return 'skipped';
    case Status.CANCELLED:
      return 'cancelled';
    case Status.INTERRUPTED:
      return 'interrupted';
    case Status.FAILED:
      return 'failed';
    case Status.UNSPECIFIED:
    case Status.UNRECOGNIZED:
      throw new Error('a device cannot end without a status');
    default:
      return status satisfies never;
  }
}
