// What an inventory holds, in figures and as a tree.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { censusOf } from '../../coordinator/inventory/census.ts';
import { drawTree, treeOf } from '../../coordinator/inventory/graph.ts';
import type { ReadyEntry } from '../../coordinator/inventory/inventory.ts';
import { readInventory } from '../../coordinator/inventory/read.ts';
import { entryOf, inventoryOf, platforms } from './files.ts';

test('a census counts each device once, and finds those of one address in all its spellings', () => {
  const census = censusOf(
    [
      entryOf({ name: 'R1', host: '2001:db8::1', site: 'zrh', groups: ['core'] }),
      entryOf({ name: 'R2', host: '2001:DB8:0::1', site: 'zrh', groups: ['core', 'dc'] }),
      entryOf({ name: 'R3', host: '2001:db8::1', port: 23, platform: null }),
      entryOf({ name: 'R4', host: '2001:db8::1', segment: 'dmz', platform: 'linux', site: 'gva' }),
      entryOf({
        name: 'R5',
        host: '2001:db8::1',
        jump: { hops: [{ host: 'b', port: null, username: null, at: null }], shared: false },
      }),
    ],
    [{ name: 'R6', why: 'its state is "down"', at: { file: 'router.db', line: 1, column: 1 } }],
  );
  expect(census).toMatchObject({
    devices: 5,
    platforms: new Map([
      ['cisco_ios', 3],
      ['linux', 1],
    ]),
    sites: new Map([
      ['zrh', 2],
      ['gva', 1],
    ]),
    segments: new Map([
      ['default', 4],
      ['dmz', 1],
    ]),
    groups: new Map([
      ['core', 2],
      ['dc', 1],
    ]),
    withoutPlatform: ['R3'],
    sameAddress: [{ segment: 'default', host: '2001:db8::1', port: 22, devices: ['R1', 'R2'] }],
  });
  expect(census.leftOut).toHaveLength(1);
});

/** Written by `ansible-inventory -i INVENTORY --graph`. */
describe.each(['campus', 'regions', 'wan'])('the tree of %s, an inventory of Ansible', (name) => {
  const place = fileURLToPath(new URL(`ansible/${name}`, import.meta.url));
  const graph = (text: string) => text.trimEnd().split('\n');

  test('is the one that ansible-inventory draws', async () => {
    const io = { cwd: '/', stdin: (async function* () {})(), env: {}, platforms };
    const { entries, children, members } = await readInventory([place], io);
    const recorded = readFileSync(new URL(`recorded/${name}.graph`, import.meta.url), 'utf8');
    expect(drawTree(treeOf(entries, children, members))).toEqual(graph(recorded));
  });

  test.skipIf(!existsSync('/usr/bin/ansible-inventory'))(
    'is still recorded as it is (skipped without ansible)',
    () => {
      const options = { encoding: 'utf8' as const, stdio: 'pipe' as const };
      const drawn = execFileSync('/usr/bin/ansible-inventory', ['-i', place, '--graph'], options);
      expect(graph(drawn)).toEqual(
        graph(readFileSync(new URL(`recorded/${name}.graph`, import.meta.url), 'utf8')),
      );
    },
  );
});

describe('a tree', () => {
  const FILE = {
    'a.yaml': `groups:
  dc: {children: [leaf, spine]}
  leaf: {}
  spine: {}
  lab: {}
devices:
  l1: {host: h1, groups: [leaf]}
  l2: {host: h2, groups: [leaf, lab]}
  s1: {host: h3, groups: [spine]}
  d1: {host: h4, groups: [dc]}
  x1: {host: h5}
`,
  };

  test('is drawn as ansible-inventory draws it', async () => {
    const { entries, children } = await inventoryOf(FILE);
    expect(drawTree(treeOf(entries, children))).toEqual([
      '@all:',
      '  |--@ungrouped:',
      '  |  |--x1',
      '  |--@dc:',
      '  |  |--@leaf:',
      '  |  |  |--l1',
      '  |  |  |--l2',
      '  |  |--@spine:',
      '  |  |  |--s1',
      '  |  |--d1',
      '  |--@lab:',
      '  |  |--l2',
    ]);
  });

  test('ends where groups are in themselves', () => {
    const children = new Map([
      ['a', ['b']],
      ['b', ['a', 'b']],
      ['c', ['a']],
    ]);
    expect(drawTree(treeOf([entryOf({ name: 'R1', groups: ['b'] })], children))).toEqual([
      '@all:',
      '  |--@ungrouped:',
      '  |--@c:',
      '  |  |--@a:',
      '  |  |  |--@b:',
      '  |  |  |  |--R1',
    ]);
  });
});

test('one address is one place where segment, port and way are the same too, in the order of the first at each', () => {
  const at = (name: string, fields: Partial<ReadyEntry>) => entryOf({ name, ...fields });
  const way = (host: string) => ({ hops: [{ host, port: null, username: null, at: null }], shared: true });
  const { sameAddress } = censusOf(
    [
      at('R1', { host: '10.0.0.1' }),
      at('R2', { host: '2001:db8::2' }),
      at('R3', { host: '10.0.0.1', port: 2222 }),
      at('R4', { host: '10.0.0.1', segment: 'dc2' }),
      at('R5', { host: '10.0.0.1', jump: way('b1') }),
      at('R6', { host: '2001:0db8:0::2' }),
      at('R7', { host: '10.0.0.1', jump: way('b1') }),
      at('R8', { host: '10.0.0.1' }),
      at('R9', { host: '10.0.0.1' }),
    ],
    [],
  );
  expect(sameAddress.map(({ devices }) => devices.join())).toEqual(['R1,R8,R9', 'R2,R6', 'R5,R7']);
});
