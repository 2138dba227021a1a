// The policies that ship, against outputs of devices that are as they should be, and against the same with faults.
import { describe, expect, test } from 'vitest';
import { runTests } from '../../coordinator/audit/tested.ts';
import { broken, devices, found, judged, platforms, policies, readFaults } from './rehearsed.ts';

test.each([...devices.values()])('nothing is found on $name, which is as it should be', (device) => {
  expect(found(device)).toEqual([]);
});

describe.each([...policies.values()])('$name', (policy) => {
  const faults = readFaults(policy.name);
  const ids = policy.rules.map(({ id }) => id);

  test('its own tests hold', () => {
    const world = { platforms, rowsOf: () => ({ wrong: 'there are no templates' }) };
    const wrong = runTests(policy, world).filter(({ ok }) => !ok);
    expect(
      wrong.map(({ test: { rule, text, expect: wanted }, status }) => [rule, text, wanted, status]),
    ).toEqual([]);
  });

  test('each rule has a remedy, a source, and tests that pass and that fail', () => {
    for (const { id, remedy, reference } of policy.rules) {
      const own = policy.tests.filter(({ rule }) => rule === id).map((one) => one.expect);
      expect([id, remedy !== null, reference !== null, own]).toEqual([
        ...[id, true, true],
        expect.arrayContaining(['pass', 'fail']),
      ]);
    }
  });

  test('each rule holds on one of the rehearsed devices at least', () => {
    const own = [...devices.values()].filter((device) => device.policy === policy).map(judged);
    expect(ids.filter((id) => !own.some((verdicts) => verdicts[id] === 'pass'))).toEqual([]);
  });

  test(`each of ${faults.length} faults is found by the rule that is meant to, and by no other`, () => {
    const wrong = faults.flatMap((fault) => {
      const wanted = [...(fault.rule === null ? [] : [fault.rule]), ...(fault.also ?? [])].sort();
      const got = found(broken(fault)).sort();
      return got.join() === wanted.join() ? [] : [{ fault, got }];
    });
    expect(wrong).toEqual([]);
  });

  test('each rule has a fault that it finds', () => {
    expect(ids.filter((id) => !faults.some(({ rule }) => rule === id))).toEqual([]);
  });
});
