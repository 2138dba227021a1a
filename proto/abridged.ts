// Results as they travel together: most of a batch belong to the same lease, so each leaves out what the one before it
// says of that. Both sides agree on it when they greet each other.
import type { Result } from './gen/netsweep/v1/agent.js';

type Belonging = Pick<Result, 'sweep' | 'shard' | 'epoch'>;

const NOWHERE: Belonging = { sweep: '', shard: 0, epoch: '' };

export function abridged(results: readonly Result[]): Result[] {
  return results.map((result, at) => {
    const before = results[at - 1];
    const isSame =
      before?.epoch === result.epoch && before.sweep === result.sweep && before.shard === result.shard;
    return isSame ? { ...result, ...NOWHERE } : result;
  });
}

/** Nothing changes in results that say it all. */
export function restored(results: readonly Result[]): Result[] {
  let last = NOWHERE;
  return results.map((result) => {
    if (result.epoch === '') return { ...result, ...last };
    const { sweep, shard, epoch } = result;
    last = { sweep, shard, epoch };
    return result;
  });
}
