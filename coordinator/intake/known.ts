// Outputs that need not travel: what a device gave last is named with its lease, and when it gives the same again its
// place in that list is enough. It is taken only as one that was offered in this very lease; after a restart nobody
// remembers what that was, and the bytes are asked for.
import type { KnownOutput, Result } from '../../proto/gen/netsweep/v1/agent.js';
import type { Store } from '../store/store.js';
import type { DeviceState } from '../sweep/activesweep.js';
import { outputsOf } from './bodies.js';

interface Offered {
  epoch: string;
  outputs: KnownOutput[];
}

const UTF8 = 'utf-8';

export class Known {
  readonly #offered = new WeakMap<DeviceState, Offered>();

  constructor(private readonly store: Pick<Store, 'knownOutputs'>) {}

  /** What is offered with a lease, for each of its devices. A claim that is repeated is offered the same again. */
  async offer(epoch: string, states: readonly DeviceState[]): Promise<KnownOutput[][]> {
    const known = await this.store.knownOutputs(states.map(({ device }) => device));
    return states.map((state, at) => {
      const before = this.#offered.get(state);
      if (before?.epoch === epoch) return before.outputs;
      const outputs = known[at] ?? [];
      if (outputs.length > 0) this.#offered.set(state, { epoch, outputs });
      return outputs;
    });
  }

  /** Gives outputs that a result names by their place what they leave out; false: nothing was offered there. */
  restore(state: DeviceState | undefined, result: Result): boolean {
    const outputs = outputsOf(result).filter(({ known }) => known > 0);
    if (outputs.length === 0) return true;
    const offered = state && this.#offered.get(state);
    return outputs.every((output) => {
      const known = offered?.epoch === result.epoch ? offered.outputs[output.known - 1] : undefined;
      if (known === undefined) return false;
      Object.assign(output, {
        sha256: known.sha256,
        command: known.command,
        bytes: known.bytes,
        encoding: output.encoding || UTF8,
        known: 0,
      });
      return true;
    });
  }

  isOffered(state: DeviceState | undefined, epoch: string, sha256: Buffer): boolean {
    const offered = state && this.#offered.get(state);
    return offered?.epoch === epoch && offered.outputs.some((one) => one.sha256.equals(sha256));
  }

  /** The device's result is taken. */
  forget(state: DeviceState): void {
    this.#offered.delete(state);
  }
}
