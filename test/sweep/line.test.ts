import { expect, test } from 'vitest';
import { Line, type Unit } from '../../coordinator/sweep/line.js';
import { Dice } from '../sim/dice.js';

const unit = (index: number, notBefore = 0): Unit => ({
  indexes: [index],
  notBefore,
  stage: 0,
  track: { paced: null, places: [] },
});

function taken(line: Line, now: number): number[] {
  const indexes: number[] = [];
  for (let next = line.next(now); next !== null; next = line.next(now)) indexes.push(...next.indexes);
  return indexes;
}

test('who rests joins the end of the line once its time has come, the first due first', () => {
  const line = new Line();
  for (const one of [unit(1, 30), unit(2), unit(3, 20), unit(4, 20), unit(5)]) line.add(one);
  expect(taken(line, 10)).toEqual([2, 5]);
  line.add(unit(6));
  expect(taken(line, 20)).toEqual([6, 3, 4]);
  expect(line.length).toBe(1);
  expect(taken(line, 30)).toEqual([1]);
  expect(line.length).toBe(0);
});

test('who is put back stays in front of all others, also where none had been taken', () => {
  const line = new Line();
  for (const index of [1, 2, 3]) line.add(unit(index));
  const first = line.next(0);
  line.putBack(first === null ? [] : [first]);
  line.putBack([unit(8), unit(9)]);
  expect(taken(line, 0)).toEqual([8, 9, 1, 2, 3]);
});

test('whoever waits is taken once, however many come, rest, are put back and leave (seed 1)', () => {
  const dice = new Dice(1);
  const line = new Line();
  const [waiting, gone] = [new Set<number>(), new Set<number>()];
  for (let now = 0, index = 0; now < 5_000; now += 1) {
    for (let come = dice.below(4); come > 0; come -= 1, index += 1) {
      line.add(unit(index, dice.chance(0.5) ? now + dice.below(200) : 0));
      waiting.add(index);
    }
    const back: Unit[] = [];
    for (let take = dice.below(5); take > 0; take -= 1) {
      const next = line.next(now);
      if (next !== null && dice.chance(0.3)) back.push(next);
      else for (const one of next?.indexes ?? []) gone.add(one);
    }
    line.putBack(back);
    if (dice.chance(0.01))
      line.filter((one) => {
        if (dice.chance(0.9)) return one;
        for (const index of one.indexes) waiting.delete(index);
        return null;
      });
  }
  for (const index of taken(line, Number.POSITIVE_INFINITY)) {
    expect(gone.has(index)).toBe(false);
    gone.add(index);
  }
  expect([...gone].sort((one, other) => one - other)).toEqual([...waiting]);
});
