// Every link bad in every way, a few at a time: `npm run links`.
import { defineConfig } from 'vitest/config';
import base from '../vitest.config.ts';

export default defineConfig({
  ...base,
  test: {
    ...base.test,
    include: ['test/links/all.run.ts'],
    disableConsoleIntercept: true,
    maxConcurrency: 4,
    testTimeout: 300_000,
  },
});
