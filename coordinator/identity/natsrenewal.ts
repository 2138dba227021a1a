// Sees to it that no server of our own NATS ends with its certificate: makes a new one in its folder in time, and says,
// until it is shown, what somebody has to do for that.

import type { Host } from '../host.js';
import { type Shown, shownBy } from '../sweep/natsshown.js';
import type { TlsFiles } from '../tls.js';
import type { Authority } from './authority.js';
import { renewNats } from './natscertificates.js';

const LOOK_EVERY_MS = 3_600_000;
/** A complaint is repeated after this many looks. */
const AGAIN_AFTER = 24;
/** How long before its end it is said that a server does not show a newer one. */
const AHEAD_MS = 60 * 86_400_000;

export interface NatsRenewalOptions {
  /** The coordinator's state directory. */
  directory: string;
  authority: Authority;
  servers: string[];
  tls: TlsFiles | null;
  host: Host;
  warn(error: unknown, what: string): void;
}

export class NatsRenewal implements Disposable {
  #looks = 0;
  #callOff: () => void = () => undefined;
  #isOver = false;
  /** What servers showed when they were looked at last. */
  shown: Shown[] = [];

  private constructor(private readonly options: NatsRenewalOptions) {
    void this.#keep();
  }

  static open(options: NatsRenewalOptions): NatsRenewal {
    return new NatsRenewal(options);
  }

  [Symbol.dispose](): void {
    this.#isOver = true;
    this.#callOff();
  }

  async #keep(): Promise<void> {
    const { host, warn } = this.options;
    await this.look().catch((error: unknown) => warn(error, "nats-server's certificates can't be renewed"));
    if (!this.#isOver) this.#callOff = host.after(LOOK_EVERY_MS, () => void this.#keep());
  }

  async look(): Promise<void> {
    const { authority, directory, servers, tls, host, warn } = this.options;
    for (const { name, folder } of await renewNats(authority, directory, host.wallMs()))
      warn(
        null,
        `${name} has a new certificate in ${folder}: bring it to its host, then nats-server --signal reload there`,
      );
    this.shown = await shownBy(servers, tls);
    if (this.#looks++ % AGAIN_AFTER > 0) return;
    for (const { server, toMs } of this.shown)
      if (toMs - host.wallMs() < AHEAD_MS)
        warn(
          null,
          `nats-server ${server} shows a certificate that ends on ${new Date(toMs).toISOString()}: a newer one is in its folder below ${directory}/nats/servers, or comes by netsweep serve --init --renew`,
        );
  }
}
