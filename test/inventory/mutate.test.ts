// Good inventories and expressions with a slip in them: each is read or refused, never anything else, never slowly, and no device
// goes missing without a word. A hundred thousand of them: npm run mutate.
import { describe, expect, test } from 'vitest';
import { dice } from './dice.ts';
import { share, tryMutations } from './judge.ts';
import { MUTANTS } from './mutants.ts';

const SEED = Number(process.env.NETSWEEP_TEST_SEED ?? Date.now() % 1_000_000);
const MUTATIONS = Number(process.env.NETSWEEP_TEST_ROUNDS ?? 1_500);

describe(`a slip of the finger (NETSWEEP_TEST_SEED=${SEED} npx vitest run test/inventory/mutate.test.ts)`, () => {
  test.each(Array.from(share(MUTANTS, MUTATIONS), ([mutant, rounds]) => ({ ...mutant, rounds })))(
    'in $name loses no device in silence',
    async ({ rounds, ...mutant }) => {
      const { wrong } = await tryMutations(mutant, rounds, dice(SEED));
      expect(wrong.join('\n\n')).toBe('');
    },
  );
});
