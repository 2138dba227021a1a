// The pictures of the README: `npm run pictures`.
import { defineConfig } from 'vitest/config';
import base from '../vitest.config.ts';

export default defineConfig({
  ...base,
  test: {
    ...base.test,
    include: ['test/pictures/pictures.run.ts'],
    disableConsoleIntercept: true,
    testTimeout: 300_000,
  },
});
