// Inventories of Ansible's that are wrong, each with everything a user is told about it. Read by bad.test.ts.
import { sealed } from './ansible/seal.ts';
import { type Broken, broken, says } from './broken.ts';

const ini = (title: string, text: string): Broken => broken(title, { files: { 'hosts.ini': text } });
const yml = (title: string, text: string, { passwords = [] as string[] } = {}): Broken =>
  broken(title, { files: { 'hosts.yml': text }, passwords });

export const BAD_ANSIBLE: Broken[] = [
  says(
    ini('a section never closed', '[core\nR1 ansible_host=10.0.0.1\n'),
    'hosts.ini:1:1: a section is never closed (found "[core", expected ] at its end)',
  ),
  says(
    ini('a section with a blank', '[core routers]\nR1 ansible_host=10.0.0.1\n'),
    'hosts.ini:1:1: a section cannot be read (found "[core routers]", expected [GROUP], [GROUP:children] or [GROUP:vars])',
  ),
  says(
    ini(
      'a section whose kind is misspelt',
      '[core]\nR1 ansible_host=10.0.0.1\n[core:var]\nansible_user=admin\n',
    ),
    'hosts.ini:3:7: a section cannot be of this kind (found "var", expected children, vars or hosts; did you mean vars?)',
  ),
  says(
    ini(
      'a section of variables of no group',
      '[core]\nR1 ansible_host=10.0.0.1\n[cor:vars]\nansible_user=admin\n',
    ),
    'hosts.ini:3:2: [cor:vars] is of a group that is not there (expected [cor] or [cor:children]; did you mean core?)',
  ),
  says(
    ini('children that are no groups', '[core]\nR1 ansible_host=10.0.0.1\n[site:children]\ncore\nedge\n'),
    'hosts.ini:5:1: [site:children] names a group that is not there (found "edge")',
  ),
  says(
    ini(
      'variables below a group without :vars',
      '[core]\nR1 ansible_host=10.0.0.1\nansible_user=admin\nansible_password=topsecret\n',
    ),
    "hosts.ini:3:1: this line starts with a variable (expected a host's name before it, or [core:vars] above it)",
    "hosts.ini:4:1: this line starts with a variable (expected a host's name before it, or [core:vars] above it)",
  ),
  says(
    ini(
      'variables below children',
      '[core]\nR1 ansible_host=10.0.0.1\n[all:children]\ncore\nansible_password=topsecret\n',
    ),
    'hosts.ini:5:1: a variable stands among children (expected one name on each line, or [all:vars] above it)',
  ),
  says(
    ini('blanks around an equals sign', '[core]\nR1 ansible_host = 10.0.0.1\n'),
    'hosts.ini:2:4: blanks stand around the = of ansible_host (expected ansible_host=VALUE)',
  ),
  says(
    ini(
      'a quote that is never closed',
      "[core]\nR1 ansible_host=10.0.0.1 ansible_password='topsecret\nR2 ansible_host=10.0.0.2\n",
    ),
    'hosts.ini:2:43: a quote is open at the end of this line (expected a closing quote; or \\ before it)',
  ),
  says(
    ini('an address with a mask', '[core]\nR1 ansible_host=10.0.0.1/24\n'),
    'hosts.ini:2:4: ansible_host is not an address (found "10.0.0.1/24", expected an IPv4 or IPv6 address or a DNS name; did you mean 10.0.0.1?)',
  ),
  says(
    ini('an address out of range', '[core]\nR1 ansible_host=10.0.0.300\n'),
    'hosts.ini:2:4: ansible_host is not an address (found "10.0.0.300", expected an IPv4 or IPv6 address or a DNS name)',
  ),
  says(
    ini('a port that is a word', '[core]\nR1 ansible_host=10.0.0.1 ansible_port=ssh\n'),
    'hosts.ini:2:26: ansible_port is not a port number (found "ssh", expected a whole number from 1 to 65535)',
  ),
  says(
    ini('a range that counts down', '[core]\nsw[10:1].example.net\n'),
    'hosts.ini:2:1: a range cannot be read (found "[10:1]", expected the first number before the last)',
  ),
  says(
    ini('a range of nodesets', '[core]\nsw[1-3].example.net\n'),
    'hosts.ini:2:1: a range cannot be read (found "[1-3]", expected [FIRST:LAST] or [FIRST:LAST:STEP], as [01:20:2])',
  ),
  says(
    ini('a range never closed', '[core]\nsw[1:3.example.net\n'),
    'hosts.ini:2:1: a range has no closing bracket (found "sw[1:3.example.net")',
  ),
  says(
    ini('a range of words', '[core]\nsw[one:three]\n'),
    'hosts.ini:2:1: a range cannot be read (found "[one:three]", expected two numbers or two letters)',
  ),
  says(
    ini('an unknown platform', '[core]\nR1 ansible_host=10.0.0.1 ansible_network_os=cisco.ios.oss\n'),
    'hosts.ini:2:26: unknown platform (found "cisco.ios.oss", expected a name that netsweep platforms list shows; did you mean cisco.ios.ios?)',
  ),
  says(
    ini('a template of nothing', '[core]\nR1 ansible_host={{ mgmt_ip }}\n'),
    'hosts.ini:2:4: the template of ansible_host has blanks and no quotes (expected ansible_host="{{ ... }}")',
  ),
  says(
    ini(
      'a template that looks something up',
      "[core]\nR1 ansible_host=10.0.0.1 ansible_password=\"{{ lookup('env', 'PW') }}\"\n",
    ),
    'hosts.ini:2:26: ansible_password is a template that is not resolved (found the environment\'s "PW", which is not set; for instance of "R1")',
  ),
  says(
    ini('a template that is never closed', '[core]\nR1 ansible_host="{{ ip"\n'),
    'hosts.ini:2:4: ansible_host is a template that is not resolved (found braces that are not closed; for instance of "R1")',
  ),
  says(
    ini('a filter nobody knows', '[core]\nR1 ip=10.0.0.1/24 ansible_host="{{ ip | ipadr(\'address\') }}"\n'),
    'hosts.ini:2:19: ansible_host is a template that is not resolved (found the filter ipadr; for instance of "R1")',
  ),
  says(
    ini('a template that asks for itself', '[core]\nR1 ansible_host="{{ ansible_host }}"\n'),
    'hosts.ini:2:4: ansible_host is a template that is not resolved (found templates that name each other in a circle; for instance of "R1")',
  ),
  says(
    ini('a loop of groups', '[a:children]\nb\n[b:children]\na\n[b]\nR1 ansible_host=10.0.0.1\n'),
    'hosts.ini:4:1: group "a" is a child of itself (found under "b")',
  ),
  says(
    ini(
      'a ProxyCommand that is no ssh',
      '[core]\nR1 ansible_host=10.0.0.1 ansible_ssh_common_args=\'-o ProxyCommand="nc -x proxy %h %p"\'\n',
    ),
    'hosts.ini:2:26: ansible_ssh_common_args: its ProxyCommand is not understood (found "nc", expected ssh -W %h:%p USER@BASTION, or ProxyJump)',
  ),
  says(
    ini(
      'a password in a ProxyJump',
      "[core]\nR1 ansible_host=10.0.0.1 ansible_ssh_common_args='-J me:topsecret@bastion'\n",
    ),
    'hosts.ini:2:26: ansible_ssh_common_args: a jump host takes no password (expected USER@HOST:PORT with commas between, or none, and the password with a device of that name)',
  ),
  says(
    ini(
      'arguments of ssh never closed',
      "[core]\nR1 ansible_host=10.0.0.1 ansible_ssh_common_args='-o \"ProxyJump=b'\n",
    ),
    'hosts.ini:2:26: ansible_ssh_common_args: a quote is open at its end',
  ),
  says(
    ini(
      'become that is a word',
      '[core]\nR1 ansible_host=10.0.0.1 ansible_become=perhaps ansible_become_method=enable\n',
    ),
    'hosts.ini:2:26: ansible_become is neither true nor false (found "perhaps", expected yes or no)',
  ),
  says(
    ini('YAML in a file called hosts.ini', '---\nall:\n  hosts:\n    R1:\n      ansible_host: 10.0.0.1\n'),
    'hosts.ini:1:1: this is YAML (found ---, expected a name that ends in .yml)',
  ),
  says(
    ini('a host with a slash', '[core]\n10.0.0.0/24\n'),
    'hosts.ini:2:1: device "10.0.0.0/24" has no address (expected host, ip, ansible_host or hostname)',
  ),
  says(
    ini('a host with a comma', '[core]\nR1,R2\n'),
    'hosts.ini:2:1: a host\'s name holds a comma (found "R1,R2", expected one host on each line)',
  ),
  says(
    ini(
      "one device of netsweep's own fields misspelt",
      '[core]\nR1 ansible_host=10.0.0.1 netsweep_segmnt=dc1\n',
    ),
    'hosts.ini:2:26: netsweep_segmnt is no field of a device; did you mean segment?',
  ),
  says(
    ini(
      'a priority that is a word',
      '[core]\nR1 ansible_host=10.0.0.1\n[core:vars]\nansible_group_priority=high\n',
    ),
    'hosts.ini:4:24: ansible_group_priority is no whole number (found "high")',
  ),
  says(ini('nothing but groups', '[core]\n[edge]\n'), 'no device in hosts.ini (expected at least one)'),
  says(
    ini('only this machine', 'localhost ansible_connection=local\n'),
    'no device in hosts.ini (found 1 device, it is this machine (ansible_connection is local); expected at least one)',
  ),
  says(
    ini(
      'a password in a variable without an equals sign',
      '[all:vars]\nansible_user=admin\nansible_password topsecret\n[core]\nR1 ansible_host=10.0.0.1\n',
    ),
    'hosts.ini:3:1: a variable has no = (expected NAME=VALUE)',
  ),
  says(
    yml('a group without hosts:', 'all:\n  R1:\n    ansible_host: 10.0.0.1\n'),
    'hosts.yml:2:3: "R1" is no part of a group (found in "all", expected hosts, vars or children)',
  ),
  says(
    yml('host for hosts', 'all:\n  host:\n    R1:\n      ansible_host: 10.0.0.1\n'),
    'hosts.yml:2:3: "host" is no part of a group (found in "all", expected hosts, vars or children; did you mean hosts?)',
  ),
  says(
    yml('children that are a list', 'all:\n  children:\n    - core\n    - edge\n'),
    'hosts.yml:3:7: children of group "all" name a group that is not there (found "core", expected its hosts below it, with a colon behind it)',
    'hosts.yml:4:7: children of group "all" name a group that is not there (found "edge", expected its hosts below it, with a colon behind it)',
  ),
  says(
    yml('vars that are a list', 'all:\n  vars:\n    - ansible_user: admin\n  hosts:\n    R1:\n'),
    'hosts.yml:3:5: vars of group "all" cannot be read (found a list of 1 item, expected a map)',
  ),
  says(
    yml('a host whose variables are text', 'all:\n  hosts:\n    R1: 10.0.0.1\n'),
    'hosts.yml:3:9: the variables of host "R1" cannot be read (found text of 8 characters, expected a map)',
  ),
  says(
    yml(
      'a variable beside hosts',
      'all:\n  hosts:\n    R1: {ansible_host: 10.0.0.1}\n  ansible_user: admin\n',
    ),
    'hosts.yml:4:3: "ansible_user" is no part of a group (found in "all", expected hosts, vars or children)',
  ),
  says(
    yml('a playbook', '- hosts: all\n  tasks:\n    - debug: msg=hello\n'),
    "hosts.yml:1:1: this is a playbook of Ansible's (expected the inventory that it is run with)",
  ),
  says(
    yml(
      'the file of a plugin',
      'plugin: netbox.netbox.nb_inventory\napi_endpoint: https://netbox.example.com\ntoken: topsecret\n',
    ),
    'hosts.yml:1:1: this asks a plugin of Ansible\'s (found "netbox.netbox.nb_inventory", expected its answer: ansible-inventory -i "hosts.yml" --list > FILE.json)',
  ),
  says(
    yml('a tab', 'all:\n  hosts:\n\tR1:\n'),
    'hosts.yml:3:1: a tab is used as indentation (expected spaces)',
  ),
  says(
    yml('an unquoted template', 'all:\n  hosts:\n    R1:\n      ansible_host: {{ ip }}\n'),
    'hosts.yml:4:21: ansible_host is not text (found a map of 0 fields, expected text)',
    'hosts.yml:4:22: this is no text (expected a name before the colon; or quotes around a template, "{{ ... }}")',
  ),
  says(
    yml(
      'a password with a colon and no quotes',
      'all:\n  vars:\n    ansible_password: top: secret\n  hosts:\n    R1: {ansible_host: 10.0.0.1}\n',
    ),
    'hosts.yml:3:23: a second "name: value" stands in this value (expected other indentation below, or quotes around a text with ": ")',
  ),
  says(
    yml(
      'a host twice in a group',
      'all:\n  hosts:\n    R1: {ansible_host: 10.0.0.1}\n    R1: {ansible_host: 10.0.0.2}\n',
    ),
    'hosts.yml:4:5: "R1" is given twice (first at 3:5)',
  ),
  says(
    yml(
      'a vault and no password for it',
      `all:\n  hosts:\n    R1: {ansible_host: 10.0.0.1}\n  vars:\n    ansible_password: !vault |\n${sealed('topsecret', 'pw').replace(/^/gm, '      ')}\n`,
    ),
    'hosts.yml:5:30: ansible_password is in an Ansible vault (expected --vault-password-file FILE or ANSIBLE_VAULT_PASSWORD_FILE)',
  ),
  says(
    yml(
      'a vault and another password',
      `all:\n  hosts:\n    R1: {ansible_host: 10.0.0.1}\n  vars:\n    ansible_password: !vault |\n${sealed('topsecret', 'pw').replace(/^/gm, '      ')}\n`,
      { passwords: ['other'] },
    ),
    'hosts.yml:5:30: ansible_password is in an Ansible vault that no password opens (tried 1 password: default)',
  ),
  says(
    yml(
      'a vault cut off',
      `all:\n  hosts:\n    R1: {ansible_host: 10.0.0.1}\n  vars:\n    ansible_password: !vault |\n      $ANSIBLE_VAULT;1.1;AES256\n      6162\n`,
      { passwords: ['pw'] },
    ),
    'hosts.yml:5:30: ansible_password is in an Ansible vault that is damaged (expected the lines as ansible-vault wrote them)',
  ),
  says(
    yml(
      'a vault of another kind',
      `all:\n  hosts:\n    R1: {ansible_host: 10.0.0.1}\n  vars:\n    ansible_password: !vault |\n      $ANSIBLE_VAULT;1.0;AES\n      6162\n`,
      { passwords: ['pw'] },
    ),
    'hosts.yml:5:30: ansible_password is in an Ansible vault of another kind (found "1.0 AES", expected version 1.1 or 1.2 with AES256)',
  ),
  says(
    broken('a whole file in a vault and no password for it', {
      files: { 'hosts.yml': `${sealed('all: {}', 'pw')}\n` },
      sources: ['hosts.yml'],
    }),
    'hosts.yml:1:1: this file is in an Ansible vault (expected --vault-password-file FILE or ANSIBLE_VAULT_PASSWORD_FILE)',
  ),
  says(
    broken('group_vars in a vault and no password for them', {
      files: {
        'i/hosts': '[core]\nR1 ansible_host=10.0.0.1\n',
        'i/group_vars/core.yml': `${sealed('ansible_user: a', 'pw')}\n`,
      },
      sources: ['i'],
    }),
    'i/group_vars/core.yml:1:1: this file is in an Ansible vault (expected --vault-password-file FILE or ANSIBLE_VAULT_PASSWORD_FILE)',
  ),
  says(
    broken('group_vars that are a list', {
      files: {
        'i/hosts': '[core]\nR1 ansible_host=10.0.0.1\n',
        'i/group_vars/core.yml': '- ansible_user: admin\n',
      },
      sources: ['i'],
    }),
    'i/group_vars/core.yml:1:1: variables cannot be read (found a list of 1 item, expected a map)',
  ),
  says(
    broken('group_vars that are no YAML', {
      files: {
        'i/hosts': '[core]\nR1 ansible_host=10.0.0.1\n',
        'i/group_vars/core.yml': 'ansible_user: admin\nansible_password: "topsecret\n',
      },
      sources: ['i'],
    }),
    'i/group_vars/core.yml:3:1: a quote is still open here (expected a closing ")',
  ),
  says(
    broken('host_vars with an address that is none', {
      files: { 'i/hosts': '[core]\nR1\n', 'i/host_vars/R1.yml': 'ansible_host: 10.0.0\n' },
      sources: ['i'],
    }),
    'i/host_vars/R1.yml:1:15: ansible_host is not an address (found "10.0.0", expected an IPv4 or IPv6 address or a DNS name)',
  ),
  says(
    broken('a directory whose only inventory ends in .ini', {
      files: { 'i/hosts.ini': '[core]\nR1 ansible_host=10.0.0.1\n', 'i/group_vars/core.yml': 'a: 1\n' },
      sources: ['i'],
    }),
    'i:1:1: no inventory in this directory (expected hosts, *.yml or *.json; Ansible reads no *.ini in directories; did you mean i/hosts.ini?)',
  ),
  says(
    broken('a directory without an inventory', {
      files: { 'i/group_vars/core.yml': 'a: 1\n' },
      sources: ['i'],
    }),
    'i:1:1: no inventory in this directory (expected hosts, *.yml or *.json)',
  ),
  says(
    broken('--list with hosts that are a map of numbers', {
      files: { 'l.json': '{"_meta": {"hostvars": {}}, "core": {"hosts": {"R1": 1}}}' },
    }),
    'l.json:1:47: hosts of group "core" cannot be read (found a map of 1 field, expected a list of names)',
  ),
  says(
    broken('--list with a misspelt part', {
      files: { 'l.json': '{"_meta": {"hostvars": {}}, "core": {"host": ["10.0.0.1"]}}' },
    }),
    'l.json:1:38: "host" is no part of a group (found in "core", expected hosts, vars or children; did you mean hosts?)',
  ),
  says(
    broken('--list cut off', {
      files: {
        'l.json': '{"_meta": {"hostvars": {"R1": {"ansible_host": "10.0.0.1"}}}, "core": {"hosts": ["R1"',
      },
    }),
    'l.json:1:86: a bracket is still open here (expected a closing ])',
  ),
  says(
    broken('--list with hostvars that are a list', {
      files: { 'l.json': '{"_meta": {"hostvars": []}, "core": {"hosts": ["10.0.0.1"]}}' },
    }),
    'l.json:1:12: hostvars cannot be read (found a list of 0 items, expected a map)',
  ),
  says(
    broken('a program that may not be run', {
      files: { 'inv.sh': '#!/bin/sh\n# --list\necho {}\n' },
      mode: 0o600,
    }),
    'inv.sh:1:1: this is a program that may not be run (chmod +x helps)',
  ),
  says(
    broken('a program that fails', {
      files: { 'inv.sh': '#!/bin/sh\necho "no route to cmdb" >&2\nexit 3\n' },
      sources: ['exec:./inv.sh'],
      mode: 0o700,
    }),
    './inv.sh:1:1: ended with status 3, saying "no route to cmdb"',
  ),
  says(
    broken('a program that prints nothing', {
      files: { 'inv.sh': '#!/bin/sh\n' },
      sources: ['exec:./inv.sh'],
      mode: 0o700,
    }),
    './inv.sh:1:1: this program prints no inventory (found nothing, expected a map of groups in JSON)',
  ),
  says(
    broken('a program that prints an error page', {
      files: { 'inv.sh': '#!/bin/sh\necho "<html>502 Bad Gateway</html>"\n' },
      sources: ['exec:./inv.sh'],
      mode: 0o700,
    }),
    './inv.sh:1:1: this program prints no inventory (found "<html>502 Bad Gateway</html>", expected a map of groups in JSON)',
  ),
  says(
    broken('a program that everybody may write', {
      files: { 'inv.sh': '#!/bin/sh\necho {}\n' },
      sources: ['exec:./inv.sh'],
      mode: 0o777,
    }),
    './inv.sh:1:1: this program is not run (expected one that you or root own and not everybody can write)',
  ),
  says(
    broken('a program that is not there', { files: {}, sources: ['exec:./inv.py'] }),
    './inv.py:1:1: cannot be run (no such file or directory)',
  ),
  says(
    broken('no program', { files: {}, sources: ['exec:'] }),
    'exec::1:1: no program is named (expected exec:PROGRAM)',
  ),
];
