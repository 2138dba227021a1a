// Secrets in an agent: a type that can't print itself and is zeroed after use, and the permit that each use
// of one needs. A permit that said SEND is answered for exactly once, however the session ends.
import { inspect } from 'node:util';
import { type Credential, Kind, Stage } from '../proto/gen/netsweep/v1/model.js';
import { LoginResult, Permit, SecretUse } from '../proto/gen/netsweep/v1/session.js';
import { DeviceFailure } from './failure.js';

/** A private copy of a secret's bytes. */
export class Secret implements Disposable {
  readonly #bytes: Buffer;

  private constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  /** Null when there are no bytes. */
  static copy(bytes: Uint8Array | undefined): Secret | null {
    if (bytes === undefined || bytes.length === 0) return null;
    const own = secretBuffer(bytes.length);
    own.set(bytes);
    return new Secret(own);
  }

  /** The live bytes, zero once disposed; whoever copies them zeroes the copy. */
  get bytes(): Buffer {
    return this.#bytes;
  }

  [Symbol.dispose](): void {
    this.#bytes.fill(0);
  }

  toString(): string {
    return '[secret]';
  }

  toJSON(): string {
    return '[secret]';
  }

  [inspect.custom](): string {
    return '[secret]';
  }
}

/**
 * Memory for a secret, outside the heap: a small typed array would live on it, and the collector would leave
 * copies behind as it moves things about.
 */
export function secretBuffer(length: number): Buffer {
  return Buffer.from(new ArrayBuffer(length));
}

/** Zeroes a credential as it came with a grant; for its holder, once no session needs it any more. */
export function wipeCredential(credential: Credential): void {
  credential.password.fill(0);
  credential.privateKey.fill(0);
  credential.enableSecret.fill(0);
  credential.passphrase.fill(0);
}

/** The part of a session's ports that secrets need. */
export interface SecretPorts {
  permit(use: SecretUse): Promise<Permit>;
  loggedIn(use: SecretUse, result: LoginResult): void;
  mayWrite(): boolean;
  /** Logins by a key alone ask for leave, too. */
  paced?: boolean | undefined;
}

/** One use of a secret on one device: asked for, sent, answered for. */
export class Permission {
  #state: 'idle' | 'granted' | 'sent' = 'idle';
  #over = false;

  constructor(
    readonly use: SecretUse,
    readonly ports: SecretPorts,
  ) {}

  /** Sent and not yet answered. */
  get sent(): boolean {
    return this.wasSent && !this.#over;
  }

  /** Whether it ever left. */
  get wasSent(): boolean {
    return this.#state === 'sent';
  }

  /** Resolves once the secret may be sent; throws a DeviceFailure when it may not. */
  async ask(): Promise<void> {
    if (this.#state !== 'idle') return;
    const stage = this.use === SecretUse.ENABLE ? Stage.ENABLE : Stage.AUTH;
    let permit: Permit;
    try {
      permit = await this.ports.permit(this.use);
    } catch (cause) {
      throw new DeviceFailure(Kind.DISCONNECTED, stage, 'the lease ended before the login', { cause });
    }
    if (permit !== Permit.SEND) throw denial(permit, stage);
    // The session may have ended while the coordinator thought about it.
    if (this.#over) this.ports.loggedIn(this.use, LoginResult.UNSENT);
    else this.#state = 'granted';
  }

  /** To be said right before the bytes leave. */
  markSent(): void {
    if (this.#state === 'granted' && !this.#over) this.#state = 'sent';
  }

  accepted(): void {
    this.#end(LoginResult.ACCEPTED);
  }

  refused(): void {
    this.#end(LoginResult.REFUSED);
  }

  /** The device closed the connection instead of an answer; many say no like that. */
  hungUp(): void {
    if (this.#state === 'sent') this.#end(LoginResult.HUNG_UP);
  }

  /** The session is over: what has not been answered for is unknown, or was never sent. */
  close(): void {
    this.#end(this.#state === 'sent' ? LoginResult.UNKNOWN : LoginResult.UNSENT);
  }

  #end(result: LoginResult): void {
    if (this.#state !== 'idle' && !this.#over) this.ports.loggedIn(this.use, result);
    this.#over = true;
  }
}

function denial(permit: Permit, stage: Stage): DeviceFailure {
  if (permit === Permit.STOPPED)
    return new DeviceFailure(
      Kind.CREDENTIAL_STOPPED,
      stage,
      'the credential was refused too often and is stopped',
    );
  if (permit === Permit.SPENT)
    return new DeviceFailure(
      stage === Stage.AUTH ? Kind.AUTH : Kind.ENABLE,
      stage,
      'outcome unknown: this secret was already sent to the device in this sweep',
    );
  return new DeviceFailure(Kind.DISCONNECTED, stage, 'the lease ended before the login');
}
