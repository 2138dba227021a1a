// How a connection gets in: its host key is known, or kept as the first one seen, and only then is a login tried.
// A device's session has one and each bastion has one; the owner keeps the limits, this says what is sent to whom.

import { type Credential, HostKeyPolicy, Kind, Stage } from '../../proto/gen/netsweep/v1/model.js';
import type { HostKey, HostMarks } from '../../proto/gen/netsweep/v1/session.js';
import type { Course } from '../course.js';
import type { Permission, SecretPorts } from '../credentials.js';
import { DeviceFailure } from '../failure.js';
import { place } from '../text.js';
import { legacyNote } from './algorithms.js';
import { describeKey, judge, trust } from './hostkeys.js';
import { type Answer, Login, type Step, type Turn } from './login.js';
import type { Question } from './questions.js';
import type { Endpoint } from './shell.js';

/** Who is to be let in where. */
export interface AdmissionTask {
  host: string;
  port: number;
  /** Empty: none is given. */
  username: string;
  credential: Credential | null;
  /** Keys known for the endpoint; empty: none yet. */
  hostKeys: HostKey[];
  /** What known_hosts says of it besides. */
  marks: HostMarks | null;
  policy: HostKeyPolicy;
  /** Algorithms that are no longer held safe may be used. */
  legacy: boolean;
}

export interface AdmissionPorts extends SecretPorts {
  /** Offers a first-seen host key to the ledger, before authentication. */
  acceptHostKey(key: HostKey): Promise<{ accepted: boolean; known: HostKey[] }>;
}

/** What stands still while the coordinator is asked. */
interface Limits {
  hold(): void;
  release(): void;
}

export class Admission implements Disposable {
  readonly login: Login;
  /** The key that the other side has shown. */
  seenKey: HostKey | null = null;
  /** The coordinator knows it: the lease named it, or it has been kept in this session. */
  keyIsKnown = false;
  readonly #task: AdmissionTask;
  readonly #ports: AdmissionPorts;
  readonly #course: Course;
  readonly #limits: Limits;
  #newKey = false;
  #accepting: Promise<void> | null = null;
  #weak: readonly string[] = [];

  constructor(task: AdmissionTask, ports: AdmissionPorts, course: Course, limits: Limits) {
    this.#task = task;
    this.#ports = ports;
    this.#course = course;
    this.#limits = limits;
    this.login = new Login(task.credential, task.username, task.legacy, ports);
  }

  get permission(): Permission {
    return this.login.permission;
  }

  /** What a reader of the report should know of this connection. */
  get notes(): string[] {
    return [...(this.#weak.length > 0 ? [legacyNote(this.#weak)] : []), ...this.login.notes];
  }

  /**
   * What a connection that is to log in needs; rejects with a DeviceFailure when what there is to log in with
   * can't be used. An ssh-agent may take `limitMs` for an answer.
   */
  async endpoint(limitMs: number): Promise<Endpoint> {
    const { username } = this.#task;
    if (username === '') throw new DeviceFailure(Kind.AUTH, Stage.AUTH, 'no user name is given');
    await this.login.prepare(limitMs);
    return { ...this.keyEndpoint(), username };
  }

  /** The same for one that ends after the key exchange. */
  keyEndpoint(): Endpoint {
    const { host, port, hostKeys, marks, legacy } = this.#task;
    const certified = (marks?.authorities.length ?? 0) > 0;
    return { host, port, username: '', hostKeys, certified, legacy };
  }

  // What the connection tells, as in ShellEvents.

  hostKey(key: HostKey): boolean {
    const { policy, hostKeys: known, marks, host, port } = this.#task;
    this.#course.stage = Stage.HOSTKEY;
    const verdict = judge(key, { host, known, marks }, Date.now());
    this.seenKey = verdict.key;
    this.keyIsKnown = trust(known, verdict.key) === 'known';
    const refuse = (words: string) => {
      this.#course.fail(this.#course.failure(Kind.HOST_KEY, words));
      return false;
    };
    if (verdict.trust === 'revoked') return refuse(verdict.why);
    if (policy === HostKeyPolicy.OFF) return true;
    switch (verdict.trust) {
      case 'known':
      case 'certified':
        return true;
      case 'refused':
        return refuse(verdict.why);
      case 'changed':
        this.#course.fail(changedKey(known, verdict.key));
        return false;
      case 'new':
        if (policy === HostKeyPolicy.STRICT)
          return refuse(
            `no host key is known for ${place(host, port)}; it shows ${describeKey(verdict.key)}`,
          );
        this.#newKey = true;
        return true;
    }
  }

  /** Gives back the acceptance of a first-seen key, as far as there is one. */
  secured(weak: readonly string[]): Promise<void> | null {
    this.#weak = weak;
    this.#course.stage = Stage.AUTH; // what fails about the key's keeping names its own stage
    if (this.#newKey) this.#accepting = this.#acceptKey(this.seenKey as HostKey); // hostKey came first
    this.#accepting?.catch(() => {}); // whoever waits for it hears of it; the device may be gone by then
    return this.#accepting;
  }

  /** Resolves once a first-seen key is kept; rejects with a DeviceFailure when it is not. */
  async keyAccepted(): Promise<void> {
    await this.#accepting;
  }

  async method(turn: Turn): Promise<Step> {
    this.#limits.hold();
    try {
      if (this.#accepting) await this.#accepting;
      this.#accepting = null;
      this.#course.stage = Stage.AUTH;
      if (!this.#ports.mayWrite())
        throw this.#course.failure(Kind.DISCONNECTED, 'the lease ended before the login');
      return await this.login.next(turn);
    } finally {
      this.#limits.release();
    }
  }

  answer(questions: readonly Question[]): Promise<Answer[]> {
    return this.#held(this.login.answer(questions));
  }

  passwordExpired(): void {
    this.#course.fail(this.login.expired());
  }

  ready(): void {
    this.login.accepted();
  }

  /** A connection's failure as the login's, where that is what it means. */
  failed(toFailure: (stage: Stage) => DeviceFailure): void {
    const failure = toFailure(this.#course.stage);
    if (failure.kind === Kind.DISCONNECTED && this.permission.sent && REFUSED.test(failure.message)) {
      this.permission.refused();
      this.#course.fail(this.#course.failure(Kind.AUTH, failure.message));
    } else {
      if (failure.kind === Kind.DISCONNECTED) this.hungUp();
      this.#course.fail(failure);
    }
  }

  /** The device has closed the connection; that is an answer unless we had given up before. */
  hungUp(): void {
    if (this.#course.cause === null) this.permission.hungUp();
  }

  /** Answers for a permit that is still open. */
  [Symbol.dispose](): void {
    this.login[Symbol.dispose]();
  }

  /** The limits stand still while the coordinator is asked. */
  async #held<T>(answer: Promise<T>): Promise<T> {
    this.#limits.hold();
    try {
      return await answer;
    } finally {
      this.#limits.release();
    }
  }

  async #acceptKey(key: HostKey): Promise<void> {
    let answer: Awaited<ReturnType<AdmissionPorts['acceptHostKey']>>;
    try {
      answer = await this.#ports.acceptHostKey(key);
    } catch (cause) {
      throw new DeviceFailure(Kind.DISCONNECTED, Stage.HOSTKEY, 'the lease ended before the login', {
        cause,
      });
    }
    if (!answer.accepted && trust(answer.known, key) !== 'known') throw changedKey(answer.known, key);
    this.keyIsKnown = true;
  }
}

function changedKey(known: readonly HostKey[], seen: HostKey): DeviceFailure {
  const names = known.map(describeKey).join(', ') || 'another key';
  const words = `the host key has changed: known is ${names}, the device shows ${describeKey(seen)}`;
  return new DeviceFailure(Kind.HOST_KEY, Stage.HOSTKEY, words);
}

/** Some devices say that a login failed only as they hang up. */
const REFUSED =
  /authentication (fail|attempts|error)|too many auth|login (failed|incorrect)|permission denied/i;
