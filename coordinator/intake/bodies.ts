// What comes with a batch of results: outputs' bytes, whole or in pieces. A digest names bytes only: a result may name
// an output without bringing it only if its pieces came on the same stream, or if it was offered with the lease; and if
// its bytes are all here.
import type { Result, ResultBatch } from '../../proto/gen/netsweep/v1/agent.js';
import { type Output, Status } from '../../proto/gen/netsweep/v1/model.js';
import { CHUNK_BYTES } from '../../proto/subjects.js';
import type { Store } from '../store/store.js';

/** How an attempt may end; the other states are the coordinator's to give. */
const ATTEMPT_ENDS: ReadonlySet<Status> = new Set([Status.OK, Status.SUSPECT, Status.FAILED, Status.SKIPPED]);

/** What ledger or store would refuse must not get that far: a failed commit ends the process. */
export function isSound({ chunks, results }: ResultBatch): boolean {
  return (
    chunks.every(
      ({ sha256, data }) => sha256.length === 32 && data.length > 0 && data.length <= CHUNK_BYTES,
    ) &&
    results.every(
      (result) =>
        (result.end?.$case !== 'attempt' || ATTEMPT_ENDS.has(result.end.value.status)) &&
        outputsOf(result).every(({ sha256 }) => sha256.length === 32),
    )
  );
}

/** Outputs in pieces that a stream remembers; one that is forgotten is asked for once more. */
const BROUGHT_MOST = 10_000;

/** The outputs of one stream that came, or are coming, in pieces. */
export class Pieces {
  readonly #brought = new Set<string>();

  /** The batch's own pieces; they must be on their way to the store before `missing` asks it. */
  take({ chunks }: ResultBatch): void {
    for (const { sha256 } of chunks) this.#brought.add(sha256.toString('hex'));
    for (const oldest of this.#brought) {
      if (this.#brought.size <= BROUGHT_MOST) return;
      this.#brought.delete(oldest);
    }
  }

  /**
   * Results of the batch whose bytes are not all here. What others did not bring is put where it would have been; of
   * what is too large for that the store keeps the bytes until they are committed.
   */
  async missing(
    { results }: ResultBatch,
    isOffered: (result: Result, sha256: Buffer) => boolean,
    store: Pick<Store, 'takeBodies'>,
  ): Promise<Set<Result>> {
    const missing = new Set<Result>();
    const named: { result: Result; output: Output }[] = [];
    for (const result of results)
      for (const output of outputsOf(result)) {
        const { sha256, body } = output;
        if (body.length > 0) continue;
        if (this.#brought.has(sha256.toString('hex')) || isOffered(result, sha256))
          named.push({ result, output });
        else missing.add(result);
      }
    const asked = named.filter(({ result }) => !missing.has(result));
    if (asked.length === 0) return missing;
    const taken = await store.takeBodies(asked.map(({ output }) => output.sha256));
    for (const [at, { result, output }] of asked.entries()) {
      const body = taken[at];
      if (body == null) missing.add(result);
      else output.body = body;
    }
    return missing;
  }
}

/** All that comes with a body: outputs, and the transcript where there is one. */
export function outputsOf({ end }: Result): Output[] {
  if (end?.$case !== 'attempt') return [];
  const { outputs, transcript } = end.value;
  return transcript === undefined ? outputs : [...outputs, transcript];
}
