// The longer run against a NATS cluster of three: `SEED=N MINUTES=N npm run nemesis`.
import { defineConfig } from 'vitest/config';
import base from '../vitest.config.ts';

export default defineConfig({
  ...base,
  test: {
    ...base.test,
    include: ['test/e2e/nemesis.run.ts'],
    disableConsoleIntercept: true,
    testTimeout: 3_600_000,
  },
});
