// How many sessions an agent has, and how many it could have: what was taken or is asked for waits here for its place.
import { Headroom } from './headroom.js';
import type { Host } from './host.js';

const WARN_EVERY_MS = 10_000;

export class Places {
  /** Devices in session. */
  #busy = 0;
  /** Devices of shards that were taken or are asked for, not yet in session. */
  #due = 0;
  readonly #freed: (() => void)[] = [];
  readonly #headroom: Headroom;
  #warnedAt = Number.NEGATIVE_INFINITY;

  constructor(
    forks: number,
    private readonly host: Host,
    private readonly warn: (what: string) => void,
  ) {
    this.#headroom = new Headroom(forks);
  }

  /** As many as the machine has shown to have room for. */
  get most(): number {
    return this.#headroom.at(this.host.monotonicMs());
  }

  get freeSlots(): number {
    return Math.max(0, this.most - this.#busy);
  }

  /** So many devices more are on their way here. */
  expect(devices: number): void {
    this.#due += devices;
  }

  /** Resolves when there are places that nothing taken waits for and nobody keeps closed, or `signal` aborts. */
  async spare(signal: AbortSignal, isClosed: () => boolean): Promise<void> {
    while ((this.freeSlots <= this.#due || isClosed()) && !signal.aborted) await this.#nextFreed(signal);
  }

  /** For a device that was expected. */
  async take(signal: AbortSignal): Promise<void> {
    while (this.freeSlots === 0 && !signal.aborted) await this.#nextFreed(signal);
    this.#due -= 1;
    this.#busy += 1;
  }

  free(): void {
    this.#busy -= 1;
    this.wake();
  }

  /** Whoever waits looks again. */
  wake(): void {
    for (const wake of this.#freed.splice(0)) wake();
  }

  /** The machine had no room: less is begun at once for a while. */
  lacked(reason: string): void {
    const now = this.host.monotonicMs();
    this.#headroom.lacked(now, this.#busy - 1);
    if (now - this.#warnedAt < WARN_EVERY_MS) return;
    this.#warnedAt = now;
    this.warn(`${reason}: fewer sessions at once for now`);
  }

  #nextFreed(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        signal.removeEventListener('abort', done);
        resolve();
      };
      this.#freed.push(done);
      signal.addEventListener('abort', done, { once: true });
    });
  }
}
