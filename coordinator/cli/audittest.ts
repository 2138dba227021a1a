// `netsweep audit test`: the tests that policies bring along, and outputs from files against verdicts that are expected.
import { readFileSync } from 'node:fs';
import { templatesFor } from '../audit/book.js';
import { evidenceLine } from '../audit/evidence.js';
import { commandFor, Judge, type Judgement } from '../audit/judge.js';
import type { Policy, Rule } from '../audit/policy.js';
import { rowsBy } from '../audit/rows.js';
import { runTests, type Tested, type TestWorld } from '../audit/tested.js';
import type { Values } from '../config.js';
import { printIssue } from '../inventory/inventory.js';
import { count, didYouMean, nearest } from '../inventory/wording.js';
import { policiesOf, templatesOf } from './audit.js';
import type { Call } from './command.js';
import { EXIT, type ExitCode, UsageError } from './exit.js';
import { findPlatform, openPlatforms } from './platforms.js';
import { printLines } from './print.js';
import type { AUDIT_TEST } from './settings.js';
import { harmlessLine } from './terminal.js';

type TestValues = Values<typeof AUDIT_TEST>;

export async function testPolicies({ args, values }: Call<typeof AUDIT_TEST>): Promise<ExitCode> {
  const platforms = openPlatforms(values);
  const policies = policiesOf(args, values, true);
  const templates = templatesOf(policies, values.templates);
  const rowsOf = rowsBy(templates === null ? null : templatesFor(templates, platforms.names, platforms));
  if (values.output.length > 0) return testOutputs(policies, values, { platforms, rowsOf });
  if (values.expect.length > 0 || values.device.length > 0)
    throw new UsageError("--device and --expect go with --output 'COMMAND=FILE'");
  const tested = policies.flatMap((policy) => runTests(policy, { platforms, rowsOf }));
  const wrong = tested.filter(({ ok }) => !ok);
  if (values.json) await printLines([JSON.stringify(tested.map(testObject), null, 2)]);
  else
    await printLines([
      ...wrong.flatMap(wrongLines),
      `${count(tested.length, 'test')}, ${wrong.length} wrong`,
    ]);
  return wrong.length === 0 ? EXIT.ok : EXIT.failures;
}

function wrongLines({ test, rule, status, evidence }: Tested): string[] {
  const at = printIssue({ at: test.at, message: `${rule.id} gives ${status} (expected ${test.expect})` });
  return [at, ...evidence.map((one) => `  ${evidenceLine(one)}`)].map(harmlessLine);
}

function testObject({ test, rule, status, evidence, ok }: Tested) {
  const { file, line, column } = test.at;
  return { rule: rule.id, file, line, column, expected: test.expect, status, ok, evidence };
}

interface OutputTested extends Judgement {
  rule: Rule;
  /** Null: nothing was said. */
  expected: string | null;
}

/** Rules whose command is among the outputs, and those that something is expected of. */
async function testOutputs(
  policies: readonly Policy[],
  values: TestValues,
  { platforms, rowsOf }: TestWorld,
): Promise<ExitCode> {
  const fields = Object.fromEntries(values.device);
  if (fields.platform === undefined) throw new UsageError('--device platform=NAME is needed with --output');
  const platform = findPlatform(fields.platform, platforms);
  const expected = new Map(values.expect);
  const rules = policies.flatMap((policy) =>
    policy.rules.filter((rule) => isFor(policy, rule, platform.name)),
  );
  const ids = rules.map(({ id }) => id);
  for (const id of expected.keys())
    if (!ids.includes(id))
      throw new UsageError(
        `--expect: no rule for ${platform.name} is called ${id}${didYouMean(nearest(id, ids))}`,
      );
  const outputs = values.output.map(([command, file]) => ({
    command,
    proof: 'complete' as const,
    text: readText(file),
    unreadable: null,
    changedAtMs: null,
  }));
  const known = { name: 'device', ...fields, platform: platform.name };
  const judge = new Judge({ platform, fields: known, outputs, failure: null }, rowsOf);
  const asked = rules.filter(
    (rule) =>
      expected.has(rule.id) || outputs.some(({ command }) => command === commandFor(rule, platform.name)),
  );
  const tested = asked.map((rule) => ({
    rule,
    expected: expected.get(rule.id) ?? null,
    ...judge.judge(rule),
  }));
  if (values.json) await printLines([JSON.stringify(tested.map(outputObject), null, 2)]);
  else await printLines(tested.flatMap(outputLines).map(harmlessLine));
  if (expected.size > 0)
    return tested.every((one) => one.expected === null || one.expected === one.status)
      ? EXIT.ok
      : EXIT.failures;
  return tested.some(({ status }) => status === 'fail' || status === 'error') ? EXIT.findings : EXIT.ok;
}

function isFor(policy: Policy, rule: Rule, platform: string): boolean {
  return [policy.devices, rule.devices].every(
    ({ platforms }) => platforms.length === 0 || platforms.includes(platform),
  );
}

function outputLines({ rule, status, expected, evidence }: OutputTested): string[] {
  const wrong = expected !== null && expected !== status ? ` (expected ${expected})` : '';
  return [`${rule.id}: ${status}${wrong}`, ...evidence.map((one) => `  ${evidenceLine(one)}`)];
}

function outputObject({ rule, status, expected, evidence }: OutputTested) {
  return { rule: rule.id, expected, status, ok: expected === null ? null : expected === status, evidence };
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8').replace(/\r\n?/g, '\n');
  } catch (error) {
    throw new UsageError(
      `--output: ${file} can't be read: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}
