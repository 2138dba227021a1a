// docs/policies.md, made from the policies that ship.
import type { Policy } from '../../coordinator/audit/policy.ts';
import { SEVERITIES } from '../../coordinator/audit/verdict.ts';

export function pageOf(policies: readonly Policy[]): string {
  return `${[
    '# Policies that ship',
    'Made from `coordinator/policies/*.yaml` by `npx vitest run test/policies -u`. What they are, and how to use them: [audits.md](audits.md#what-ships).',
    countsOf(policies),
    ...policies.map(sectionOf),
  ].join('\n\n')}\n`;
}

function countsOf(policies: readonly Policy[]): string {
  const row = ({ name, devices, rules }: Policy) => [
    `[${name}](#${name})`,
    devices.platforms.join(', '),
    String(rules.length),
    ...SEVERITIES.map((severity) => String(rules.filter((rule) => rule.severity === severity).length)),
  ];
  return table(['policy', 'platforms', 'rules', ...SEVERITIES], policies.map(row));
}

function sectionOf({ name, title, rules }: Policy): string {
  const rows = rules.map(({ id, severity, title: says, command, devices, reference }) => [
    id,
    severity,
    devices.platforms.length === 0 ? says : `${says} (${devices.platforms.join(', ')} only)`,
    command.of === 'all' ? `\`${command.command.replaceAll('|', '\\|')}\`` : 'by platform',
    reference ?? '',
  ]);
  return `## ${name}\n\n${title ?? ''}\n\n${table(['rule', 'severity', 'what should be', 'asked', 'see'], rows)}`;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [head, head.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n');
}
