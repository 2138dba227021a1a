// docs/concepts.md is held against the program where it lists things: states of a device, and exit codes.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { decide, EXIT, type ExitCode } from '../../coordinator/cli/exit.ts';
import { Counts } from '../../proto/gen/netsweep/v1/model.ts';
import { root } from '../process.ts';

const PAGE = readFileSync(join(root, 'docs/concepts.md'), 'utf8');

test('docs/concepts.md has every state of a device', () => {
  const { selected: _, ...states } = Counts.create();
  const told = Array.from(PAGE.matchAll(/^\| `(\w+)` \|/gm), ([, state]) => state);
  expect(told.sort()).toEqual(Object.keys(states).sort());
});

test('docs/concepts.md has every exit code, and which of several decides', () => {
  const told = Array.from(PAGE.matchAll(/^\| (\d+) \|/gm), ([, code]) => Number(code));
  expect(told).toEqual(Object.values(EXIT).sort((a, b) => a - b));
  const order = /the first of ([\d, ]+) decides/.exec(PAGE)?.[1]?.split(', ').map(Number) as ExitCode[];
  expect(order).toHaveLength(told.length - 1);
  for (const [at, code] of order.entries()) expect(decide(order.slice(at).reverse())).toBe(code);
});
