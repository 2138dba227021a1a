// How well the pace is held, with figures: `npm run pace`.
import { defineConfig } from 'vitest/config';
import base from '../vitest.config.ts';

export default defineConfig({
  ...base,
  test: {
    ...base.test,
    include: ['test/e2e/pace.run.ts'],
    disableConsoleIntercept: true,
    testTimeout: 300_000,
  },
});
