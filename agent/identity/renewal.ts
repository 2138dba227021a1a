// Keeps an enrolled agent's certificate valid: at two thirds of its life another one is asked for, again and again until
// there is one. Leases and streams go on; only new connections show the new one.
import type { IdentityDirectory } from '../../proto/identity/identitydirectory.js';
import type { Host } from '../host.js';

/** The clock may be set meanwhile: it is looked at that often, in ms. */
const LOOK_MS = 60_000;
const AGAIN_LEAST_MS = 500;
const AGAIN_MOST_MS = 60_000;

export interface RenewalEvents {
  renewed(): void;
  warn(what: string): void;
}

export class Renewal implements Disposable {
  #callOff: () => void = () => undefined;
  #closed = false;
  #againMs = AGAIN_LEAST_MS;

  constructor(
    private readonly identity: Pick<IdentityDirectory, 'directory'>,
    /** HOST:PORT, which may be another than where it joined. */
    private readonly coordinator: string,
    private readonly host: Host,
    private readonly events: RenewalEvents,
  ) {
    void this.#look();
  }

  [Symbol.dispose](): void {
    this.#closed = true;
    this.#callOff();
  }

  /** What it needs is loaded here: most agents are no members. */
  async #look(): Promise<void> {
    const { readIdentityDirectory } = await import('../../proto/identity/identitydirectory.js');
    const kept = readIdentityDirectory(this.identity.directory);
    if (kept === null) return this.events.warn(`nothing is left in ${this.identity.directory}`);
    const restMs = kept.renewFromMs - this.host.wallMs();
    if (restMs <= 0) void this.#renew(kept);
    else this.#after(Math.min(restMs, LOOK_MS));
  }

  async #renew(kept: IdentityDirectory): Promise<void> {
    const { renewIdentity } = await import('../../proto/identity/join.js');
    try {
      await renewIdentity({ ...kept, coordinator: this.coordinator });
      if (this.#closed) return;
      this.#againMs = AGAIN_LEAST_MS;
      this.events.renewed();
      void this.#look();
    } catch (error) {
      if (this.#closed) return;
      this.events.warn(
        `the certificate could not be renewed: ${error instanceof Error ? error.message : error}`,
      );
      this.#after(this.#againMs);
      this.#againMs = Math.min(AGAIN_MOST_MS, this.#againMs * 2);
    }
  }

  #after(ms: number): void {
    if (!this.#closed) this.#callOff = this.host.after(ms, () => void this.#look());
  }
}
