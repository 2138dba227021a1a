// Results as they travel: most belong to a lease that others on the same stream belonged to, so a lease is said once and
// numbered, and then only its number. Both sides agree on it when they greet each other, and begin anew with each stream.
import type { Result } from './gen/netsweep/v1/agent.js';

type Belonging = Pick<Result, 'sweep' | 'shard' | 'epoch'>;

const NOWHERE: Belonging = { sweep: '', shard: 0, epoch: '' };
/** Leases that are remembered; then a number is given again, with what it stands for. */
const LEASES = 1_000;

export class Abridger {
  readonly #numbers = new Map<string, number>();
  readonly #epochs: string[] = [];
  #given = 0;

  abridge(result: Result): Result {
    const known = this.#numbers.get(result.epoch);
    if (known !== undefined) return { ...result, ...NOWHERE, lease: known };
    const lease = (this.#given++ % LEASES) + 1;
    this.#numbers.delete(this.#epochs[lease] ?? '');
    this.#epochs[lease] = result.epoch;
    this.#numbers.set(result.epoch, lease);
    return { ...result, lease };
  }
}

export class Restorer {
  readonly #leases = new Map<number, Belonging>();

  restore(result: Result): Result {
    const { lease, sweep, shard, epoch } = result;
    if (lease === 0) return result;
    if (epoch === '') return { ...result, ...this.#leases.get(lease), lease: 0 };
    if (lease <= LEASES) this.#leases.set(lease, { sweep, shard, epoch });
    return { ...result, lease: 0 };
  }
}
