import { expect, test } from 'vitest';
import { EXAMPLE, readTexts } from './policies.ts';

test('the format as people meet it is read as it stands', () => {
  const { policies, errors, warnings } = readTexts({ 'campus.yaml': EXAMPLE });
  expect(errors).toEqual([]);
  expect(policies[0]?.rules.map(({ id, check }) => [id, check.kind])).toEqual([
    ['SSH-1', 'capture'],
    ['NTP-1', 'capture'],
    ['SNMP-1', 'absent'],
    ['VTY-1', 'present'],
    ['OS-1', 'capture'],
  ]);
  expect(warnings).toEqual(
    [
      ['5', 'SSH-1'],
      ['6', 'NTP-1'],
      ['7', 'SNMP-1'],
      ['9', 'OS-1'],
    ].map(
      ([line, id]) =>
        `campus.yaml:${line}:10: rule ${id} has no test (expected an entry in tests that names it)`,
    ),
  );
});
