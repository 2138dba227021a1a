// What `npm run segments` stands on, as far as it is cheap: a page whose every command has a host, and hosts of which
// each reaches what it should and nothing else.
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { root } from '../process.ts';
import { CORE, Lab, labMissing } from './lab.ts';
import { isWrong, tryAll, tryThroughRouters } from './reach.ts';
import { readBlocks } from './readme.ts';

test('every command of deploy/README.md is for hosts that its table names', () => {
  const blocks = readBlocks(join(root, 'deploy/README.md'));
  const known = [
    ...Object.keys(CORE),
    ...['dc1', 'dc2', 'dc3'].flatMap((segment) => [`${segment}-a`, `${segment}-b`]),
  ];
  expect(blocks.length).toBeGreaterThan(10);
  expect(blocks.flatMap(({ hosts }) => hosts).filter((host) => !known.includes(host))).toEqual([]);
});

const hosts = 'hosts with the same addresses in two segments never meet, and reach what they should';

test.skipIf(labMissing !== null)(labMissing === null ? hosts : `${hosts} (${labMissing})`, async () => {
  await using lab = await Lab.open({ segments: ['dc1', 'dc2'], agents: 1 }, null);
  const attempts = [...(await tryAll(lab, { services: false })), ...(await tryThroughRouters(lab))];
  expect(attempts.filter((attempt) => isWrong(lab, attempt))).toEqual([]);
  expect(attempts.filter(({ reached }) => reached !== null).length).toBeGreaterThan(10);
});
