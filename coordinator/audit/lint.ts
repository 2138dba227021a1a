// What can only be said of policies together: ids that two rules have, waivers and tests of rules that nobody has,
// and what is worth a warning.

import type { Position } from '../inventory/inventory.js';
import { printIssue } from '../inventory/inventory.js';
import { didYouMean, type Issues, nearest, quote } from '../inventory/wording.js';
import { isOver } from './date.js';
import type { Policy } from './policy.js';

export interface LintWorld {
  issues: Issues;
  warnings: Issues;
  nowMs: number;
  /** Whether rules without a test are worth a word. */
  untested: boolean;
  /** Ids of rules that are none of these policies', and may still be waived. */
  elsewhere(): readonly string[];
}

export function lint(policies: readonly Policy[], world: LintWorld): void {
  const ids = new Map<string, Policy['ids'][number]>();
  for (const one of policies.flatMap((policy) => policy.ids)) {
    const first = ids.get(one.id);
    if (first === undefined) ids.set(one.id, one);
    else world.issues.reportAt(one.at, `rule ${quote(one.id)} is given twice (also at ${placeOf(first)})`);
  }
  lintNames(policies, world);
  for (const policy of policies) {
    lintWaivers(policy, ids, world);
    lintTests(policy, world);
  }
}

function lintNames(policies: readonly Policy[], { issues }: LintWorld): void {
  const names = new Map<string, Policy>();
  for (const policy of policies.filter(({ name }) => name !== '')) {
    const first = names.get(policy.name);
    if (first === undefined) names.set(policy.name, policy);
    else
      issues.reportAt(policy.at, `policy ${quote(policy.name)} is given twice (also at ${placeOf(first)})`);
  }
}

function lintWaivers(
  { waivers }: Policy,
  ids: ReadonlyMap<string, unknown>,
  { issues, warnings, nowMs, elsewhere }: LintWorld,
): void {
  const isKnown = (rule: string) => ids.has(rule) || elsewhere().includes(rule);
  for (const [place, { rule, at, expires, owner, devices }] of waivers.entries()) {
    if (!isKnown(rule))
      issues.reportAt(
        at,
        `a waiver of no rule (found ${quote(rule)}${expectedRule(rule, [...ids.keys(), ...elsewhere()])})`,
      );
    if (isOver(expires, nowMs))
      warnings.reportAt(
        at,
        `the waiver of ${rule} by ${owner} has expired (found ${expires}): it waives nothing`,
      );
    const earlier = waivers
      .slice(0, place)
      .find(
        (other) =>
          other.rule === rule &&
          other.devices.limit === devices.limit &&
          devices.platforms.join() === other.devices.platforms.join(),
      );
    if (earlier !== undefined)
      warnings.reportAt(at, `${rule} is waived twice for the same devices (also at ${placeOf(earlier)})`);
  }
}

function lintTests({ ids, tests }: Policy, { issues, warnings, untested }: LintWorld): void {
  const known = ids.map(({ id }) => id);
  for (const { rule, at } of tests)
    if (!known.includes(rule))
      issues.reportAt(at, `a test of no rule (found ${quote(rule)}${expectedRule(rule, known)})`);
  for (const { id, at } of ids)
    if (untested && !tests.some(({ rule }) => rule === id))
      warnings.reportAt(at, `rule ${id} has no test (expected an entry in tests that names it)`);
}

function expectedRule(rule: string, known: readonly string[]): string {
  return `, expected the id of a rule${didYouMean(nearest(rule, known))}`;
}

function placeOf({ at }: { at: Position }): string {
  return printIssue({ at, message: '' }).replace(/: $/, '');
}
