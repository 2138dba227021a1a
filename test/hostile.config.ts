// The longer run with hostile devices, which prints a table: `npm run hostile`.
import { defineConfig } from 'vitest/config';
import base from '../vitest.config.ts';

export default defineConfig({
  ...base,
  test: {
    ...base.test,
    include: ['test/e2e/hostile.run.ts'],
    disableConsoleIntercept: true,
    testTimeout: 3_600_000,
  },
});
