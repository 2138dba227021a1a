import { describe, expect, test } from 'vitest';
import { foldNames } from '../../coordinator/nodeset/fold.ts';

describe('folding names', () => {
  test.each([
    [[], ''],
    [['R1'], 'R1'],
    [['R1', 'R2', 'R3', 'R7'], 'R[1-3,7]'],
    [['R2', 'R1', 'R1'], 'R[1-2]'],
    [['sw08', 'sw09', 'sw10'], 'sw[08-10]'],
    [['sw8', 'sw09', 'sw10'], 'sw[8,09-10]'],
    [['sw99', 'sw100'], 'sw[99-100]'],
    [['sw099', 'sw100', 'sw98'], 'sw[98,099-100]'],
    [['sw09', 'sw100'], 'sw[09,100]'],
    [['core', 'edge'], 'core,edge'],
    [['sw1.a', 'sw2.a', 'sw1.b', 'sw2.b'], 'sw[1-2].a,sw[1-2].b'],
    [['r1s1', 'r1s2', 'r2s1', 'r2s2'], 'r[1-2]s[1-2]'],
    [['r1s1', 'r1s2', 'r2s1'], 'r1s[1-2],r2s1'],
    [['10.0.0.1', '10.0.0.2'], '10.0.0.[1-2]'],
    [['n12345678901234567890', 'n12345678901234567891'], 'n[12345678901234567890-12345678901234567891]'],
  ])('%j is %s', (names, folded) => expect(foldNames(names)).toBe(folded));

  test('unfolds to the names it was made of, whatever they are', () => {
    const seed = Math.floor(Math.random() * 2 ** 31);
    const next = dice(seed);
    for (let round = 0; round < 300; round++) {
      const names = new Set(Array.from({ length: 1 + (next() % 30) }, () => randomName(next)));
      const unfolded = unfold(foldNames(names));
      expect(unfolded.toSorted(), `seed ${seed}, round ${round}`).toEqual([...names].toSorted());
    }
  });
});

function randomName(next: () => number): string {
  const number = () => String(next() % 12).padStart(1 + (next() % 3), '0');
  return next() % 2 === 0 ? `R${number()}` : `sw${number()}-s${number()}`;
}

function dice(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff;
    return state >>> 8;
  };
}

/** The inverse, written apart from the folding. */
function unfold(text: string): string[] {
  return text.split(/,(?![^[]*\])/).flatMap((part) => expand(part));
}

function expand(part: string): string[] {
  const match = /^([^[]*)\[([^\]]*)\](.*)$/.exec(part);
  if (match === null) return [part];
  const [, head = '', ranges = '', tail = ''] = match;
  const numbers = ranges.split(',').flatMap((range) => {
    const [first = '', last = first] = range.split('-');
    const count = Number(last) - Number(first) + 1;
    return Array.from({ length: count }, (_, step) =>
      String(Number(first) + step).padStart(first.length, '0'),
    );
  });
  return numbers.flatMap((number) => expand(tail).map((rest) => head + number + rest));
}
