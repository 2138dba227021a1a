// Outputs that need not travel: what a device gave last is named with its lease, and when it gives the same again its
// digest is enough. It is taken only as one that was offered in this very lease; after a restart nobody remembers what
// that was, and the bytes are asked for.
import type { KnownOutput } from '../../proto/gen/netsweep/v1/agent.js';
import type { Store } from '../store/store.js';
import type { DeviceState } from '../sweep/activesweep.js';

interface Offered {
  epoch: string;
  digests: Set<string>;
}

export class Known {
  readonly #offered = new WeakMap<DeviceState, Offered>();

  constructor(private readonly store: Pick<Store, 'knownOutputs'>) {}

  /** What is offered with a lease, for each of its devices. */
  async offer(epoch: string, states: readonly DeviceState[]): Promise<KnownOutput[][]> {
    const known = await this.store.knownOutputs(states.map(({ device }) => device));
    states.forEach((state, at) => {
      const digests = known[at]?.map(({ sha256 }) => digestOf(sha256)) ?? [];
      if (digests.length === 0) return;
      const before = this.#offered.get(state);
      // A claim that is repeated is one lease.
      const same = before?.epoch === epoch ? before.digests : [];
      this.#offered.set(state, { epoch, digests: new Set([...same, ...digests]) });
    });
    return known;
  }

  isOffered(state: DeviceState | undefined, epoch: string, sha256: Buffer): boolean {
    const offered = state && this.#offered.get(state);
    return offered?.epoch === epoch && offered.digests.has(digestOf(sha256));
  }

  /** The device's result is taken. */
  forget(state: DeviceState): void {
    this.#offered.delete(state);
  }
}

function digestOf(sha256: Buffer): string {
  return sha256.toString('latin1');
}
