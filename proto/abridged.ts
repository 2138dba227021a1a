// Results as they travel: most belong to a lease that others on the same stream belonged to, so a lease is said once and
// numbered, and then only its number; and so are the algorithms that a connection settled on. Both sides agree on it when
// they greet each other, and begin anew with each stream.
import type { Result } from './gen/netsweep/v1/agent.js';
import type { Secured } from './gen/netsweep/v1/session.js';

type Belonging = Pick<Result, 'sweep' | 'shard' | 'epoch'>;

const NOWHERE: Belonging = { sweep: '', shard: 0, epoch: '' };
/** Leases that are remembered; then a number is given again, with what it stands for. */
const LEASES = 1_000;
/** Sets of algorithms that are numbered; what comes after them is said in full. */
const SETTLED = 100;

export class Abridger {
  readonly #numbers = new Map<string, number>();
  readonly #epochs: string[] = [];
  #given = 0;
  readonly #settled = new Map<string, number>();

  abridge(result: Result): Result {
    return this.#abridgeLease(withSecured(result, (secured) => this.#abridgeSecured(secured)));
  }

  #abridgeSecured(secured: Secured): Secured {
    const { algorithms } = secured;
    const known = this.#settled.get(algorithms);
    if (known !== undefined) return { ...secured, algorithms: '', settled: known };
    if (algorithms === '' || this.#settled.size >= SETTLED) return secured;
    const settled = this.#settled.size + 1;
    this.#settled.set(algorithms, settled);
    return { ...secured, settled };
  }

  #abridgeLease(result: Result): Result {
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
  readonly #settled = new Map<number, string>();

  restore(result: Result): Result {
    return this.#restoreLease(withSecured(result, (secured) => this.#restoreSecured(secured)));
  }

  #restoreSecured({ hostKey, algorithms, settled }: Secured): Secured {
    if (settled > 0 && settled <= SETTLED && algorithms !== '') this.#settled.set(settled, algorithms);
    return { hostKey, algorithms: algorithms || (this.#settled.get(settled) ?? ''), settled: 0 };
  }

  #restoreLease(result: Result): Result {
    const { lease, sweep, shard, epoch } = result;
    if (lease === 0) return result;
    if (epoch === '') return { ...result, ...this.#leases.get(lease), lease: 0 };
    if (lease <= LEASES) this.#leases.set(lease, { sweep, shard, epoch });
    return { ...result, lease: 0 };
  }
}

function withSecured(result: Result, change: (secured: Secured) => Secured): Result {
  const { end } = result;
  if (end?.$case !== 'attempt' || end.value.secured === undefined) return result;
  const value = { ...end.value, secured: change(end.value.secured) };
  return { ...result, end: { $case: 'attempt', value } };
}
