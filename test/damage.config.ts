// The longer run with damaged files: `npm run damage`.
import { defineConfig } from 'vitest/config';
import base from '../vitest.config.ts';

export default defineConfig({
  ...base,
  test: {
    ...base.test,
    include: ['test/store/damage.run.ts'],
    disableConsoleIntercept: true,
    testTimeout: 7_200_000,
    hookTimeout: 600_000,
  },
});
