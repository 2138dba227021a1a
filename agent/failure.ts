// The one place where an agent makes a Failure, and the one table that says which kinds may pass.
import { Failure, Kind, type Stage } from '../proto/gen/netsweep/v1/model.js';

/** Kinds that another attempt may end better, as long as no secret has left for the device. */
const MAY_PASS: ReadonlySet<Kind> = new Set([
  Kind.RESOLVE,
  Kind.UNREACHABLE,
  Kind.REFUSED,
  Kind.PROTOCOL,
  Kind.TIMEOUT,
  Kind.DISCONNECTED,
  Kind.PROMPT,
]);

/** Thrown inside a session, caught at its end; never leaves the session as an exception. */
export class DeviceFailure extends Error {
  constructor(
    readonly kind: Kind,
    readonly stage: Stage,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = 'DeviceFailure';
  }

  /** The record of it; a secret that was sent is not sent again, so only a key login is retried after one. */
  record(secretSent: boolean): Failure {
    return Failure.create({
      kind: this.kind,
      stage: this.stage,
      message: this.message,
      retryable: MAY_PASS.has(this.kind) && !secretSent,
    });
  }
}
