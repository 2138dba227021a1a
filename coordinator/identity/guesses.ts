// Join tokens can't be guessed, and whoever tries is slowed down all the same: a handful of wrong ones a minute for each
// address, so that nobody keeps others from joining.
import type { Host } from '../host.js';

const PER_ADDRESS = 10;
/** Addresses told apart; what comes from more of them counts together. */
const ADDRESSES = 1_000;
const MINUTE_MS = 60_000;

export class Guesses {
  #failed = new Map<string, number>();
  #since = Number.NEGATIVE_INFINITY;

  constructor(private readonly host: Host) {}

  /** Whether another try is looked at. */
  mayTry(address: string): boolean {
    const now = this.host.monotonicMs();
    if (now - this.#since >= MINUTE_MS) {
      this.#since = now;
      this.#failed = new Map();
    }
    return (this.#failed.get(this.#key(address)) ?? 0) < PER_ADDRESS;
  }

  failed(address: string): void {
    const key = this.#key(address);
    this.#failed.set(key, (this.#failed.get(key) ?? 0) + 1);
  }

  #key(address: string): string {
    return this.#failed.has(address) || this.#failed.size < ADDRESSES ? address : '';
  }
}
