// Policies as texts, read as the program reads files.

import { lint } from '../../coordinator/audit/lint.ts';
import { shippedPolicies } from '../../coordinator/audit/open.ts';
import type { Policy } from '../../coordinator/audit/policy.ts';
import { readPolicy } from '../../coordinator/audit/readpolicy.ts';
import { printIssue } from '../../coordinator/inventory/inventory.ts';
import { Issues } from '../../coordinator/inventory/wording.ts';
import { Platforms } from '../../proto/platform.ts';

const platforms = new Platforms();
/** A day on which the example's waiver holds. */
export const TODAY = Date.parse('2026-11-23T12:00:00Z');

/** As people meet the format. */
export const EXAMPLE = String.raw`netsweep_policy: 1
name: campus-baseline
devices: {limit: 'campus', platform: [cisco_ios, cisco_xe]}
rules:
  - {id: SSH-1, severity: high, title: SSH version 2 only, command: show ip ssh, capture: 'SSH Enabled - version (\S+)', equals: ['2.0'], remedy: ip ssh version 2}
  - {id: NTP-1, severity: medium, title: NTP servers are the site's, command: show running-config, capture: '^ntp server (?:vrf \S+ )?(\S+)', equals: {field: ntp_servers}}   # as sets
  - {id: SNMP-1, severity: critical, title: no community public, command: show running-config, absent: '^snmp-server community public\b'}
  - {id: VTY-1, severity: high, title: ACL on every VTY line, command: show running-config, blocks: '^line vty ', present: '^access-class \S+ in\b'}   # every block; none found = error
  - {id: OS-1, severity: medium, title: minimum software, command: show version, capture: 'Version ([0-9][^,\s]*)', pick: first, at_least: {cisco_ios: '15.2(7)E8', cisco_xe: '17.09.04a'}}
waivers: [{rule: SNMP-1, devices: 'lab-*', owner: netops, reason: CHG0412, expires: '2027-01-31'}]
tests: [{rule: VTY-1, text: "line vty 0 4\n access-class 10 in\nline vty 5 15\n login\n", expect: fail}]
`;

export interface ReadTexts {
  policies: Policy[];
  errors: string[];
  warnings: string[];
}

export function readTexts(files: Record<string, string | Buffer>, nowMs = TODAY): ReadTexts {
  const [issues, warnings] = [new Issues(), new Issues()];
  const world = { issues, warnings, platforms, directory: import.meta.dirname, shipped: shippedPolicies() };
  const policies = Object.entries(files)
    .map(([file, content]) => readPolicy(file, Buffer.from(content), world))
    .filter((policy) => policy !== null);
  lint(policies, { issues, warnings, nowMs, untested: true, elsewhere: () => ['SHIPPED-1'] });
  return {
    policies,
    errors: issues.list().map(printIssue),
    warnings: warnings.list('warning').map(printIssue),
  };
}
