// The longer run that restarts a coordinator on a large store: `npm run restart`.
import { defineConfig } from 'vitest/config';
import base from '../vitest.config.ts';

export default defineConfig({
  ...base,
  test: {
    ...base.test,
    include: ['test/restart/restart.run.ts'],
    disableConsoleIntercept: true,
    testTimeout: 3_600_000,
  },
});
