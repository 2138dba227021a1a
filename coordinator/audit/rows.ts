// Rows of an output, for rules that ask about them.
import type { RowsOf } from './judge.js';

/** There are no templates yet, so there is no rule that can be evaluated. */
export const rowsOf: RowsOf = (platform, command) => ({
  wrong: `there is no template for "${command}" on ${platform === '' ? 'an unknown platform' : platform}`,
});
