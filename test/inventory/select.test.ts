// Which devices a pattern, a name or a field means.
import { describe, expect, test } from 'vitest';
import { InputError } from '../../coordinator/inventory/inventory.ts';
import { type Selection, selectEntries } from '../../coordinator/inventory/select.ts';
import { directoryOf, entryOf } from './files.ts';

const ENTRIES = [
  entryOf({ name: 'core1', groups: ['core', 'dc1'], site: 'north', data: { rack: 'a1', tags: ['x', 'y'] } }),
  entryOf({ name: 'core2', groups: ['core', 'dc2'], site: 'south', data: { rack: 'a2' }, platform: 'frr' }),
  entryOf({ name: 'sw1', groups: ['access', 'dc1'], site: 'north', segment: 'east', host: '10.0.0.9' }),
  entryOf({ name: 'sw9', groups: ['access', 'dc2'], site: 'south', port: 830 }),
  entryOf({ name: '2001:db8::1', host: '2001:db8::1', platform: null }),
];

function select(selection: Selection): string[] {
  return selectEntries(ENTRIES, selection).map(({ name }) => name);
}

function refusal(selection: Selection): string {
  try {
    select(selection);
  } catch (error) {
    if (error instanceof InputError) return error.message;
    throw error;
  }
  throw new Error('nothing was wrong');
}

describe('a selection', () => {
  test.each([
    ['all', ['core1', 'core2', 'sw1', 'sw9', '2001:db8::1']],
    ['*', ['core1', 'core2', 'sw1', 'sw9', '2001:db8::1']],
    ['core1', ['core1']],
    ['core', ['core1', 'core2']],
    ['sw9:core1', ['core1', 'sw9']],
    ['sw9,core1', ['core1', 'sw9']],
    ['core:&dc1', ['core1']],
    ['dc1:!core', ['sw1']],
    ['!core', ['sw1', 'sw9', '2001:db8::1']],
    ['!core:dc1', ['sw1']],
    ['&dc1', ['core1', 'sw1']],
    ['core:access:&dc2:!sw9', ['core2']],
    ['sw*', ['sw1', 'sw9']],
    ['sw?', ['sw1', 'sw9']],
    ['sw[1-3]', ['sw1']],
    ['sw[!1]', ['sw9']],
    ['core[0]', ['core1']],
    ['dc1[-1]', ['sw1']],
    ['core[0:1]:!dc2', ['core1']],
    ['access[1:]', ['sw9']],
    ['all[2:3]', ['sw1', 'sw9']],
    ['core sw9', ['core1', 'core2', 'sw9']],
    ['ungrouped', ['2001:db8::1']],
    ['~(?i)SW', ['sw1', 'sw9']],
    ['~core\\-?1\\Z', ['core1']],
    ['~(?P<kind>core|sw)9', ['sw9']],
    ['c*1', ['core1']],
    ['d?1', ['core1', 'sw1']],
    ['~(core|sw)1$', ['core1', 'sw1']],
    ['~ore', []],
    ['~sw\\d,core1', ['core1', 'sw1', 'sw9']],
    ['~sw[1:9]', ['sw1', 'sw9']],
    ['2001:db8::1', ['2001:db8::1']],
    ['core1,2001:db8::1', ['core1', '2001:db8::1']],
    ['host=2001:db8::1', ['2001:db8::1']],
    ['site=north', ['core1', 'sw1']],
    ['site=n*:&core', ['core1']],
    ['core:!site=south', ['core1']],
    ['rack=a?', ['core1', 'core2']],
    ['tags=y', ['core1']],
    ['platform=frr', ['core2']],
    ['device_type=frr', ['core2']],
    ['port=830', ['sw9']],
    ['segment=east', ['sw1']],
    ['group=core', ['core1', 'core2']],
    ['name=sw1', ['sw1']],
  ])('by the pattern %s', (limit, expected) => {
    if (expected.length === 0) expect(refusal({ limit })).toContain('-l matches nothing');
    else expect(select({ limit })).toEqual(expected);
  });

  test('by the patterns of a file, one a line', () => {
    using directory = directoryOf({ again: '# failed yesterday\nsw9\n\ncore1\r\n!dc2\n', one: 'sw1\n' });
    expect(select({ limit: '@again', cwd: directory.path })).toEqual(['core1']);
    expect(select({ limit: 'access:!@one', cwd: directory.path })).toEqual(['sw9']);
  });

  test('by names, some of them left out, in the order of the inventory', () => {
    expect(select({ hosts: 'sw9, core1,sw1', exclude: 'sw1' })).toEqual(['core1', 'sw9']);
    expect(select({ limit: 'core', exclude: 'core2' })).toEqual(['core1']);
  });

  test.each<[Selection, string]>([
    [{ limit: 'cor' }, '-l matches nothing (found "cor", expected a device or a group; did you mean core?)'],
    [
      { limit: 'core:!sw8' },
      '-l matches nothing (found "sw8", expected a device or a group; did you mean sw1?)',
    ],
    [
      { limit: 'x,y' },
      '-l matches nothing (found "x", expected a device or a group)\n-l matches nothing (found "y", expected a device or a group)',
    ],
    [{ limit: 'stie=north' }, '-l names a field that no device has (found "stie"; did you mean site?)'],
    [
      { limit: 'site=nort' },
      '-l matches nothing (found "site=nort", expected a device or a group; did you mean site=north?)',
    ],
    [{ limit: 'password=x' }, '-l names a field that no device has (found "password")'],
    [{ limit: 'core[2]' }, '-l "core[2]": "core" has no position 2 (found 2 devices)'],
    [
      { limit: 'sw[1:3]' },
      '-l matches nothing (found "sw[1:3]", expected a device or a group; did you mean -w sw[1-3]?)',
    ],
    [{ limit: '~(' }, '-l "~(": this regular expression is not valid'],
    [{ limit: 'core:!' }, '-l has an empty term (found "core:!", expected a pattern after "!")'],
    [{ limit: ',' }, '-l names no device (found ",", expected a pattern)'],
    [{ limit: '@/nowhere/at/all' }, '-l @/nowhere/at/all: cannot be read (no such file or directory)'],
    [{ limit: '@/' }, '-l @/: cannot be read (this is a directory)'],
    [{ hosts: 'sw8' }, '-w names no device (found "sw8"; did you mean sw1?)'],
    [{ hosts: 'sw[1-9]' }, '-w names 7 devices that are not there (found sw[2-8])'],
    [{ exclude: 'sw[4-6]' }, '-x names 3 devices that are not there (found sw[4-6])'],
    [
      { exclude: 'core1,,sw1' },
      '-x column 7: nothing stands before an operator (found "core1,,sw1", expected a name on both sides of , ! & ^)',
    ],
    [
      { limit: 'core', exclude: 'core1,core2' },
      'no device is left of 5 devices (expected -l, -w and -x to leave at least one)',
    ],
  ])('refuses %o', (selection, message) => {
    expect(refusal(selection)).toBe(message);
  });

  test('stops a regular expression that would never end', () => {
    const slow = [entryOf({ name: `${'a'.repeat(60)}b` })];
    const started = process.cpuUsage();
    expect(() => selectEntries(slow, { limit: '~(a+)+$' })).toThrow('this regular expression takes too long');
    expect(process.cpuUsage(started).user / 1_000, 'CPU').toBeLessThan(10_000);
  });

  test('matches a glob of many stars at once', () => {
    const entries = [entryOf({ name: `${'a'.repeat(250)}b` })];
    const started = process.cpuUsage();
    expect(() => selectEntries(entries, { limit: `${'*a'.repeat(60)}*c` })).toThrow('matches nothing');
    expect(process.cpuUsage(started).user / 1_000, 'CPU').toBeLessThan(5_000);
  });
});
