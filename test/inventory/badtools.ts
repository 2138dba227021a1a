// What Nornir, netmiko-tools, Oxidized and RANCID keep, wrong, each with everything a user is told about it. Read by bad.test.ts.
import { type Broken, broken, says } from './broken.ts';

const nor = (
  title: string,
  hosts: string,
  groups: string | null = null,
  defaults: string | null = null,
): Broken =>
  broken(title, {
    sources: ['n'],
    files: {
      'n/hosts.yaml': hosts,
      'n/groups.yaml': groups ?? '',
      ...(defaults === null ? {} : { 'n/defaults.yaml': defaults }),
    },
  });
const tools = (title: string, text: string): Broken => broken(title, { files: { '.netmiko.yml': text } });
const db = (title: string, text: string, columns: string | null = null): Broken =>
  broken(title, { files: { 'router.db': text }, columns });

export const BAD_TOOLS: Broken[] = [
  says(
    nor('a group that is nowhere', 'R1: {hostname: 10.0.0.1, groups: [cor]}\n', 'core: {}\n'),
    'n/hosts.yaml:1:35: unknown group (found "cor", expected a name in groups.yaml; did you mean core?)',
  ),
  says(
    nor('groups that are text', 'R1:\n  hostname: 10.0.0.1\n  groups: core\n', 'core: {}\n'),
    'n/hosts.yaml:3:11: groups is not a list (found "core", expected a list of names)',
  ),
  says(
    nor('a host that is an address', 'R1: 10.0.0.1\n'),
    'n/hosts.yaml:1:1: host "R1" cannot be read (found text of 8 characters, expected a map)',
  ),
  says(
    nor('hosts that are a list', '- name: R1\n  hostname: 10.0.0.1\n'),
    'n/hosts.yaml:1:1: hosts of Nornir cannot be read (found a list of 1 item, expected a map of names)',
  ),
  says(
    nor('a misspelt attribute', 'R1: {hostnme: 10.0.0.1, platform: ios}\n'),
    'n/hosts.yaml:1:6: unknown field (found "hostnme"; did you mean hostname?)',
  ),
  says(
    nor('a platform that nobody knows', 'R1: {hostname: 10.0.0.1, platform: iosx}\n'),
    'n/hosts.yaml:1:36: unknown platform (found "iosx", expected a name that netsweep platforms list shows; did you mean ios?)',
  ),
  says(
    nor('a port that is text', 'R1: {hostname: 10.0.0.1, port: "22 "}\n'),
    'n/hosts.yaml:1:32: port is not a port number (found "22 ", expected a whole number from 1 to 65535)',
  ),
  says(
    nor(
      'options of a connection that are a list',
      'R1: {hostname: 10.0.0.1, connection_options: [netmiko]}\n',
    ),
    'n/hosts.yaml:1:46: connection_options is not a map (found a list of 1 item, expected a map of netmiko, scrapli or paramiko)',
  ),
  says(
    nor('extras that are text', 'R1: {hostname: 10.0.0.1, connection_options: {netmiko: {extras: fast}}}\n'),
    'n/hosts.yaml:1:65: extras is not a map (found text of 4 characters, expected a map)',
  ),
  says(
    nor('a group that is in itself', 'R1: {hostname: 10.0.0.1, groups: [a]}\n', 'a: {groups: [a]}\n'),
    'n/groups.yaml:1:1: group "a" is in itself (found a > a)',
  ),
  says(
    nor('defaults that are a list', 'R1: {hostname: 10.0.0.1}\n', null, '- username: admin\n'),
    'n/defaults.yaml:1:1: defaults of Nornir cannot be read (found a list of 1 item, expected a map)',
  ),
  says(
    nor('a host twice', 'R1: {hostname: 10.0.0.1}\nR1: {hostname: 10.0.0.2}\n'),
    'n/hosts.yaml:2:1: "R1" is given twice (first at 1:1)',
  ),
  says(
    nor('data that are text', 'R1: {hostname: 10.0.0.1, data: core}\n'),
    'n/hosts.yaml:1:32: data is not a map (found text of 4 characters, expected a map)',
  ),
  says(nor('no host', '---\n'), 'no device in n (expected at least one)'),
  says(
    broken('a configuration of Nornir that names no file that is there', {
      files: {
        'config.yaml': 'inventory:\n  plugin: SimpleInventory\n  options:\n    host_file: inv/hosts.yaml\n',
      },
      sources: ['config.yaml'],
    }),
    'config.yaml:4:16: there is no such file (found "inv/hosts.yaml", expected a path from here or from this file)',
  ),
  says(
    broken('a directory without hosts.yaml', {
      files: { 'n/groups.yaml': 'a: {}\n' },
      sources: ['nornir:n'],
    }),
    "n:1:1: no inventory of Nornir's in this directory (expected hosts.yaml, or a config.yaml with an inventory)",
  ),
  says(
    tools('a device without an address', 'R1:\n  device_type: cisco_ios\n  username: admin\n'),
    '.netmiko.yml:1:1: device "R1" has no address (expected host, ip, ansible_host or hostname)',
  ),
  says(
    tools(
      'a group of devices that are not there',
      'R1: {device_type: cisco_ios, host: 10.0.0.1}\ncore: [R1, R2]\n',
    ),
    '.netmiko.yml:2:12: no device of this name (found "R2" in group "core", expected a device of this file; did you mean R1?)',
  ),
  says(
    tools('a group in itself', 'R1: {device_type: cisco_ios, host: 10.0.0.1}\na: [b]\nb: [a]\n'),
    '.netmiko.yml:2:1: group "a" is in itself (found a > b > a)',
    '.netmiko.yml:3:1: group "b" is in itself (found b > a > b)',
  ),
  says(
    tools('a device that is text', 'R1: {device_type: cisco_ios, host: 10.0.0.1}\nR2: 10.0.0.2\n'),
    '.netmiko.yml:2:1: "R2" cannot be read (found text of 8 characters, expected a map of a device or a list of names)',
  ),
  says(
    tools(
      'an encryption nobody knows',
      '__meta__: {encryption: true, encryption_type: aes256}\nR1: {device_type: cisco_ios, host: 10.0.0.1}\n',
    ),
    '.netmiko.yml:1:47: this encryption is not known (found "aes256", expected fernet or aes128)',
  ),
  says(
    tools('an unknown device_type', 'R1: {device_type: cisco_iso, host: 10.0.0.1}\n'),
    '.netmiko.yml:1:19: unknown platform (found "cisco_iso", expected a name that netsweep platforms list shows; did you mean cisco_ios?)',
  ),
  says(
    tools('a misspelt field', 'R1: {device_type: cisco_ios, hots: 10.0.0.1}\n'),
    '.netmiko.yml:1:1: device "R1" has no address (expected host, ip, ansible_host or hostname)',
    '.netmiko.yml:1:30: unknown field (found "hots"; did you mean host?)',
  ),
  says(
    tools('a list at the top', '- device_type: cisco_ios\n  hosst: 10.0.0.1\n'),
    '.netmiko.yml:1:1: this is no inventory of netmiko-tools (found a list of 1 item, expected a map of devices and of lists of their names)',
  ),
  says(
    db('a line of one column', 'R1:ios\nR2\n'),
    'router.db:2:1: this line does not fit (found 1 column, expected 2 as in name:platform)',
  ),
  says(
    db('further columns that nobody named', 'R1:10.0.0.1:ios:admin:topsecret\n'),
    'router.db:1:1: nobody says what these columns are (found 5 columns, expected name:model, or --map with a name for each; did you mean --map name:ip:model:-:-?)',
  ),
  says(
    db('an unknown model', 'R1:ioss\n'),
    'router.db:1:4: unknown platform (found "ioss", expected a name that netsweep platforms list shows; did you mean ios?)',
  ),
  says(
    db('an address that is none', '10.0.0.999:ios\n'),
    'router.db:1:1: host is not an address (found "10.0.0.999", expected an IPv4 or IPv6 address or a DNS name)',
  ),
  says(
    db('--map with an unknown column', 'R1:10.0.0.1:ios\n', 'name:adress:model'),
    '--map: unknown column (found "adress", expected name, ip, host, model, platform, group, username, password ..., or - for one that is not wanted; did you mean ip?)',
  ),
  says(
    db('--map without a name', 'ios:admin\n', 'model:username'),
    '--map: no column names the device (found "model:username", expected name or ip)',
  ),
  says(
    db('--map with a column twice', 'R1:10.0.0.1:ios\n', 'name:ip:ip'),
    '--map: a column is given twice (found "ip" in "name:ip:ip")',
  ),
  says(
    db('fewer columns than --map has', 'R1;10.0.0.1;ios\nR2;10.0.0.2\n', 'name;ip;model'),
    'router.db:2:1: this line does not fit (found 2 columns, expected 3 as in name;ip;model)',
  ),
  says(
    db('a state of RANCID that is none', 'R1;cisco;up\nR2;cisco;up|\n'),
    'router.db:2:10: unknown state (found "up|", expected up or down; did you mean up?)',
  ),
  says(
    db('a device twice', 'R1:ios\nR2:ios\nR1:ios\n'),
    'router.db:3:1: device "R1" is given twice (also at router.db:1:1)',
  ),
  says(
    db('no device that is up', 'R1;cisco;down\nR2;cisco;down\n'),
    'no device in router.db (found 2 devices, its state is "down"; expected at least one)',
  ),
  says(
    db('an IPv6 address between colons', 'R1:2001:db8::1:ios\n', 'name:ip:model'),
    'router.db:1:4: host is not an address (found "2001", expected an IPv4 or IPv6 address or a DNS name)',
    'router.db:1:9: unknown platform (found "db8", expected a name that netsweep platforms list shows)',
  ),
  says(
    db('a blank in a name', 'core 1:ios\n'),
    'router.db:1:1: host is not an address (found "core 1", expected an IPv4 or IPv6 address or a DNS name)',
    'router.db:1:1: name holds white space (found "core 1", expected a name without)',
  ),
  says(
    broken('a directory of RANCID without router.db', {
      files: { 'var/core/README': 'x' },
      sources: ['rancid:var'],
    }),
    'var:1:1: no router.db in this directory (expected router.db, or directories with one)',
  ),
];
