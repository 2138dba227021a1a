// Every kind of bad device that the fleet knows, among good devices of all platforms: each has to end as it must,
// and the good ones must not notice. The longer run with figures is `npm run hostile`.
import { expect, test } from 'vitest';
import { FAULT_NAMES } from '../../agent/fleet/fault.ts';
import { sweepHostile } from '../hostile.ts';
import { checkWitnesses } from '../witness.ts';

const GOOD = 150;
const EACH = 3;

test('every kind of bad device ends as it must, and harms no other', async () => {
  const { wrong, table, status, workers } = await sweepHostile({
    good: GOOD,
    each: EACH,
    segments: 2,
    forks: 120, // other tests run beside this one
    inspect: (cluster, results) => checkWitnesses({ cluster, results }),
  });
  expect(wrong).toEqual([]);
  const kinds = table.filter(({ kind, devices }) => kind !== 'good' && devices === EACH);
  expect(kinds).toHaveLength(FAULT_NAMES.length);
  expect(status).toBe(1);
  expect(workers.length).toBeGreaterThan(0);
  for (const bytes of workers) expect(bytes).toBeLessThan(256 << 20);
});
