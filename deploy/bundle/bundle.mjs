// The last step of a build: the programs in dist/, as tsc wrote them, become a few large files in dist/bundle, and
// their entries start those. Loading hundreds of small files costs a process of ours more than all else that it does
// for one device. Then a small sweep is run, and what V8 compiled for it is kept beside the files.
import { copyFileSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PROGRAMS, pointEntries, writeChunks } from './chunks.mjs';
import { rehearse } from './rehearse.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const dist = join(here, '../../dist');
const bundle = join(dist, 'bundle');
const whole = { dist, bundle, programs: PROGRAMS };

rmSync(bundle, { recursive: true, force: true });
await writeChunks(whole);
pointEntries(whole);
copyFileSync(join(here, 'start.cjs'), join(bundle, 'plain.cjs'));
copyFileSync(join(here, 'record.cjs'), join(bundle, 'start.cjs'));
try {
  await rehearse(dist, bundle);
} catch (error) {
  console.error(`the programs will start more slowly: the sweep that warms them failed: ${error.message}`);
}
renameSync(join(bundle, 'plain.cjs'), join(bundle, 'start.cjs'));
