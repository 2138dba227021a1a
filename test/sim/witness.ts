// Watches a simulated world and says where a promise was broken. It knows the wires, the disk, the devices' log and
// true time, and trusts nothing that the programs say of themselves.

import { Restorer } from '../../proto/abridged.ts';
import {
  type AgentBatch,
  type ClaimReply,
  type ClaimRequest,
  type CoordinatorBatch,
  type Hello,
  type Result,
  type Shard,
  Verdict,
} from '../../proto/gen/netsweep/v1/agent.ts';
import { Kind, type Output, type Report, Status } from '../../proto/gen/netsweep/v1/model.ts';
import { LEASE_TERM_MS, STOP_SHARE } from '../../proto/subjects.ts';
import { type DeviceSession, digestOf, type Fleet } from './fleet.ts';
import type { Wiretap } from './grpc.ts';
import type { Process } from './machine.ts';
import type { SweepPlan } from './schedule.ts';
import type { Disk, StoredSweep } from './store.ts';
import type { Timeline } from './timeline.ts';

export interface Violation {
  /** As in the design: I1 and so on. */
  promise: string;
  at: number;
  words: string;
}

/** How soon after a cancel an agent that can be reached begins nothing new, in ms. */
const CANCEL_MS = 2_000;
/** As the sweeps have it. */
export const AUTH_FAIL_MOST = 3;
/** A sweep that waits this long for agents always gets one, in ms. */
const PATIENT_MS = 300_000;
/** What clocks and messages may take beside that, in ms. */
const SLACK_MS = 1_000;

interface Granted {
  /** As `sweep/shard`. */
  shard: string;
  indexes: number[];
  verdicts: Map<number, Verdict>;
  /** Digests that were offered with it, by index. */
  known: Map<number, string[]>;
}

interface AgentView {
  /** Its last. */
  hello: Hello | null;
  /** Shards that it was told to drop, as `sweep/shard`. */
  dropped: Set<string>;
  granted: Map<string, Granted>;
  /** Results on their way, by number. */
  sent: Map<number, Result>;
  /** Digests of outputs that it has brought in pieces. */
  brought: Set<string>;
  restorer: Restorer;
  welcomedAt: number;
}

/** What the world knows that the witness has to ask for. */
export interface Surroundings {
  disk(): Disk;
  /** How many commits the last coordinator that started found on it. */
  foundCommits(): number;
  /** True time since which coordinator and agent have been up and able to talk; null: they are not. */
  reachableSince(agent: string): number | null;
  rateOf(agent: string): number;
  planOf(sweep: string): SweepPlan | undefined;
  /** Why a device might not end well, whatever we do; null: nothing speaks against it. */
  excuseOf(device: string): string | null;
  /** How many faults there were so far. */
  faults(): number;
  /** Most sessions at once of an agent. */
  siteOf(device: string): string | undefined;
  forksOf(agent: string): number;
}

export class Witness implements Wiretap {
  readonly violations: Violation[] = [];
  /** When a cancel was answered, by sweep. */
  readonly cancelledAt = new Map<string, number>();
  /** Outputs that were taken by their digest. */
  spared = 0;
  /** Since when the store may have forgotten things. */
  rolledBackAt: number | null = null;
  /** Tries whose results were acknowledged as stored, by number. */
  readonly #acknowledged = new Map<number, Result>();
  readonly #agents = new Map<Process, AgentView>();
  readonly #commands = new Map<string, number>();
  /** Until when nothing may be granted, because the store was found to be an older copy. */
  #heldUntil = 0;
  /** Coordinators that have found that out. */
  readonly #held = new Set<string>();

  constructor(
    private readonly timeline: Timeline,
    private readonly fleet: Fleet,
    private readonly around: Surroundings,
    private readonly trace: (line: string) => void,
  ) {}

  broken(promise: string, words: string): void {
    this.trace(`VIOLATION ${promise} ${words}`);
    this.violations.push({ promise, at: this.timeline.now, words });
  }

  /** The store was put back to an older copy: what it forgot is nobody's fault. */
  rolledBack(disk: Disk): void {
    this.rolledBackAt = this.timeline.now;
    for (const number of this.#acknowledged.keys())
      if (!disk.stored.has(number)) this.#acknowledged.delete(number);
    this.cancelledAt.clear();
    this.#heldUntil = 0; // what was known of an earlier copy went with it
  }

  fromAgent(agent: Process, batch: AgentBatch): void {
    const view = this.#view(agent);
    for (const { body } of batch.messages) {
      if (body?.$case === 'hello') {
        view.hello = body.value;
        view.restorer = new Restorer(); // a new stream
      }
      if (body?.$case === 'results')
        for (const { sha256 } of body.value.chunks) view.brought.add(digestOf(sha256));
      if (body?.$case === 'results')
        for (const result of body.value.results.map((one) => view.restorer.restore(one))) {
          view.sent.set(result.seq, result);
          this.trace(
            `${agent.name} result ${result.sweep}/${result.index} ${endOf(result)} ${result.epoch.slice(-6)}`,
          );
        }
      else if (body?.$case !== 'hello') this.trace(`${agent.name} says ${body?.$case}`);
    }
  }

  toAgent(agent: Process, batch: CoordinatorBatch): void {
    const view = this.#view(agent);
    for (const { body } of batch.messages) {
      if (body?.$case === 'welcome') {
        view.welcomedAt = this.timeline.now;
        this.#holding(view, body.value.coordinator);
      }
      if (body?.$case !== 'acks') {
        this.trace(`${agent.name} hears ${body?.$case}`);
        continue;
      }
      for (const { seq, verdict } of body.value.acks) {
        const result = view.sent.get(seq);
        if (result !== undefined) this.#acknowledging(agent, view, result, verdict);
      }
    }
  }

  call(agent: Process, name: 'claim' | 'renew', request: unknown, reply: unknown): void {
    if (name === 'renew') return;
    const view = this.#view(agent);
    const { sweep, shard } = request as ClaimRequest; // by its name
    const { answer } = reply as ClaimReply;
    const epoch = answer?.$case === 'grant' ? answer.value.epoch : '';
    this.trace(`${agent.name} claim ${sweep}/${shard}: ${answer?.$case} ${epoch.slice(-6)}`);
    if (answer === undefined) return;
    if (answer.$case === 'drop') view.dropped.add(`${sweep}/${shard}`);
    if (answer.$case !== 'grant') return;
    const known = view.granted.get(epoch);
    const indexes = answer.value.work.map(({ index }) => index);
    // Repeated, it is answered with what is left; the first answer may never have come.
    if (this.timeline.now < this.#heldUntil)
      this.broken(
        'R11',
        `${agent.name} is granted ${sweep}/${shard} while an agent may hold what the store has forgotten`,
      );
    const offered = new Map(known?.known);
    for (const { index, known: outputs } of answer.value.work)
      offered.set(
        index,
        outputs.map((one) => digestOf(one.sha256)),
      );
    const verdicts = known?.verdicts ?? new Map();
    view.granted.set(epoch, { shard: `${sweep}/${shard}`, indexes, verdicts, known: offered });
  }

  /** The coordinator has been told of a commit that its store had not had when it started. */
  #holding({ hello }: AgentView, coordinator: string): void {
    if (hello === null || hello.storeId === '' || hello.coordinator === coordinator) return;
    if (hello.commit <= this.around.foundCommits() || this.#held.has(coordinator)) return;
    this.#held.add(coordinator); // what was lost before it started has ended with its first hold
    this.#heldUntil = this.timeline.now + LEASE_TERM_MS;
  }

  /** An agent acknowledges a message in NATS. */
  finishing(agent: Process, { sweep, shard, offer }: Shard): void {
    this.trace(`${agent.name} acknowledges ${sweep}/${shard}/${offer}`);
    const view = this.#view(agent);
    const key = `${sweep}/${shard}`;
    if (view.dropped.has(key)) return;
    const isSettled = ({ indexes, verdicts }: Granted) =>
      indexes.every((index) => {
        const verdict = verdicts.get(index);
        return verdict === Verdict.STORED || verdict === Verdict.DUPLICATE;
      });
    if ([...view.granted.values()].some((granted) => granted.shard === key && isSettled(granted))) return;
    this.broken(
      'acknowledgement',
      `${agent.name} acknowledges ${sweep}/${shard}/${offer}, which it has not finished`,
    );
  }

  did(session: DeviceSession, what: 'opened' | 'closed' | 'secret' | 'command'): void {
    const { number, endpoint, device, sweep, agent } = session;
    this.trace(`${agent} session ${number} of ${device} ${what} ${session.epoch.slice(-6)}`);
    if (what === 'opened' || what === 'command') this.#afterCancel(session, what);
    if (what === 'opened' || what === 'secret' || what === 'command') this.#alone(session, endpoint);
    if (what === 'opened') this.#within(session);
    if (what === 'opened') this.#atSite(session);
    if (what === 'command' && this.around.planOf(sweep)?.allowWrites === true) this.#sentOnce(session);
    if (what === 'secret') this.#secret(session);
  }

  /** Once everything is quiet and every sweep has ended, or should have. */
  conclude(sweeps: { id: string; devices: number }[], faults: { from: number; until: number }[]): void {
    const disk = this.around.disk();
    for (const { id, devices } of sweeps) {
      const stored = disk.sweeps.get(id);
      if (stored === undefined) {
        if (this.rolledBackAt === null) this.broken('I2', `sweep ${id} was accepted and is not in the store`);
        continue;
      }
      this.#whole(id, stored, devices);
    }
    for (const [number, result] of this.#acknowledged)
      if (!disk.stored.has(number))
        this.broken('I2', `the acknowledged result of ${result.sweep}/${result.index} is not in the store`);
    this.#rework(faults);
  }

  #whole(id: string, stored: StoredSweep, devices: number): void {
    if (stored.row.endedAtMs === 0) {
      const open = stored.devices.filter(({ index }) => !stored.reports.has(index)).map(({ name }) => name);
      return this.broken('I7', `sweep ${id} has not ended: ${open.join(' ') || 'no device is open'}`);
    }
    if (stored.devices.length !== devices || stored.reports.size !== devices)
      this.broken('I1', `sweep ${id} has ${stored.reports.size} ends for ${devices} devices`);
    if (stored.shards.size > 0)
      this.broken('I1', `sweep ${id} has ended with open shards: ${[...stored.shards.keys()].join(' ')}`);
    for (const report of stored.reports.values()) {
      const name = report.device?.name ?? '';
      const sessions = this.fleet.sessions.filter((one) => one.sweep === id && one.device === name);
      const sent = sessions.some(({ commands }) => commands.length > 0);
      if (report.status === Status.OK) {
        const made = this.fleet.tries[this.fleet.tryOf(report) ?? -1];
        if (made === undefined || made.sweep !== id || made.index !== report.device?.index)
          this.broken('I1', `${name} is reported ok, and its output is not from its session`);
      }
      this.#deserved(stored, report);
      if (stored.row.options.allowWrites && sent && this.rolledBackAt === null) {
        const told: Status[] = [Status.OK, Status.FAILED, Status.SUSPECT, Status.INTERRUPTED];
        if (!told.includes(report.status))
          this.broken('I15', `${name} was sent a command that may write, and is reported ${report.status}`);
      }
    }
  }

  /** A device that does nothing wrong ends well, unless a fault of ours took its turn away. */
  #deserved({ row }: StoredSweep, { device, status, failure }: Report): void {
    const name = device?.name ?? '';
    if (status === Status.OK || row.reason !== '' || this.rolledBackAt !== null) return;
    if (this.around.excuseOf(name) !== null || status === Status.INTERRUPTED) return;
    if (failure?.kind === Kind.WORKER_LOST || /outcome unknown/.test(failure?.message ?? '')) return;
    if (failure?.kind === Kind.NO_AGENT && row.options.agentWaitMs < PATIENT_MS) return;
    this.broken('deserved', `${name} did nothing wrong and ends ${status}: ${failure?.message}`);
  }

  /** What was tried for nothing was in flight at a fault. */
  #rework(faults: { from: number; until: number }[]): void {
    const disk = this.around.disk();
    for (const [number, made] of this.fleet.tries.entries()) {
      if (!made.touched || disk.stored.has(number)) continue;
      // A sweep that was stopped keeps nothing of what was cut off.
      if (disk.sweeps.get(made.sweep)?.row.reason !== '') continue;
      const explained = faults.some(
        ({ from, until }) => made.beganAt <= until && made.beganAt >= from - 60_000,
      );
      if (!explained)
        this.broken(
          'I6',
          `try ${number} of ${made.sweep}/${made.index} was for nothing, and nothing had gone wrong`,
        );
    }
  }

  #acknowledging(agent: Process, view: AgentView, result: Result, verdict: Verdict): void {
    this.trace(
      `${agent.name} is told ${verdict} of ${result.sweep}/${result.index} ${result.epoch.slice(-6)}`,
    );
    view.granted.get(result.epoch)?.verdicts.set(result.index, verdict);
    if (verdict !== Verdict.STORED && verdict !== Verdict.DUPLICATE) return;
    const { end } = result;
    if (verdict === Verdict.STORED && end?.$case === 'attempt')
      this.#travelled(view, result, end.value.outputs);
    if (end?.$case !== 'attempt' || end.value.status !== Status.OK) return;
    const number = this.fleet.tryOf(end.value);
    if (number === null) return;
    const disk = this.around.disk();
    const isKept = disk.stored.has(number);
    if (isKept) this.#acknowledged.set(number, result);
    else if (verdict === Verdict.STORED)
      this.broken('I2', `the result of ${result.sweep}/${result.index} is acknowledged and not on the disk`);
    else if (this.rolledBackAt === null && disk.sweeps.get(result.sweep)?.reports.has(result.index) !== true)
      this.broken(
        'I2',
        `${result.sweep}/${result.index} is acknowledged as a repeat, and nothing of it is on the disk`,
      );
  }

  /** R18: what did not come was offered in this lease. */
  #travelled(view: AgentView, { sweep, index, epoch }: Result, outputs: readonly Output[]): void {
    const offered = view.granted.get(epoch)?.known.get(index) ?? [];
    for (const { sha256, body, command, known } of outputs) {
      const digest = known > 0 ? (offered[known - 1] ?? '') : digestOf(sha256);
      if (body.length > 0 || view.brought.has(digest)) continue;
      this.spared += 1;
      if (!offered.includes(digest))
        this.broken('R18', `"${command}" of ${sweep}/${index} is taken by a digest that was not offered`);
    }
  }

  /** I4: nobody else of ours is at this endpoint. */
  #alone(session: DeviceSession, endpoint: string): void {
    const { now } = this.timeline;
    for (const other of this.fleet.sessions) {
      if (other === session || other.endpoint !== endpoint) continue;
      if (other.inUseUntil(now) > session.openedAt && other.openedAt <= now && this.rolledBackAt === null)
        this.broken(
          'I4',
          `sessions ${other.number} (${other.device} by ${other.agent}) and ${session.number} (${session.device} by ${session.agent}) at ${endpoint} together`,
        );
    }
  }

  /** I14: no more sessions at once than the sweep and the agent were given. */
  #within({ sweep, agent }: DeviceSession): void {
    const { now } = this.timeline;
    const open = this.fleet.sessions.filter((one) => one.closedAt === null && one.inUseUntil(now) >= now);
    // Those of a lost lease may take a while to end by themselves.
    const isHeld = (one: DeviceSession) => this.around.disk().epochOf(one.sweep, one.index) === one.epoch;
    const ofSweep = open.filter((one) => one.sweep === sweep && isHeld(one)).length;
    const ofAgent = open.filter((one) => one.agent === agent).length;
    const most = this.around.planOf(sweep)?.forks ?? Number.POSITIVE_INFINITY;
    if (ofSweep > most && this.rolledBackAt === null)
      this.broken('I14', `${ofSweep} sessions at once of a sweep with ${most} forks`);
    if (ofAgent > this.around.forksOf(agent))
      this.broken('I14', `${ofAgent} sessions at once of ${agent} with ${this.around.forksOf(agent)} forks`);
  }

  /** I14: no more sessions at once at its site than the sweep allows, whoever else is there. */
  #atSite({ sweep, device }: DeviceSession): void {
    const { now } = this.timeline;
    const site = this.around.siteOf(device);
    const most = this.around.planOf(sweep)?.siteSessions ?? 0;
    if (site === undefined || most === 0 || this.rolledBackAt !== null) return;
    const there = this.fleet.sessions.filter(
      (one) => one.closedAt === null && one.inUseUntil(now) >= now && this.around.siteOf(one.device) === site,
    );
    // Devices of one endpoint go in turn, and together where nobody else is.
    const endpoints = new Set(there.map(({ endpoint }) => endpoint));
    if (endpoints.size > most)
      this.broken('I14', `${endpoints.size} sessions at once at ${site}, where a sweep allows ${most}`);
  }

  #sentOnce({ sweep, device, commands }: DeviceSession): void {
    const last = commands.at(-1);
    const key = `${sweep} ${device} ${last?.command}`;
    const times = (this.#commands.get(key) ?? 0) + 1;
    this.#commands.set(key, times);
    if (times > 1 && this.rolledBackAt === null)
      this.broken('writes', `${device} was sent "${last?.command}" ${times} times in ${sweep}`);
  }

  #secret(session: DeviceSession): void {
    this.#twice(session);
    this.#refusals();
  }

  /** A credential that devices refuse is not tried on and on. */
  #refusals(): void {
    const last = this.fleet.secrets.at(-1);
    if (last === undefined || last.secret === 'key') return;
    const known = this.timeline.now - SLACK_MS;
    let inARow = 0;
    // A store that was put back to an older copy has forgotten what it was told since.
    for (const { at, credential, session, refusedAt } of this.fleet.secrets)
      if (credential !== last.credential || at < (this.rolledBackAt ?? 0)) continue;
      else if (session.hasEntered) inARow = 0;
      else if (refusedAt !== null && refusedAt < known) inARow += 1;
    const lost = this.around.faults();
    if (inARow > AUTH_FAIL_MOST + lost)
      this.broken(
        'I13',
        `a credential was refused ${inARow} times in a row, and ${lost} faults may have hidden that`,
      );
  }

  #twice({ sweep, device }: DeviceSession): void {
    const sent = this.fleet.secrets.filter(
      ({ session }) => session.sweep === sweep && session.device === device,
    );
    const last = sent.at(-1);
    if (last === undefined || last.secret === 'key' || sent.length < 2 || this.rolledBackAt !== null) return;
    const isProved = this.fleet.secrets.some(
      ({ at, credential, taken, session }) =>
        at < last.at && credential === last.credential && taken && session.hasEntered,
    );
    const told = sent.slice(0, -1).find(({ session }) => this.#wasReported(session));
    if (told !== undefined)
      this.broken(
        'I13',
        `${device} had its password in session ${told.session.number}, which was reported, and again`,
      );
    else if (!isProved)
      this.broken('I13', `${device} had its password twice, and nothing had proved it good`);
  }

  #wasReported(session: DeviceSession): boolean {
    const disk = this.around.disk();
    return [...disk.stored].some((number) => {
      const made = this.fleet.tries[number];
      return (
        made !== undefined &&
        made.sweep === session.sweep &&
        made.index === session.index &&
        made.epoch === session.epoch
      );
    });
  }

  #afterCancel({ sweep, agent, device, begunAt, process }: DeviceSession, what: 'opened' | 'command'): void {
    const cancelled = this.cancelledAt.get(sweep);
    if (cancelled === undefined) return;
    const began = what === 'opened' ? begunAt : this.timeline.now;
    const since = this.around.reachableSince(agent);
    const reached = since === null ? Number.POSITIVE_INFINITY : Math.max(cancelled, since, process.lastGo);
    const leaseEnd = cancelled + (STOP_SHARE * LEASE_TERM_MS) / this.around.rateOf(agent);
    if (began > Math.min(reached + CANCEL_MS, leaseEnd + SLACK_MS))
      this.broken(
        'I9',
        `${agent} ${what} ${device} ${Math.round(began - cancelled)} ms after its sweep was cancelled`,
      );
  }

  #view(agent: Process): AgentView {
    const known = this.#agents.get(agent);
    if (known !== undefined) return known;
    const view: AgentView = {
      hello: null,
      dropped: new Set(),
      granted: new Map(),
      sent: new Map(),
      brought: new Set(),
      restorer: new Restorer(),
      welcomedAt: Number.POSITIVE_INFINITY,
    };
    this.#agents.set(agent, view);
    return view;
  }

  /** When it was welcomed last. */
  welcomedAt(agent: Process): number {
    return this.#view(agent).welcomedAt;
  }
}

function endOf({ end }: Result): string {
  if (end?.$case === 'attempt') return end.value.failure?.message ?? end.value.status;
  return end?.$case === 'handedBack' ? `handed back: ${end.value.reason}` : 'nothing';
}
