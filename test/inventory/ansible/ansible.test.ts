// Ansible's inventories: what only netsweep does with them, and what is said where something is wrong.
import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Entry } from '../../../coordinator/inventory/inventory.ts';
import { readInventory } from '../../../coordinator/inventory/read.ts';
import { directoryOf, errorsOf, inventoryOf, platforms } from '../files.ts';

async function entry(
  files: Record<string, string>,
  source = Object.keys(files)[0] ?? '',
): Promise<Partial<Entry>> {
  const { entries } = await inventoryOf(files, { sources: [source] });
  return entries[0] ?? {};
}

async function warningsOf(
  files: Record<string, string>,
  source = Object.keys(files)[0] ?? '',
): Promise<string[]> {
  const { warnings } = await inventoryOf(files, { sources: [source] });
  return warnings.map(({ at, message }) => `${at?.file}:${at?.line}:${at?.column}: ${message}`);
}

describe('a host of Ansible', () => {
  test.each([
    [
      '-o ProxyJump=ops@b1:2200,b2',
      [
        ['b1', 2200, 'ops'],
        ['b2', null, null],
      ],
    ],
    ['-J ops@b1', [['b1', null, 'ops']]],
    ['-C -Jb1 -o ControlPersist=60s', [['b1', null, null]]],
    ['-o ProxyCommand="ssh -W %h:%p -q ops@b1"', [['b1', null, 'ops']]],
    ["-o 'ProxyCommand ssh -p 2200 -l ops b1 -W [%h]:%p'", [['b1', 2200, 'ops']]],
    [
      '-o ProxyCommand="/usr/bin/ssh -J b0 b1 nc -w 5 %h %p"',
      [
        ['b0', null, null],
        ['b1', null, null],
      ],
    ],
    ['-oProxyJump=none', []],
  ])('jumps as %s says', async (args, hops) => {
    const { jump } = await entry({
      hosts: `[core]\nr1 ansible_host=10.0.0.1\n[core:vars]\nansible_ssh_common_args=${JSON.stringify(args)}\n`,
    });
    expect(jump?.hops.map(({ host, port, username }) => [host, port, username])).toEqual(hops);
  });

  test('may use old algorithms and a configuration of ssh where its arguments say so', async () => {
    const args = '-F ssh_config -o KexAlgorithms=+diffie-hellman-group1-sha1 -o StrictHostKeyChecking=no';
    const found = await entry(
      { hosts: `[core]\nr1 ansible_ssh_common_args='${args}'\n`, ssh_config: '' },
      'hosts',
    );
    expect(found.legacy).toBe(true);
    expect(found.sshConfig?.path).toMatch(/\/ssh_config$/);
  });

  test('becomes enable with the method of that name alone', async () => {
    const host = (vars: string) => entry({ hosts: `[core]\nr1 ansible_become_password=e ${vars}\n` });
    const secret = { from: 'text', text: 'e' };
    const enable = 'ansible_become_method=enable';
    expect(await host(`ansible_become=yes ${enable}`)).toMatchObject({ enable: true, enableSecret: secret });
    expect(await host(`ansible_become=no ${enable}`)).toMatchObject({ enable: false, enableSecret: secret });
    expect(await host('')).toMatchObject({ enable: null, enableSecret: secret });
    expect(await host('ansible_become=yes ansible_become_method=sudo')).toMatchObject({
      enable: null,
      enableSecret: null,
    });
  });

  test('has fields of netsweep: segment and site by their names, every other behind netsweep_', async () => {
    const found = await entry({
      'hosts.yml':
        'all: {hosts: {r1: {site: 12, segment: dmz, commands: [no], netsweep_commands: [show clock], netsweep_platform: eos, ansible_network_os: ios}}}\n',
    });
    expect(found).toMatchObject({
      site: '12',
      segment: 'dmz',
      commands: ['show clock'],
      platform: 'arista_eos',
    });
    expect(found.data).toEqual({ commands: [false] });
  });

  test('takes variables of the environment that its templates ask for', async () => {
    const hosts = '[core]\nr1\n[core:vars]\nansible_password={{ lookup("env", "NET_PASSWORD") }}\n';
    const { entries } = await inventoryOf({ hosts }, { env: { HOME: '/', NET_PASSWORD: 'from-env' } });
    expect(entries[0]?.password).toMatchObject({ text: 'from-env' });
    expect(await errorsOf({ hosts })).toEqual([
      'hosts:4:18: ansible_password is a template that is not resolved (found the environment\'s "NET_PASSWORD", which is not set; for instance of "r1")',
    ]);
  });

  test.each([
    ['{{ ip }}', '10.1.2.3'],
    ['{{ net | default("10.0.0") }}.7', '10.0.0.7'],
    ['10.{{ id }}.{{ id + 1 }}.1', '10.4.5.1'],
    ['{{ cidr | ansible.utils.ipaddr("address") }}', '10.9.9.1'],
    ['{{ addresses.mgmt }}', '10.8.8.1'],
    ['{{ addresses["all"][1] }}', '10.8.8.3'],
    ["{{ ip if site == 'ams' else cidr }}", '10.1.2.3'],
    ['{{ missing is defined | default(inventory_hostname_short) }}.example', 'False.example'],
    ["{{ (hostvars['r2'].ip) }}", '10.1.2.4'],
    ['{{ groups.core | first }}', 'r1.lab'],
    ['{{ inventory_hostname_short ~ "-mgmt" | lower }}', 'r1-mgmt'],
    ['{{ inventory_hostname | replace(".lab", ".example.net") }}', 'r1.example.net'],
  ])('has its address filled in from %s', async (template, expected) => {
    const hosts = {
      'r1.lab': {
        ansible_host: template,
        ip: '10.1.2.3',
        id: 4,
        cidr: '10.9.9.1/24',
        site: 'ams',
        addresses: { mgmt: '10.8.8.1', all: ['10.8.8.2', '10.8.8.3'] },
      },
      r2: { ip: '10.1.2.4' },
    };
    expect((await entry({ 'hosts.json': JSON.stringify({ core: { hosts } }) })).host).toBe(expected);
  });

  test('is left out where it is the machine of Ansible itself, which is said', async () => {
    const files = { hosts: 'localhost ansible_connection=local\n[core]\nr1\n' };
    expect((await inventoryOf(files)).entries.map(({ name }) => name)).toEqual(['r1']);
    expect(await warningsOf(files)).toEqual([
      'hosts:1:1: 1 device left out: it is this machine (ansible_connection is local) ("localhost"; netsweep inventory check shows all)',
    ]);
  });
});

describe('an inventory of Ansible', () => {
  test('may be several sources of several kinds, beside those of other tools', async () => {
    const files = {
      a: '[core]\nr1 ansible_host=10.0.0.1\n',
      'b.yml': 'core: {hosts: {r2: {ansible_host: 10.0.0.2}}, vars: {ansible_user: both}}\n',
      'c.csv': 'name,host\nr3,10.0.0.3\n',
    };
    const { entries } = await inventoryOf(files);
    expect(entries.map(({ name, username }) => [name, username])).toEqual([
      ['r1', 'both'],
      ['r2', 'both'],
      ['r3', null],
    ]);
  });

  test('comes from standard input and from a program with arguments', async () => {
    const list = '{"core": ["r1"], "_meta": {"hostvars": {"r1": {"ansible_host": "10.0.0.1"}}}}';
    const piped = await inventoryOf({}, { sources: ['-'], stdin: list });
    expect(piped.entries[0]).toMatchObject({ name: 'r1', host: '10.0.0.1', groups: ['core'] });
    using directory = directoryOf({
      'list.sh': `#!/bin/sh\necho '{"'$1'": ["r9"], "_meta": {"hostvars": {}}}'\n`,
    });
    chmodSync(join(directory.path, 'list.sh'), 0o700);
    const io = { cwd: directory.path, stdin: nothing(), env: process.env, platforms };
    const { entries } = await readInventory(['exec:./list.sh edge'], io);
    expect(entries[0]).toMatchObject({ name: 'r9', groups: ['edge'] });
  });

  test('keeps out of the data of its devices what a vault holds and what logs in', async () => {
    const { data } = await entry({
      hosts: '[core]\nr1 ansible_password=a ansible_become_pass=b rack=7\n',
      'host_vars/r1.yml':
        'snmp: !vault |\n  $ANSIBLE_VAULT;1.1;AES256\n  3030\ninside: {x: {__ansible_vault: "$ANSIBLE_VAULT;1.1;AES256"}}\n',
    });
    expect(data).toEqual({ rack: 7 });
  });

  test('keeps out of the data what its passwords are made of, and what is called a secret', async () => {
    const { data } = await entry({
      'hosts.yml':
        'core:\n  hosts:\n    r1: {rack: 7, words: {a: x}, tacacs_secret: b, snmp_community: c, floor: 2}\n  vars:\n    half: d\n    joined: "{{ words[site] }}-{{ half if floor else rack }}"\n    site: a\n    ansible_password: "{{ joined }}"\n',
    });
    expect(data).toEqual({ floor: 2 });
  });

  test('warns of a variable that is nearly one that is used', async () => {
    const files = {
      'hosts.yml':
        'core:\n  hosts:\n    r1: {ansible_hots: 10.0.0.1, ansible_become_user: x}\n  vars:\n    ansible_pasword: x\n',
    };
    expect((await entry(files)).data).toEqual({ ansible_hots: '10.0.0.1', ansible_become_user: 'x' });
    expect(await warningsOf(files)).toEqual([
      'hosts.yml:3:10: ansible_hots is not used; did you mean ansible_host?',
      'hosts.yml:5:5: ansible_pasword is not used; did you mean ansible_password?',
    ]);
  });

  test('says of what it does not use that it does not', async () => {
    const files = {
      'i/hosts':
        'r1 ansible_password=ab#c ansible_ssh_extra_args="-o PermitLocalCommand=yes"\nr2 ansible_connection=httpapi\n',
      'i/group_vars/coer.yml': 'x: 1\n',
      'i/host_vars/r3/a.yml': 'x: 1\n',
    };
    expect(await warningsOf(files, 'i')).toEqual([
      'i/hosts:1:23: what stands behind this # is a comment, as in Ansible (expected quotes around a value with # in it)',
      'i/hosts:2:4: ansible_connection is "httpapi"; netsweep logs in with SSH, at ansible_port all the same',
      'i/group_vars/coer.yml:1:1: these variables are not used (there is no group "coer" in the inventory)',
      'i/host_vars/r3:1:1: these variables are not used (there is no host "r3" in the inventory; did you mean r1?)',
    ]);
  });

  test.each<[string, Record<string, string>, string[]]>([
    [
      'a section that is none',
      { hosts: '[core]\nr1\n[core vars]\nx=1\n' },
      [
        'hosts:3:1: a section cannot be read (found "[core vars]", expected [GROUP], [GROUP:children] or [GROUP:vars])',
      ],
    ],
    [
      'a section of another kind',
      { hosts: '[core]\nr1\n[core:childs]\nx\n' },
      ['hosts:3:7: a section cannot be of this kind (found "childs", expected children, vars or hosts)'],
    ],
    [
      'variables of no group',
      { hosts: '[core]\nr1\n[cores:vars]\nx=1\n' },
      [
        'hosts:3:2: [cores:vars] is of a group that is not there (expected [cores] or [cores:children]; did you mean core?)',
      ],
    ],
    [
      'a child that is no group',
      { hosts: '[core]\nr1\n[all_of_it:children]\ncroe\n' },
      ['hosts:4:1: [all_of_it:children] names a group that is not there (found "croe"; did you mean core?)'],
    ],
    [
      'a circle of groups',
      { hosts: '[a]\nr1\n[a:children]\nb\n[b:children]\na\n' },
      ['hosts:6:1: group "a" is a child of itself (found under "b")'],
    ],
    [
      'an open quote',
      { hosts: '[core]\nr1 ansible_password="a\n' },
      ['hosts:2:21: a quote is open at the end of this line (expected a closing quote; or \\ before it)'],
    ],
    [
      'blanks around =',
      { hosts: '[core]\nr1 ansible_password = geheim\n' },
      ['hosts:2:4: blanks stand around the = of ansible_password (expected ansible_password=VALUE)'],
    ],
    [
      'a range backwards',
      { hosts: '[core]\nr[9:1]\n' },
      ['hosts:2:1: a range cannot be read (found "[9:1]", expected the first number before the last)'],
    ],
    [
      'a range of unequal ends',
      { hosts: '[core]\nr[01:100]\n' },
      [
        'hosts:2:1: a range cannot be read (found "[01:100]", expected both ends of the same length where the first is padded)',
      ],
    ],
    [
      'a password that Ansible reads as another',
      { hosts: '[core]\nr1 ansible_password=1_000\n' },
      ['hosts:2:4: ansible_password is not text (found a number, expected text in quotes)'],
    ],
    [
      'a port that is none',
      { 'hosts.yml': 'core:\n  hosts:\n    r1:\n      ansible_port: ssh\n' },
      [
        'hosts.yml:4:21: ansible_port is not a port number (found "ssh", expected a whole number from 1 to 65535)',
      ],
    ],
    [
      'a platform with a typo',
      { 'g.yml': 'core: {hosts: {r1: }, vars: {ansible_network_os: cisco.ios.iso}}\n' },
      [
        'g.yml:1:50: unknown platform (found "cisco.ios.iso", expected a name that netsweep platforms list shows; did you mean cisco.ios.ios?)',
      ],
    ],
    [
      'a part of a group with a typo',
      { 'g.yml': 'core: {hosts: {r1: }}\nedge: {host: {r2: }}\n' },
      [
        'g.yml:2:8: "host" is no part of a group (found in "edge", expected hosts, vars or children; did you mean hosts?)',
      ],
    ],
    [
      'hosts as a list',
      { 'g.yml': 'core: {hosts: {r1: }}\nedge: {hosts: [r2]}\n' },
      [
        'g.yml:2:15: hosts of group "edge" cannot be read (found a list of 1 item, expected a map, each name with a colon behind it)',
      ],
    ],
    [
      'a variable that is not there',
      { 'g.yml': 'core: {hosts: {r1: }, vars: {ansible_host: "{{ mgnt }}", mgmt: 1}}\n' },
      [
        'g.yml:1:44: ansible_host is a template that is not resolved (found the variable "mgnt", which is not there; did you mean mgmt?; for instance of "r1")',
      ],
    ],
    [
      'a filter that is not known',
      { 'g.yml': 'core: {hosts: {r1: {ansible_host: "{{ a | hash }}", a: 1}}}\n' },
      [
        'g.yml:1:35: ansible_host is a template that is not resolved (found the filter hash; for instance of "r1")',
      ],
    ],
    [
      'templates in a circle',
      { 'g.yml': 'core: {hosts: {r1: {ansible_host: "{{ a }}", a: "{{ b }}", b: "{{ a }}"}}}\n' },
      [
        'g.yml:1:35: ansible_host is a template that is not resolved (found templates that name each other in a circle; for instance of "r1")',
      ],
    ],
    [
      'a vault without a password',
      {
        hosts: 'r1 ansible_user=x\n',
        'host_vars/r1.yml': 'ansible_password: !vault |\n  $ANSIBLE_VAULT;1.1;AES256\n  30300a30\n',
      },
      [
        'host_vars/r1.yml:1:26: ansible_password is in an Ansible vault (expected --vault-password-file FILE or ANSIBLE_VAULT_PASSWORD_FILE)',
      ],
    ],
    [
      'a proxy that is not understood',
      { hosts: '[core]\nr1 ansible_ssh_common_args="-o ProxyCommand=\'connect -S s:1080 %h %p\'"\n' },
      [
        'hosts:2:4: ansible_ssh_common_args: its ProxyCommand is not understood (found "connect", expected ssh -W %h:%p USER@BASTION, or ProxyJump)',
      ],
    ],
    [
      'a plugin of Ansible',
      { 'netbox.yml': 'plugin: netbox.netbox.nb_inventory\napi_endpoint: https://netbox\n' },
      [
        'netbox.yml:1:1: this asks a plugin of Ansible\'s (found "netbox.netbox.nb_inventory", expected its answer: ansible-inventory -i "netbox.yml" --list > FILE.json)',
      ],
    ],
    [
      'a program that is not executable',
      { 'inventory.sh': '#!/bin/sh\necho {}\n' },
      ['inventory.sh:1:1: this is a program that may not be run (chmod +x helps)'],
    ],
    [
      'variables that are no map',
      { 'i/hosts': '[core]\nr1\n', 'i/group_vars/core': '- a\n- b\n' },
      ['i/group_vars/core:1:1: variables cannot be read (found a list of 2 items, expected a map)'],
    ],
  ])('is refused with its place: %s', async (_, files, expected) => {
    const source = Object.keys(files)[0]?.split('/')[0] ?? '';
    expect(await errorsOf(files, { sources: [source] })).toEqual(expected);
  });
});

async function* nothing(): AsyncGenerator<Uint8Array> {}
