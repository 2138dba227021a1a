// A hundred thousand slips in inventories of every shape: `npm run mutate`.
import { defineConfig } from 'vitest/config';
import base from '../vitest.config.ts';

export default defineConfig({
  ...base,
  test: {
    ...base.test,
    include: ['test/inventory/mutate.run.ts'],
    disableConsoleIntercept: true,
    testTimeout: 3_600_000,
  },
});
