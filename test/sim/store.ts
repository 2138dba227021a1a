// A store in memory that keeps the promises of the real one and no others: calls are committed in order and in groups,
// each whole or not at all; what was not committed when its coordinator died never happened; a copy of it can be put
// back later. What the real tables would refuse fails the commit here too.
import { createHash } from 'node:crypto';
import { isOpen } from '../../coordinator/store/rows.ts';
import type {
  DeviceRow,
  OpenSweep,
  Room,
  ShardRow,
  Store,
  SweepRow,
  Write,
} from '../../coordinator/store/store.ts';
import { newRow } from '../../coordinator/sweep/activesweep.ts';
import { placeKey } from '../../coordinator/sweep/endpoints.ts';
import { KnownOutput } from '../../proto/gen/netsweep/v1/agent.ts';
import type { Credential, Device, Report } from '../../proto/gen/netsweep/v1/model.ts';
import type { CredentialState, KnownHost } from '../../proto/gen/netsweep/v1/sweeps.ts';
import type { Dice } from './dice.ts';
import { digestOf, type Fleet, type Try } from './fleet.ts';
import type { Process } from './machine.ts';
import type { Timeline } from './timeline.ts';

export interface StoredSweep {
  row: SweepRow;
  devices: Device[];
  rows: Map<number, DeviceRow>;
  reports: Map<number, Report>;
  evidence: Report[];
  shards: Map<number, ShardRow>;
  credentials: Map<string, Credential>;
  bastions: Set<string>;
  /** Under which epoch the last result of a device was taken, by index. */
  taken: Map<number, string>;
}

/** What is on the disk: it outlives every coordinator. */
export class Disk {
  readonly id: string;
  commits = 0;
  held = false;
  readonly sweeps = new Map<string, StoredSweep>();
  readonly hostKeys = new Map<string, KnownHost>();
  readonly credentials = new Map<string, CredentialState>();
  readonly bodies = new Set<string>();
  /** The last outputs by device and command. */
  readonly newest = new Map<string, Map<string, KnownOutput>>();
  /** For the witness. The epoch that was granted last, by `sweep/index`, in the order of commits. */
  readonly granted = new Map<string, string>();
  /** Numbers of the tries whose reports are here, as record or evidence. */
  readonly stored = new Set<number>();

  constructor(
    id: string,
    private readonly fleet: Fleet,
    /** A record or an evidence was written under an epoch that had been replaced. */
    private readonly stale: (made: Try, current: string) => void,
  ) {
    this.id = id;
  }

  /** The epoch under which a device is worked on; empty: none. */
  epochOf(sweep: string, index: number): string {
    for (const { epoch, devices } of this.sweeps.get(sweep)?.shards.values() ?? [])
      if (epoch !== '' && devices.includes(index)) return epoch;
    return '';
  }

  /** A copy as a backup would have it; rows are never changed, only replaced. */
  copy(): Disk {
    const copy = new Disk(this.id, this.fleet, this.stale);
    copy.commits = this.commits;
    copy.held = this.held;
    for (const [id, { row, devices, rows, reports, evidence, shards, credentials, bastions, taken }] of this
      .sweeps)
      copy.sweeps.set(id, {
        row,
        devices,
        rows: new Map(rows),
        reports: new Map(reports),
        evidence: [...evidence],
        shards: new Map(shards),
        credentials: new Map(credentials),
        bastions: new Set(bastions),
        taken: new Map(taken),
      });
    for (const [key, host] of this.hostKeys) copy.hostKeys.set(key, host);
    for (const [id, state] of this.credentials) copy.credentials.set(id, state);
    for (const digest of this.bodies) copy.bodies.add(digest);
    for (const [device, outputs] of this.newest) copy.newest.set(device, new Map(outputs));
    for (const [device, epoch] of this.granted) copy.granted.set(device, epoch);
    for (const made of this.stored) copy.stored.add(made);
    return copy;
  }

  /** Applies a call whole; throws, having changed nothing that matters, when the tables would refuse it. */
  apply(writes: readonly Write[]): void {
    for (const write of writes) this.#apply(write);
  }

  #sweep(id: string): StoredSweep {
    const sweep = this.sweeps.get(id);
    if (sweep === undefined) throw new Error(`sweep ${id} is not in the store`);
    return sweep;
  }

  #apply(write: Write): void {
    switch (write.write) {
      case 'sweep': {
        const known = this.sweeps.get(write.row.id);
        if (known !== undefined) known.row = write.row;
        else
          this.sweeps.set(write.row.id, {
            row: write.row,
            devices: [],
            rows: new Map(),
            reports: new Map(),
            evidence: [],
            shards: new Map(),
            credentials: new Map(),
            bastions: new Set(),
            taken: new Map(),
          });
        return;
      }
      case 'devices':
        this.#sweep(write.sweep).devices.push(...write.devices);
        return;
      case 'bastion':
        if (write.spent) this.#sweep(write.sweep).bastions.add(write.login);
        else this.#sweep(write.sweep).bastions.delete(write.login);
        return;
      case 'lateResults':
      case 'act':
        return;
      case 'secret':
        // The real one seals it: the copy in memory may be wiped.
        this.#sweep(write.sweep).credentials.set(write.credential.id, {
          ...write.credential,
          password: Buffer.from(write.credential.password),
        });
        return;
      case 'dropSecrets':
        this.#sweep(write.sweep).credentials.clear();
        return;
      case 'device':
        this.#sweep(write.sweep).rows.set(write.row.index, write.row);
        return;
      case 'shard':
        this.#sweep(write.row.sweep).shards.set(write.row.shard, write.row);
        if (write.row.epoch !== '')
          for (const index of write.row.devices)
            this.granted.set(`${write.row.sweep}/${index}`, write.row.epoch);
        return;
      case 'hold':
        this.held = write.held;
        return;
      case 'dropShard':
        this.#sweep(write.sweep).shards.delete(write.shard);
        return;
      case 'chunk':
        this.bodies.add(digestOf(write.sha256));
        return;
      case 'report': {
        const { report } = write;
        const sweep = this.#sweep(report.sweep);
        const index = report.device?.index ?? -1;
        if (sweep.reports.has(index))
          throw new Error(`device ${index} of sweep ${report.sweep} is reported already`);
        sweep.reports.set(index, report);
        this.#keep(report, write.epoch);
        this.#remember(report);
        return;
      }
      case 'evidence':
        this.#sweep(write.report.sweep).evidence.push(write.report);
        this.#keep(write.report, write.epoch);
        return;
      case 'hostKey': {
        const key = placeKey(write.host);
        if (write.replace || !this.hostKeys.has(key)) this.hostKeys.set(key, write.host);
        return;
      }
      case 'dropHostKeys':
        this.hostKeys.delete(placeKey(write));
        return;
      case 'credential':
        this.credentials.set(write.state.id, write.state);
        return;
      case 'dropSweep':
        this.sweeps.delete(write.sweep);
        return;
      case 'forget':
        throw new Error('no coordinator of the simulation has a history');
      case 'schedule':
      case 'dropSchedule':
      case 'scheduleRun':
        throw new Error('no coordinator of the simulation has schedules');
      case 'audit':
      case 'openFindings':
        throw new Error('no coordinator of the simulation keeps audits');
      case 'member':
      case 'joinToken':
      case 'dropJoinToken':
        throw new Error('no coordinator of the simulation has members');
      default:
        write satisfies never;
    }
  }

  #remember({ device, outputs }: Report): void {
    const key = `${device?.segment} ${device?.name}`;
    const newest = this.newest.get(key) ?? new Map<string, KnownOutput>();
    for (const { command, sha256, bytes } of outputs)
      newest.set(command, KnownOutput.create({ command, sha256, bytes }));
    this.newest.set(key, newest);
  }

  #keep(report: Report, epoch = ''): void {
    if (epoch !== '') this.#sweep(report.sweep).taken.set(report.device?.index ?? -1, epoch);
    for (const { sha256, body } of report.outputs) {
      const digest = digestOf(sha256);
      if (body.length === 0 && !this.bodies.has(digest))
        throw new Error(`the bytes of output ${digest} are not in the store`);
      this.bodies.add(digest);
    }
    const number = this.fleet.tryOf(report);
    const made = this.fleet.tries[number ?? -1];
    if (number === null || made === undefined || this.stored.has(number)) return;
    this.stored.add(number);
    const current = this.granted.get(`${made.sweep}/${made.index}`) ?? '';
    if (current !== made.epoch) this.stale(made, current);
  }
}

interface Call {
  writes: readonly Write[];
  resolve: (commit: number) => void;
  reject: (error: Error) => void;
}

/** A coordinator's hold on the disk. */
export class SimStore implements Store {
  readonly full = false;
  readonly auditHead = '';
  readonly isRolledBack = false;
  readonly isHeld: boolean;
  #waiting: Call[] = [];
  #writing = false;

  constructor(
    private readonly disk: Disk,
    private readonly process: Process,
    private readonly timeline: Timeline,
    dice: Dice,
    /** How long a group takes to be on the disk, in ms. */
    private readonly commitMs: () => number,
    private readonly refused: (error: unknown) => void,
  ) {
    this.isHeld = disk.held;
    // A group under way when its process is killed is on the disk or not; nobody has been told.
    process.onDeath.push(() => {
      if (dice.chance(0.5)) this.#apply(this.#waiting.splice(0, dice.below(this.#waiting.length + 1)));
    });
  }

  get id(): string {
    return this.disk.id;
  }

  commit(writes: Write[]): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ writes: [...writes], resolve, reject });
      if (!this.#writing) this.#write();
    });
  }

  #write(): void {
    if (this.#waiting.length === 0 || !this.process.alive) return;
    this.#writing = true;
    // Of those that wait now; what comes meanwhile is the next group.
    const size = this.#waiting.length;
    this.timeline.at(this.timeline.now + this.commitMs(), () => {
      if (!this.process.alive) return;
      const group = this.#waiting.splice(0, size);
      const written = this.#apply(group);
      const { commits } = this.disk;
      this.process.hear(() => {
        for (const [at, call] of group.entries())
          if (at < written) call.resolve(commits);
          else call.reject(new Error('the commit was refused'));
      });
      this.#writing = false;
      this.#write();
    });
  }

  /** How many of the calls are on the disk now. */
  #apply(group: Call[]): number {
    let written = 0;
    for (const { writes } of group) {
      try {
        this.disk.apply(writes);
      } catch (error) {
        this.refused(error);
        break;
      }
      written += 1;
    }
    if (group.slice(0, written).some(({ writes }) => writes.length > 0)) this.disk.commits += 1;
    return written;
  }

  async room(): Promise<Room> {
    const plenty = 2 ** 40;
    return { directory: '', freeBytes: plenty, diskBytes: plenty, spareBytes: plenty, leastBytes: 1 };
  }

  /** Questions stand in line with the writes before them. */
  async #read<T>(answer: () => T): Promise<T> {
    await this.commit([]);
    return answer();
  }

  lastCommit(): Promise<number> {
    return this.#read(() => this.disk.commits);
  }

  openSweeps(): Promise<OpenSweep[]> {
    return this.#read(() => this.#openSweeps());
  }

  #openSweeps(): OpenSweep[] {
    return [...this.disk.sweeps.values()]
      .filter(({ row }) => isOpen(row))
      .map(({ row, devices, rows, reports, evidence, shards, credentials, bastions, taken }) => ({
        bastions: [...bastions],
        taken: [...taken].map(([index, epoch]) => ({ index, epoch })),
        row,
        devices: devices.map((device) => ({
          device,
          row: rows.get(device.index) ?? newRow(device.index),
          report: reports.get(device.index) ?? null,
          lastFailure: evidence.findLast((one) => one.device?.index === device.index)?.failure ?? null,
        })),
        shards: [...shards.values()],
        credentials: [...credentials.values()].map((one) => ({
          ...one,
          password: Buffer.from(one.password),
        })),
      }));
  }

  sweeps(limit: number): Promise<SweepRow[]> {
    return this.#read(() =>
      [...this.disk.sweeps.values()]
        .map(({ row }) => row)
        .reverse()
        .slice(0, limit),
    );
  }

  sweepByKey(key: string): Promise<SweepRow | null> {
    return this.#read(() => [...this.disk.sweeps.values()].find(({ row }) => row.key === key)?.row ?? null);
  }

  tally(id: string) {
    return this.#read(() => {
      const sweep = this.disk.sweeps.get(id);
      const counts = new Map<string, number>();
      for (const { status } of sweep?.reports.values() ?? [])
        counts.set(status, (counts.get(status) ?? 0) + 1);
      return { counts, deviceTimeMs: 0, agents: 0, selected: sweep?.devices.length ?? 0 };
    });
  }

  async reportsAfter(): Promise<never> {
    throw new Error('nobody watches a simulated sweep');
  }

  async reportsByIndex(): Promise<never> {
    throw new Error('nobody watches a simulated sweep');
  }

  follow(): never {
    throw new Error('nobody watches a simulated sweep');
  }

  async devices(id: string): Promise<Device[]> {
    return this.disk.sweeps.get(id)?.devices ?? [];
  }

  hasBody(sha256: Uint8Array): Promise<boolean> {
    return this.#read(() => this.disk.bodies.has(digestOf(sha256)));
  }

  /** Bodies are never removed here, and none is looked at. */
  takeBodies(digests: Uint8Array[]): Promise<(Buffer | null)[]> {
    return this.#read(() =>
      digests.map((sha256) => (this.disk.bodies.has(digestOf(sha256)) ? Buffer.alloc(0) : null)),
    );
  }

  /** Asked in the turn of a commit, it is answered with that. */
  async knownOutputs(devices: Pick<Device, 'segment' | 'name' | 'commands'>[]): Promise<KnownOutput[][]> {
    return devices.map(({ segment, name }) => [
      ...(this.disk.newest.get(`${segment} ${name}`)?.values() ?? []),
    ]);
  }

  async versions(): Promise<never> {
    throw new Error('nobody looks at the history of a simulation');
  }

  async newestVersions(): Promise<never> {
    throw new Error('nobody looks at the history of a simulation');
  }

  async body(): Promise<null> {
    return null;
  }

  hostKeys(): Promise<KnownHost[]> {
    return this.#read(() => [...this.disk.hostKeys.values()]);
  }

  credentials(): Promise<CredentialState[]> {
    return this.#read(() => [...this.disk.credentials.values()]);
  }

  async identify({ username, password, enableSecret }: Credential): Promise<string> {
    const hash = createHash('sha256').update(username).update('\n').update(password).update('\n');
    return hash.update(enableSecret).digest('hex').slice(0, 32);
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}
