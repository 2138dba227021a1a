// The policies that ship, against outputs of devices that are as they should be, and against the same with faults.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { makeCli } from '../../agent/fleet/clis.ts';
import { type FleetPlatform, planFleet } from '../../agent/fleet/plan.ts';
import { runTests } from '../../coordinator/audit/tested.ts';
import { pageOf } from './page.ts';
import {
  broken,
  devices,
  found,
  judged,
  judgements,
  platforms,
  policies,
  type Rehearsed,
  readFaults,
} from './rehearsed.ts';

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

  test('no evidence holds a secret of the device', () => {
    for (const fault of faults) {
      const device = broken(fault);
      const shown = Object.values(judgements(device)).flatMap(({ evidence }) =>
        evidence.map(({ expected, found: seen, message }) => `${expected}\n${seen}\n${message}`),
      );
      const text = shown.join('\n');
      const secrets = secretsOf(device);
      expect(secrets.length).toBeGreaterThan(2);
      for (const secret of secrets) expect([fault, text.includes(secret)]).toEqual([fault, false]);
    }
  });

  test('each rule has a fault that it finds', () => {
    expect(ids.filter((id) => !faults.some(({ rule }) => rule === id))).toEqual([]);
  });
});

/** By the patterns of its platform. */
function secretsOf({ platform, texts }: Rehearsed): string[] {
  const patterns = (platforms.get(platform)?.secrets ?? []).map((pattern) => new RegExp(pattern));
  const lines = Object.values(texts).flatMap((text) => text.split('\n'));
  const secrets = lines.flatMap((line) => patterns.flatMap((pattern) => pattern.exec(line)?.[1] ?? []));
  return [...new Set(secrets)].filter((secret) => secret.length >= 8);
}

test('the list of rules in the documentation is that of the policies', async () => {
  await expect(pageOf([...policies.values()])).toMatchFileSnapshot('../../docs/policies.md');
  const audits = readFileSync(join(import.meta.dirname, '../../docs/audits.md'), 'utf8');
  for (const { name, rules } of policies.values())
    expect(audits).toMatch(new RegExp(`^\\| \`${name}\` \\| [^|]+ \\| ${rules.length} \\|$`, 'm'));
});

/** What a device of the rehearsal fleet prints for a policy's commands. */
function fleetDevice(platform: FleetPlatform): Rehearsed {
  const [device] = planFleet({ devices: 1, platforms: [platform], unprivileged: 0 });
  const policy = [...policies.values()].find(({ devices: only }) => only.platforms.includes(platform));
  if (device === undefined || policy === undefined) throw new Error(`nothing is for ${platform}`);
  const cli = makeCli({ device, seed: 1, configLines: 300 });
  const texts = policy.rules.flatMap(({ command }) => {
    if (command.of !== 'all') return [];
    const answer = cli.answer(command.command, { privileged: true, configuring: false, rows: 0 });
    return answer.do === 'print' ? [[command.command, answer.text().replaceAll('\r\n', '\n')]] : [];
  });
  return { name: device.name, platform, policy, fields: {}, texts: Object.fromEntries(texts) };
}

test.each([
  ['cisco_ios', ['IOS-AAA-1', 'IOS-SRV-2', 'IOS-VTY-1'], ['IOS-AAA-2', 'IOS-NTP-2', 'IOS-VTY-2']],
  ['cisco_xe', ['IOS-OS-1', 'IOS-SSH-1', 'IOS-SNMP-1'], ['IOS-AAA-5', 'IOS-LOG-1', 'IOS-SNMP-3']],
  ['cisco_nxos', ['NXOS-CPP-1', 'NXOS-SVC-1'], ['NXOS-AAA-1', 'NXOS-SNMP-5', 'NXOS-VTY-1']],
  ['arista_eos', ['EOS-BANNER-1', 'EOS-PWD-1'], ['EOS-AAA-1', 'EOS-PWD-2', 'EOS-SSH-2']],
  ['juniper_junos', ['JUNOS-SSH-1', 'JUNOS-SVC-1'], ['JUNOS-CPP-1', 'JUNOS-LLDP-1', 'JUNOS-NTP-4']],
] satisfies [FleetPlatform, string[], string[]][])(
  'the rehearsal fleet, which nobody has hardened, is judged by every rule: %s',
  (platform, good, bad) => {
    const verdicts = judged(fleetDevice(platform));
    const said = new Set(Object.values(verdicts));
    expect([...said].sort()).toEqual(['fail', 'not-applicable', 'pass']);
    for (const id of good) expect([id, verdicts[id]]).toEqual([id, 'pass']);
    for (const id of bad) expect([id, verdicts[id]]).toEqual([id, 'fail']);
  },
);
