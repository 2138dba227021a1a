// Leave to log in that came with the answer to a device's first host key. It is used once, in the worker that has the
// session: to ask for it again would be two messages for each new device.
import { SecretUse } from '../proto/gen/netsweep/v1/session.js';

export class Lent {
  #mayLogIn = false;

  came({ mayLogIn }: { mayLogIn: boolean }): void {
    this.#mayLogIn ||= mayLogIn;
  }

  /** Whether this secret has leave already; not a second time. */
  use(use: SecretUse, hop: number): boolean {
    if (!this.#mayLogIn || use !== SecretUse.LOGIN || hop !== 0) return false;
    this.#mayLogIn = false;
    return true;
  }
}
