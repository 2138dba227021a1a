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

/** The rules of a policy in which only they differ. */
function rulesOf(...rules: string[]) {
  const text = `netsweep_policy: 1\nname: p\ndevices: {platform: [cisco_ios]}\nrules:\n${rules
    .map((rule, at) => `  - {id: R${at}, severity: low, title: t, command: show running-config, ${rule}}\n`)
    .join('')}`;
  const { policies, errors } = readTexts({ 'p.yaml': text });
  return { rules: policies[0]?.rules ?? [], errors };
}

test('a rule says what it does not speak of, and what it means that there is nothing to check', () => {
  const { rules, errors } = rulesOf(
    "unless: '^no cdp run$', blocks: '^interface ', with: '^ip nat outside$', present: '^no cdp enable$', none: not-applicable",
    "absent: '^ip http server$'",
  );
  expect(errors).toEqual([]);
  expect(rules.map(({ unless, none }) => [unless, none])).toEqual([
    ['^no cdp run$', 'not-applicable'],
    [null, null],
  ]);
});

test('what is captured is compared with what another pattern captures, and a field may be missing', () => {
  const { rules, errors } = rulesOf(
    String.raw`capture: '^ntp server (\S+)', among: {capture: '^ntp server (\S+) key \d+'}`,
    String.raw`capture: '^ntp server (\S+)', equals: {field: ntp_servers, missing: not-applicable}`,
    String.raw`count: '^ntp server (\S+)', at_least: 2`,
  );
  expect(errors).toEqual([]);
  expect(rules.map(({ check }) => ('compare' in check ? check.compare[0]?.expected : null))).toEqual([
    { from: 'capture', pattern: String.raw`^ntp server (\S+) key \d+` },
    { from: 'field', field: 'ntp_servers', missing: 'not-applicable' },
    { from: 'values', values: ['2'], number: true },
  ]);
  expect(
    rulesOf(
      "capture: '(a)', at_least: {capture: '(b)'}",
      "capture: '(a)', among: {capture: 'b'}",
      "count: '(a)(b)', at_least: 2",
      "absent: 'a', none: soon",
      'golden: x, none: pass',
    ).errors,
  ).toEqual([
    'p.yaml:5:95: at_least is one value (found capture, expected a number or a version)',
    'p.yaml:6:102: among has no group (found "b", expected exactly one ( ) around what is captured)',
    'p.yaml:7:76: count has 2 groups (found "(a)(b)", expected at most one ( ) around what is captured, and (?: ) for the others)',
    'p.yaml:8:82: none goes with blocks, capture or rows (found none of them)',
    'p.yaml:8:88: none is not known (found "soon", expected error, fail, pass or not-applicable)',
    'p.yaml:9:80: none goes with present, absent, count, capture or rows (found it beside golden)',
  ]);
});

test('one of several checks may hold, each in blocks of its own', () => {
  const { rules, errors } = rulesOf(
    "any: [{present: '^copp profile '}, {blocks: '^control-plane$', present: '^service-policy ', none: fail}]",
  );
  expect(errors).toEqual([]);
  expect(rules[0]?.check).toMatchObject({
    kind: 'any',
    of: [
      { scope: null, check: { kind: 'present' }, none: null },
      { scope: { path: ['^control-plane$'] }, check: { kind: 'present' }, none: 'fail' },
    ],
  });
  expect(
    rulesOf(
      "any: [{present: 'a'}]",
      "any: [{present: 'a'}, {any: [{present: 'b'}, {present: 'c'}]}]",
      "any: [{present: 'a'}, {golden: x}]",
    ).errors.map((error) => error.slice(0, 80)),
  ).toEqual([
    'p.yaml:5:74: any is no list of checks (expected two at least, such as {present: ',
    'p.yaml:6:92: unknown key in a check of any (found "any", expected blocks, with, ',
    'p.yaml:7:92: unknown key in a check of any (found "golden", expected blocks, wit',
  ]);
});
