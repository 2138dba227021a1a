// What the read-only gate lets through.
import { describe, expect, test } from 'vitest';
import { rulesOf } from '../../agent/line/platform.js';
import { refusal } from '../../agent/session/gate.js';
import { Platforms } from '../../proto/platform.js';
import { COMMAND_PLATFORMS, HARMLESS, HOSTILE } from '../commands.js';

function why(platform: string, command: string, allowWrites = false): string | null {
  const rules = rulesOf(platform);
  if (!rules) throw new Error(`${platform} is missing`);
  return refusal(rules, command, allowWrites);
}

function allowed(platform: string, command: string, allowWrites = false): boolean {
  return why(platform, command, allowWrites) === null;
}

describe.each(['cisco_ios', 'cisco_xe'])('%s', (platform) => {
  test.each([
    'show running-config',
    'sh ver',
    'SHOW VERSION',
    '  show   ip route  ',
    'show run | include ^interface|address',
    'show run | section router bgp',
    'show run | begin line vty',
    'show logging | count x',
    'ping 10.0.0.1',
    'traceroute 10.0.0.1',
    'dir flash:',
    'more nvram:startup-config',
    'verify /md5 flash:image.bin',
  ])('lets %j through', (command) => {
    expect(allowed(platform, command)).toBe(true);
  });

  test.each([
    'reload',
    'rel',
    'configure terminal',
    'conf t',
    'clear counters',
    'copy running-config tftp:',
    'delete flash:x',
    'debug all',
    'do show version',
    'write memory',
    'wr',
    'shutdown',
    '',
    '   ',
    'show running-config | redirect tftp://10.0.0.1/x',
    'show running-config | tee flash:x',
    'show running-config | append flash:x',
    'show running-config | app flash:x',
    'show running-config | r flash:x',
    'show running-config |tee flash:x',
    'show running-config | TEE flash:x',
    'show running-config | include a | redirect flash:x',
    'show running-config > flash:x',
    'show version\nreload',
    'show version\rreload',
    'show version\x16reload',
    'show version\u2028reload',
    'show\u00a0version',
    'ѕhow version',
    'showversion',
  ])('refuses %j', (command) => {
    expect(allowed(platform, command)).toBe(false);
  });

  test('lets anything on one line through when writing is allowed', () => {
    expect(allowed(platform, 'reload', true)).toBe(true);
    expect(allowed(platform, 'show version\nreload', true)).toBe(false);
  });
});

describe('linux', () => {
  test.each(['uname -a', 'cat /etc/os-release', ' uptime '])('lets %j through', (command) => {
    expect(allowed('linux', command)).toBe(true);
  });

  test.each([
    'uname -a; reboot',
    'cat /etc/shadow',
    'uptime && id',
    'ls',
    'uname',
    'id $(reboot)',
    'id `reboot`',
  ])('refuses %j', (command) => {
    expect(allowed('linux', command)).toBe(false);
  });
});

describe('commands that are meant to get by', () => {
  test.each(COMMAND_PLATFORMS)('on %s none does', (platform) => {
    const hostile = HOSTILE.filter(([of]) => of === platform);
    expect(hostile.length).toBeGreaterThan(80);
    expect(hostile.filter(([, command]) => allowed(platform, command))).toEqual([]);
  });

  test.each(COMMAND_PLATFORMS)('on %s nothing harmless is refused', (platform) => {
    const harmless = HARMLESS.filter(([of]) => of === platform);
    expect(harmless.flatMap(([, command]) => why(platform, command) ?? [])).toEqual([]);
  });

  test('are many', () => {
    expect(COMMAND_PLATFORMS.length).toBeGreaterThanOrEqual(10);
    expect(HOSTILE.length).toBeGreaterThanOrEqual(500);
    expect(HARMLESS.length).toBeGreaterThanOrEqual(300);
  });

  test('say why they are refused', () => {
    const reasons = [
      ['cisco_ios', 'rel', '"rel" may be release or reload'],
      ['cisco_ios', 'frobnicate', '"frobnicate" is not known to read'],
      ['cisco_ios', 'show run | red flash:x', 'behind a pipe "red" may be redirect, which is not a filter'],
      [
        'frr',
        'show run | sort',
        'behind a pipe "sort" is not known to filter only (expected i, inc, incl, include)',
      ],
      ['cisco_ios', 'ping 10.0.0.1 repeat 99999', 'repeat is at most 1000'],
      ['juniper_junos', 'ping 10.0.0.1', 'without count it does not end'],
      ['cisco_xr', 'show tech', 'it may be "show tech-support", which does more than read'],
      ['cisco_ios', 'ѕhow version', '"ѕ" (U+0455) is not ASCII'],
      ['cisco_ios', 'show\u200b version', 'U+200B is not ASCII'],
      ['cisco_nxos', 'show version ; reload', '";" joins or redirects'],
      ['linux', 'ls', 'only whole commands are known to read'],
    ] as const;
    for (const [platform, command, reason] of reasons)
      expect(why(platform, command)).toBe(
        `${JSON.stringify(command)} is not a command that only reads on ${platform}: ${reason}`,
      );
  });

  test('get by with leave to write, unless they hold keys or a second line', () => {
    const rest = HOSTILE.filter(([platform, command]) => !allowed(platform, command, true));
    const keys = HOSTILE.filter(([, command]) => /[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800]|^ *$/.test(command));
    expect(rest).toEqual(keys);
  });
});

describe('every platform', () => {
  const platforms = new Platforms();
  const all = platforms.names.map((name) => platforms.get(name)).filter((platform) => platform !== undefined);

  test('takes what it runs by itself', () => {
    for (const { name, default_commands, reads_exactly } of all)
      expect([...default_commands, ...reads_exactly].flatMap((command) => why(name, command) ?? [])).toEqual(
        [],
      );
  });

  test('takes no word that acts for one that reads, however either is abbreviated', () => {
    for (const { name, reads, acts } of all) {
      const shortened = acts.flatMap((act) => Array.from(act, (_, at) => act.slice(0, at + 1)));
      const taken = shortened.filter((word) => allowed(name, word) && !reads.includes(word));
      expect([name, taken]).toEqual([name, []]);
    }
  });

  test('knows nothing as a filter that it knows as a sink', () => {
    for (const { filters, sinks } of all)
      expect(filters.filter((filter) => sinks.includes(filter))).toEqual([]);
  });

  test('refuses what any device would act on', () => {
    const anywhere = [
      'reload',
      'reboot',
      'configure terminal',
      'write',
      'delete x',
      'shutdown',
      'no x',
      'do x',
    ];
    for (const { name, default_commands } of all)
      for (const end of ['\nreload', '; reload', ' | tee x', ' | sh', ' > x', '\u2028x', ' é'])
        expect([name, end, allowed(name, `${default_commands[0]}${end}`)]).toEqual([name, end, false]);
    for (const { name } of all)
      expect([name, anywhere.filter((command) => allowed(name, command))]).toEqual([name, []]);
  });
});
