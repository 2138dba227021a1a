// One connection to a bastion: got in like a device, then a line of sessions that share its channels. It belongs to
// nobody: the session that came first lends it its leave to log in, and when that one goes it stays.
import type { Duplex } from 'node:stream';
import { type Credential, type HostKeyPolicy, Kind, Stage } from '../../proto/gen/netsweep/v1/model.js';
import { type HostKey, type HostMarks, LoginResult } from '../../proto/gen/netsweep/v1/session.js';
import { Course } from '../course.js';
import { asFailure, atJumpHost, DeviceFailure, forwardFailure } from '../failure.js';
import { place } from '../text.js';
import { type Limit, Watch } from '../watch.js';
import { Admission, type AdmissionPorts } from './admission.js';
import type { Answer, Step, Turn } from './login.js';
import type { Question } from './questions.js';
import { Shell, type ShellEvents } from './shell.js';
import { Slots } from './slots.js';

/** Most channels open at once on one connection: sshd carries more, operators want no more. */
export const CHANNELS = 32;
/** How long a connection that nobody uses is kept, in ms. */
export const IDLE_MS = 15_000;
/** How long a bastion gets to close after it was asked to, in ms. */
const LEAVE_MS = 1_000;

/** A bastion on the way, with what a login there needs. */
export interface Hop {
  host: string;
  port: number;
  username: string;
  credential: Credential | null;
  /** Keys known for it there; empty: none yet. */
  hostKeys: HostKey[];
  /** What known_hosts says of it besides. */
  marks: HostMarks | null;
  legacy: boolean;
}

export interface BastionTask {
  hop: Hop;
  policy: HostKeyPolicy;
  limits: { connectMs: number; loginMs: number };
  /** Why an address is not to be connected to; null: it may be. */
  refused(address: string, port: number): DeviceFailure | null;
}

/** How a bastion is reached from the one before it. */
export interface Approach {
  /** Waits in line for as long as it takes. */
  reserve(): Promise<void>;
  connect(): Promise<Duplex>;
  /** Why `connect` has not come back in time. */
  unreached(limitMs: number): DeviceFailure | null;
  close(): void;
}

export class Bastion implements ShellEvents {
  /** A password has left and nobody knows how it fared. */
  loginUnknown = false;
  readonly #task: BastionTask;
  readonly #place: string;
  readonly #approach: Approach | null;
  readonly #idleMs: number;
  /** Of the session that lends its leave. */
  readonly #mayWrite: () => boolean;
  readonly #course = new Course();
  readonly #watch = new Watch((limit) => this.#strike(limit));
  readonly #admission: Admission;
  readonly #ways = new Set<Duplex>();
  readonly #slots = new Slots(CHANNELS);
  #shell: Shell | null = null;
  #up = false;
  #idle: NodeJS.Timeout | null = null;
  #through: (() => void) | null = null;
  #gone: () => void = () => undefined;
  #over = false;

  /** `approach` null: it is reached over TCP. */
  constructor(task: BastionTask, ports: AdmissionPorts, approach: Approach | null, idleMs = IDLE_MS) {
    this.#task = task;
    this.#approach = approach;
    this.#idleMs = idleMs;
    this.#mayWrite = () => ports.mayWrite();
    const { host, port, username, credential, hostKeys, marks, legacy } = task.hop;
    this.#place = place(host, port);
    this.#admission = new Admission(
      { host, port, username, credential, hostKeys, marks, policy: task.policy, legacy },
      {
        permit: (use) => ports.permit(use),
        loggedIn: (use, result) => {
          this.loginUnknown = isUnknown(result) && this.#admission.login.passwordSent;
          ports.loggedIn(use, result);
        },
        acceptHostKey: (key) => ports.acceptHostKey(key),
        mayWrite: () => ports.mayWrite(),
        paced: ports.paced,
      },
      this.#course,
      this.#watch,
    );
  }

  /** Resolves once sessions may go through; throws a DeviceFailure that names the bastion. `gone` is called once. */
  async connect(gone: () => void): Promise<void> {
    const { connectMs, loginMs } = this.#task.limits;
    try {
      const endpoint = await this.#named(this.#course.during(this.#admission.endpoint(loginMs)));
      const way = this.#approach === null ? null : await this.#approached(this.#approach);
      if (way === null) this.#watch.set('connect', connectMs);
      const entered = this.#course.until<void>((done) => {
        this.#through = done;
        this.#shell = new Shell(endpoint, this, way);
      });
      await this.#named(entered);
    } catch (thrown) {
      this.#end();
      throw thrown;
    } finally {
      this.#watch.clear('login');
      this.#admission[Symbol.dispose]();
    }
    this.#gone = gone;
    this.#up = true;
    this.#shell?.wire.allow(Number.POSITIVE_INFINITY);
    this.#rest();
  }

  /** The session that asked for it has gone before it was up. */
  abandon(): void {
    this.#course.fail(this.#course.failure(Kind.DISCONNECTED, 'the session was called off'));
    this.#end();
  }

  /** A place in line for a channel: true is to be answered by `release`, false: there will be none. */
  slot(signal: AbortSignal): Promise<boolean> {
    if (this.#idle !== null) clearTimeout(this.#idle);
    return this.#slots.take(signal);
  }

  release(): void {
    this.#slots.release();
    this.#rest();
  }

  /** A stream to a place that the bastion reaches; throws a DeviceFailure. For holders of a slot. */
  async forward(host: string, port: number): Promise<Duplex> {
    try {
      if (this.#shell === null || this.#over) throw new Error('it has gone');
      const way = await this.#shell.forward(host, port);
      this.#ways.add(way);
      way.once('close', () => this.#ways.delete(way));
      return way;
    } catch (error) {
      throw forwardFailure(error as Error, this.#place, place(host, port)); // Shell throws nothing else
    }
  }

  /** The connect limit of a session has struck on its way through. */
  unreached(host: string, port: number, limitMs: number): DeviceFailure {
    const words = `jump host ${this.#place}: no connection to ${place(host, port)} within ${limitMs} ms`;
    return new DeviceFailure(Kind.UNREACHABLE, Stage.CONNECT, words);
  }

  // What the connection asks and tells.

  mayConnect(): boolean {
    return this.#mayWrite();
  }

  refused(address: string, port: number): DeviceFailure | null {
    return this.#task.refused(address, port);
  }

  /** Once it is up it is nobody's, and each session looks after what it sends through. */
  mayWrite(): boolean {
    return this.#up || this.#mayWrite();
  }

  connected(): void {
    this.#watch.clear('connect');
    this.#watch.set('login', this.#task.limits.loginMs);
  }

  hostKey(key: HostKey): boolean {
    return this.#admission.hostKey(key);
  }

  secured(weak: readonly string[]): Promise<void> | null {
    return this.#admission.secured(weak);
  }

  method(turn: Turn): Promise<Step> {
    return this.#admission.method(turn);
  }

  answer(questions: readonly Question[]): Promise<Answer[]> {
    return this.#admission.answer(questions);
  }

  passwordExpired(): void {
    this.#admission.passwordExpired();
  }

  ready(): void {
    this.#admission.ready();
    this.#through?.();
  }

  failed(toFailure: (stage: Stage) => DeviceFailure): void {
    this.#admission.failed(toFailure);
    if (this.#up) this.#end();
  }

  closed(): void {
    if (!this.#shell?.wire.destroyed) this.#admission.hungUp();
    this.#course.disconnected('the device closed the connection');
    this.#end();
  }

  async #named<T>(step: Promise<T>): Promise<T> {
    try {
      return await step;
    } catch (thrown) {
      throw atJumpHost(asFailure(thrown, this.#course.stage), this.#place);
    }
  }

  /** Its failures name the bastions before this one. */
  async #approached(approach: Approach): Promise<Duplex> {
    await this.#course.during(approach.reserve());
    if (!this.#mayWrite())
      throw this.#course.failure(Kind.DISCONNECTED, 'the lease ended before the connect');
    this.#watch.set('connect', this.#task.limits.connectMs);
    return this.#course.during(approach.connect());
  }

  #strike(limit: Limit): void {
    const { connectMs, loginMs } = this.#task.limits;
    const greeting = this.#shell?.wire.greeting ?? '';
    if (limit === 'connect')
      this.#course.fail(
        this.#shell?.wire.unreached(connectMs) ??
          this.#approach?.unreached(connectMs) ??
          this.#course.failure(Kind.UNREACHABLE, `no connection within ${connectMs} ms`),
      );
    else if (greeting !== '')
      this.#course.fail(this.#course.failure(Kind.PROTOCOL, `not SSH; it says: ${greeting}`));
    else this.#course.fail(this.#course.failure(Kind.TIMEOUT, `no login within ${loginMs} ms`));
    this.#end();
  }

  /** Nobody uses it now: it is kept for a while. */
  #rest(): void {
    if (this.#over || !this.#slots.unused) return;
    this.#idle = setTimeout(() => this.#leave(), this.#idleMs);
  }

  #leave(): void {
    const shell = this.#shell;
    this.#course.finish();
    this.#forget();
    shell?.end();
    setTimeout(() => this.#end(), LEAVE_MS);
  }

  /** Breaks everything off at once. */
  #end(): void {
    this.#forget();
    this.#shell?.wire.destroy();
    this.#approach?.close();
    const words = this.#course.cause?.message.replace(/\bthe device\b/g, 'it') ?? 'it has gone';
    for (const way of this.#ways) way.destroy(new Error(`jump host ${this.#place}: ${words}`));
  }

  /** Nothing new goes through. */
  #forget(): void {
    if (this.#over) return;
    this.#over = true;
    this.#watch[Symbol.dispose]();
    if (this.#idle !== null) clearTimeout(this.#idle);
    this.#slots.close();
    this.#gone();
  }
}

function isUnknown(result: LoginResult): boolean {
  return result === LoginResult.UNKNOWN || result === LoginResult.HUNG_UP;
}
