#!/usr/bin/python3
"""What Ansible itself makes of the inventories beside this file, as JSON: for each the variables of every host, as
ansible-inventory shows them; the values that it would log in with; and the hosts of each pattern, as
`ansible all -l PATTERN --list-hosts` lists them. Run it with Ansible's Python:

    /usr/bin/python3 test/inventory/ansible/record.py > test/inventory/ansible/recorded.json
"""
import json
import os
import sys
import tempfile

from ansible.cli.adhoc import AdHocCLI
from ansible.cli.inventory import InventoryCLI
from ansible.template import Templar
from ansible.utils.context_objects import GlobalCLIArgs
from ansible.vars.hostvars import HostVars

HERE = os.path.dirname(os.path.abspath(__file__))
USED = ['ansible_host', 'ansible_port', 'ansible_user', 'ansible_ssh_user', 'ansible_password', 'ansible_ssh_pass',
        'ansible_network_os', 'ansible_become_password', 'ansible_private_key_file']


def forked(work):
    """Its result, from a process of its own: Ansible keeps what it read, and prints."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        with os.fdopen(writer, 'w') as out:
            json.dump(work(), out)
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as answer:
        text = answer.read()
    os.waitpid(child, 0)
    return json.loads(text)


def opened(cli, *args):
    GlobalCLIArgs._Singleton__instance = None
    program = cli([cli.__name__, *args])
    program.parse()
    return program, *program._play_prereqs()


def selected(inventory, pattern):
    """As the command does before it runs anything."""
    try:
        inventory.subset(pattern)
        return sorted(host.name for host in inventory.list_hosts('all'))
    except Exception as error:
        return str(error)


def used_values(variables, loader, host):
    known = variables.get_vars(host=host)
    templar = Templar(loader=loader, variables=known)
    return {name: str(templar.template(known[name])) for name in USED if name in known and known[name] is not None}


def listed(inventory, options):
    program, loader, hosts, variables = opened(InventoryCLI, *options, '--list')
    program.loader, program.inventory, program.vm = loader, hosts, variables
    HostVars(inventory=hosts, loader=loader, variable_manager=variables)  # for the templates that name other hosts
    shown = json.loads(program.dump(program.json_inventory(hosts.groups['all'])))
    return {
        'variables': {host.name: shown['_meta']['hostvars'].get(host.name, {}) for host in hosts.get_hosts()},
        'groups': {name: members(group) for name, group in hosts.groups.items()},
        'used': {host.name: used_values(variables, loader, host) for host in hosts.get_hosts()},
    }


def members(group):
    """In order, where Ansible has one: below the children of a group its order is another in every process."""
    names = [host.name for host in group.get_hosts()]
    is_deep = any(child.child_groups for child in group.child_groups)
    return {'sorted': sorted(names)} if is_deep else {'ordered': names}


def patterns_of(options, patterns):
    _, _, hosts, _ = opened(AdHocCLI, *options, 'all', '--list-hosts')
    return {pattern: selected(hosts, pattern) for pattern in patterns}


def main():
    with open(os.path.join(HERE, 'patterns.json')) as file:
        inventories = json.load(file)
    os.chdir(HERE)
    recorded = {}
    with tempfile.TemporaryDirectory() as directory:
        for name, wanted in inventories.items():
            options = [word for source in wanted['sources'] for word in ('-i', source)]
            for label, password in wanted.get('passwords', {}).items():
                path = os.path.join(directory, label)
                with open(path, 'w') as file:
                    file.write(password)
                options += ['--vault-id', f'{label}@{path}']
            answer = forked(lambda: listed(name, options))
            answer['patterns'] = forked(lambda: patterns_of(options, wanted['patterns']))
            recorded[name] = answer
    json.dump(recorded, sys.stdout, indent=1, ensure_ascii=False)
    print()


if __name__ == '__main__':
    main()
