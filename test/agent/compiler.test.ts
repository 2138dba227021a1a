import { expect, test } from 'vitest';
import { lateCompiler } from '../../agent/compiler.js';

test('no worker is started with a flag that its Node does not know', () => {
  expect(lateCompiler('11.3.244.8-node.38')).toEqual(['--interrupt-budget=300000']); // Node 20
  expect(lateCompiler('12.4.254.21-node.57')).toEqual([]); // Node 22
  expect(lateCompiler('13.6.233.17-node.53')).toEqual([]); // Node 24
});
