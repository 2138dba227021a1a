import { describe, expect, test } from 'vitest';
import { compareVersions, familyOf } from '../../coordinator/audit/versions/version.ts';

/** `<`, `=`, `>`; `?`: no order; `!`: no version. */
function order(platform: string, one: string, other: string): string {
  const { read } = familyOf(platform);
  const [a, b] = [read(one), read(other)];
  if (a === null || b === null) return '!';
  const difference = compareVersions(a, b);
  return difference === null ? '?' : difference < 0 ? '<' : difference > 0 ? '>' : '=';
}

const CASES: [platform: string, one: string, order: string, other: string][] = [
  ['cisco_ios', '15.2(7)E8', '=', '15.2(7)E8'],
  ['cisco_ios', '15.2(7)E8', '<', '15.2(7)E10'],
  ['cisco_ios', '15.2(7)E0a', '>', '15.2(7)E'],
  ['cisco_ios', '15.2(7b)E', '>', '15.2(7)E8'],
  ['cisco_ios', '15.2(4)E10', '<', '15.2(7)E'],
  ['cisco_ios', '12.2(55)SE12', '>', '12.2(55)SE9'],
  ['cisco_ios', '15.7(3)M8', '<', '15.7(3)M10'],
  ['cisco_ios', '15.1(4)M12a', '>', '15.1(4)M12'],
  ['cisco_ios', '12.4(24)', '<', '12.4(25)'],
  ['cisco_ios', '12.4(24)T5', '?', '12.4(25)'],
  ['cisco_ios', '15.0(2)SE11', '?', '15.2(7)E8'],
  ['cisco_ios', '15.1(4)M12', '<', '15.2(4)M'],
  ['cisco_ios', '15.7(3)M8', '>', '15.2(4)M11'],
  ['cisco_ios', '15.2(4)E10', '>', '15.0(2)E'],
  ['cisco_ios', '12.2(55)SE12', '<', '15.0(2)SE11'],
  ['cisco_ios', '15.1(3)T4', '?', '15.1(4)M'],
  ['cisco_ios', '15.2(4)S', '?', '15.2(4)M'],
  ['cisco_ios', '12.3(26)', '<', '12.4(25)'],
  ['cisco_ios', '12.2(33)SXI14', '?', '12.2(33)SXJ1'],
  ['cisco_ios', '17.09.04a', '!', '15.2(7)E8'],
  ['cisco_ios', '15.2(20200924:215240)', '!', '15.2(7)E8'],
  ['cisco_xe', '17.09.04a', '=', '17.9.4a'],
  ['cisco_xe', '17.09.04', '<', '17.09.04a'],
  ['cisco_xe', '17.9.4a', '<', '17.12.1'],
  ['cisco_xe', '16.12.10', '>', '16.12.9a'],
  ['cisco_xe', '03.16.04b.S', '>', '03.16.04a.S'],
  ['cisco_xe', '3.16.4bS', '=', '03.16.04b.S'],
  ['cisco_xe', '03.06.05.E', '?', '03.16.04b.S'],
  ['cisco_xe', '03.16.04b.S', '?', '16.3.1'],
  ['cisco_xe', '15.2(4)S5', '?', '17.9.4'],
  ['cisco_xe', '15.2(4)S5', '<', '15.2(4)S6'],
  ['cisco_nxos', '10.3(4a)', '>', '10.3(4)'],
  ['cisco_nxos', '10.3(4a)', '=', '10.3(4a)M'],
  ['cisco_nxos', '10.2(5)M', '>', '10.2(3)F'],
  ['cisco_nxos', '9.3(9)', '<', '9.3(10)'],
  ['cisco_nxos', '9.3(10)', '<', '10.1(1)'],
  ['cisco_nxos', '7.0(3)I7(9)', '<', '7.0(3)I7(10)'],
  ['cisco_nxos', '7.0(3)I7(9)', '>', '7.0(3)I4(8b)'],
  ['cisco_nxos', '7.0(3)I7(9)', '?', '7.0(3)F3(5)'],
  ['arista_eos', '4.30.1F', '=', '4.30.1M'],
  ['arista_eos', '4.30.1F', '<', '4.30.10M'],
  ['arista_eos', '4.23.1F', '<', '4.23.1.1F'],
  ['arista_eos', '4.28.3M-2GB', '=', '4.28.3M'],
  ['arista_eos', '4.9.1F', '<', '4.30.1F'],
  ['juniper_junos', '21.4R3-S5', '>', '21.4R3-S4.9'],
  ['juniper_junos', '21.4R3-S5', '<', '21.4R3-S5.4'],
  ['juniper_junos', '21.4R3.15', '<', '21.4R3-S1'],
  ['juniper_junos', '21.4R3-S10', '>', '21.4R3-S9'],
  ['juniper_junos', '21.2R3', '<', '21.4R1'],
  ['juniper_junos', '12.3R12.4', '<', '21.4R3'],
  ['juniper_junos', '22.4R2.8-EVO', '?', '22.4R2.8'],
  ['juniper_junos', '15.1X53-D592', '>', '15.1X53-D59'],
  ['juniper_junos', '15.1X53-D592', '?', '15.1R7'],
  ['cisco_xr', '7.5.2', '<', '7.10.1'],
  ['cisco_asa', '9.16(4)', '<', '9.16(4)67'],
  ['paloalto_panos', '10.1.3', '<', '10.1.3-h1'],
  ['paloalto_panos', '10.1.3-h1', '?', '10.1.3.1'],
  ['fortinet', 'v7.2.5', '=', '7.2.5'],
  ['fortinet', 'latest', '!', '7.2.5'],
];

describe('versions have the order of their maker, and none over trains', () => {
  test.each(CASES)('%s: %s %s %s', (platform, one, expected, other) => {
    expect(order(platform, one, other)).toBe(expected);
    const mirrored = { '<': '>', '>': '<' }[expected] ?? expected;
    expect(order(platform, other, one)).toBe(mirrored);
  });
});
