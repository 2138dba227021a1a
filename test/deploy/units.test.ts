// What the units say of how our programs are started again, against what the programs end with.
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { Unit } from '../packages/unit.ts';
import { root } from '../process.ts';

const unit = (name: string) => Unit.read(join(root, 'deploy/systemd', `${name}.service`));

test('an agent that its coordinator will not have, or with a wrong setting, is not started again; any other end is', () => {
  const ends = [0, 1, 2, 4, 70].map((code) => [code, unit('netsweep-agent').startsAgain(code)]);
  expect(ends).toEqual([
    [0, false],
    [1, true], // its endpoint's address is in use, or not there yet
    [2, false],
    [4, false],
    [70, true],
  ]);
});

test('a coordinator whose state or port is still in use is started again, one with a wrong setting is not', () => {
  const ends = [0, 2, 4, 70].map((code) => [code, unit('netsweep').startsAgain(code)]);
  expect(ends).toEqual([
    [0, false],
    [2, false],
    [4, true],
    [70, true],
  ]);
});
