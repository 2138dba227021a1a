// The straight line that a session walks: one wait at a time, which ends by its event or by the session's
// first failure. Whoever notices a failure says it here; the walk then throws it from wherever it waits.
import { Kind, Stage } from '../proto/gen/netsweep/v1/model.js';
import { asFailure, DeviceFailure } from './failure.js';

export class Course {
  stage: Stage = Stage.CONNECT;
  #cause: DeviceFailure | null = null;
  #finished = false;
  #abandon: ((cause: DeviceFailure) => void) | null = null;

  /** The first failure; null while all is well. */
  get cause(): DeviceFailure | null {
    return this.#cause;
  }

  fail(failure: DeviceFailure): void {
    this.#cause ??= failure;
    this.#abandon?.(this.#cause);
  }

  /** The walk is done: a connection that ends from now on ends as it should. */
  finish(): void {
    this.#finished = true;
  }

  /** The device is gone; a failure unless the session is through with it. */
  disconnected(message: string): void {
    if (!this.#finished && !this.#cause) this.fail(this.failure(Kind.DISCONNECTED, message));
  }

  /** A failure in the present stage. */
  failure(kind: Kind, message: string): DeviceFailure {
    return new DeviceFailure(kind, this.stage, message);
  }

  /** Waits until `start`'s `done` is called; throws the first failure instead. `over` is called in either case. */
  until<T>(start: (done: (value: T) => void) => void, over?: () => void): Promise<T> {
    if (this.#cause) {
      over?.();
      return Promise.reject(this.#cause);
    }
    return new Promise<T>((resolve, reject) => {
      const abandon = (cause: DeviceFailure) => {
        if (this.#abandon === abandon) over?.();
        reject(cause);
      };
      this.#abandon = abandon;
      start((value) => {
        if (this.#abandon === abandon) {
          this.#abandon = null;
          over?.();
        }
        resolve(value);
      });
    });
  }

  /** Waits for a promise of somebody else's; throws the first failure instead. */
  during<T>(promise: Promise<T>): Promise<T> {
    return this.until<T>((done) => {
      promise.then(done, (thrown: unknown) => {
        this.fail(asFailure(thrown, this.stage));
      });
    });
  }
}
