// What the read-only gate lets through.
import { describe, expect, test } from 'vitest';
import { rulesOf } from '../../agent/line/platform.js';
import { refusal } from '../../agent/session/gate.js';

function allowed(platform: string, command: string, allowWrites = false): boolean {
  const rules = rulesOf(platform);
  if (!rules) throw new Error(`${platform} is missing`);
  return refusal(rules, command, allowWrites) === null;
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
