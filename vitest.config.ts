// The tests start real servers and processes, so a few files run at a time. Files that come after each other share a
// process: what they import is loaded once, and nothing that a file imports keeps anything from one to the next.
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

// Where the set-up puts what the system lacks, and where a user's PATH often does not reach.
const programs = ['/usr/sbin', '/sbin', fileURLToPath(new URL('.cache/bin', import.meta.url))];

/** A file with whole sweeps takes ten times as long as another of its size; begun last, it would run on alone. */
const LONG = ['/test/e2e/', '/test/real/', '/test/packages/', '/test/deploy/', '/test/docs/'];

class LongFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const isLong = ({ moduleId }: TestSpecification) => LONG.some((folder) => moduleId.includes(folder));
    return [...sorted.filter(isLong), ...sorted.filter((file) => !isLong(file))];
  }
}

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    exclude: ['**/node_modules/**', 'dist/**'],
    globalSetup: ['test/build.ts'],
    setupFiles: ['test/around.ts'],
    env: { PATH: [process.env.PATH, ...programs].join(':') },
    pool: 'forks',
    isolate: false,
    sequence: { sequencer: LongFirst },
    // Most of the time a file waits for its programs: two more than there are cores.
    maxWorkers: Math.min(4, availableParallelism() + 2),
    // Tests that run beside others mostly wait; what has to be held back is held back by its file.
    maxConcurrency: 1_000,
    testTimeout: 400_000,
    hookTimeout: 200_000,
    teardownTimeout: 20_000,
  },
});
