// What options' values mean where that is not what their letters say.
import { expect, test } from 'vitest';
import { readFailures } from '../../coordinator/cli/values.js';

test.each([
  ['0', { devices: 1 }],
  ['0%', { devices: 1 }],
  ['1', { devices: 1 }],
  ['5', { devices: 5 }],
  ['2.5%', { percent: 2.5 }],
  ['none', null],
])('--max-fail %s stops at %j failed devices: to allow none is to stop at the first', (text, share) => {
  expect(readFailures(text)).toEqual(share);
});

test.each(['', '-1', '1.5', '101%', 'five'])('--max-fail "%s" is refused', (text) => {
  expect(() => readFailures(text)).toThrow(/expected a number of devices/);
});
