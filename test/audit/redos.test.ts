// Patterns as people write them without a thought, each with a line that it takes ages for. REDOS_EVERY=1: all hundred.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { Bench } from '../../coordinator/audit/bench.ts';
import { bookOf } from '../../coordinator/audit/book.ts';
import { Platforms } from '../../proto/platform.ts';
import { readTexts } from './policies.ts';

interface Trap {
  pattern: string;
  head: string;
  pump: string;
  times: number;
  end: string;
}

const EVERY = Number(process.env.REDOS_EVERY ?? 11);
const traps: Trap[] = parse(readFileSync(join(import.meta.dirname, 'redos.yaml'), 'utf8'));

test('a line that a pattern takes ages for is no match in time, or the rule is stopped', async () => {
  expect(new Set(traps.map(({ pattern }) => pattern)).size).toBe(100);
  const rules = traps.map(
    ({ pattern }, at) =>
      `  - {id: R${at}, severity: low, title: t, command: c, present: ${JSON.stringify(pattern)}}\n`,
  );
  const { policies, errors } = readTexts({
    'traps.yaml': `netsweep_policy: 1\nname: traps\nrules:\n${rules.join('')}`,
  });
  expect(errors).toEqual([]);
  const book = bookOf(policies, Date.now());
  await using bench = Bench.open({ book, names: ['cisco_ios'], platforms: new Platforms(), threads: 2 });
  const chosen = traps.flatMap((trap, rule) => (rule % EVERY === 0 ? [{ ...trap, rule }] : []));
  for (const { rule, pattern, head, pump, times, end } of chosen) {
    const text = `${head}${pump.repeat(times)}${end}\n`;
    const output = { command: 'c', proof: 'complete' as const, unreadable: null, changedAtMs: null, text };
    const device = { platform: 'cisco_ios', fields: {}, failure: null, waivers: {} };
    const { statuses, stopped } = await bench.judge({ ...device, outputs: [output], rules: [rule] });
    expect([pattern, statuses]).toEqual([pattern, [stopped.includes(rule) ? 'error' : 'fail']]);
  }
}, 90_000);
