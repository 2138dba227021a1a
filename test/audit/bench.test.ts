// Patterns that never end, where they are judged: threads are real.
import { expect, test } from 'vitest';
import { Bench } from '../../coordinator/audit/bench.ts';
import { bookOf } from '../../coordinator/audit/book.ts';
import { unpackVerdicts } from '../../coordinator/audit/judging.ts';
import { Platforms } from '../../proto/platform.ts';
import { readTexts } from './policies.ts';

const CORES = [
  ...['(a+)+', '(a|a)+', '(a|aa)+', '(a*)*', '([a-z]+)*', '(a+)*b*', '(\\w+\\s?)+', '(.*a){12}'],
  ...['(a?){30}a{30}', '(\\S+)+', '(?:a+){2,}', '((a+)b?)+', '(x+x+)+y', '(a+|b+|ab)*'],
];
/** Most of them V8 has a second engine for; those that look around or back are stopped. */
const AROUND = [
  ...[(core: string) => `^${core}$`, (core: string) => `^${core}!`, (core: string) => `(?=x?)${core}$`],
  ...[(core: string) => `^(?!b)${core}$`, (core: string) => `(${core})\\1$`],
  ...[(core: string) => `^(?<=^)${core}[^ax]$`, (core: string) => `^.*${core}.*${core}#`],
];
const EVIL = CORES.flatMap((core) => AROUND.map((around) => around(core)));
const TEXT = `${'a'.repeat(60)} !\n${'x'.repeat(60)}\n${'ab'.repeat(40)}-\nhostname R1\n`;

test('patterns that never end are stopped one by one, and the rules beside them are judged', async () => {
  const rules = [...EVIL.slice(0, 98), '^hostname R1$', '^hostname R2$'].map(
    (pattern, at) => `  - {id: R${at}, severity: low, title: t, command: c, present: '${pattern}'}\n`,
  );
  const { policies, errors } = readTexts({
    'evil.yaml': `netsweep_policy: 1\nname: evil\nrules:\n${rules.join('')}`,
  });
  expect(errors).toEqual([]);
  const book = bookOf(policies, Date.now());
  await using bench = Bench.open({ book, names: ['cisco_ios'], platforms: new Platforms(), threads: 2 });
  const output = {
    command: 'c',
    proof: 'complete' as const,
    unreadable: null,
    changedAtMs: null,
    text: TEXT,
  };
  const judge = (numbers: number[]) =>
    bench.judge({
      platform: 'cisco_ios',
      fields: {},
      failure: null,
      outputs: [output],
      rules: numbers,
      waivers: {},
    });
  // A handful that no engine can do in time, between two that are as usual.
  const stuck = Array.from(EVIL.keys()).filter((at) => at % 21 === 2);
  const { statuses, stopped, packed } = await judge([98, ...stuck, 99]);
  expect(statuses).toEqual(['pass', ...stuck.map(() => 'error'), 'fail']);
  expect(stopped).toEqual(stuck);
  expect(unpackVerdicts(packed)[1]?.[3][0]?.[4]).toMatch(
    /^the rule took longer than \d+ ms, and was stopped$/,
  );
  // All others end by themselves or are stopped.
  const rest = Array.from(EVIL.keys()).filter((at) => at % 7 < 2 && at < 98);
  const others = await judge([...rest, 98]);
  expect(others.statuses.at(-1)).toBe('pass');
  expect(others.statuses).toHaveLength(rest.length + 1);
  // A rule that was stopped on a few devices is not tried on every other one.
  const [one = 0] = stuck;
  for (let device = 0; device < 8; device++) await judge([one, 98]);
  const again = await judge([one, 98]);
  expect(unpackVerdicts(again.packed)[0]?.[3][0]?.[4]).toMatch(/on 3 devices, and is not tried any more$/);
  expect(again.statuses).toEqual(['error', 'pass']);
});
