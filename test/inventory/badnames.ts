// Lists of names, nodesets and patterns that are wrong, each with everything a user is told about it. Read by bad.test.ts.
import type { Selection } from '../../coordinator/inventory/select.ts';
import { type Broken, broken, says } from './broken.ts';

const DEVICES =
  'devices:\n  R1: {host: 10.0.0.1, platform: cisco_ios, site: zrh, groups: [core]}\n  R2: {host: 10.0.0.2, platform: cisco_ios, site: zrh, groups: [core]}\n  sw1: {host: 10.0.1.1, platform: arista_eos, site: gva, groups: [edge]}\ngroups: {core: {}, edge: {}}\n';
const list = (title: string, text: string): Broken => broken(title, { files: { 'hosts.txt': text } });
const set = (title: string, source: string): Broken => broken(title, { files: {}, sources: [source] });
const sel = (title: string, selection: Selection): Broken =>
  broken(title, { files: { 'a.yaml': DEVICES }, selection });

export const BAD_NAMES: Broken[] = [
  says(
    list('a name with an underscore and a space before', 'R1\n  R2 #old\nR3 extra!\n'),
    'hosts.txt:3:9: nothing stands after an operator (found "extra!", expected a name on both sides of , ! & ^)',
  ),
  says(
    list('an address out of range', '10.0.0.1\n10.0.0.256\n'),
    'hosts.txt:2:1: host is not an address (found "10.0.0.256", expected an IPv4 or IPv6 address or a DNS name)',
  ),
  says(
    list('a network', '10.0.0.0/24\n10.0.0.9\n'),
    'hosts.txt:1:1: host is not an address (found "10.0.0.0/24", expected an IPv4 or IPv6 address or a DNS name; did you mean 10.0.0.0?)',
  ),
  says(
    list('a port that is none', 'R1:22\nR2:99999\n'),
    'hosts.txt:2:1: port is not a port number (found "99999", expected a whole number from 1 to 65535)',
  ),
  says(
    list('a user without a name', 'admin@R1\n@R2\n'),
    'hosts.txt:2:1: a group without an inventory (found "@R2", expected names)',
  ),
  says(
    list('a bracket never closed', 'sw[1-3\nR1\n'),
    'hosts.txt:1:3: a bracket that is never closed (found "sw[1-3", expected ])',
  ),
  says(
    list('a range that counts down', 'sw[9-1]\nR1\n'),
    'hosts.txt:1:4: a range that counts down (found "9-1", expected "1-9")',
  ),
  says(
    list('a device twice', 'R1\nR2\nR1\n'),
    'hosts.txt:3:1: device "R1" is given twice (also at hosts.txt:1:1)',
  ),
  says(
    list('a password', 'admin:topsecret@10.0.0.1\n10.0.0.2\n'),
    'hosts.txt:1:6: a password stands in a list of names (expected USER@HOST, and the password by -k or --password-file)',
  ),
  says(
    list('two addresses on a line', '10.0.0.1 R1 10.0.0.2 R2\n10.0.0.3 R3\n'),
    'hosts.txt:1:13: a second address stands in this line (found "10.0.0.2", expected one address and its names on each line)',
  ),
  says(
    list('an address of IPv6 that is none', '2001:db8::1\n2001:db8:::2\n'),
    'hosts.txt:2:1: host is not an address (found "2001:db8:::2", expected an IPv4 or IPv6 address or a DNS name)',
  ),
  says(
    list('a URL', 'https://10.0.0.1\n10.0.0.2\n'),
    'hosts.txt:1:1: host is not an address (found "https://10.0.0.1", expected an IPv4 or IPv6 address or a DNS name; did you mean 10.0.0.1?)',
  ),
  says(
    list('a range of Ansible', 'sw[1:3]\nR1\n'),
    'hosts.txt:1:4: no range (found "1:3", expected as in [1-8], [01-20/2] or [1,5-7])',
  ),
  says(
    set('a nodeset with an open bracket', 'nodeset:sw[1-9'),
    'nodeset:1:3: a bracket that is never closed (found "sw[1-9", expected ])',
  ),
  says(
    set('a nodeset of nothing', 'nodeset:sw[1-3]!sw[1-3]'),
    'nodeset:1:1: this names no device (found "sw[1-3]!sw[1-3]")',
  ),
  says(
    set('a nodeset with a group', 'nodeset:@core'),
    'nodeset:1:1: a group without an inventory (found "@core", expected names)',
  ),
  says(
    set('a nodeset with a pattern', 'nodeset:sw*'),
    'nodeset:1:1: a pattern without an inventory (found "sw*", expected names)',
  ),
  says(set('an empty nodeset', 'nodeset:'), 'no device in nodeset: (expected at least one)'),
  says(
    set('a nodeset of millions', 'nodeset:sw[1-9000000]'),
    'nodeset:1:4: too many names (found 9000000, expected at most 1000000)',
  ),
  says(
    set('a nodeset of two ranges side by side', 'nodeset:r[1-2][0-9]'),
    'nodeset:1:7: two brackets without text between (found "r[1-2][0-9]", expected one as [10-29])',
  ),
  says(
    set('a nodeset of other widths', 'nodeset:sw[1-010]'),
    'nodeset:1:4: the ends have other widths (found "1-010", expected as in [001-010])',
  ),
  says(
    set('a shape misspelt', 'nodset:sw[1-3]'),
    'nodset:sw[1-3]:1:1: cannot be read (no such file or directory; did you mean nodeset:sw[1-3]?)',
  ),
  says(
    set('a nodeset without its name', 'sw[1-3]'),
    'sw[1-3]:1:1: cannot be read (no such file or directory; did you mean nodeset:sw[1-3]?)',
  ),
  says(
    sel('-l of a misspelt group', { limit: 'cor' }),
    '-l matches nothing (found "cor", expected a device or a group; did you mean core?)',
  ),
  says(
    sel('-l of a misspelt device', { limit: 'core:!sw11' }),
    '-l matches nothing (found "sw11", expected a device or a group; did you mean sw1?)',
  ),
  says(
    sel('-l of a field that no device has', { limit: 'sit=zrh' }),
    '-l names a field that no device has (found "sit"; did you mean site?)',
  ),
  says(
    sel('-l of a value that no device has', { limit: 'site=zhr' }),
    '-l matches nothing (found "site=zhr", expected a device or a group; did you mean site=zrh?)',
  ),
  says(
    sel('-l of a regular expression never closed', { limit: '~R(1' }),
    '-l "~R(1": this regular expression is not valid',
  ),
  says(
    sel('-l of a position that is not there', { limit: 'core[7]' }),
    '-l "core[7]": "core" has no position 7 (found 2 devices)',
  ),
  says(
    sel('-l that leaves nothing', { limit: 'core:!core' }),
    'no device is left of 3 devices (expected -l, -w and -x to leave at least one)',
  ),
  says(
    sel('-l of a file that is not there', { limit: '@failed.txt' }),
    '-l @failed.txt: cannot be read (no such file or directory)',
  ),
  says(sel('-l of nothing', { limit: ',' }), '-l names no device (found ",", expected a pattern)'),
  says(
    sel('-l of an empty term', { limit: 'core:&' }),
    '-l has an empty term (found "core:&", expected a pattern after "&")',
  ),
  says(
    sel('-l of a password', { limit: 'password=topsecret' }),
    '-l names a field that no device has (found "password")',
  ),
  says(
    sel('-w of a device that is not there', { hosts: 'R1,R3' }),
    '-w names no device (found "R3"; did you mean R1?)',
  ),
  says(
    sel('-w of devices that are not there', { hosts: 'R[1-9]' }),
    '-w names 7 devices that are not there (found R[3-9])',
  ),
  says(
    sel('-w of a misspelt group', { hosts: '@cores' }),
    '-w column 1: no such group (found "@cores", expected a group of the inventory; did you mean core?)',
  ),
  says(
    sel('-w of a bracket never closed', { hosts: 'R[1-2' }),
    '-w column 2: a bracket that is never closed (found "R[1-2", expected ])',
  ),
  says(
    sel('-w of an operator with nothing behind it', { hosts: 'R1!' }),
    '-w column 3: nothing stands after an operator (found "R1!", expected a name on both sides of , ! & ^)',
  ),
  says(sel('-w that leaves nothing', { hosts: '@core!R*' }), '-w names no device (found "@core!R*")'),
  says(sel('-w of nothing that matches', { hosts: 'sw9*' }), '-w names no device (found "sw9*")'),
  says(
    sel('-x of a device that is not there', { exclude: 'R9' }),
    '-x names no device (found "R9"; did you mean R1?)',
  ),
  says(
    sel('-x of everything', { exclude: '@*' }),
    'no device is left of 3 devices (expected -l, -w and -x to leave at least one)',
  ),
  says(
    sel('-x of a misspelt group', { exclude: '@edg' }),
    '-x column 1: no such group (found "@edg", expected a group of the inventory; did you mean edge?)',
  ),
];
