// `npm run defects [-- NAME...]`: every seeded defect, or those whose list or name contains one of the words given,
// is built into a copy of the checkout, where its test has to fail; without it the same test has to pass.
import { afterAll, describe, expect, test } from 'vitest';
import { type Listed, readLists, wrongWith } from './lists.ts';
import { Scratch, type Verdict } from './scratch.ts';

const words = (process.env.DEFECTS ?? '').split('\n').filter((word) => word !== '');
const listed = await readLists();
const chosen = listed.filter(
  ({ list, name }) => words.length === 0 || words.some((word) => holds(`${list}: ${name}`, word)),
);
const scratch = await Scratch.open();
const sound = new Map<string, Promise<Verdict>>();
const rows: string[] = [];

afterAll(async () => {
  await scratch[Symbol.asyncDispose]();
  const caught = rows.filter((row) => row.startsWith('caught')).length;
  process.stdout.write(`\n${rows.join('\n')}\n\n${caught} of ${chosen.length} seeded defects caught\n`);
});

test('the words given name a defect', () => {
  expect(chosen.length, `none of ${listed.length} defects contains ${words.join(' or ')}`).toBeGreaterThan(0);
});

describe.skipIf(chosen.length === 0)('is caught:', () => {
  test.each(chosen.map((defect): [string, Listed] => [`${defect.list}: ${defect.name}`, defect]))(
    '%s',
    async (_, defect) => {
      const why = await whyNotCaught(defect);
      rows.push(
        `${why === null ? 'caught    ' : 'NOT CAUGHT'}  ${defect.list}: ${defect.name}${why === null ? '' : `\n            ${why}`}`,
      );
      expect(why).toBeNull();
    },
  );
});

async function whyNotCaught(defect: Listed): Promise<string | null> {
  const wrong = wrongWith(defect);
  if (wrong !== null) return wrong;
  const { file, title } = defect.test;
  const key = `${file} ${title}`;
  const before = await (sound.get(key) ?? remember(key, scratch.try(defect, false)));
  if (before.verdict !== 'passed') return `its test does not pass without it: ${before.words}`;
  const after = await scratch.try(defect, true);
  if (after.verdict === 'passed') return `"${title}" passes with it`;
  return after.verdict === 'failed' ? null : after.words;
}

function remember(key: string, verdict: Promise<Verdict>): Promise<Verdict> {
  sound.set(key, verdict);
  return verdict;
}

function holds(text: string, word: string): boolean {
  return text.toLowerCase().includes(word.toLowerCase());
}
