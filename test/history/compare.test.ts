// Comparisons without noise, and searches, as pure functions.
import { randomInt } from 'node:crypto';
import { expect, test } from 'vitest';
import { compareTexts } from '../../coordinator/history/compare.js';
import { compile, find } from '../../coordinator/history/find.js';
import { Platforms } from '../../proto/platform.js';

const SEED = Number(process.env.SEED ?? randomInt(1_000_000));
const volatile = ['^! Last configuration change', ' uptime is '];

test('lines that change by themselves are left out and counted, and the rest is told with its true line numbers', () => {
  const before = '! Last configuration change at 10:00\nhostname R1\na\nb\nc\nd\ne\nntp server 10.0.0.1\n';
  const after =
    '! Last configuration change at 11:00\nhostname R1\na\nb\nc\nd\ne\nntp server 10.0.0.2\nend\n';
  expect(compareTexts(before, after, { volatile, context: 1 })).toEqual({
    ...{ state: 'changed', added: 2, removed: 1, noise: 1, isCut: false },
    lines: ['@@ -7,2 +7,3 @@', ' e', '-ntp server 10.0.0.1', '+ntp server 10.0.0.2', '+end'],
  });
  const later = before.replace('10:00', '12:00');
  expect(compareTexts(before, later, { volatile, context: 3 })).toMatchObject({
    state: 'noise',
    noise: 1,
    lines: [],
  });
  expect(compareTexts(before, later, { volatile: [], context: 3 })).toMatchObject({
    state: 'changed',
    noise: 0,
  });
  expect(compareTexts(before, before, { volatile, context: 3 }).state).toBe('same');
  expect(compareTexts('', 'a\n', { volatile, context: 3 }).lines).toEqual(['@@ -0,0 +1 @@', '+a']);
});

test('texts that have nothing in common are one block for another, soon, and cut', () => {
  const lines = (word: string) => Array.from({ length: 20_000 }, (_, n) => `${word} ${n}\n`).join('');
  const {
    state,
    added,
    removed,
    isCut,
    lines: shown,
  } = compareTexts(`same\n${lines('a')}`, `same\n${lines('b')}`, { volatile, context: 3 });
  expect({ state, added, removed, isCut }).toEqual({
    state: 'changed',
    added: 20_000,
    removed: 20_000,
    isCut: true,
  });
  expect(shown.slice(0, 3)).toEqual(['@@ -1,20001 +1,20001 @@', ' same', '-a 0']);
  expect(shown.length).toBe(5_000);
});

test(`what a difference says leads from one text to the other (again with SEED=${SEED})`, () => {
  let state = SEED;
  const below = (most: number) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * most);
  };
  for (let round = 0; round < 300; round++) {
    const text = () =>
      Array.from({ length: below(30) }, () =>
        below(8) === 0 ? `R1 uptime is ${below(9)}` : `line ${below(5)}`,
      );
    const [before, after] = [text(), text()];
    const joined = (lines: string[]) => lines.map((line) => `${line}\n`).join('');
    const all = { volatile, context: 1_000 };
    const { state, lines } = compareTexts(joined(before), joined(after), all);
    const quiet = (one: string[]) => one.filter((line) => !line.includes('uptime'));
    const isSame = quiet(before).join('\n') === quiet(after).join('\n');
    expect(state !== 'changed').toBe(isSame);
    if (isSame) continue;
    const side = (sign: string) =>
      lines.slice(1).flatMap((line) => (line[0] === ' ' || line[0] === sign ? [line.slice(1)] : []));
    expect([side('-'), side('+')]).toEqual([quiet(before), quiet(after)]);
  }
});

test('every platform names lines that compile, and the common ones those of their clocks', () => {
  const platforms = new Platforms();
  const noise: [string, string[]][] = [
    [
      'cisco_ios',
      [
        'R1 uptime is 3 weeks, 2 days',
        '! Last configuration change at 10:00:00 UTC',
        'Uptime for this control processor is 1 day',
        '*10:20:30.123 UTC Mon Nov 23 2026',
        '  5 minute input rate 1000 bits/sec, 2 packets/sec',
        '     12 packets input, 345 bytes, 0 no buffer',
      ],
    ],
    ['cisco_xe', ['R1 uptime is 3 weeks, 2 days']],
    [
      'cisco_nxos',
      [
        '!Time: Mon Nov 23 10:00:00 2026',
        'Kernel uptime is 3 day(s)',
        '    30 seconds input rate 10 bits/sec, 0 packets/sec',
      ],
    ],
    ['cisco_xr', ['R1 uptime is 3 weeks', '!! Last configuration change at Mon Nov 23']],
    [
      'arista_eos',
      [
        'Uptime: 3 weeks',
        'Mon Nov 23 10:00:00 2026',
        '  5 minutes input rate 10 bps (0.0% with framing overhead), 0 packets/sec',
      ],
    ],
    [
      'juniper_junos',
      [
        '## Last commit: 2026-11-23 10:00:00 UTC by admin',
        'System booted: 2026-11-01 10:00:00 UTC (3w1d 00:00 ago)',
      ],
    ],
  ];
  for (const [name, lines] of noise) {
    const patterns = platforms.find(name)?.volatile.map((pattern) => new RegExp(pattern)) ?? [];
    expect(
      lines.filter((line) => !patterns.some((one) => one.test(line))),
      name,
    ).toEqual([]);
    const lasting = [
      'hostname R1',
      ' ip address 10.0.0.1 255.255.255.0',
      'ntp server 10.0.0.1',
      'interface Ethernet1',
      ' description 5 minute walk',
    ];
    expect(
      lasting.filter((line) => patterns.some((one) => one.test(line))),
      name,
    ).toEqual([]);
  }
});

test('a search gives numbered lines with those around them, each once', () => {
  const sought = { isRegex: false, ignoreCase: false, context: 1, most: 10 };
  const text = 'one\ntwo\nTWO\nthree\nfour\n';
  const told = (changes: Partial<Parameters<typeof find>[1]>) =>
    find(text, { ...sought, pattern: 'two', ...changes }).lines.map(({ number, isMatch }) =>
      isMatch ? number : -number,
    );
  expect(told({})).toEqual([-1, 2, -3]);
  expect(told({ ignoreCase: true })).toEqual([-1, 2, 3, -4]);
  expect(told({ pattern: '^t', isRegex: true, context: 0 })).toEqual([2, 4]);
  expect(told({ pattern: '.' })).toEqual([]);
  expect(find(text, { ...sought, pattern: 'o', context: 0, most: 1 })).toEqual({
    lines: [{ number: 1, text: 'one', isMatch: true }],
    matches: 3,
  });
  expect(() => compile({ ...sought, pattern: '(', isRegex: true })).toThrow(SyntaxError);
});
