// The store as the coordinator holds it: seals and encodes what goes to the database's thread, decodes what
// comes back. After a failed commit every call rejects; whatever was in memory is no longer what is on disk,
// so the process has to end.
import { statfs } from 'node:fs/promises';
import { join } from 'node:path';
import type { KnownOutput } from '../../proto/gen/netsweep/v1/agent.js';
import { Version } from '../../proto/gen/netsweep/v1/history.js';
import { type Credential, Device, Report } from '../../proto/gen/netsweep/v1/model.js';
import type { LogOpening } from '../auditlog/log.js';
import { Records } from '../auditlog/records.js';
import { Alike } from '../sweep/alike.js';
import type { Own } from './cargo.js';
import { CHECKPOINT_BYTES } from './checkpoints.js';
import { type Executor, startExecutor } from './executor.js';
import { type Answer, GROUP_BYTES, type Request } from './queue.js';
import type { Reads } from './reads.js';
import { refusalError, StoreFailed, StoreRefused } from './refusal.js';
import { type Row, toRow } from './rows.js';
import { Seal } from './seal.js';
import type { Asked, MemberStore, OpenSweep, Room, SweepRow, VersionKey, Write } from './store.js';
import type { Opening, StoreThread } from './storethread.js';
import { asRead, Tail } from './tail.js';
import { type Keep, readKnown } from './versions.js';

/** A full log that is copied into the file, the transactions that come meanwhile, and what the audit log says of them. */
const LEAST_BYTES = CHECKPOINT_BYTES + 2 * GROUP_BYTES + 2_000_000;
/** Devices fetched at a time, so that neither thread is away for long. */
const PAGE = 2_000;

/**
 * Opens the store of a state directory, making what is missing. `keyFile` null: DIRECTORY/key; `keep`: of earlier
 * versions, null: all; `thread`: one that opens it already. Rejects with `StateInUse` or `StoreRefused`.
 */
export async function openStore(
  directory: string,
  keyFile: string | null,
  keep: Keep | null = null,
  thread: StoreThread | null = null,
): Promise<MemberStore> {
  const link = await Link.open({ directory, keep }, thread);
  try {
    const { id, keyCheck, isRolledBack, isHeld, lastReport } = await link.read('meta');
    const seal = Seal.open(keyFile ?? join(directory, 'key'), keyCheck === null);
    if (keyCheck === null)
      await link.commit((own) => [{ write: 'keyCheck', sealed: own(seal.check()) }], [], []);
    else if (!seal.made(keyCheck)) throw new StoreRefused('the key is not the one this store was made with');
    await link.openLog({ directory, storeId: id, key: seal.logKey(), keepDays: keep?.auditDays ?? 0 });
    return new SealedStore({ id, directory, isRolledBack, isHeld }, link, seal, new Tail(lastReport));
  } catch (error) {
    await link[Symbol.asyncDispose]();
    throw error;
  }
}

interface Waiting {
  resolve: (value: unknown) => void;
  reject: (error: Error) => void;
  /** What it commits of them. */
  reports: Report[];
}

/** Requests on their way to the database and the promises that wait for them. */
class Link {
  readonly #waiting = new Map<number, Waiting>();
  readonly #opened: Promise<unknown>;
  readonly #executor: Executor;
  #next = 0;
  #ended: Error | null = null;
  #full = false;
  #auditHead = '';
  /** Told of reports that are on disk, before those who wait for it; `last`: the number of the last of them. */
  committed: (reports: Report[], last: number) => void = () => undefined;

  private constructor(opening: Opening, thread: StoreThread | null) {
    // A thread that has been opening it for a while answers before this returns.
    this.#opened = this.#wait(() => {});
    this.#executor = startExecutor(
      opening,
      (answer) => this.#settle(answer),
      (reason) => this.#end(new StoreFailed(reason)),
      thread,
    );
  }

  /** Request 0 is the opening itself. */
  static async open(opening: Opening, thread: StoreThread | null): Promise<Link> {
    const link = new Link(opening, thread);
    await link.#opened;
    return link;
  }

  get full(): boolean {
    return this.#full;
  }

  get auditHead(): string {
    return this.#auditHead;
  }

  async read<Name extends keyof Reads>(
    read: Name,
    ...args: Parameters<Reads[Name]>
  ): Promise<Awaited<ReturnType<Reads[Name]>>> {
    const value = await this.#call((id) => ({ id, read, args }));
    return value as Awaited<ReturnType<Reads[Name]>>; // what the thread's function of that name gave
  }

  async openLog(log: LogOpening): Promise<void> {
    await this.#call((id) => ({ id, log }));
  }

  /**
   * `make`: the rows, with bytes copied by what it is given; `reports`: those among them, in order; `records`: what goes
   * into the audit log with them.
   */
  async commit(make: (own: Own) => Row[], reports: Report[], records: string[]): Promise<number> {
    return Number(await this.#call((id, own) => ({ id, rows: make(own), records }), reports));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#ended !== null) return;
    const closed = this.#call((id) => ({ id, close: true }));
    this.#ended = new StoreFailed('the store is closed');
    await closed;
    await this.#executor.end();
  }

  #call(make: (id: number, own: Own) => Request, reports: Report[] = []): Promise<unknown> {
    return this.#wait((id) => this.#executor.ask((own) => make(id, own)), reports);
  }

  #wait(ask: (id: number) => void, reports: Report[] = []): Promise<unknown> {
    if (this.#ended !== null) return Promise.reject(this.#ended);
    return new Promise((resolve, reject) => {
      const id = this.#next;
      this.#next += 1;
      this.#waiting.set(id, { resolve, reject, reports });
      ask(id);
    });
  }

  #settle(answer: Answer): void {
    if ('full' in answer) {
      this.#full = answer.full;
      return;
    }
    const waiting = answer.ids.flatMap((id) => this.#waiting.get(id) ?? []);
    for (const id of answer.ids) this.#waiting.delete(id);
    if ('commit' in answer) {
      this.#auditHead = answer.head;
      this.committed(
        waiting.flatMap(({ reports }) => reports),
        answer.lastReport,
      );
    }
    for (const { resolve, reject } of waiting) {
      if ('refusal' in answer) reject(refusalError(answer.refusal));
      else resolve('commit' in answer ? answer.commit : answer.value);
    }
  }

  #end(error: Error): void {
    this.#ended ??= error;
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
  }
}

interface About {
  id: string;
  directory: string;
  isRolledBack: boolean;
  isHeld: boolean;
}

class SealedStore implements MemberStore {
  readonly id: string;
  readonly isRolledBack: boolean;
  readonly isHeld: boolean;
  readonly #directory: string;
  readonly #link: Link;
  readonly #seal: Seal;
  readonly #tail: Tail;
  readonly #records = new Records();

  constructor({ id, directory, isRolledBack, isHeld }: About, link: Link, seal: Seal, tail: Tail) {
    this.id = id;
    this.isRolledBack = isRolledBack;
    this.isHeld = isHeld;
    this.#directory = directory;
    this.#link = link;
    this.#seal = seal;
    this.#tail = tail;
    link.committed = (reports, last) => tail.committed(reports, last);
  }

  async commit(writes: Write[]): Promise<number> {
    const reports = writes.flatMap((write) => (write.write === 'report' ? [write.report] : []));
    const rows = (own: Own) =>
      writes.flatMap((write) => (write.write === 'act' ? [] : [toRow(write, this.#seal, own)]));
    return this.#link.commit(rows, reports, this.#records.of(writes));
  }

  get full(): boolean {
    return this.#link.full;
  }

  get auditHead(): string {
    return this.#link.auditHead;
  }

  async room(): Promise<Room> {
    const directory = this.#directory;
    const [{ bavail, blocks, bsize }, spareBytes] = await Promise.all([
      statfs(directory),
      this.#link.read('spare'),
    ]);
    const sizes = { freeBytes: bavail * bsize, diskBytes: blocks * bsize };
    return { directory, ...sizes, spareBytes, leastBytes: LEAST_BYTES };
  }

  async lastCommit(): Promise<number> {
    return (await this.#link.read('meta')).commit;
  }

  async openSweeps(): Promise<OpenSweep[]> {
    const open: OpenSweep[] = [];
    for (const row of await this.#link.read('openSweeps')) open.push(await this.#openSweep(row));
    return open;
  }

  async #openSweep(row: SweepRow): Promise<OpenSweep> {
    const shards = await this.#link.read('shards', row.id);
    const secrets = await this.#link.read('secrets', row.id);
    const devices: OpenSweep['devices'] = [];
    const alike = new Alike();
    for await (const { submitted, row: state, report, evidence } of this.#storedDevices(row.id)) {
      devices.push({
        device: alike.of(Device.decode(submitted)),
        row: state,
        report: report === null ? null : Report.decode(report),
        lastFailure: evidence === null ? null : (Report.decode(evidence).failure ?? null),
      });
    }
    const credentials = secrets.map(({ credential, sealed }) =>
      this.#seal.unsealCredential(row.id, credential, sealed),
    );
    const [bastions, taken] = [
      await this.#link.read('bastions', row.id),
      await this.#link.read('taken', row.id),
    ];
    return { row, devices, shards, credentials, bastions, taken };
  }

  async *#storedDevices(sweep: string) {
    for (let after = -1; ; ) {
      const page = await this.#link.read('storedDevices', sweep, after, PAGE);
      yield* page;
      if (page.length < PAGE) return;
      after = page.at(-1)?.row.index ?? after;
    }
  }

  sweeps(limit: number) {
    return this.#link.read('sweeps', limit);
  }

  sweepByKey(key: string) {
    return this.#link.read('sweepByKey', key);
  }

  tally(sweep: string) {
    return this.#link.read('tally', sweep);
  }

  async reportsAfter(sweep: string, after: number, limit: number, bodies: boolean) {
    const numbered = await this.#tail.read(sweep, after, limit, async () => {
      const page = await this.#link.read('reportsAfter', sweep, after, limit, bodies);
      return page.map(({ seq, report }) => ({ seq, report: Report.decode(report) }));
    });
    return bodies ? numbered : numbered.map(({ seq, report }) => ({ seq, report: asRead(report, false) }));
  }

  follow(sweep: string): Disposable {
    return this.#tail.follow(sweep);
  }

  async reportsByIndex(sweep: string, after: number, limit: number, bodies: boolean): Promise<Report[]> {
    const page = await this.#link.read('reportsByIndex', sweep, after, limit, bodies);
    return page.map(({ report }) => Report.decode(report));
  }

  async devices(sweep: string): Promise<Device[]> {
    const devices: Device[] = [];
    for await (const { submitted } of this.#storedDevices(sweep)) devices.push(Device.decode(submitted));
    return devices;
  }

  hasBody(sha256: Uint8Array): Promise<boolean> {
    return this.#link.read('hasBody', new Uint8Array(sha256));
  }

  async takeBodies(digests: Uint8Array[]): Promise<(Buffer | null)[]> {
    const asked = digests.map((sha256) => new Uint8Array(sha256));
    const taken = await this.#link.read('takeBodies', asked);
    return taken.map((body) =>
      body === null ? null : Buffer.from(body.buffer, body.byteOffset, body.length),
    );
  }

  body(sha256: Uint8Array, from: number) {
    return this.#link.read('body', new Uint8Array(sha256), from);
  }

  async knownOutputs(devices: Pick<Device, 'segment' | 'name' | 'commands'>[]): Promise<KnownOutput[][]> {
    const asked = devices.map(({ segment, name, commands }) => ({ segment, name, commands }));
    const known = await this.#link.read('knownOutputs', asked);
    return readKnown(known, devices.length);
  }

  async versions(device: string, after: VersionKey | null, limit: number): Promise<Version[]> {
    const page = await this.#link.read('versions', device, after, limit);
    return page.map((version) => Version.decode(version));
  }

  async newestVersions(asked: Asked, after: VersionKey | null, limit: number): Promise<Version[]> {
    const page = await this.#link.read('newestVersions', asked, after, limit);
    return page.map((version) => Version.decode(version));
  }

  async hostKeys() {
    const keys = await this.#link.read('hostKeys');
    return keys.map((key) => ({ ...key, blob: Buffer.from(key.blob) })); // a Buffer crosses a thread as plain bytes
  }

  credentials() {
    return this.#link.read('credentials');
  }

  members() {
    return this.#link.read('members');
  }

  async joinTokens() {
    const tokens = await this.#link.read('joinTokens');
    return tokens.map((token) => ({ ...token, sha256: Buffer.from(token.sha256) })); // plain bytes after a thread
  }

  schedules() {
    return this.#link.read('schedules');
  }

  openScheduleRuns() {
    return this.#link.read('openScheduleRuns');
  }

  audits(line: string | null, limit: number) {
    return this.#link.read('audits', line, limit);
  }

  openFindings(policy: string, rule: string) {
    return this.#link.read('openFindings', policy, rule);
  }

  scheduleRuns(schedule: string, limit: number) {
    return this.#link.read('scheduleRuns', schedule, limit);
  }

  async identify(credential: Credential): Promise<string> {
    return this.#seal.identify(credential);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#link[Symbol.asyncDispose]();
    this.#seal[Symbol.dispose]();
  }
}
