// Sweeps that ended lately, as far as results for them may still come: again, because an acknowledgement was lost, or
// too late. Pure, as the ledger that it is a part of.
import type { Write } from '../store/store.js';
import type { ActiveSweep } from './activesweep.js';

/** How long after its end a sweep's results are told apart, in ms: longer than any agent keeps one. */
const REMEMBERED_MS = 120_000;

interface Ended {
  refused: number;
  repeated: number;
  /** By device: the epochs under which a result was taken. */
  epochs: string[][];
  /** When it was seen first here. */
  since: number | null;
}

export class EndedSweeps {
  readonly #ended = new Map<string, Ended>();

  add({ id, row, states }: ActiveSweep): void {
    const { refusedResults: refused, repeatedResults: repeated } = row;
    this.#ended.set(id, { refused, repeated, epochs: states.map((state) => state.epochs), since: null });
  }

  /** Whether this result was taken before its sweep ended; counted either way. */
  late(sweep: string, index: number, epoch: string, writes: Write[]): boolean {
    const ended = this.#ended.get(sweep);
    if (ended === undefined) return false;
    const again = ended.epochs[index]?.includes(epoch) === true;
    if (again) ended.repeated += 1;
    else ended.refused += 1;
    writes.push({ write: 'lateResults', sweep, refused: ended.refused, repeated: ended.repeated });
    return again;
  }

  /** Forgets what is long over. */
  tick(now: number): void {
    for (const [id, ended] of this.#ended) {
      ended.since ??= now;
      if (now - ended.since > REMEMBERED_MS) this.#ended.delete(id);
    }
  }
}
