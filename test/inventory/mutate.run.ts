// A hundred thousand slips of the finger in inventories of every shape and in expressions: `npm run mutate`. Prints a table, the seed
// and how long it took.
import { expect, test } from 'vitest';
import { dice } from './dice.ts';
import { share, type Tally, tryMutations } from './judge.ts';
import { MUTANTS } from './mutants.ts';

const SEED = Number(process.env.NETSWEEP_TEST_SEED ?? Date.now() % 1_000_000);
const MUTATIONS = Number(process.env.MUTATIONS ?? 100_000);

test(`${MUTATIONS} mutations`, async () => {
  const again = `NETSWEEP_TEST_SEED=${SEED} MUTATIONS=${MUTATIONS} npm run mutate`;
  console.log(again);
  const started = performance.now();
  const tallies: Tally[] = [];
  for (const [mutant, rounds] of share(MUTANTS, MUTATIONS)) {
    const tally = await tryMutations(mutant, rounds, dice(SEED));
    tallies.push(tally);
    console.log(lineOf(tally));
  }
  const sum = (of: (tally: Tally) => number) => tallies.reduce((total, tally) => total + of(tally), 0);
  const seconds = (performance.now() - started) / 1_000;
  console.log(
    `${sum(({ mutations }) => mutations)} mutations in ${seconds.toFixed(0)} s, seed ${SEED}: ${sum(({ read }) => read)} read, ${sum(({ refused }) => refused)} refused, ${sum(({ wrong }) => wrong.length)} wrong; the slowest took ${Math.max(...tallies.map(({ slowestMs }) => slowestMs)).toFixed(0)} ms of CPU`,
  );
  expect(tallies.flatMap(({ wrong }) => wrong).join('\n\n'), again).toBe('');
});

function lineOf({ name, mutations, read, refused, slowestMs, wrong }: Tally): string {
  const figures = `${mutations} mutations, ${read} read, ${refused} refused, ${wrong.length} wrong`;
  return `${name.padEnd(26)} ${figures}, slowest ${slowestMs.toFixed(0)} ms`;
}
