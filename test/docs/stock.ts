// What commands of the pages take for granted: files that many of them name and none shows, and NetBox's devices.
import type { Device } from '../inventory/dcim.ts';

const LAB = `defaults: {username: admin, password: env:LAB_PASSWORD, platform: cisco_ios}
groups:
  core: {site: zrh}
  zrh: {}
  campus: {}
devices:
  R1: {host: 10.0.0.1, groups: [core, zrh, campus]}
  R2: {host: 10.0.0.2}
  R7: {host: 10.0.0.7}
`;

const CSV = `name,ip,device_type,groups,username,password
core1,10.0.1.1,cisco_nxos,core,admin,env:LAB_PASSWORD
sw9,10.0.1.9,cisco_ios,core,admin,env:LAB_PASSWORD
`;

const POLICY = `netsweep_policy: 1
name: campus
extends: cisco-ios-baseline
rules:
  - {id: VTY-1, severity: high, title: ACL on every VTY line, command: show running-config, blocks: '^line vty ', present: '^access-class \\S+ in\\b'}
tests: [{rule: VTY-1, text: "line vty 0 4\\n access-class 10 in\\nline vty 5 15\\n login\\n", expect: fail}]
`;

const WAIVERS = `netsweep_policy: 1
name: waivers
waivers: [{rule: IOS-CDP-1, devices: 'lab-*', owner: netops, reason: CHG0412, expires: '2099-01-31'}]
`;

// biome-ignore lint/suspicious/noTemplateCurlyInString: TextFSM writes its values so
const CLOCK = 'Value TIME (\\S+)\n\nStart\n  ^${TIME} UTC -> Record\n';

// biome-ignore lint/suspicious/noTemplateCurlyInString: as above
const VERSION = 'Value SOFTWARE (.*)\n\nStart\n  ^${SOFTWARE} -> Record\n';

/** Hosts of the pages that are no devices. */
export const NAMES: Readonly<Record<string, string>> = { 'netsweep.example.net': '10.0.0.5' };

/** Hosts through which others are reached, and their ports. */
export const GATES: readonly (readonly [string, number])[] = [
  ['192.0.2.10', 22],
  ['bastion2', 22],
  ['gate.example', 2222],
];

/** What would take a minute, and the same smaller; what it prints is told of the large one. */
export const SMALLER: readonly (readonly [string, string])[] = [
  ['300 --prompt-latency 300 --command-latency 1000', '30 --prompt-latency 30 --command-latency 100'],
  ['prompt=300ms,command=1s', 'prompt=30ms,command=100ms'],
  ['--devices 300 --platforms', '--devices 60 --platforms'],
  ['300 devices: 300 ok', '30 devices: 30 ok'],
  ["'R[1-5000]'", "'R[1-20]'"],
];

/** Its agents, and their segments. */
export const AGENTS: Readonly<Record<string, string>> = { 'agent-1': 'default', 'agent-2': 'dc1' };

/** Five versions of R1's configuration: between any two of them somebody has changed it. */
const VERSIONS = [
  'netsweep history R1 --forget || true',
  ...Array.from({ length: 5 }, () => ['# R1', "netsweep run -i lab.yaml -w R1 'show running-config'"]).flat(),
];

/** A login that was refused too often. */
const STOPPED =
  "netsweep run -w 10.0.0.[1,2,7] --platform cisco_ios -u admin --password-file .wrong 'show clock' || true";

/** Where a backup is pushed to. */
const REMOTE = [
  'git init -q --bare -b main /srv/configs.git',
  'git init -q --bare /srv/remote.git',
  'git -C /srv/configs.git remote add origin /srv/remote.git',
];

/** Ten thousand devices, of which 2400 are at one site. */
const NETWORK = `awk 'BEGIN {
  print "defaults: {platform: cisco_ios, username: admin, password: env:LAB_PASSWORD}"
  print "groups:\\n  campus: {aaa: tacacs-campus}\\n  branches: {aaa: radius-branches}\\n  hq: {site: hq}\\ndevices:"
  for (n = 0; n < 10000; n++)
    printf "  R%d: {host: 10.%d.%d.%d, groups: [%s]}\\n", n, 1 + n / 65536, n / 256 % 256, n % 256, \
      n < 1000 ? "branches" : n < 3400 ? "campus, hq" : "campus"
}' > network.yaml`;

/** Keys for the gates, where there are any. */
const KEYS = [
  'test -z "$GATE_KEY" || cp "$GATE_KEY" ~/.ssh/jump',
  'test -z "$GATE_KEY" || cp "$GATE_KEY" ~/.ssh/branch',
  'test -z "$GATE_KEY" || ssh-keygen -q -p -P "" -N "$BRANCH_PHRASE" -f ~/.ssh/branch',
];

/** A copy of the coordinator's log, and its head kept elsewhere. The copy is of the same moment or a later one. */
const EVIDENCE = [
  'cp /var/lib/netsweep/serve/auditlog/head heads.jsonl',
  'mkdir -p /evidence/serve && cp -r /var/lib/netsweep/serve/auditlog /evidence/serve',
  'cp heads.jsonl /evidence/serve/auditlog/head',
];

/** A backup of last week. */
const LAST_WEEK = [
  'netsweep backup -i lab.yaml -w R1 -e segment=dc1 --repo /srv/configs.git',
  "cd /srv/configs.git && git update-ref refs/heads/main $(GIT_COMMITTER_DATE=$(date -R -d '8 days ago') git commit-tree -m backup main^{tree})",
];

/** What somebody has done before he types what is on a page. */
export const GIVEN: Readonly<Record<string, readonly string[]>> = {
  'docs/audits.md': REMOTE,
  'docs/backup.md': [...LAST_WEEK, ...REMOTE],
  'docs/history.md': VERSIONS,
  'docs/logins.md': KEYS,
  'docs/pace.md': [NETWORK],
  'docs/troubleshooting.md': [STOPPED],
  'docs/auditlog.md': [
    "netsweep run -i lab.yaml 'show version' --coordinator netsweep.example.net:7440",
    ...EVIDENCE,
  ],
  'docs/nats.md': [
    'netsweep serve --init --host netsweep.example.net,10.0.0.5 --state /var/lib/netsweep',
    'cp -r /var/lib/netsweep/serve/nats/servers/nats-1 /etc/netsweep/nats-1',
  ],
  'docs/credentials.md': [
    'netsweep enroll core-a --segment default',
    'netsweep-agent join netsweep1-...',
    'cp /var/lib/netsweep/serve/authority/ca.pem /etc/netsweep/vault-ca.pem',
  ],
  'docs/targets.md': ['netsweep enroll dmz-a --segment default', 'netsweep-agent join netsweep1-...'],
  'docs/commands.md': [
    'netsweep enroll dc1-a --segment dc1',
    'netsweep-agent join netsweep1-...',
    'netsweep enroll --operator alice',
    'netsweep join --identity alice netsweep1-...',
    "netsweep run -i lab.yaml 'show clock' --coordinator netsweep.example.net:7440",
    ...VERSIONS,
    STOPPED,
    ...REMOTE,
  ],
};

export const STOCK: Readonly<Record<string, string>> = {
  'lab.yaml': LAB,
  'etc/netsweep/lab.yaml': LAB,
  'etc/netsweep/all.yaml': LAB,
  'lab.csv': CSV,
  'devices.yaml': LAB,
  'router.db': 'core1:10.0.0.1:nxos:core\nacc1:10.0.1.1:ios:access\n',
  'ansible/hosts.yml': 'all: {hosts: {R1: {ansible_network_os: ios}}}\n',
  'R1.txt': 'Cisco IOS Software\n',
  'clock.txt': '10:00:00.123 UTC Mon Nov 23 2026\n',
  'outputs.ndjson': '{"id": 1, "platform": "cisco_ios", "command": "show version", "raw": "Cisco\\n"}\n',
  'my_show_clock.textfsm': CLOCK,
  'ntc-templates/index':
    'Template, Hostname, Platform, Command\nversion.textfsm, .*, cisco_ios, show version\n',
  'ntc-templates/version.textfsm': VERSION,
  'campus.yaml': POLICY,
  'waivers.yaml': WAIVERS,
  'policies/campus.yaml': POLICY,
  'r1.txt': 'line vty 0 4\n login\n',
  'netsweep.yaml': 'notices: {chat: {exec: /bin/true}}\n',
  'etc/netsweep/smtp': 'access123\n',
  'etc/netsweep/vault-role-id': 'role\n',
  'etc/netsweep/vault-secret-id': 'secret\n',
  '.wrong': 'access321\n',
  '.lab-password': 'access123\n',
  pw: 'access123\n',
  '.enable': 'access123\n',
  '.vault-password': 'access123\n',
  '.ssh/config': '',
};

const netbox: Device[] = [
  {
    ...{ name: 'zrh-core-01', address: '10.20.0.1', platform: 'cisco-nx-os' },
    ...{ role: 'core', site: 'zrh', tags: ['tier1'] },
  },
  { name: 'zrh-acc-17', address: '2001:db8:20::17', platform: 'ios-xe-17-9', role: 'access', site: 'zrh' },
  { name: 'zrh-patch-1', platform: null, role: 'patch-panel', site: 'zrh' },
  {
    ...{ name: 'zrh-old-01', address: '10.20.0.9', platform: 'cisco-ios' },
    ...{ role: 'core', site: 'zrh', status: 'decommissioning' },
  },
  {
    ...{ name: 'jump-01', address: '10.20.1.1', platform: 'ubuntu-24-04' },
    ...{ role: 'server', site: 'zrh', machine: true },
  },
  { name: 'gva-core-01', address: '10.30.0.1', platform: 'cisco-nx-os', role: 'core', site: 'gva' },
];

export const DCIM = { netbox, nautobot: netbox.filter(({ site }) => site === 'zrh') };
