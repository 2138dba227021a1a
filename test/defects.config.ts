// Breaks the rules one by one and sees that a test notices: `npm run defects`.
import { defineConfig } from 'vitest/config';
import base from '../vitest.config.ts';

export default defineConfig({
  ...base,
  test: {
    ...base.test,
    include: ['test/defects/all.run.ts'],
    disableConsoleIntercept: true,
    reporters: ['verbose'],
    testTimeout: 3_600_000,
  },
});
