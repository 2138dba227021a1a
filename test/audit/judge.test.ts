// What each check says of a text, as one table: rules and texts as people write them.
import { describe, expect, test } from 'vitest';
import { Judge, type JudgedDevice, type Judgement } from '../../coordinator/audit/judge.ts';
import { Platforms } from '../../proto/platform.ts';
import { readTexts } from './policies.ts';

const platforms = new Platforms();

interface Case {
  title: string;
  rule: string;
  text: string;
  platform?: string;
  fields?: Record<string, unknown>;
  rows?: readonly unknown[];
  changed?: string;
  status: string;
  /** Of the first evidence. */
  line?: number | null;
  found?: string;
  expected?: string;
  message?: string | null;
}

function judge({ rule, text, platform = 'cisco_ios', fields = {}, rows, changed }: Case): Judgement {
  const { policies, errors } = readTexts({
    'p.yaml': `netsweep_policy: 1\nname: p\nrules:\n  - {id: R, severity: low, title: t, command: show it, ${rule}}\n`,
  });
  expect(errors).toEqual([]);
  const device: JudgedDevice = {
    platform: platforms.get(platform) ?? null,
    fields: { name: 'R1', platform, ...fields },
    outputs: [
      {
        command: 'show it',
        proof: 'complete',
        text,
        unreadable: null,
        changedAtMs: changed === undefined ? null : Date.parse(changed),
      },
    ],
    failure: null,
  };
  const made = policies[0]?.rules[0];
  if (made === undefined) throw new Error('no rule');
  return new Judge(device, () => (rows === undefined ? { wrong: 'no template' } : { rows })).judge(made);
}

const VTY = 'line vty 0 4\n access-class 10 in\n login\nline vty 5 15\n login\n';
const BGP =
  'router bgp 65000\n neighbor 10.0.0.1 remote-as 1\n !\n address-family ipv4\n  neighbor 10.0.0.1 activate\n exit-address-family\n address-family ipv6\n  neighbor 2001:db8::1 activate\n';
const JUNOS =
  '## Last commit\nsystem {\n    host-name r1;\n    services {\n        ssh {\n            root-login deny;\n        }\n    }\n}\ninterfaces {\n    ge-0/0/0 {\n        unit 0 {\n            family inet;\n        }\n    }\n    ge-0/0/1 {\n        disable;\n    }\n}\n';

const CASES: Case[] = [
  {
    title: 'a line is there',
    rule: "present: '^ntp server '",
    text: 'a\nntp server 10.0.0.1\n',
    status: 'pass',
    line: 2,
    found: 'ntp server 10.0.0.1',
    expected: 'a line that matches ^ntp server ',
  },
  {
    title: 'a line is not there',
    rule: "present: '^ntp server '",
    text: 'a\n',
    status: 'fail',
    line: null,
    found: 'no such line',
  },
  {
    title: 'one of several lines is missing',
    rule: "present: ['^a$', '^b$']",
    text: 'a\n',
    status: 'fail',
    expected: 'a line that matches ^b$',
  },
  {
    title: 'one of several is enough',
    rule: "present: {any: ['^a$', '^b$']}",
    text: 'b\n',
    status: 'pass',
    line: 1,
  },
  {
    title: 'none of several is there',
    rule: "present: {any: ['^a$', '^b$']}",
    text: 'c\n',
    status: 'fail',
    expected: 'a line that matches ^a$, or that matches ^b$',
  },
  {
    title: 'lines in order',
    rule: "present: {all: ['^a$', '^b$'], ordered: true}",
    text: 'a\nx\nb\n',
    status: 'pass',
  },
  {
    title: 'lines in another order',
    rule: "present: {all: ['^a$', '^b$'], ordered: true}",
    text: 'b\na\n',
    status: 'fail',
    message: 'it stands further up',
  },
  {
    title: 'a literal line, indentation aside',
    rule: "present: {lines: 'ip address 10.0.0.1 255.0.0.0'}",
    text: 'interface x\n  ip address 10.0.0.1 255.0.0.0\n',
    status: 'pass',
    line: 2,
  },
  { title: 'a literal line is no pattern', rule: "present: {lines: 'a.c'}", text: 'abc\n', status: 'fail' },
  { title: 'case is kept', rule: "present: '^ABC'", text: 'abc\n', status: 'fail' },
  { title: 'case is ignored on demand', rule: "present: '(?i)^ABC'", text: 'abc\n', status: 'pass' },
  {
    title: 'a field in a pattern is literal',
    rule: "present: '^hostname {{ name }}$'",
    text: 'hostname r.1\n',
    fields: { name: 'r.1' },
    status: 'pass',
  },
  {
    title: 'a field in a pattern is no wildcard',
    rule: "present: '^hostname {{ name }}$'",
    text: 'hostname rx1\n',
    fields: { name: 'r.1' },
    status: 'fail',
  },
  {
    title: 'a field that the device has not',
    rule: "present: '^x {{ site_code }}$'",
    text: 'x\n',
    status: 'error',
    message: 'the device has no field site_code',
  },
  {
    title: 'a forbidden line, its secret masked',
    rule: "absent: '^snmp-server community public\\b'",
    text: 'a\nsnmp-server community public RO\n',
    status: 'fail',
    line: 2,
    found: 'snmp-server community <redacted> RO',
    expected: 'no line that matches ^snmp-server community public\\b',
  },
  {
    title: 'no forbidden line',
    rule: "absent: ['^x', '^y']",
    text: 'a\n',
    status: 'pass',
    found: 'no such line',
  },
  { title: 'every forbidden line is told', rule: "absent: '^x'", text: 'x1\nx2\n', status: 'fail', line: 1 },
  {
    title: 'one block of two lacks the line',
    rule: "blocks: '^line vty ', present: '^access-class \\S+ in\\b'",
    text: VTY,
    status: 'fail',
    line: 4,
    message: 'in "line vty 5 15"',
  },
  {
    title: 'one block is enough',
    rule: "blocks: '^line vty ', which: any, present: '^access-class \\S+ in\\b'",
    text: VTY,
    status: 'pass',
    line: 2,
    message: 'in "line vty 0 4"',
  },
  {
    title: 'no block at all is an error',
    rule: "blocks: '^line aux ', present: '^no exec'",
    text: VTY,
    status: 'error',
    message: 'there is no block ^line aux : the rule has nothing to look at',
  },
  {
    title: 'no block at all, where that is right',
    rule: "blocks: '^line aux ', present: '^no exec', none: not-applicable",
    text: VTY,
    status: 'not-applicable',
  },
  {
    title: 'blocks of a kind alone',
    rule: "blocks: '^interface ', with: '^switchport mode access', present: '^spanning-tree bpduguard'",
    text: 'interface a\n switchport mode access\n spanning-tree bpduguard enable\ninterface b\n switchport mode trunk\n',
    status: 'pass',
  },
  {
    title: 'blocks without a line',
    rule: "blocks: '^interface ', without: '^shutdown', present: '^description '",
    text: 'interface a\n shutdown\ninterface b\n no ip address\n',
    status: 'fail',
    line: 3,
  },
  {
    title: 'no block of the kind',
    rule: "blocks: '^interface ', with: '^mpls', present: '^x'",
    text: 'interface a\n shutdown\n',
    status: 'not-applicable',
    found: '1 blocks ^interface , none of this kind',
  },
  {
    title: 'blocks in blocks',
    rule: "blocks: ['^router bgp ', '^address-family '], present: '^neighbor \\S+ activate'",
    text: BGP,
    status: 'pass',
    line: 5,
  },
  {
    title: 'only direct lines of a block begin at its ^',
    rule: "blocks: '^router bgp ', present: '^neighbor \\S+ activate'",
    text: BGP,
    status: 'fail',
  },
  {
    title: 'a comment ends no block',
    rule: "blocks: '^router bgp ', present: '^exit-address-family'",
    text: BGP,
    status: 'pass',
    line: 6,
  },
  {
    title: 'what a banner says is no block',
    rule: "blocks: '^line ', present: '^login'",
    text: 'banner motd ^C\nline up please\n^C\nline vty 0 4\n login\n',
    status: 'pass',
  },
  {
    title: 'what a banner says is no line of the configuration',
    rule: "absent: '^ip http server'",
    text: 'banner motd ^C\nip http server\n^C\nline vty 0 4\n login\n',
    status: 'pass',
  },
  {
    title: 'what a banner says is the block below it',
    rule: "blocks: '^banner motd', present: '^Property of Example'",
    text: 'banner motd ^C\nProperty of Example\n^C\nline vty 0 4\n login\n',
    status: 'pass',
    line: 2,
  },
  {
    title: 'what is deactivated is absent',
    rule: "present: '^set system services ssh'",
    text: 'set system services ssh\ndeactivate system services\n',
    platform: 'juniper_junos',
    status: 'fail',
  },
  {
    title: 'blocks in braces',
    rule: "blocks: ['^system', '^services', '^ssh'], present: '^root-login deny;$'",
    text: JUNOS,
    platform: 'juniper_junos',
    status: 'pass',
    line: 6,
  },
  {
    title: 'each block in braces',
    rule: "blocks: ['^interfaces', '^ge-'], without: '^disable;', present: '^unit 0'",
    text: JUNOS,
    platform: 'juniper_junos',
    status: 'pass',
  },
  {
    title: 'a literal block',
    rule: 'present: {block: "interface x\\n no ip redirects\\n no ip proxy-arp"}',
    text: 'interface x\n description y\n no ip redirects\n no ip proxy-arp\n',
    status: 'pass',
    line: 1,
  },
  {
    title: 'a literal block lacks a line',
    rule: 'present: {block: "interface x\\n no ip redirects"}',
    text: 'interface x\n description y\n',
    status: 'fail',
    line: 1,
    found: 'no "no ip redirects"',
  },
  {
    title: 'a literal block holds more than it may',
    rule: 'present: {block: "interface x\\n no ip redirects", exact: true}',
    text: 'interface x\n no ip redirects\n shutdown\n',
    status: 'fail',
    line: 3,
    found: 'also "shutdown"',
  },
  {
    title: 'a literal block in another order',
    rule: 'present: {block: "ip access-list x\\n permit a\\n deny b", ordered: true}',
    text: 'ip access-list x\n deny b\n permit a\n',
    status: 'fail',
    found: 'in another order "deny b"',
  },
  {
    title: 'a forbidden block',
    rule: 'absent: {block: "line vty 0 4\\n no login"}',
    text: 'line vty 0 4\n no login\n',
    status: 'fail',
    line: 1,
  },
  {
    title: 'as many lines as wanted',
    rule: "count: '^ntp server ', at_least: 2",
    text: 'ntp server a\nntp server b\n',
    status: 'pass',
    found: '2',
    line: 1,
  },
  {
    title: 'too few lines',
    rule: "count: '^ntp server ', at_least: 2",
    text: 'ntp server a\n',
    status: 'fail',
    found: '1',
    expected: 'at least 2',
    message: 'lines that match ^ntp server ',
  },
  {
    title: 'different values are counted',
    rule: "count: '^ntp server (\\S+)', equals: 1",
    text: 'ntp server a\nntp server a prefer\n',
    status: 'pass',
  },
  {
    title: 'a set in any order',
    rule: "capture: '^ntp server (\\S+)', equals: ['10.0.0.2', '10.0.0.1']",
    text: 'ntp server 10.0.0.1\nntp server 10.0.0.2\n',
    status: 'pass',
  },
  {
    title: 'a set with one too many',
    rule: "capture: '^ntp server (\\S+)', equals: ['a']",
    text: 'ntp server a\nntp server b\n',
    status: 'fail',
    line: 2,
    found: 'a, b',
    message: 'not expected: b',
  },
  {
    title: 'a set that nothing is in',
    rule: "capture: '^ntp server (\\S+)', equals: ['a']",
    text: 'x\n',
    status: 'fail',
    line: null,
    found: 'nothing',
    message: 'nothing matches ^ntp server (\\S+)',
  },
  { title: 'an empty set', rule: "capture: '^ntp server (\\S+)', equals: []", text: 'x\n', status: 'pass' },
  {
    title: "a set of the device's own",
    rule: "capture: '^ntp server (\\S+)', equals: {field: ntp_servers}",
    text: 'ntp server b\nntp server a\n',
    fields: { ntp_servers: ['a', 'b'] },
    status: 'pass',
    expected: 'a, b (field ntp_servers)',
  },
  {
    title: 'a field that the device has not, as a set',
    rule: "capture: '^ntp server (\\S+)', equals: {field: ntp_servers}",
    text: 'ntp server b\n',
    status: 'error',
    message: 'the device has no field ntp_servers',
  },
  {
    title: 'a field that may be missing',
    rule: "capture: '^ntp server (\\S+)', equals: {field: ntp_servers, missing: not-applicable}",
    text: 'ntp server b\n',
    status: 'not-applicable',
  },
  {
    title: 'a secret that was captured is not shown',
    rule: "capture: '^snmp-server community (\\S+)', among: [ours]",
    text: 'snmp-server community theirs RO\n',
    status: 'fail',
    line: 1,
    found: 'snmp-server community <redacted> RO',
    message: null,
  },
  {
    title: 'the first alone',
    rule: "capture: 'Version (\\S+)', pick: first, equals: ['1']",
    text: 'Version 1\nVersion 2\n',
    status: 'pass',
  },
  {
    title: 'the last alone',
    rule: "capture: 'Version (\\S+)', pick: last, equals: ['2']",
    text: 'Version 1\nVersion 2\n',
    status: 'pass',
  },
  {
    title: 'all of these and more',
    rule: "capture: '^a (\\S+)', includes: ['1', '2']",
    text: 'a 1\na 2\na 3\n',
    status: 'pass',
  },
  {
    title: 'no others than these',
    rule: "capture: '^a (\\S+)', among: ['1', '2']",
    text: 'a 1\na 3\n',
    status: 'fail',
    line: 2,
  },
  {
    title: 'no others than these, of nothing',
    rule: "capture: '^a (\\S+)', among: ['1', '2']",
    text: 'b\n',
    status: 'error',
  },
  {
    title: 'a number large enough',
    rule: "capture: '^mtu (\\d+)', at_least: 1500, at_most: 9216",
    text: 'mtu 9000\n',
    status: 'pass',
  },
  {
    title: 'a number too large',
    rule: "capture: '^mtu (\\d+)', at_least: 1500, at_most: 9216",
    text: 'mtu 9300\n',
    status: 'fail',
    found: '9300',
    expected: 'at most 9216',
  },
  {
    title: 'every number counts',
    rule: "capture: '^mtu (\\d+)', at_least: 1500",
    text: 'mtu 9000\nmtu 900\n',
    status: 'fail',
    line: 2,
  },
  {
    title: 'a number with a point',
    rule: "capture: '^load ([\\d.]+)', at_most: 0.5, as: number",
    text: 'load 0.45\n',
    status: 'pass',
  },
  {
    title: 'no number',
    rule: "capture: '^mtu (\\S+)', at_least: 1500",
    text: 'mtu auto\n',
    status: 'error',
    message: 'what was found is no number',
  },
  { title: 'no number at all', rule: "capture: '^mtu (\\S+)', at_least: 1500", text: 'x\n', status: 'error' },
  {
    title: 'no number at all, where that is right',
    rule: "capture: '^mtu (\\S+)', at_least: 1500, none: pass",
    text: 'x\n',
    status: 'pass',
  },
  {
    title: 'software that is new enough',
    rule: "capture: 'Version ([0-9][^,\\s]*)', pick: first, at_least: '15.2(7)E8'",
    text: 'Cisco IOS, Version 15.2(7)E10, RELEASE\n',
    status: 'pass',
  },
  {
    title: 'software that is too old',
    rule: "capture: 'Version ([0-9][^,\\s]*)', pick: first, at_least: {cisco_ios: '15.2(7)E8'}",
    text: 'Version 15.2(4)E10, x\n',
    status: 'fail',
    found: '15.2(4)E10',
    expected: 'at least 15.2(7)E8',
  },
  {
    title: 'software of another train',
    rule: "capture: 'Version ([0-9][^,\\s]*)', at_least: '15.2(7)E8'",
    text: 'Version 15.0(2)SE11, x\n',
    status: 'error',
    message: 'versions of different trains have no order',
  },
  {
    title: 'a minimum for each train',
    rule: "capture: 'Version ([0-9][^,\\s]*)', at_least: ['15.2(7)E8', '15.0(2)SE11']",
    text: 'Version 15.0(2)SE10, x\n',
    status: 'fail',
  },
  {
    title: 'a train between those with a minimum',
    rule: "capture: 'Version (\\S+)', at_least: ['17.06.05', '17.09.04a']",
    text: 'Version 17.07.01\n',
    platform: 'cisco_xe',
    status: 'error',
    message: 'there is no at_least for train 17.7',
  },
  {
    title: 'a train after those with a minimum',
    rule: "capture: 'Version (\\S+)', at_least: ['17.06.05', '17.09.04a']",
    text: 'Version 17.12.01\n',
    platform: 'cisco_xe',
    status: 'pass',
  },
  {
    title: 'a platform without a minimum',
    rule: "capture: 'Version (\\S+)', at_least: {cisco_xe: '17.09.04a'}",
    text: 'Version 15.2(7)E8\n',
    status: 'error',
    message: 'the rule expects nothing for cisco_ios',
  },
  {
    title: 'what is applied is defined',
    rule: "capture: 'access-group (\\S+)', among: {capture: '^ip access-list \\S+ (\\S+)'}",
    text: 'ip access-list extended A\ninterface x\n ip access-group B in\n',
    status: 'fail',
    line: 3,
    found: 'B',
  },
  {
    title: 'a rule that does not speak of it',
    rule: "when: '^router bgp', present: '^x'",
    text: 'y\n',
    status: 'not-applicable',
    expected: 'where a line matches ^router bgp',
  },
  {
    title: 'a rule that is exempt from it',
    rule: "unless: '^no cdp run', present: '^x'",
    text: 'no cdp run\n',
    status: 'not-applicable',
    line: 1,
  },
  {
    title: 'one of several checks',
    rule: "any: [{present: '^a$'}, {blocks: '^b', present: '^c', none: fail}]",
    text: 'b\n c\n',
    status: 'pass',
    line: 2,
  },
  {
    title: 'none of several checks',
    rule: "any: [{present: '^a$'}, {blocks: '^b', present: '^c', none: fail}]",
    text: 'x\n',
    status: 'fail',
  },
  {
    title: 'none of several checks, and one that says nothing',
    rule: "any: [{present: '^a$'}, {blocks: '^b', present: '^c'}]",
    text: 'x\n',
    status: 'error',
  },
  {
    title: 'rows that are as they should be',
    rule: 'rows: "length([?status==\'down\']) == `0`"',
    text: 'x\n',
    rows: [{ status: 'up' }],
    status: 'pass',
  },
  {
    title: 'rows that are not',
    rule: 'rows: "[?status==\'down\'].name", equals: []',
    text: 'x\n\ngi0/2 down\n',
    rows: [
      { name: 'gi0/1', status: 'up' },
      { name: 'gi0/2', status: 'down' },
    ],
    status: 'fail',
    found: 'gi0/2',
    line: 3,
  },
  {
    title: 'rows without a template',
    rule: 'rows: "[].name", equals: []',
    text: 'x\n',
    status: 'error',
    message: 'no template',
  },
  {
    title: 'an expression that gives no truth',
    rule: 'rows: "[].name"',
    text: 'x\n',
    rows: [{ name: 'a' }],
    status: 'error',
    message: 'the expression gave ["a"], expected true or false',
  },
  {
    title: 'an expression that fails',
    rule: 'rows: "sum([].name)", equals: ["1"]',
    text: 'x\n',
    rows: [{ name: 'a' }],
    status: 'error',
  },
  {
    title: 'the golden text, what changes by itself aside',
    rule: 'golden: "hostname {{ name }}\\nntp server 1.1.1.1\\n"',
    text: 'Building configuration...\n\nhostname R1\nntp clock-period 12345\nntp server 1.1.1.1\n',
    status: 'pass',
  },
  {
    title: 'another text than the golden one',
    rule: 'golden: "hostname {{ name }}\\nntp server 1.1.1.1\\n"',
    text: 'hostname R1\nntp server 2.2.2.2\n',
    status: 'fail',
    line: 2,
    expected: 'ntp server 1.1.1.1',
    found: 'ntp server 2.2.2.2',
    message: '1 lines not expected, 1 missing',
  },
  {
    title: 'a golden text that goes on',
    rule: 'golden: "a\\nb\\n"',
    text: 'a\n',
    status: 'fail',
    line: null,
    expected: 'b',
    found: 'the end of the output',
  },
  {
    title: 'an output that has not changed',
    rule: "unchanged_since: '2026-01-01'",
    text: 'x\n',
    changed: '2025-12-31T23:59:59Z',
    status: 'pass',
  },
  {
    title: 'an output that has changed',
    rule: "unchanged_since: '2026-01-01'",
    text: 'x\n',
    changed: '2026-01-01T00:00:00Z',
    status: 'fail',
    found: 'last changed at 2026-01-01T00:00:00.000Z',
  },
  {
    title: 'an output whose past nobody knows',
    rule: "unchanged_since: '2026-01-01'",
    text: 'x\n',
    status: 'error',
  },
  {
    title: 'a command that the device refused',
    rule: "absent: '^x'",
    text: "show it\n  ^\n% Invalid input detected at '^' marker.\n\n",
    status: 'unknown',
    message: 'the device refused the command',
  },
];

describe('a rule judges a text', () => {
  test.each(CASES)('$title', (one) => {
    const { status, evidence } = judge(one);
    expect(status).toBe(one.status);
    const [first] = evidence;
    expect(first?.command).toBe('show it');
    for (const key of ['line', 'found', 'expected', 'message'] as const)
      if (one[key] !== undefined) expect(first?.[key]).toBe(one[key]);
  });

  test('an output that is not whole is unknown whatever stands in it', () => {
    const { policies } = readTexts({
      'p.yaml':
        'netsweep_policy: 1\nname: p\nrules:\n  - {id: R, severity: low, title: t, command: show it, absent: x}\n',
    });
    const rule = policies[0]?.rules[0];
    if (rule === undefined) throw new Error('no rule');
    for (const proof of ['suspect', 'truncated'] as const) {
      const output = { command: 'show it', proof, text: 'y', unreadable: null, changedAtMs: null };
      const device = { platform: null, fields: {}, outputs: [output], failure: null };
      expect(new Judge(device, () => ({ rows: [] })).judge(rule).status).toBe('unknown');
    }
    const device = { platform: null, fields: {}, outputs: [], failure: 'no route' };
    const command = { of: 'platform', commands: { cisco_ios: 'show it' } } as const;
    const never = new Judge(device, () => ({ rows: [] })).judge({ ...rule, command });
    expect(never, 'its platform was never found out').toMatchObject({
      ...{ status: 'unknown', evidence: [{ message: 'no route' }] },
    });
    const judgement = new Judge(device, () => ({ rows: [] })).judge(rule);
    expect(judgement.status).toBe('unknown');
    expect(judgement.evidence[0]?.message).toBe('no route');
  });
});
