// Every message that a wrong policy gives, word for word; and whatever is done to a good one, it is read or refused.

import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { bookOf } from '../../coordinator/audit/book.ts';
import { Judge } from '../../coordinator/audit/judge.ts';
import { shippedPolicies } from '../../coordinator/audit/open.ts';
import { BAD_POLICIES } from './badpolicies.ts';
import { EXAMPLE, readTexts } from './policies.ts';

test('there are a hundred of them', () => {
  expect(BAD_POLICIES.length).toBeGreaterThanOrEqual(100);
  expect(new Set(BAD_POLICIES.map(([title]) => title)).size).toBe(BAD_POLICIES.length);
});

test.each(BAD_POLICIES)('a wrong policy says what is wrong with %s', (_, content, errors) => {
  expect(readTexts({ 'p.yaml': content }).errors).toEqual(errors);
});

test('ids and names are unique over all policies of a run', () => {
  const { errors } = readTexts({ 'a.yaml': EXAMPLE, 'b.yaml': EXAMPLE });
  expect(errors).toHaveLength(6);
  expect(errors[0]).toBe('b.yaml:1:1: policy "campus-baseline" is given twice (also at a.yaml:1:1)');
  expect(errors[1]).toBe('b.yaml:5:10: rule "SSH-1" is given twice (also at a.yaml:5:10)');
});

test('a waiver may stand in a file of its own, for rules of others and for those that ship', () => {
  const waiver = (rule: string) =>
    `netsweep_policy: 1\nname: w\nwaivers: [{rule: ${rule}, devices: all, owner: o, reason: r, expires: '2027-01-31'}]\n`;
  expect(readTexts({ 'a.yaml': EXAMPLE, 'w.yaml': waiver('SSH-1') }).errors).toEqual([]);
  expect(readTexts({ 'w.yaml': waiver('SHIPPED-1') }).errors).toEqual([]);
  expect(readTexts({ 'w.yaml': waiver('SSH-1') }).errors).toHaveLength(1);
});

test.each([
  ['2027-01-31T00:00:00Z', false],
  ['2027-01-31T23:59:59.999Z', false],
  ['2027-02-01T00:00:00Z', true],
])('at %s, a waiver until 2027-01-31 has expired: %s', (now, expired) => {
  const nowMs = Date.parse(now);
  const { policies, warnings } = readTexts({ 'p.yaml': EXAMPLE }, nowMs);
  expect(bookOf(policies, nowMs).waivers.map((waiver) => waiver.expired)).toEqual([expired]);
  const said =
    'p.yaml:10:18: warning: the waiver of SNMP-1 by netops has expired (found 2027-01-31): it waives nothing';
  expect(warnings.some((warning) => warning === said.replace('warning: ', ''))).toBe(expired);
});

test('a policy that is changed at random is read or refused with places, and what is read can be used', () => {
  const seed = Number(process.env.SEED ?? Math.floor(Math.random() * 2 ** 31));
  const random = generator(seed);
  const shipped = [...shippedPolicies().values()].map((file) => readFileSync(file, 'utf8').slice(0, 4000));
  const text = 'version 15.2\nline vty 0 4\n login\nntp server 10.0.0.1\nVersion 15.2(7)E8, x\n';
  for (let turn = 0; turn < 400; turn++) {
    const original = turn % 4 === 0 ? (shipped[random(shipped.length)] ?? EXAMPLE) : EXAMPLE;
    const changed = mutated(original, random);
    const where = `SEED=${seed} turn ${turn}`;
    const { policies, errors } = readTexts({ 'p.yaml': changed });
    for (const error of errors)
      expect(error, where).toMatch(/^p\.yaml(:\d+:\d+: \S|: and \d+ more errors?$)/);
    for (const rule of policies.flatMap(({ rules }) => rules)) {
      const command = rule.command.of === 'all' ? rule.command.command : '';
      const output = { command, proof: 'complete' as const, text, unreadable: null, changedAtMs: null };
      const device = { platform: null, fields: { name: 'R1' }, outputs: [output], failure: null };
      expect(new Judge(device, () => ({ rows: [] })).judge(rule).evidence.length, where).toBeGreaterThan(0);
    }
  }
});

const PIECES = [
  ...["'", '"', '{', '}', '[', ']', ':', ',', '\n', ' ', '  ', '\t', '#', '&a ', '*a', '!x ', '|', '(', ')'],
  ...['\\', '^', '$', '+', '{{ x }}', '17.10', 'null', '~', 'rules:', 'present: x', 'equals: []', '\u0000'],
];

function mutated(text: string, random: (below: number) => number): string {
  let changed = text;
  for (let times = 1 + random(3); times > 0; times--) {
    const at = random(changed.length + 1);
    const cut = random(3) === 0 ? random(30) : random(2);
    const piece = random(2) === 0 ? (PIECES[random(PIECES.length)] ?? '') : '';
    changed = changed.slice(0, at) + piece + changed.slice(at + cut);
  }
  return changed;
}

/** Numbers below a bound, the same for the same seed. */
function generator(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}
