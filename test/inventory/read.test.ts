// What good inventories of every shape come to.
import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readInventory } from '../../coordinator/inventory/read.ts';
import { directoryOf, entryOf, inventoryOf, platforms } from './files.ts';

const R1 = {
  name: 'R1',
  host: '10.0.0.1',
  port: 2222,
  platform: 'cisco_ios',
  username: 'admin',
  groups: ['core'],
};

async function entriesOf(file: string, content: string) {
  return (await inventoryOf({ [file]: content })).entries;
}

describe('an inventory', () => {
  test.each([
    [
      'a list in YAML',
      'a.yml',
      '- name: R1\n  host: 10.0.0.1\n  port: 2222\n  platform: cisco_ios\n  username: admin\n  groups: [core]\n',
    ],
    [
      'a map in YAML',
      'a.yaml',
      'groups: {core: {port: 2222}}\ndefaults: {platform: ios, username: admin}\ndevices: {R1: {host: 10.0.0.1, groups: [core]}}\n',
    ],
    [
      'JSON with tabs',
      'a.json',
      '[\n\t{\n\t\t"name": "R1", "ip": "10.0.0.1", "port": 2222,\n\t\t"device_type": "cisco_ios_ssh", "username": "admin", "groups": ["core"]\n\t}\n]\n',
    ],
    ['CSV', 'a.csv', 'name,host,port,platform,username,groups\nR1,10.0.0.1,2222,cisco_ios,admin,core\n'],
    [
      'CSV of a spreadsheet',
      'a.csv',
      '\ufeffName;Host;Port;Device Type;Username;Groups\r\n"R1";"10.0.0.1";2222;cisco_ios;admin;core\r\n',
    ],
    [
      'Python',
      'a.py',
      'R1 = {"device_type": "cisco_ios", "ip": "10.0.0.1", "port": 2222, "username": "admin"}\ncore = [R1]\n',
    ],
    [
      'a file without a telling name',
      'inventory',
      'import x\nR1 = {"device_type": "cisco_ios", "ip": "10.0.0.1", "port": 2222, "username": "admin"}\ncore = [R1]\n',
    ],
    [
      'CSV without a telling name',
      'devices.txt',
      'name,host,port,platform,username,groups\nR1,10.0.0.1,2222,cisco_ios,admin,core\n',
    ],
  ])('reads %s', async (_, file, content) => {
    expect(await entriesOf(file, content)).toEqual([
      entryOf({ ...R1, at: expect.objectContaining({ file }) }),
    ]);
  });

  test('lets a device count over its groups in order, a group over its parents, and all over defaults', async () => {
    const [entry] = await entriesOf(
      'a.yaml',
      `defaults: {site: d, segment: d, username: d, port: 1, rack: d, timeouts: {connect: 1, idle: 1}}
groups:
  top: {children: [one], site: top, segment: top, username: top, port: 2, timeouts: {connect: 2}}
  one: {site: one, segment: one, username: one}
  two: {site: two, segment: two, port: 4, rack: two}
devices:
  R1: {host: h, site: own, groups: [one, two]}
`,
    );
    expect(entry).toMatchObject({
      site: 'own',
      segment: 'one',
      username: 'one',
      port: 2,
      groups: ['one', 'top', 'two'],
    });
    expect(entry).toMatchObject({ data: { rack: 'two' }, limits: { connectMs: 2000, idleMs: 1000 } });
  });

  test.each([
    ['host', '{name: R1, host: a}', { name: 'R1', host: 'a', data: {} }],
    ['ip', '{name: R1, ip: 10.0.0.1}', { name: 'R1', host: '10.0.0.1', data: {} }],
    [
      'hostname alone, which is both',
      '{hostname: r1.example.com}',
      { name: 'r1.example.com', host: 'r1.example.com', data: {} },
    ],
    [
      'hostname beside ip, which is the name',
      '{hostname: R1, ip: 10.0.0.1}',
      { name: 'R1', host: '10.0.0.1', data: {} },
    ],
    [
      'hostname beside name and ip, which is data',
      '{name: R1, hostname: r1.example.com, ip: 10.0.0.1}',
      { name: 'R1', host: '10.0.0.1', data: { hostname: 'r1.example.com' } },
    ],
    [
      'hostname beside name, which is the address',
      '{name: R1, hostname: r1.example.com}',
      { name: 'R1', host: 'r1.example.com', data: {} },
    ],
    ['an IPv6 address', '{ip: "2001:db8::1"}', { name: '2001:db8::1', host: '2001:db8::1' }],
    ['an IPv6 address with a zone', '{name: R1, ip: "fe80::1%eth0"}', { host: 'fe80::1%eth0' }],
    ['an international name', '{name: R1, host: bücher.example}', { host: 'xn--bcher-kva.example' }],
    ['the same address by two synonyms', '{name: R1, host: a, ip: a}', { host: 'a' }],
  ])('takes as address %s', async (_, fields, expected) => {
    expect((await entriesOf('a.yaml', `- ${fields}\n`))[0]).toMatchObject(expected);
  });

  test("keeps other fields, and netmiko's other keys, as data", async () => {
    const [entry] = await entriesOf(
      'a.yaml',
      '- {host: h, global_delay_factor: 2, session_log: x.log, id: 7, state: active, tags: [a, 1], enabled: false, timeout: 5, where: {room: 2}}\n',
    );
    expect(entry?.data).toEqual({
      global_delay_factor: 2,
      session_log: 'x.log',
      id: 7,
      state: 'active',
      tags: ['a', 1],
      enabled: false,
      timeout: 5,
      where: { room: 2 },
    });
  });

  test('warns of a login under another name', async () => {
    const { warnings } = await inventoryOf({ 'a.yaml': '- {host: h, user: admin}\n' });
    expect(warnings.map(({ message }) => message)).toEqual([
      'user is kept as data and not used to log in (did you mean username?)',
    ]);
  });

  test.each([
    ['topsecret', { from: 'text', text: 'topsecret' }],
    ['plain:env:X', { from: 'text', text: 'env:X' }],
    ['plain:{{ x }}', { from: 'text', text: '{{ x }}' }],
    ['env:NETPASS', { from: 'env', variable: 'NETPASS' }],
    ['file:~/pw', { from: 'file', path: '/home/me/pw' }],
    ['file:/run/pw', { from: 'file', path: '/run/pw' }],
    ['cmd:pass show net/admin', { from: 'command', program: 'pass show net/admin' }],
    ['ask', { from: 'ask', question: 'Password' }],
  ])('reads the password %s', async (text, expected) => {
    const [entry] = await entriesOf('a.yaml', `- {name: R1, host: h, password: ${JSON.stringify(text)}}\n`);
    expect(entry?.password).toEqual({ ...expected, at: { file: 'a.yaml', line: 1, column: 33 } });
  });

  test('takes a key as a path beside the inventory, in the home directory, as a reference or as its text', async () => {
    using directory = directoryOf({
      'sub/a.yaml':
        '- {name: R1, host: h, key_file: keys/id}\n- {name: R2, host: i, private_key: ~/.ssh/id}\n- {name: R3, host: j, private_key_file: "env:KEY"}\n- {name: R4, host: k, private_key: "-----BEGIN X-----\\nabc\\n"}\n',
    });
    const io = { cwd: directory.path, stdin: process.stdin, env: { HOME: '/home/me' }, platforms };
    const { entries } = await readInventory(['sub/a.yaml'], io);
    expect(entries.map(({ privateKey }) => privateKey)).toMatchObject([
      { from: 'file', path: join(directory.path, 'sub/keys/id') },
      { from: 'file', path: '/home/me/.ssh/id' },
      { from: 'env', variable: 'KEY' },
      { from: 'text', text: '-----BEGIN X-----\nabc\n' },
    ]);
  });

  test('that others can write may not name a program', async () => {
    using directory = directoryOf({ 'a.yaml': '- {name: R1, host: h, password: "cmd:id"}\n' });
    const read = () =>
      readInventory(['a.yaml'], { cwd: directory.path, stdin: process.stdin, env: {}, platforms });
    expect((await read()).entries).toHaveLength(1);
    chmodSync(join(directory.path, 'a.yaml'), 0o666);
    await expect(read()).rejects.toThrow('a.yaml:1:33: password cannot use cmd: in this file');
  });

  test('takes empty and absent values of secrets and labels as not given', async () => {
    const [entry] = await entriesOf(
      'a.csv',
      'name,host,password,secret,site,groups,commands,port\nR1,h,,,,,,\n',
    );
    expect(entry).toMatchObject({
      password: null,
      enableSecret: null,
      site: '',
      groups: [],
      commands: [],
      port: null,
      segment: 'default',
    });
  });

  test("reads netmiko's names of logins and limits", async () => {
    const [entry] = await entriesOf(
      'a.py',
      'R1 = {"ip": "h", "use_keys": True, "key_file": "/k", "passphrase": "env:P", "allow_agent": False,\n  "pkey": None, "sock": None, "ssh_config_file": "lab.conf", "conn_timeout": 5, "auth_timeout": 7.5,\n  "read_timeout_override": 90, "timeouts": {"login": "9s"}}\n',
    );
    expect(entry).toMatchObject({
      useKeys: true,
      privateKey: { from: 'file', path: '/k' },
      passphrase: { from: 'env', variable: 'P' },
      sshAgent: false,
      sshConfig: { path: expect.stringMatching(/\/lab\.conf$/), at: { line: 2 } },
      limits: { connectMs: 5000, loginMs: 9000, commandMs: 90_000 },
      data: {},
    });
  });

  test('lets a limit of a device count over the same limit of its group, by whatever name', async () => {
    const [entry] = await entriesOf(
      'a.yaml',
      'groups: {g: {timeouts: {connect: 1, idle: 1}}}\ndevices: {R1: {host: h, groups: [g], conn_timeout: 3}}\n',
    );
    expect(entry?.limits).toEqual({ connectMs: 3000, idleMs: 1000 });
  });

  test('takes a certificate as a path or as its text, and a passphrase as any secret', async () => {
    const entries = await entriesOf(
      'a.yaml',
      '- {name: R1, host: h, certificate: /c, private_key_passphrase: ask}\n- {name: R2, host: i, certificate_file: "ssh-ed25519-cert-v01@openssh.com AAAA me"}\n',
    );
    expect(entries).toMatchObject([
      { certificate: { from: 'file', path: '/c' }, passphrase: { from: 'ask', question: 'Passphrase' } },
      { certificate: { from: 'text' } },
    ]);
  });

  test('keeps the spaces of a password in CSV and the semicolons of lists', async () => {
    const [entry] = await entriesOf(
      'a.csv',
      'name,host,password,groups,commands,timeouts\nR1, h ," top secret ",a; b,show version;show clock,connect=5;command=2m\n',
    );
    expect(entry).toMatchObject({ host: 'h', groups: ['a', 'b'], commands: ['show version', 'show clock'] });
    expect(entry).toMatchObject({
      password: { text: ' top secret ' },
      limits: { connectMs: 5000, commandMs: 120_000 },
    });
  });

  test('reads text that a spreadsheet broke over lines, and tells places after it rightly', async () => {
    const entries = await entriesOf(
      'a.csv',
      'name,host,note\r\nR1,h,"two\r\nlines, and a ""quote"""\r\n# comment\r\n\r\nR2,i,x\r\n',
    );
    expect(entries.map(({ name, at, data }) => [name, at.line, at.column, data.note])).toEqual([
      ['R1', 2, 1, 'two\nlines, and a "quote"'],
      ['R2', 6, 1, 'x'],
    ]);
  });

  test("follows YAML's anchors and merge keys", async () => {
    const entries = await entriesOf(
      'a.yaml',
      '- &base {name: R1, host: a, port: 830}\n- {<<: *base, name: R2, host: b}\n- {<<: [*base], name: R3, host: c, port: 22}\n',
    );
    expect(entries.map(({ name, port }) => [name, port])).toEqual([
      ['R1', 830],
      ['R2', 830],
      ['R3', 22],
    ]);
  });

  test('repeats an anchor for a thousand devices', async () => {
    const devices = Array.from(
      { length: 1000 },
      (_, index) => `- {<<: *base, name: R${index}, host: h${index}}\n`,
    );
    const content = `- &base {name: base, host: b, port: 830}\n${devices.join('')}`;
    expect(await entriesOf('a.yaml', content)).toHaveLength(1001);
  });

  test('puts the files of a directory together in the order of their names', async () => {
    const files = {
      'd/b.csv': 'name,host\nR2,b\n',
      'd/a.yaml': '- {name: R1, host: a}\n',
      'd/c.py': 'R3 = {"ip": "c"}\n',
      'd/.hidden.yaml': 'x',
      'd/README.md': 'x',
      'd/sub/x.yaml': 'x',
    };
    const { entries } = await inventoryOf(files, { sources: ['d'] });
    expect(entries.map(({ name, at }) => [name, at.file])).toEqual([
      ['R1', 'd/a.yaml'],
      ['R2', 'd/b.csv'],
      ['R3', 'd/c.py'],
    ]);
  });

  test('shares groups between its files', async () => {
    const { entries } = await inventoryOf({
      'a.yaml': 'groups: {core: {port: 830}}\n',
      'b.yaml': '- {name: R1, host: h, groups: [core, other]}\n',
    });
    expect(entries[0]).toMatchObject({ port: 830, groups: ['core', 'other'] });
  });

  test('reads standard input by its content', async () => {
    for (const stdin of [
      '[{"name": "R1", "host": "h"}]',
      'name,host\nR1,h\n',
      'R1 = {"ip": "h"}\n',
      '- name: R1\n  host: h\n',
    ]) {
      const { entries } = await inventoryOf({}, { sources: ['-'], stdin });
      expect(entries.map(({ name, host, at }) => [name, host, at.file])).toEqual([['R1', 'h', '-']]);
    }
  });

  test('warns of one address under two names, however it is spelt', async () => {
    const { warnings } = await inventoryOf({
      'a.yaml':
        '- {name: R1, host: "2001:db8::1"}\n- {name: R2, host: "2001:DB8:0::1"}\n- {name: R3, host: "2001:db8::1", port: 830}\n- {name: R4, host: "2001:db8::1", segment: east}\n- {name: R5, host: "2001:db8::1", jump: b}\n',
    });
    expect(warnings).toEqual([
      {
        at: { file: 'a.yaml', line: 2, column: 3 },
        message:
          '"R2" has the address of "R1" at a.yaml:1:3 (2001:DB8:0::1 port 22 in segment default); their sessions wait for each other',
      },
    ]);
  });
});

describe('a Python file', () => {
  test('may be a whole program, which is not run', async () => {
    const entries = await entriesOf(
      'nodes.py',
      `#!/usr/bin/env python3
"""Back up the lab."""
from __future__ import annotations
import sys, os
from netmiko import ConnectHandler

USER = 'ad' "min"
PASSWORDS = {"a": r"top\\secret", 'b': 'x'}
common = {"device_type": "cisco_ios", "username": USER, "password": 'top\\x73ecret', "session_timeout": 10 * 2}
R1 = {**common, "ip": "10.10.88.110", "port": 0x16}
R2: dict = dict(common, host='10.10.88.111', secret="""s"""  # the enable secret
                )
R3, R4 = {"ip": "c", "name": "core-3", "fast_cli": False}, {"ip": "d", "commands": ("show version",)}
nodes = [R1, R2]
alias = R1
by_site = {"north": {"host": "e", "site": "n"}, "south": R2}
more = [*nodes, {"ip": "f"}]
results = []

def main() -> None:
    for node in nodes:
        with ConnectHandler(**node) as connection:
            results.append(connection.send_command("show run"))

class X: pass

@decorated
def other(): ...

if __name__ == "__main__":
    R9 = {"device_type": "cisco_ios", "ip": "z"}
    main(); sys.exit(0)
`,
    );
    expect(entries.map(({ name, host, groups }) => [name, host, ...groups])).toEqual([
      ['R1', '10.10.88.110', 'nodes', 'more'],
      ['R2', '10.10.88.111', 'nodes', 'by_site', 'more'],
      ['core-3', 'c'],
      ['R4', 'd'],
      ['north', 'e', 'by_site'],
      ['f', 'f', 'more'],
    ]);
    expect(entries[0]).toMatchObject({
      port: 22,
      username: 'admin',
      password: { text: 'topsecret' },
      data: {},
    });
    expect(entries[1]).toMatchObject({ enableSecret: { text: 's', at: { line: 11 } } });
    expect(entries[3]).toMatchObject({ commands: ['show version'] });
  });

  test.each([
    ["'a\\'b'", "a'b"],
    ['"a\\"b"', 'a"b'],
    ['r"a\\nb"', 'a\\nb'],
    ['u"\\u00e9\\x41\\101"', 'éAA'],
    ['f"a{{b}}"', 'a{b}'],
    ['("a" "b"\n  "c")', 'abc'],
    ['"""a"b"""', 'a"b'],
    ['"\\q"', '\\q'],
    ['"a\\\nb"', 'ab'],
    ['-1_000', -1000],
    ['1e3', 1000],
    ['0b11', 3],
    ['True', true],
    ['None', null],
    ['(1, "a", [2.5])', [1, 'a', [2.5]]],
    ['()', []],
  ])('reads %s as Python does', async (literal, value) => {
    const [entry] = await entriesOf('a.py', `R1 = {"ip": "h", "note": ${literal}}\n`);
    expect(entry?.data.note).toEqual(value);
  });
});
