// The lists of seeded defects stay true while the sources change; `npm run defects` shows that each is caught.
import { expect, test } from 'vitest';
import { readLists, wrongWith } from './lists.ts';

const defects = await readLists();

test('every seeded defect changes exactly one place that is there, and names a test that is there', () => {
  const wrong = defects.flatMap((defect) => {
    const why = wrongWith(defect);
    return why === null ? [] : [`${defect.list}: ${defect.name}: ${why}`];
  });
  expect(wrong).toEqual([]);
});

test('no two seeded defects are the same', () => {
  const names = defects.map(({ list, name }) => `${list}: ${name}`);
  expect(names.filter((name, at) => names.indexOf(name) !== at)).toEqual([]);
});
