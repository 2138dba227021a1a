// Which login method comes next, and who may know the secret: the decisions of authentication, without ssh2.
// A key first when there is one, then the password by one method, once. One permit covers both, asked for right
// before the first of them leaves.

import { Kind, Stage } from '../proto/gen/netsweep/v1/model.js';
import { SecretUse } from '../proto/gen/netsweep/v1/session.js';
import { Permission, type Secret, type SecretPorts } from './credentials.js';
import { DeviceFailure } from './failure.js';

export type Method = 'none' | 'publickey' | 'password' | 'keyboard-interactive';

export interface Question {
  prompt: string;
  echo?: boolean;
}

/** What the device's login knows of the credential. */
export interface LoginSecrets {
  password: Secret | null;
  hasKey: boolean;
}

export class Login {
  readonly permission: Permission;
  /** A password, not only a key's signature, has left. */
  passwordSent = false;
  readonly #secrets: LoginSecrets;
  readonly #ports: SecretPorts;
  readonly #tried = new Set<Method>();
  #last: Method | null = null;

  constructor(secrets: LoginSecrets, ports: SecretPorts) {
    this.#secrets = secrets;
    this.#ports = ports;
    this.permission = new Permission(SecretUse.LOGIN, ports);
  }

  /** The next method, given what the device says is left (null before the first answer). */
  async next(left: readonly string[] | null, partial: boolean): Promise<Method> {
    if (left === null) return this.#try('none');
    if (this.passwordSent) throw this.#afterPassword(partial);
    if (this.#secrets.hasKey && left.includes('publickey') && !this.#tried.has('publickey')) {
      await this.#permit();
      this.permission.markSent();
      return this.#try('publickey');
    }
    if (this.#secrets.password) {
      if (left.includes('password') && !this.#tried.has('password')) {
        await this.#permit();
        this.#markPassword();
        return this.#try('password');
      }
      if (left.includes('keyboard-interactive') && !this.#tried.has('keyboard-interactive'))
        return this.#try('keyboard-interactive');
    }
    throw this.#nothingLeft(left);
  }

  /** The answer to a keyboard-interactive question: the password, to one question and once. */
  async answer(questions: readonly Question[]): Promise<Secret> {
    const [question] = questions;
    if (this.passwordSent) {
      const again = question !== undefined && /pass/i.test(question.prompt);
      if (again) this.permission.refused();
      throw new DeviceFailure(
        Kind.AUTH,
        Stage.AUTH,
        again ? 'the device refused the password' : 'the device asks for more than a password',
      );
    }
    if (
      !this.#secrets.password ||
      questions.length !== 1 ||
      (question?.echo && !/pass/i.test(question.prompt))
    )
      throw new DeviceFailure(Kind.AUTH, Stage.AUTH, 'the device asks for something else than a password');
    await this.#permit();
    this.#markPassword();
    return this.#secrets.password;
  }

  /** The device wants a new password before it lets anybody in. */
  expired(): DeviceFailure {
    this.permission.refused();
    return new DeviceFailure(Kind.AUTH, Stage.AUTH, 'the device demands a new password');
  }

  async #permit(): Promise<void> {
    await this.permission.ask();
    if (!this.#ports.mayWrite())
      throw new DeviceFailure(Kind.DISCONNECTED, Stage.AUTH, 'the lease ended before the login');
  }

  #markPassword(): void {
    this.permission.markSent();
    this.passwordSent = true;
  }

  #try(method: Method): Method {
    this.#tried.add(method);
    this.#last = method;
    return method;
  }

  #afterPassword(partial: boolean): DeviceFailure {
    if (partial) {
      this.permission.accepted();
      return new DeviceFailure(Kind.AUTH, Stage.AUTH, 'the device asks for a second factor');
    }
    this.permission.refused();
    return new DeviceFailure(Kind.AUTH, Stage.AUTH, 'the device refused the login');
  }

  #nothingLeft(left: readonly string[]): DeviceFailure {
    if (this.#tried.has('publickey') && this.#last !== 'none') {
      this.permission.refused();
      return new DeviceFailure(Kind.AUTH, Stage.AUTH, 'the device refused the key');
    }
    const given = [this.#secrets.hasKey ? 'a key' : '', this.#secrets.password ? 'a password' : '']
      .filter((name) => name !== '')
      .join(' and ');
    const methods = left
      .filter((name) => /^[a-z0-9@.-]{1,64}$/.test(name))
      .slice(0, 8)
      .join(', ');
    return new DeviceFailure(
      Kind.AUTH,
      Stage.AUTH,
      `the device takes ${methods || 'no login method'}; given is ${given || 'nothing'}`,
    );
  }
}
