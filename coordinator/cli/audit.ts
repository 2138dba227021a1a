// `netsweep audit check|list|test`: policies without any device.

import { openPolicies, shippedPolicies } from '../audit/open.js';
import type { Look, Policy } from '../audit/policy.js';
import type { Column } from '../combine/table.js';
import type { Values } from '../config.js';
import { printIssue } from '../inventory/inventory.js';
import { count } from '../inventory/wording.js';
import type { Call } from './command.js';
import { EXIT, type ExitCode } from './exit.js';
import { openPlatforms } from './platforms.js';
import { printLines, printTable } from './print.js';
import type { OWN_PLATFORMS, TABLE } from './settings.js';
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
