// Python of nothing but names set to literals is read without the parser. Whatever is read so is what the parser's
// reading gives, places and complaints included; whatever else Python may be is left to it.
import { describe, expect, test } from 'vitest';
import { Source } from '../../coordinator/inventory/located.ts';
import { readPlainPython } from '../../coordinator/inventory/plainpython.ts';
import { readPython } from '../../coordinator/inventory/python.ts';
import { Issues } from '../../coordinator/inventory/wording.ts';
import { changed } from './changed.ts';
import { dice, pick } from './dice.ts';

const SEED = Number(process.env.NETSWEEP_TEST_SEED ?? Date.now() % 1_000_000);
const ROUNDS = Number(process.env.NETSWEEP_TEST_ROUNDS ?? 4_000);

const FILES = [
  [
    '# the core',
    'from netmiko import ConnectHandler, redispatch',
    'from a.b import c',
    'import os',
    '',
    'user = "admin"',
    'R1 = {',
    '    "device_type": "cisco_ios",  # as show version says',
    "    'host': '10.0.0.1',",
    '    "username": user,',
    '    "port": 22, "fast_cli": False,',
    '',
    '    "timeouts": {"idle": 5, "login": 2.50},',
    '    # nobody knows',
    '    "site": None,',
    '}',
    '   ',
    'R2 = {"ip": "10.0.0.2", "groups": ["core", "dc1",], "tags": []}   # the second',
    'nodes = [R1, R2, {"host": "10.0.0.3"}]',
    'routers = {"R7": {"host": "10.0.0.7", "password": "s#e\'c{}"}, "R8": R1}',
  ].join('\n'),
  'R1={"host":"h1","legacy":True,"secret":""}\nR1 = {"host": "h2"}\nother = {"host": {"a": 1}}\nempty = {}\n',
  'a = [\n  {"host": "h1"},\n\n  {"host": "h2"}, "h3", [{"host": "h4"}],\n]\n',
  'x_1 = 0\ny = 1.0\n_ = None\nz = y\nR = {"device_type": "é", "n": 123456789012345678901}\n# end',
];

const reading = (read: typeof readPython | typeof readPlainPython, text: string) => {
  const issues = new Issues();
  const document = read(new Source('a.py', text, '/', true), issues);
  return document && { document, issues: issues.list() };
};

describe(`plain Python (NETSWEEP_TEST_SEED=${SEED} npx vitest run test/inventory/plainpython.test.ts)`, () => {
  test.each(FILES)('%j is read as the parser has it', (text) => {
    expect(reading(readPlainPython, text)).toEqual(reading(readPython, text));
    expect(reading(readPlainPython, text)).not.toBeNull();
  });

  test('with slips in it is read as the parser has it, or not at all', { timeout: 120_000 }, () => {
    const random = dice(SEED);
    let taken = 0;
    for (let round = 0; round < ROUNDS; round += 1) {
      let text = pick(FILES, random);
      for (let changes = 1 + Math.floor(random() * 3); changes > 0; changes -= 1)
        text = changed(text, random);
      const plain = reading(readPlainPython, text);
      if (plain === null) continue;
      taken += 1;
      expect(plain, `seed ${SEED}, round ${round}:\n${text}`).toEqual(reading(readPython, text));
    }
    expect(taken).toBeGreaterThan(ROUNDS / 20);
  });

  test.each([
    'a = {"b": 1, "b": 2}',
    'a = {"b"}',
    'a = {**b}',
    'a = {1: 2}',
    'a = dict(host="h")',
    'a = b',
    'a = b = 1',
    'a: dict = {}',
    'a = "b" "c"',
    'a = """b"""',
    'a = f"b"',
    'a = "b\\n"',
    'a = "b',
    'a = 012',
    'a = 1j',
    'a = 1_000',
    'a = -1',
    'a = (1, 2)',
    'a = 1, 2',
    'a = 1; b = 2',
    'a = [1,, 2]',
    'a = 1\n  b = 2',
    'a = 1\n  # why',
    'a.b = 1',
    'class = 1',
    'print = 1',
    'import class\n',
    'from a import import\n',
    'from a import *\n',
    'print(a)',
    'a == 1',
    `a = ${'['.repeat(40)}${']'.repeat(40)}`,
  ])('%j is left to the parser', (text) => {
    expect(reading(readPlainPython, text)).toBeNull();
  });
});
