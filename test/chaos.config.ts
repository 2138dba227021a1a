// The long run under chaos, which prints a table: `npm run chaos`.
import { defineConfig } from 'vitest/config';
import base from '../vitest.config.ts';

export default defineConfig({
  ...base,
  test: {
    ...base.test,
    include: ['test/e2e/chaos.run.ts'],
    disableConsoleIntercept: true,
    testTimeout: 7_200_000,
  },
});
