import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openPolicies } from '../../coordinator/audit/open.ts';
import { InputError } from '../../coordinator/inventory/inventory.ts';
import { Platforms } from '../../proto/platform.ts';

const platforms = new Platforms();

const BASE = String.raw`netsweep_policy: 1
name: base
devices: {platform: [cisco_ios, cisco_xe]}
rules:
  - {id: A, severity: high, title: a, command: show running-config, blocks: '^line vty ', present: '^access-class ', none: fail}
  - {id: B, severity: low, title: b, command: show version, capture: 'Version (\S+)', at_least: {cisco_ios: '15.2(7)E8', cisco_xe: '17.9.4a'}}
  - {id: C, severity: low, title: c, command: show running-config, devices: {platform: [cisco_ios]}, present: '^no service pad'}
tests:
  - {rule: A, text: "line vty 0 4\n", expect: fail}
  - {rule: B, text: "Version 15.2(7)E8\n", expect: pass}
`;

/** Files in a directory of their own, the last of them opened. */
function open(files: Record<string, string>) {
  const cwd = mkdtempSync(join(tmpdir(), 'netsweep-policies-'));
  try {
    for (const [name, text] of Object.entries(files)) writeFileSync(join(cwd, name), text);
    const name = `./${Object.keys(files).at(-1)}`;
    const { policies } = openPolicies([name], { cwd, platforms, nowMs: Date.now() });
    return { policy: policies[0], errors: [] };
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    return { policy: undefined, errors: error.message.split('\n') };
  } finally {
    rmSync(cwd, { recursive: true });
  }
}

const site = (text: string) => `netsweep_policy: 1\nname: site\n${text}`;

test('a policy takes over the rules of another, without some, with parts of others changed, and adds its own', () => {
  const { policy, errors } = open({
    'base.yaml': BASE,
    'site.yaml': site(`extends: ./base.yaml
except: [C]
devices: {limit: campus}
change:
  A: {severity: critical, title: ours}
  B: {at_least: {cisco_ios: '15.2(7)E9', cisco_xe: '17.12.4'}}
rules: [{id: D, severity: low, title: d, command: show clock, present: UTC}]
`),
  });
  expect(errors).toEqual([]);
  expect(policy?.devices.limit).toBe('campus');
  expect(
    policy?.rules.map(({ id, severity, title, devices }) => [id, severity, title, devices.platforms]),
  ).toEqual([
    ['A', 'critical', 'ours', ['cisco_ios', 'cisco_xe']],
    ['B', 'low', 'b', ['cisco_ios', 'cisco_xe']],
    ['D', 'low', 'd', []],
  ]);
  expect(policy?.rules[0]).toMatchObject({ scope: { path: ['^line vty '] }, none: 'fail' });
  expect(policy?.rules[1]?.check).toMatchObject({
    compare: [{ expected: { of: { cisco_ios: ['15.2(7)E9'], cisco_xe: ['17.12.4'] } } }],
  });
  // What was said of the old minimum is no test of the new one.
  expect(policy?.tests.map(({ rule }) => rule)).toEqual(['A']);
});

test('another check takes the place of the old one, with all that went with it', () => {
  const { policy, errors } = open({
    'base.yaml': BASE,
    'site.yaml': site("extends: ./base.yaml\nchange: {A: {absent: '^transport input telnet'}}\n"),
  });
  expect(errors).toEqual([]);
  expect(policy?.rules[0]).toMatchObject({
    id: 'A',
    severity: 'high',
    scope: null,
    check: { kind: 'absent' },
  });
});

test('a rule keeps the platforms that its policy is for, and its own', () => {
  const { policy } = open({ 'base.yaml': BASE, 'site.yaml': site('extends: ./base.yaml\n') });
  expect(policy?.rules.map(({ devices }) => devices.platforms)).toEqual([
    ['cisco_ios', 'cisco_xe'],
    ['cisco_ios', 'cisco_xe'],
    ['cisco_ios'],
  ]);
});

test('a policy that ships is extended by its name', () => {
  const { policy, errors } = open({
    'site.yaml': site(
      "extends: [cisco-ios-baseline, arista-eos-baseline]\nexcept: IOS-CDP-1\nchange: {IOS-VTY-3: {absent: '^exec-timeout 0 0$'}}\n",
    ),
  });
  expect(errors).toEqual([]);
  const ids = policy?.rules.map(({ id }) => id) ?? [];
  expect(ids).toContain('EOS-AAA-1');
  expect(ids).toContain('IOS-VTY-3');
  expect(ids).not.toContain('IOS-CDP-1');
});

test.each([
  [
    'extends: cisco-ios-basline',
    'no policy of this name ships (found "cisco-ios-basline", expected arista-eos-baseline, cisco-ios-baseline, cisco-nxos-baseline',
  ],
  ['extends: ./none.yaml', 'the policy cannot be read (found "./none.yaml": ENOENT)'],
  ['extends: ./site.yaml', 'a policy extends itself (found "./site.yaml" again)'],
  [
    'extends: ./base.yaml\nexcept: [A, D]',
    'site.yaml:4:13: except names no rule of what is extended (found "D"',
  ],
  [
    'extends: ./base.yaml\nchange: {AA: {severity: low}}',
    'change names no rule of what is extended (found "AA"; did you mean A?)',
  ],
  [
    'extends: ./base.yaml\nchange: {A: {severty: low}}',
    'site.yaml:4:14: unknown key in a rule (found "severty"; did you mean severity?)',
  ],
  ['extends: ./base.yaml\nchange: {A: {id: Z}}', 'the id of a rule stays (expected no id here)'],
  ['extends: ./base.yaml\nchange: {A: low}', 'what is changed is no map (found "low"'],
  ['except: [A]\nrules: []', 'site.yaml:3:1: except goes with extends (found no extends)'],
])('what can not be taken over is told at its place: %s', (text, message) => {
  expect(open({ 'base.yaml': BASE, 'site.yaml': site(`${text}\n`) }).errors.join('\n')).toContain(message);
});
