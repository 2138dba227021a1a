// deploy/README.md from its first line to its last, in network namespaces: `npm run segments`.
import { defineConfig } from 'vitest/config';
import base from '../vitest.config.ts';

export default defineConfig({
  ...base,
  test: {
    ...base.test,
    include: ['test/segments/segments.run.ts'],
    disableConsoleIntercept: true,
    bail: 1, // each step stands on the one before
    testTimeout: 900_000,
    hookTimeout: 900_000,
  },
});
