import { expect, test } from 'vitest';
import { rerunCommand } from '../../coordinator/cli/attend.ts';
import { RUN } from '../../coordinator/cli/settings.ts';
import { type Given, settle } from '../../coordinator/config.ts';

function rerun(given: Given): string {
  return rerunCommand({ given, ...settle(RUN, { given, environment: {}, file: new Map() }) }, '01K0');
}

test.each<[string, Given, string]>([
  [
    'the same inventory and limits',
    { inventory: ['my lab.yaml'], connectTimeout: ['3s'] },
    "--inventory 'my lab.yaml' --connect-timeout 3s",
  ],
  [
    'what it takes to read the inventory',
    { inventory: ['router.db'], columns: ['name:ip:model'], vaultPasswordFile: ['v'] },
    '--inventory router.db --columns name:ip:model --vault-password-file v',
  ],
  [
    'the names where they are the inventory',
    { hosts: ['sw[1-3]'], platform: ['ios'], port: ['830'] },
    "--hosts 'sw[1-3]' --platform ios --port 830",
  ],
  ['switches without a value', { inventory: ['a'], askPass: ['true'] }, '--inventory a --ask-pass'],
  [
    'no selection, view or question',
    { inventory: ['a'], limit: ['R1'], format: ['json'], yes: ['true'] },
    '--inventory a',
  ],
  ['the same coordinator', { inventory: ['a'], coordinator: ['c:1'] }, '--inventory a --coordinator c:1'],
  ['the same state', { inventory: ['a'], state: ['/s'] }, '--inventory a --state /s'],
  [
    'no secret',
    { inventory: ['a'], set: ['password=hunter2', 'secret=env:S'] },
    '--inventory a --set password=ask --set secret=env:S',
  ],
])('what failed is run again with %s', (_, given, words) => {
  expect(rerun(given)).toBe(`netsweep run --rerun 01K0 --failed ${words}`);
});
