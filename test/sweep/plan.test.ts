// What a sweep would do, and what is refused before anything is touched.
import { describe, expect, test } from 'vitest';
import { InputError, type ReadyEntry } from '../../coordinator/inventory/inventory.ts';
import {
  checkCommandWords,
  checkReachableOnce,
  endpointKey,
  planSweep,
} from '../../coordinator/sweep/plan.ts';
import { printLogin, printWay } from '../../coordinator/sweep/planlogins.ts';
import { printPace } from '../../coordinator/sweep/planpace.ts';
import { Device, SweepOptions } from '../../proto/gen/netsweep/v1/model.ts';
import { Platforms } from '../../proto/platform.ts';
import { readsOnly } from '../../proto/readonly.ts';
import { entryOf } from '../inventory/files.ts';

const platforms = new Platforms();
const known = ['cisco_ios', 'linux']
  .map((name) => platforms.get(name))
  .filter((platform) => platform !== undefined);
const AT = { file: 'a.yaml', line: 7, column: 3 };

function plan(entries: Partial<ReadyEntry>[], commands: string[] = [], options: Partial<SweepOptions> = {}) {
  return planSweep({
    entries: entries.map(entryOf),
    commands,
    options: SweepOptions.create({ forks: 500, ...options }),
    platforms,
  });
}

function refusal(work: () => unknown): string[] {
  try {
    work();
  } catch (error) {
    if (error instanceof InputError) return error.message.split('\n');
    throw error;
  }
  throw new Error('nothing was wrong');
}

describe('a plan', () => {
  test('has every device once, in inventory order, ready for the wire', () => {
    const { devices } = plan([
      {
        name: 'R1',
        port: 830,
        site: 'north',
        groups: ['core'],
        limits: { idleMs: 5 },
        enableCommand: 'enable 7',
      },
      { name: 'R2', platform: 'linux', enableSecret: { from: 'env', variable: 'X', at: AT } },
      {
        name: 'R3',
        commands: ['show clock'],
        enable: false,
        enableSecret: { from: 'env', variable: 'X', at: AT },
      },
    ]);
    expect(devices.map(({ index, name, commands, enable }) => [index, name, enable, ...commands])).toEqual([
      [0, 'R1', false, 'show running-config'],
      [1, 'R2', true, 'uname -a'],
      [2, 'R3', false, 'show clock'],
    ]);
    expect(devices[0]).toEqual({
      index: 0,
      name: 'R1',
      jump: [],
      legacy: false,
      domain: '',
      host: '10.0.0.1',
      port: 830,
      platform: 'cisco_ios',
      segment: 'default',
      site: 'north',
      groups: ['core'],
      commands: ['show running-config'],
      credential: '',
      enable: false,
      enableCommand: 'enable 7',
      foundCommands: [],
      limits: { connectMs: 0, loginMs: 0, idleMs: 5, commandMs: 0, deviceMs: 0 },
    });
  });

  test("runs the command line's commands on every device when there are any", () => {
    const { devices, commands } = plan([{}, { commands: ['show clock'] }], ['show version', 'show ip route']);
    expect(devices.map((device) => device.commands)).toEqual([
      ['show version', 'show ip route'],
      ['show version', 'show ip route'],
    ]);
    expect(commands).toEqual([
      { command: 'show version', devices: 2, notReading: [] },
      { command: 'show ip route', devices: 2, notReading: [] },
    ]);
  });

  test('counts segments, sites, agents, sessions and time', () => {
    const made = planSweep({
      entries: Array.from({ length: 10 }, (_, index) =>
        entryOf({ name: `R${index}`, segment: `s${index % 5}`, site: index < 5 ? 'north' : '' }),
      ),
      commands: [],
      options: SweepOptions.create({ forks: 4 }),
      platforms,
      cores: 2,
    });
    expect(made.places).toHaveLength(10);
    expect(made.places[0]).toEqual({ segment: 's0', site: 'north', devices: 1 });
    expect([made.agents, made.sessions, made.estimateMs]).toEqual([3, 4, 9000]);
    const ten = Array.from({ length: 10 }, (_, index) => ({ name: `R${index}` }));
    const staged = plan(ten, [], { forks: 4, canary: 1, batch: 3 });
    expect(staged.estimateMs).toBe(4 * 3000);
    expect(staged.stages.map(({ name, devices }) => [name, devices.length])).toEqual([
      ['canary', 1],
      ...[1, 2, 3].map((batch) => [`batch ${batch} of 3`, 3]),
    ]);
  });

  test('has no more under way than may fail, once it may write', () => {
    const ten = Array.from({ length: 10 }, (_, index) => ({ name: `R${index}` }));
    const writing = plan(ten, ['reload'], { allowWrites: true, maxFail: 2 });
    expect([writing.sessions, writing.estimateMs]).toEqual([2, 5 * 3000]);
    expect(writing.commands[0]?.notReading).toEqual([
      { platform: 'cisco_ios', why: '"reload" does more than read' },
    ]);
  });

  test('shows rates and caps, and how long each domain and each full site makes the sweep', () => {
    const entries = Array.from({ length: 900 }, (_, index) =>
      entryOf({
        ...{ name: `R${index}`, host: index < 800 ? `10.0.${index >> 8}.${index & 255}` : '127.0.0.1' },
        site: index < 600 ? 'north' : '',
        data: index < 700 ? { aaa: 'tacacs1' } : {},
      }),
    );
    const options = SweepOptions.create({ forks: 500, loginRate: 5, siteSessions: 20 });
    const made = planSweep({ entries, commands: [], options, platforms });
    expect(made.devices[0]?.domain).toBe('tacacs1');
    expect(made.estimateMs).toBe(140_000);
    expect(printPace(made.pace, (ms) => `${ms / 1000} s`)).toEqual([
      '5 logins per second in each domain; 100 devices on loopback at any rate',
      'logins, domain tacacs1: 700 devices, about 140 s',
      'logins: 100 devices, about 20 s',
      '20 sessions at most at a site or jump host',
      'site north: 600 devices, about 90 s',
    ]);
  });

  test('has the way to each device, without the logins that are resolved later', () => {
    const login = entryOf({ name: 'b1', username: 'ops', password: { from: 'env', variable: 'B', at: AT } });
    const via = [
      { host: '10.0.0.9', port: 22, username: null, login, legacy: false },
      { host: '::1', port: 2222, username: 'me', login: null, legacy: false },
    ];
    const made = plan([{ via, legacy: true }, { name: 'R2', via, legacy: true }, { name: 'R3' }]);
    expect(made.devices[0]).toMatchObject({
      legacy: true,
      jump: [
        { host: '10.0.0.9', port: 22, credential: '', username: '' },
        { host: '::1', port: 2222, credential: '', username: 'me' },
      ],
    });
    expect(made.ways.map(printWay)).toEqual([
      "jump         ops@10.0.0.9:22 with password from env:B, then me@[::1]:2222 with the device's login (2 devices)",
    ]);
    expect(made.ways[0]?.names).toEqual(['R1', 'R2']);
  });

  test('tells where keys, passphrases and certificates come from, and of the ssh-agent', () => {
    const file = (path: string) => ({ from: 'file' as const, path, at: null });
    const { logins: rows } = plan([
      {
        privateKey: file('/k'),
        passphrase: { from: 'env', variable: 'P', at: AT },
        certificate: file('/k-cert.pub'),
      },
      { name: 'R2', privateKey: { ...file('/home/me/.ssh/id'), found: true } },
      { name: 'R3', sshAgent: true, certificate: file('/c') },
      { name: 'R4', certificate: file('/unused') },
    ]);
    expect(rows.map(printLogin)[3]).toBe(
      'login        no group: user admin, no password and no key (1 device)',
    );
    expect(rows.map(({ sources }) => sources)).toEqual([
      ['private key from --private-key /k with a passphrase from env:P', 'certificate from file:/k-cert.pub'],
      ['private key from file:/home/me/.ssh/id'],
      ['certificate from file:/c', 'ssh-agent'],
      [],
    ]);
  });

  test('refuses devices without a platform, all at their places', () => {
    expect(
      refusal(() =>
        plan([
          { platform: null, at: AT },
          { name: 'R2' },
          { name: 'R3', platform: null, at: { ...AT, line: 9 } },
        ]),
      ),
    ).toEqual([
      'a.yaml:7:3: device "R1" has no platform (set platform or device_type, or --platform NAME; auto finds it out)',
      'a.yaml:9:3: device "R3" has no platform (set platform or device_type, or --platform NAME; auto finds it out)',
    ]);
  });

  test.each([
    [
      ['reload'],
      '"reload" is not a reading command of cisco_ios: "reload" does more than read (expected a command that starts with show, sho, sh, ping, traceroute, dir, more, verify and writes nowhere; --allow-writes lifts this)',
    ],
    [
      ['shwo version'],
      '"shwo version" is not a reading command of cisco_ios: "shwo" is not known to read (expected a command that starts with show, sho, sh, ping, traceroute, dir, more, verify and writes nowhere; --allow-writes lifts this; did you mean "show version"?)',
    ],
    [
      ['show run | redirect tftp://h/x'],
      '"show run | redirect tftp://h/x" is not a reading command of cisco_ios: behind a pipe "redirect" is not a filter (expected a command that starts with show, sho, sh, ping, traceroute, dir, more, verify and writes nowhere; --allow-writes lifts this)',
    ],
    [
      ['show version\nreload'],
      'a command holds a control character (found "show version\\nreload", expected one line)',
    ],
    [[' '], 'a command is empty (expected 1 to 1000 characters)'],
    [['x'.repeat(1001)], 'a command is too long (found 1001 characters, expected at most 1000)'],
  ])('refuses %j before anything is touched', (commands, message) => {
    expect(refusal(() => plan([{}], commands))[0]).toBe(message);
  });

  test('refuses to gain privileges by a command that does more', () => {
    const entry = { enable: true, enableCommand: 'reload' };
    expect(refusal(() => plan([entry]))).toEqual([
      'enable_command is more than a way to gain privileges on cisco_ios (found "reload", expected one that starts with "enable"; --allow-writes lifts this)',
    ]);
    expect(plan([{ ...entry, enableCommand: 'enable 7' }]).devices).toHaveLength(1);
  });

  test('lets a command pass that one platform takes, and every command with leave to write', () => {
    expect(plan([{}, { name: 'R2', platform: 'linux' }], ['uptime', 'show clock']).devices).toHaveLength(2);
    expect(plan([{}], ['reload'], { allowWrites: true }).devices).toHaveLength(1);
  });
});

describe('an endpoint', () => {
  test('is one for all spellings of an address', () => {
    const key = (host: string) => endpointKey({ segment: 's', host, port: 22 });
    expect(key('2001:DB8:0:0::1')).toBe(key('2001:db8::1'));
    expect(key('R1.Example.com.')).toBe(key('r1.example.com'));
    expect(key('10.0.0.1')).not.toBe(key('10.0.0.2'));
    expect(endpointKey({ segment: 's', host: 'h', port: 22 })).not.toBe(
      endpointKey({ segment: 't', host: 'h', port: 22 }),
    );
  });

  test('in two segments cannot be reached from one host', () => {
    const device = (name: string, segment: string, port = 22) =>
      Device.create({ name, segment, host: '10.0.0.1', port });
    checkReachableOnce([device('R1', 'a'), device('R2', 'a'), device('R3', 'b', 23)]);
    expect(refusal(() => checkReachableOnce([device('R1', 'a'), device('R2', 'b')]))).toEqual([
      '"R1" in segment a and "R2" in segment b have one address (found 10.0.0.1 port 22 twice, expected jump hosts of their own, or agents of their own through --coordinator)',
    ]);
  });

  test('in two segments is another behind another jump host', () => {
    const hop = (host: string) => ({ host, port: 22, credential: '', username: '' });
    const device = (name: string, segment: string, ...jump: string[]) =>
      Device.create({ name, segment, host: '10.0.0.1', port: 22, jump: jump.map(hop) });
    checkReachableOnce([device('R1', 'a'), device('R2', 'b', 'b1'), device('R3', 'c', 'b1', 'b2')]);
    expect(
      refusal(() => checkReachableOnce([device('R1', 'a', 'b1'), device('R2', 'b', 'B1')])),
    ).toHaveLength(1);
  });
});

describe('commands of one word', () => {
  test.each([
    [['show', 'version'], '2 commands of one word (found "show" "version"; did you mean "show version"?)'],
    [
      ['show', 'ip', 'route'],
      '3 commands of one word (found "show" "ip" "route"; did you mean "show ip route"?)',
    ],
    [
      ['show clock', 'show', 'version', 'show vlan'],
      '2 commands of one word (found "show" "version"; did you mean "show version"?)',
    ],
  ])('%j are one', (commands, message) => {
    expect(refusal(() => checkCommandWords(commands, known))).toEqual([message]);
  });

  test.each([
    [['show version']],
    [['show version', 'show clock']],
    [['uptime', 'date']],
    [['dir', 'verify']],
    [['show']],
    [[]],
  ])('%j stay as they are', (commands) => {
    checkCommandWords(commands, known);
  });
});

describe('what only reads', () => {
  test.each([
    ['cisco_ios', 'show version', true],
    ['cisco_ios', ' SHOW  version ', true],
    ['cisco_ios', 'show run | include hostname', true],
    ['cisco_ios', 'show run | REDIRECT flash:x', false],
    ['cisco_ios', 'show run | append flash:x', false],
    ['cisco_ios', 'configure terminal', false],
    ['cisco_ios', 'showx', false],
    ['cisco_ios', 'show version\rreload', false],
    ['cisco_ios', 'show version\u2028reload', false],
    ['cisco_ios', '', false],
    ['cisco_ios', `show ${'x'.repeat(1000)}`, false],
    ['linux', 'uname -a', true],
    ['linux', 'uname  -a', true],
    ['linux', 'uname -a; reboot', false],
    ['linux', 'rm -rf /', false],
    ['linux', 'show version', false],
  ])('on %s: %j is %s', (name, command, expected) => {
    const platform = platforms.get(name);
    expect(platform && readsOnly(platform, command)).toBe(expected);
  });
});
