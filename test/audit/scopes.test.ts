// Which rules and waivers a device has, and what it is asked: by inventory, by the day, by a platform that is yet to be
// found out.
import { expect, test } from 'vitest';
import { bookOf, isFor } from '../../coordinator/audit/book.ts';
import { auditedOf, isAsked } from '../../coordinator/audit/scopes.ts';
import { entryOf } from '../../coordinator/inventory/entry.ts';
import { readTexts } from './policies.ts';

const POLICY = `netsweep_policy: 1
name: p
rules:
  - {id: ALL-1, severity: low, title: t, command: show clock, present: x}
  - {id: IOS-1, severity: low, title: t, devices: {platform: cisco_ios}, command: show running-config, present: x}
  - {id: TWO-1, severity: low, title: t, devices: {platform: [cisco_ios, linux]}, command: {cisco_ios: show version, linux: uname -a}, present: x}
waivers:
  - {rule: IOS-1, devices: 'R*', owner: gone, reason: CHG1, expires: '2026-11-22'}
  - {rule: IOS-1, devices: R1, owner: netops, reason: CHG2, expires: '2026-11-23'}
`;

function audited(platforms: string[], at = '2026-11-23T12:00:00Z') {
  const { policies, errors } = readTexts({ 'p.yaml': POLICY });
  expect(errors.filter((error) => !error.includes('expired'))).toEqual([]);
  const book = bookOf(policies, Date.parse(at));
  const entries = platforms.map((platform, n) => {
    const about = {
      name: `R${n + 1}`,
      host: `10.0.0.${n}`,
      groups: [],
      at: { file: '', line: 1, column: 1 },
    };
    return entryOf(about, { fields: { platform } });
  });
  return { book, devices: auditedOf(policies, book, entries) };
}

test('a device has the rules for its platform, and is asked what they need, each command once', () => {
  const { devices } = audited(['cisco_ios', 'linux', 'juniper_junos']);
  expect(devices.map(({ rules, commands }) => [rules, commands])).toEqual([
    [
      [0, 1, 2],
      ['show clock', 'show running-config', 'show version'],
    ],
    [
      [0, 2],
      ['show clock', 'uname -a'],
    ],
    [[0], ['show clock']],
  ]);
});

test('a platform that is yet to be found out has all rules that may be for it, and the commands of each platform', () => {
  const { book, devices } = audited(['auto']);
  const [device] = devices;
  expect([device?.rules, device?.commands]).toEqual([[0, 1, 2], []]);
  expect(device?.found).toEqual([
    { platform: '', commands: ['show clock'] },
    { platform: 'cisco_ios', commands: ['show clock', 'show running-config', 'show version'] },
    { platform: 'linux', commands: ['show clock', 'uname -a'] },
  ]);
  expect(device && isAsked(device)).toBe(true);
  const meant = (platform: string) => [0, 1, 2].filter((rule) => isFor(book, rule, platform));
  expect([meant('cisco_ios'), meant('linux'), meant('arista_eos'), meant('')]).toEqual([
    [0, 1, 2],
    [0, 2],
    [0],
    [0, 1, 2],
  ]);
});

test('a waiver waives to the end of its last day, one that holds goes before one that has expired', () => {
  const state = (at: string) => {
    const { book, devices } = audited(['cisco_ios', 'cisco_ios'], at);
    return devices
      .map(({ waivers }) => book.waivers[waivers[1] ?? -1])
      .map((one) => [one?.owner, one?.expired]);
  };
  expect(state('2026-11-23T23:59:59Z')).toEqual([
    ['netops', false],
    ['gone', true],
  ]);
  expect(state('2026-11-24T00:00:00Z')).toEqual([
    ['gone', true],
    ['gone', true],
  ]);
});
