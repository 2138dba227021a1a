// Which login method comes next, and who may know the secret: the decisions of authentication, without ssh2.
// Certificate and keys first, then the password by one method, once; a device that wants both gets both. One
// permit covers all of it, asked for right before the first of them leaves.

import { type Credential, Kind, Stage } from '../../proto/gen/netsweep/v1/model.js';
import { SecretUse } from '../../proto/gen/netsweep/v1/session.js';
import { Permission, Secret, type SecretPorts } from '../credentials.js';
import { DeviceFailure } from '../failure.js';
import { type Accepts, legacyNote, loginAlgorithms } from './algorithms.js';
import { type Identities, type Identity, identitiesOf } from './identity.js';
import { meaningOf, type Question } from './questions.js';

/** What a connection is to try next. */
export type Step = { type: 'none' | 'keyboard-interactive' } | { type: 'password'; password: Secret } | Proof;

/** A public key to show, and the signature if the device would take it. */
export interface Proof {
  type: 'publickey';
  algorithm: string;
  blob: Buffer;
  /** An SSH signature of `data`; null when there is none and another step is to be tried. */
  sign(data: Buffer): Promise<Buffer | null>;
}

/** What the device has said when the next step is wanted. */
export interface Turn {
  /** The methods that it would go on with; null before the first answer. */
  left: readonly string[] | null;
  /** It took the last one, and wants another as well. */
  partial: boolean;
  accepts: Accepts;
}

/** An answer to a question: a secret, or a text that is none. */
export type Answer = Secret | string;

/** OpenSSH hangs up at the sixth attempt, and the password shall have one. */
const MOST_KEYS = 5;
/** A device that asks more often than this does not want to be answered. */
const MOST_ROUNDS = 10;

interface Offer {
  identity: Identity;
  algorithm: string;
}

export class Login implements Disposable {
  readonly permission: Permission;
  /** A password, not only a key's signature, has left. */
  passwordSent = false;
  readonly #credential: Credential | null;
  readonly #username: string;
  readonly #legacy: boolean;
  readonly #ports: SecretPorts;
  readonly #password: Secret | null;
  readonly #tried = new Set<Step['type']>();
  /** Names of the identities that the device did not take. */
  readonly #refused = new Set<string>();
  #identities: Identities = { list: [], notes: [], [Symbol.dispose]: () => {} };
  #offers: Offer[] | null = null;
  #left = MOST_KEYS;
  /** The key that the device has not answered yet. */
  #shown: Offer | null = null;
  #takenKey: Offer | null = null;
  #passwordTaken = false;
  /** The pace has let its key pass. */
  #hadTurn = false;
  #rounds = 0;

  constructor(credential: Credential | null, username: string, legacy: boolean, ports: SecretPorts) {
    this.#credential = credential;
    this.#username = username;
    this.#legacy = legacy;
    this.#ports = ports;
    this.#password = Secret.copy(credential?.password);
    this.permission = new Permission(SecretUse.LOGIN, ports);
  }

  /**
   * Gathers what there is to log in with, before any connect; throws a DeviceFailure for what can't be used.
   * An ssh-agent may take `limitMs` for each of its answers.
   */
  async prepare(limitMs: number): Promise<void> {
    this.#identities = await identitiesOf(this.#credential, limitMs);
  }

  /** What a reader of the report should know of this login. */
  get notes(): string[] {
    const taken = this.#takenKey?.algorithm;
    return [
      ...this.#identities.notes,
      ...[...this.#refused]
        .filter((name) => this.#takenKey !== null && name.startsWith('the certificate'))
        .map((name) => `the device did not take ${name}`),
      ...(taken?.startsWith('ssh-rsa') || taken === 'ssh-dss' ? [legacyNote([`login by ${taken}`])] : []),
    ];
  }

  /** The next step; rejects with a DeviceFailure to give up. */
  async next({ left, partial, accepts }: Turn): Promise<Step> {
    if (left === null) return this.#try({ type: 'none' });
    this.#hear(partial);
    const offer = left.includes('publickey') ? this.#nextOffer(accepts) : null;
    if (offer) return this.#show(offer);
    if (this.#password && !this.passwordSent) {
      if (left.includes('password') && !this.#tried.has('password')) {
        await this.#permit();
        this.#markPassword();
        return this.#try({ type: 'password', password: this.#password });
      }
      if (left.includes('keyboard-interactive') && !this.#tried.has('keyboard-interactive'))
        return this.#try({ type: 'keyboard-interactive' });
    }
    throw this.#nothingLeft(left, accepts);
  }

  /** Answers to keyboard-interactive questions, one each: the user name, and the password to one and once. */
  async answer(questions: readonly Question[]): Promise<Answer[]> {
    const meanings = questions.map(meaningOf);
    if (meanings.includes('change')) throw this.expired();
    const passwords = meanings.filter((meaning) => meaning === 'password').length;
    if (passwords > 0 && this.passwordSent && questions.every(({ prompt }) => /pass/i.test(prompt)))
      throw this.#refusal('the device refused the password');
    const most = this.passwordSent || this.#password === null ? 0 : 1;
    if (meanings.includes('more') || passwords > most || ++this.#rounds > MOST_ROUNDS)
      throw failure('the device asks for more than a password');
    if (passwords > 0) {
      await this.#permit();
      this.#markPassword();
    }
    return meanings.map((meaning) => (meaning === 'password' && this.#password) || this.#username);
  }

  /** The device wants a new password before it lets anybody in. */
  expired(): DeviceFailure {
    return this.#refusal('the device demands a new password');
  }

  /** The device has let us in. */
  accepted(): void {
    this.#takenKey = this.#shown ?? this.#takenKey;
    this.permission.accepted();
    this.#password?.[Symbol.dispose]();
  }

  /** Answers for a permit that is still open. */
  [Symbol.dispose](): void {
    this.#password?.[Symbol.dispose]();
    this.#identities[Symbol.dispose]();
    this.permission.close();
  }

  /** What the device's answer says of the step before. */
  #hear(partial: boolean): void {
    const shown = this.#shown;
    this.#shown = null;
    if (shown && partial) this.#takenKey = shown;
    else if (shown) this.#refused.add(shown.identity.name);
    else if (this.passwordSent && partial) this.#passwordTaken = true;
    else if (this.passwordSent) throw this.#refusal('the device refused the login');
  }

  #nextOffer(accepts: Accepts): Offer | null {
    this.#offers ??= this.#identities.list.flatMap((identity) =>
      loginAlgorithms(identity.type, accepts, this.#legacy).map((algorithm) => ({ identity, algorithm })),
    );
    return this.#left > 0 ? (this.#offers.shift() ?? null) : null;
  }

  async #show(offer: Offer): Promise<Step> {
    // A refused key locks nobody out. Its permit is asked for where it is all there is, so that a password is never
    // taken for proved because a key was accepted.
    if (this.#password) await this.#turn();
    else {
      await this.#permit();
      this.permission.markSent();
    }
    this.#left--;
    this.#shown = offer;
    const { identity, algorithm } = offer;
    const sign = async (data: Buffer) => {
      const signature = await identity.sign(data, algorithm);
      this.#mayWrite(); // an ssh-agent takes its time
      return signature;
    };
    return this.#try({ type: 'publickey', algorithm, blob: identity.blob, sign });
  }

  async #permit(): Promise<void> {
    await this.permission.ask();
    this.#mayWrite();
  }

  /** A key beside a password needs no leave; where logins are paced its login waits for its turn, once. */
  async #turn(): Promise<void> {
    if (this.#ports.paced === true && !this.#hadTurn) {
      this.#hadTurn = true;
      await new Permission(SecretUse.KEY, this.#ports).ask();
    }
    this.#mayWrite();
  }

  #mayWrite(): void {
    if (!this.#ports.mayWrite())
      throw new DeviceFailure(Kind.DISCONNECTED, Stage.AUTH, 'the lease ended before the login');
  }

  #markPassword(): void {
    this.permission.markSent();
    this.passwordSent = true;
  }

  #try(step: Step): Step {
    this.#tried.add(step.type);
    return step;
  }

  #refusal(message: string): DeviceFailure {
    this.permission.refused();
    return failure(message);
  }

  #nothingLeft(left: readonly string[], accepts: Accepts): DeviceFailure {
    const methods = left.filter((name) => /^[a-z0-9@.-]{1,64}$/.test(name)).slice(0, 8);
    const wants = methods.join(', ') || 'no login method';
    if (this.#refused.size > 0) {
      const untried = this.#offers?.length ?? 0;
      const rest = untried > 0 ? `; ${untried} more were not tried` : '';
      return this.#refusal(`the device refused ${[...this.#refused].join(' and ')}${rest}`);
    }
    const taken = [this.#takenKey ? 'the key' : '', this.#passwordTaken ? 'the password' : ''].filter(
      Boolean,
    );
    if (taken.length > 0) {
      this.permission.accepted();
      return failure(`the device took ${taken.join(' and ')} and asks for a second factor (${wants})`);
    }
    const { list } = this.#identities;
    if (list.some(({ type }) => this.#onlyWeak(type, accepts)))
      return failure(
        'the device takes RSA keys only with SHA-1; legacy: true in the inventory would allow it',
      );
    const given = [list.length > 0 ? 'a key' : '', this.#password ? 'a password' : ''].filter(Boolean);
    return failure(
      `the device takes ${wants}; given is ${given.join(' and ') || 'neither a password nor a key'}`,
    );
  }

  #onlyWeak(type: string, accepts: Accepts): boolean {
    const names = (legacy: boolean) => loginAlgorithms(type, accepts, legacy);
    return type.startsWith('ssh-rsa') && names(this.#legacy).length === 0 && names(true).length > 0;
  }
}

function failure(message: string): DeviceFailure {
  return new DeviceFailure(Kind.AUTH, Stage.AUTH, message);
}
