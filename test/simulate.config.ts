// The longer run of simulated schedules, which prints a table: `npm run simulate`.
import { defineConfig } from 'vitest/config';
import base from '../vitest.config.ts';

export default defineConfig({
  ...base,
  test: {
    ...base.test,
    include: ['test/sim/simulate.run.ts'],
    disableConsoleIntercept: true,
    testTimeout: 3_600_000,
  },
});
