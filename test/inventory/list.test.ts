// Names as people write them down, with and without a file.
import { describe, expect, test } from 'vitest';
import { errorsOf, inventoryOf } from './files.ts';

async function rows(files: Record<string, string>, sources = Object.keys(files)) {
  const { entries } = await inventoryOf(files, { sources });
  return entries.map(({ name, host, port, username }) => [name, host, port, username]);
}

const LIST = `# the lab in Zurich
sw1
admin@sw2:2222      # console
sw[10-11].zrh, sw12.zrh

10.0.0.9  fw1 fw1.example.com
[2001:db8::1]:830
2001:db8::2
me@edge[1-2]:22
`;

describe('a list of names', () => {
  test.each([
    ['by what it looks like', { 'lab.txt': LIST.replace(', ', '\n') }],
    ['where it is said to be one', { 'lab.csv': LIST }, ['list:lab.csv']],
  ] as [string, Record<string, string>, string[]?][])('is read %s', async (_, files, sources) => {
    expect(await rows(files, sources)).toEqual([
      ['sw1', 'sw1', null, null],
      ['sw2', 'sw2', 2222, 'admin'],
      ['sw10.zrh', 'sw10.zrh', null, null],
      ['sw11.zrh', 'sw11.zrh', null, null],
      ['sw12.zrh', 'sw12.zrh', null, null],
      ['fw1', '10.0.0.9', null, null],
      ['2001:db8::1', '2001:db8::1', 830, null],
      ['2001:db8::2', '2001:db8::2', null, null],
      ['edge1', 'edge1', 22, 'me'],
      ['edge2', 'edge2', 22, 'me'],
    ]);
  });

  test('with a host several times names it by its ports', async () => {
    expect(await rows({ hosts: '127.0.0.1:2201\n127.0.0.1:2202\nsw1:22\n' })).toEqual([
      ['127.0.0.1:2201', '127.0.0.1', 2201, null],
      ['127.0.0.1:2202', '127.0.0.1', 2202, null],
      ['sw1', 'sw1', 22, null],
    ]);
  });

  test.each([
    ['sw1\nsw[1-3\n', 'lab.txt:2:3: a bracket that is never closed (found "sw[1-3", expected ])'],
    ['sw1\nsw2 sw[3-1]\n', 'lab.txt:2:'],
    [
      'sw1\nsw2:99999\n',
      'lab.txt:2:1: port is not a port number (found "99999", expected a whole number from 1 to 65535)',
    ],
    ['sw1\nsw2\nsw1\n', 'lab.txt:3:1: device "sw1" is given twice (also at lab.txt:1:1)'],
    ['sw1\nsw2&sw3\n', 'lab.txt:2:1: this names no device (found "sw2&sw3")'],
    ['@core\n', 'lab.txt:1:1: a group without an inventory (found "@core", expected names)'],
  ])('like %j is an error at its place', async (text, message) => {
    expect((await errorsOf({ 'lab.txt': text }, { sources: ['list:lab.txt'] }))[0]).toContain(message);
  });

  test('is not what CSV without a header is taken for', async () => {
    expect((await errorsOf({ lab: 'R1,10.0.0.1,cisco_ios\n' }))[0]).toContain(
      'the first line is not a header',
    );
  });
});

test('a nodeset is an inventory by itself, and so are names with commas that are no file', async () => {
  expect(await rows({}, ['sw1,admin@sw2:2222,'])).toEqual([
    ['sw1', 'sw1', null, null],
    ['sw2', 'sw2', 2222, 'admin'],
  ]);
  expect(await rows({}, ['nodeset:sw[1-12/4]!sw5'])).toEqual([
    ['sw1', 'sw1', null, null],
    ['sw9', 'sw9', null, null],
  ]);
});
