// Reports committed to a store on disk, outputs all different, in groups of several sizes; each group is a commit that
// waits for the disk.
import { join } from 'node:path';
import { openStore } from '../../../coordinator/store/open.ts';
import type { Store, Write } from '../../../coordinator/store/store.ts';
import { newSweep, report } from '../../store/samples.ts';
import type { Micro } from './harness.ts';
import { configurations, recorded, TemporaryFolder } from './samples.ts';

const REPORTS = 1_024;
const GROUPS = [1, 32, 256];

export async function* store(): AsyncGenerator<Micro> {
  using folder = new TemporaryFolder();
  const outputs = configurations(REPORTS).map(recorded);
  const bytes = outputs.reduce((sum, output) => sum + output.bytes, 0);
  let open: { store: Store; sweep: string } | null = null;
  let made = 0;
  try {
    for (const group of GROUPS)
      yield {
        title: `store, reports of 16 KiB, ${group} in a commit`,
        items: REPORTS,
        bytes,
        prepare: async () => {
          await open?.store[Symbol.asyncDispose]();
          const fresh = await openStore(join(folder.path, String(++made)), null);
          await fresh.commit(newSweep('S', REPORTS));
          open = { store: fresh, sweep: 'S' };
        },
        round: async () => {
          for (let at = 0; at < outputs.length; at += group)
            await open?.store.commit(
              outputs
                .slice(at, at + group)
                .map((output, n): Write => ({ write: 'report', report: report('S', at + n, [output]) })),
            );
        },
      };
  } finally {
    await (open as { store: Store } | null)?.store[Symbol.asyncDispose]();
  }
}
