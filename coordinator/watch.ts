// What a client sees of a sweep while it runs: reports as they get on disk, and now and then how far it is. Reports
// that end close together travel together; the first after a lull leaves at once.
import { Beat } from '../proto/beat.js';
import type { Report } from '../proto/gen/netsweep/v1/model.js';
import type { Sweep, SweepEvent, WatchRequest } from '../proto/gen/netsweep/v1/sweeps.js';
import { BATCH_BYTES } from '../proto/subjects.js';
import type { Books } from './books.js';
import { within } from './host.js';
import { bytesOf } from './store/tail.js';
import type { ActiveSweep } from './sweep/activesweep.js';

/** Reports taken from the store at a time. */
const PAGE = 256;
/** Least time between two progress events of one watcher, in ms. */
const PROGRESS_EVERY_MS = 250;

/** How a sweep is described. */
export interface Describe {
  progress(active: ActiveSweep): Sweep;
  ended(): Promise<Sweep>;
}

/** The events of the sweep `id` until it has ended, or `signal` aborts. */
export async function* watch(
  books: Books,
  id: string,
  { reports, bodies, together }: WatchRequest,
  describe: Describe,
  signal: AbortSignal,
): AsyncGenerator<SweepEvent> {
  using _followed = reports ? books.store.follow(id) : null;
  let seq = 0;
  const beat = new Beat();
  let progressAt = Number.NEGATIVE_INFINITY;
  for (;;) {
    const active = books.ledger.sweeps.get(id);
    // Looked at before the reports are read: what ends in between is read in the next round. The ledger runs ahead
    // of the disk, and an end is told after the last report.
    if (active === undefined) await books.commit([]);
    const seen = books.lastCommit;
    for (let more = reports; more && !signal.aborted; ) {
      const page = await books.store.reportsAfter(id, seq, PAGE, bodies);
      seq = page.at(-1)?.seq ?? seq;
      more = page.length === PAGE;
      if (page.length > 0) beat.left(books.host.monotonicMs(), page.length);
      yield* eventsOf(
        page.map(({ report }) => report),
        together,
      );
    }
    if (active === undefined) {
      yield { body: { $case: 'ended', value: await describe.ended() } };
      return;
    }
    const now = books.host.monotonicMs();
    if (now - progressAt >= PROGRESS_EVERY_MS) {
      progressAt = now;
      yield { body: { $case: 'progress', value: describe.progress(active) } };
    }
    await rest(books, beat.waitMs(books.host.monotonicMs(), 0), seen, signal);
    if (signal.aborted) return;
  }
}

/** One event each, or as many reports in one as a message should have. */
function* eventsOf(reports: Report[], together: boolean): Generator<SweepEvent> {
  let gathered: Report[] = [];
  let bytes = 0;
  for (const report of reports) {
    if (!together) yield { body: { $case: 'report', value: report } };
    else {
      if (bytes + bytesOf(report) > BATCH_BYTES && gathered.length > 0) {
        yield { body: { $case: 'reports', value: { reports: gathered } } };
        gathered = [];
        bytes = 0;
      }
      gathered.push(report);
      bytes += bytesOf(report);
    }
  }
  if (gathered.length > 0) yield { body: { $case: 'reports', value: { reports: gathered } } };
}

/** Until the beat is over, and something has changed since commit `seen` or it is time to say how far it is. */
async function rest(books: Books, ms: number, seen: number, signal: AbortSignal): Promise<void> {
  if (ms > 0) await new Promise<void>((resolve) => void books.host.after(ms, resolve));
  if (books.lastCommit !== seen) return;
  const wake = within(books.host, PROGRESS_EVERY_MS, signal);
  await books.change(wake.signal);
  wake.done();
}
