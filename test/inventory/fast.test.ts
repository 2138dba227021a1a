// JSON and the plain kind of YAML are read without the YAML library. Whatever these readers take, they take exactly
// as the library does, places included; whatever is wrong or unusual they leave to it.
import { describe, expect, test } from 'vitest';
import { pythonScalar } from '../../coordinator/inventory/ansible/scalars.ts';
import { readJson } from '../../coordinator/inventory/json.ts';
import { Source } from '../../coordinator/inventory/located.ts';
import { type ReadScalar, readPlainYaml } from '../../coordinator/inventory/plainyaml.ts';
import { Issues } from '../../coordinator/inventory/wording.ts';
import { readYaml } from '../../coordinator/inventory/yaml.ts';
import { changed } from './changed.ts';
import { dice, pick } from './dice.ts';

const SEED = Number(process.env.NETSWEEP_TEST_SEED ?? Date.now() % 1_000_000);
const ROUNDS = Number(process.env.NETSWEEP_TEST_ROUNDS ?? 4_000);

const VALUE = {
  name: 'R1',
  port: 22,
  rate: -1.5e3,
  on: true,
  off: false,
  site: null,
  text: 'a "b"\\ \u20ac\n',
};
const JSON_FILES = [
  JSON.stringify([VALUE, { ...VALUE, groups: ['core', 'dc1'], timeouts: { idle: '5s' } }], null, 2),
  JSON.stringify({ defaults: {}, groups: { core: { children: [] } }, devices: { R1: VALUE, R2: VALUE } }),
  ' [\n1 , "two",\n\n[ ],{ } ]\n',
  '[{"a\\\\b": 1, "cd": 2}, {"a\\b": 3, "c": 4}, {"a": 5, "cd": 6, "e": 7}, {"": 8, "cde": 9}]',
];
const YAML_FILES = [
  [
    '---',
    '# a comment',
    'defaults:',
    '  username: admin  # who',
    "  password: 'it''s \"secret\" # not a comment'",
    'groups:',
    '  core:',
    '    port: 0022',
    '    children: [dc1, dc2]',
    '',
    'devices:',
    '  R1:',
    '    host: 10.0.0.1',
    '    groups: [core, dc 1 , 2.50, true]',
    '    commands:',
    '    - show version',
    '    - "show clock"',
    '    jump: ops@bastion:22,other',
    '    legacy: True',
    '    site: ~',
    '    tags: []',
    '  10.0.0.2:',
    '    version: 1.',
    '    text: a, [b] {c}:d#e',
  ].join('\n'),
  [
    '- name: R1',
    '  host: 10.0.0.1',
    '  timeouts:',
    '    idle: 5s',
    '',
    '    # another',
    '    login: 10',
    '  groups:',
    '      - core',
    '      - dc1   # the first',
    '-   name: sw-2.site',
    '    host: "2001:db8::1"',
    '    password: $ecret/#1~',
    '-',
    '  host: 10.0.0.3',
    '',
  ].join('\n'),
  '  devices:\n    R1:\n      host: h\n      data: http://x/y?z=1\n',
  [
    'groups:',
    '  core: {}',
    '  edge: { port: 22 , children: ["dc1", dc 2, \'dc3\'] } # why',
    '  dc1:',
    '  dc2:',
    'devices:',
    '  R1: {host: 10.0.0.1, groups: [core], timeouts: {idle: 5s, login: 1.5}, site: ~}',
    '  R2: {host: "2001:db8::1", legacy: true}',
    '  R3:',
    '    groups: ["core", edge]',
    '    site:',
    '    host: h',
    '  R4:',
    '',
  ].join('\n'),
  '- {name: R1, host: 10.0.0.1}\n- {name: R2, host: 10.0.0.2, groups: []}\n- { }\n',
];

/** The library's reading; undefined: it finds something wrong. */
function slow(text: string, scalar: ReadScalar | null = null) {
  const issues = new Issues();
  const value = readYaml(new Source('file', text, '/', true), issues, scalar);
  return issues.count > 0 ? undefined : value;
}

const fastJson = (text: string) => readJson(new Source('file', text, '/', true));
const fastYaml = (text: string, scalar: ReadScalar | null = null) =>
  readPlainYaml(new Source('file', text, '/', true), scalar);

describe(`the fast readers (NETSWEEP_TEST_SEED=${SEED} npx vitest run test/inventory/fast.test.ts)`, () => {
  test.each(JSON_FILES)('take %j as the library does', (text) => {
    expect(fastJson(text)).toEqual(slow(text));
    expect(fastJson(text)).not.toBeNull();
  });

  test.each(YAML_FILES)('take %j as the library does', (text) => {
    expect(fastYaml(text)).toEqual(slow(text));
    expect(fastYaml(text)).not.toBeNull();
  });

  test.each(YAML_FILES)('take %j as the library does, with the scalars of Ansible', (text) => {
    expect(fastYaml(text, pythonScalar)).toEqual(slow(text, pythonScalar));
  });

  test('take nothing that the library reads in another way, or refuses', { timeout: 120_000 }, () => {
    const random = dice(SEED);
    let taken = 0;
    for (let round = 0; round < ROUNDS; round += 1) {
      const isJson = round % 4 === 0;
      let text = pick(isJson ? JSON_FILES : YAML_FILES, random);
      for (let changes = 1 + Math.floor(random() * 3); changes > 0; changes -= 1)
        text = changed(text, random);
      // Ansible's files are YAML 1.1, whose scalars are others.
      const scalar = round % 4 === 1 ? pythonScalar : null;
      const fast = isJson ? fastJson(text) : fastYaml(text, scalar);
      if (fast === null) continue;
      taken += 1;
      expect(fast, `seed ${SEED}, round ${round}:\n${text}`).toEqual(slow(text, scalar));
    }
    expect(taken).toBeGreaterThan(ROUNDS / 20);
  });

  test.each([
    ['{"a": 1, "a": 2}', fastJson],
    ['{"a": 1,}', fastJson],
    ['{"a": 01}', fastJson],
    ['["\\x"]', fastJson],
    [`${'['.repeat(40)}${']'.repeat(40)}`, fastJson],
    ['a: 1\na: 2\n', fastYaml],
    ['a: &x 1\n', fastYaml],
    ['a: |\n  text\n', fastYaml],
    ['a: one\n  two\n', fastYaml],
    ['a: 0x10\n', fastYaml],
    ['a: b: c\n', fastYaml],
    ['a: ["b\\n"]\n', fastYaml],
    ['a: [b, ]\n', fastYaml],
    ['a: {b: 1, b: 2}\n', fastYaml],
    ['a: {b}\n', fastYaml],
    ['a: {b: }\n', fastYaml],
    [`a: ${'['.repeat(40)}${']'.repeat(40)}\n`, fastYaml],
    ['a:\n-\n', fastYaml],
    ['a:\n   b: 1\n  c: 2\n', fastYaml],
  ])('leave %j to the library', (text, fast: (text: string) => unknown) => expect(fast(text)).toBeNull());
});
