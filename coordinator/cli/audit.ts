// `netsweep audit check|list|test`: policies without any device.

import { templatesFor } from '../audit/book.js';
import { evidenceLine } from '../audit/evidence.js';
import { openPolicies, shippedPolicies } from '../audit/open.js';
import type { Look, Policy } from '../audit/policy.js';
import { rowsBy } from '../audit/rows.js';
import { runTests, type Tested } from '../audit/tested.js';
import type { Column } from '../combine/table.js';
import type { Values } from '../config.js';
import { printIssue } from '../inventory/inventory.js';
import { count } from '../inventory/wording.js';
import type { Call } from './command.js';
import { EXIT, type ExitCode } from './exit.js';
import { openPlatforms } from './platforms.js';
import { printLines, printTable } from './print.js';
import type { AUDIT_TEST, OWN_PLATFORMS, TABLE } from './settings.js';
import { templatesDirectory } from './templates.js';
import { harmlessLine } from './terminal.js';

type AuditCall = Call<typeof TABLE & typeof OWN_PLATFORMS>;

interface Listed {
  policy: string;
  rule: string;
  severity: string;
  check: string;
  platforms: string;
  title: string;
}

const COLUMNS: Column<Listed>[] = [
  { title: 'POLICY', cell: ({ policy }) => policy },
  { title: 'RULE', cell: ({ rule }) => rule },
  { title: 'SEVERITY', cell: ({ severity }) => severity },
  { title: 'CHECK', cell: ({ check }) => check },
  { title: 'PLATFORMS', cell: ({ platforms }) => platforms },
  { title: 'TITLE', cell: ({ title }) => title },
];

/** Reads policies; what is worth a warning is said. Throws InputError with everything that is wrong. */
export function policiesOf(
  names: readonly string[],
  values: Values<typeof OWN_PLATFORMS>,
  untested = false,
): Policy[] {
  const io = { cwd: process.cwd(), platforms: openPlatforms(values), nowMs: Date.now(), untested };
  const { policies, warnings } = openPolicies(names, io);
  for (const warning of warnings)
    process.stderr.write(`${harmlessLine(`warning: ${printIssue(warning)}`)}\n`);
  return policies;
}

/** The directory of templates that a rule needs; null: none does. Throws UsageError where there is none. */
export function templatesOf(policies: readonly Policy[], given: string | null): string | null {
  const asks = ({ check }: Pick<Look, 'check'>): boolean =>
    check.kind === 'rows' || (check.kind === 'any' && check.of.some(asks));
  return policies.some(({ rules }) => rules.some(asks)) ? templatesDirectory(given) : null;
}

export async function checkPolicies({ args, values }: AuditCall): Promise<ExitCode> {
  const policies = policiesOf(args, values, true);
  await printLines(
    values.json
      ? [JSON.stringify(policies.map(inFigures), null, 2)]
      : policies.map(
          ({ name, rules, waivers, tests }) =>
            `${name}: ${count(rules.length, 'rule')}, ${count(waivers.length, 'waiver')}, ${count(tests.length, 'test')}`,
        ),
  );
  return EXIT.ok;
}

/** Those given, or all that ship. */
export async function listRules({ args, values }: AuditCall): Promise<ExitCode> {
  const names = args.length > 0 ? args : [...shippedPolicies().keys()];
  const rows = policiesOf(names, values).flatMap(listedOf);
  await printTable(rows, { json: values.json, columns: COLUMNS, object: (row) => row });
  return EXIT.ok;
}

/** Runs the tests that policies bring along. */
export async function testPolicies({ args, values }: Call<typeof AUDIT_TEST>): Promise<ExitCode> {
  const platforms = openPlatforms(values);
  const policies = policiesOf(args, values, true);
  const templates = templatesOf(policies, values.templates);
  const world = {
    platforms,
    rowsOf: rowsBy(templates === null ? null : templatesFor(templates, platforms.names, platforms)),
  };
  const tested = policies.flatMap((policy) => runTests(policy, world));
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

function listedOf({ name, devices, rules }: Policy): Listed[] {
  return rules.map(({ id, severity, check, title, devices: own }) => ({
    policy: name,
    rule: id,
    severity,
    check: check.kind,
    platforms: (own.platforms.length > 0 ? own.platforms : devices.platforms).join(' '),
    title,
  }));
}

function inFigures({ name, rules, waivers, tests }: Policy) {
  return { policy: name, rules: rules.length, waivers: waivers.length, tests: tests.length };
}
