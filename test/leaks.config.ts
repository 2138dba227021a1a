// Every place where a secret could lie after a sweep over a hundred kinds of bad devices: `npm run leaks`.
import { defineConfig } from 'vitest/config';
import base from '../vitest.config.ts';

export default defineConfig({
  ...base,
  test: {
    ...base.test,
    include: ['test/leaks/leaks.run.ts'],
    disableConsoleIntercept: true,
    testTimeout: 1_200_000,
  },
});
