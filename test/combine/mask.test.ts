// What is hidden in outputs that are shown or kept.
import { expect, test } from 'vitest';
import { Mask } from '../../coordinator/combine/mask.ts';
import { Platforms } from '../../proto/platform.ts';
import { Dice } from '../sim/dice.ts';

const IOS = new Platforms().get('cisco_ios') ?? { secrets: [] };

test('what the platform calls a secret is hidden, and the rest of its line stays', () => {
  const text = [
    'hostname R1',
    'enable secret 5 $1$mERr$hx5rVt7rPNoS4wqbXKX7m0',
    'snmp-server community publ1c RO 10',
    'username admin privilege 15 password 7 0822455D0A16',
    ' password 7 1511021F0725\r',
    'end',
  ].join('\n');
  const masked = new Mask(IOS).text(text);
  expect(masked).not.toMatch(/hx5rVt7|0822455|1511021/);
  expect(masked.split('\n')[0]).toBe('hostname R1');
  expect(masked.split('\n')[3]).toMatch(/^username admin privilege 15 password .*<redacted>$/);
  expect(masked.split('\n')[4]).toMatch(/<redacted>\r$/);
  expect(masked.split('\n')).toHaveLength(6);
});

test('a secret that holds another one is hidden whole, and wherever it stands again in its line', () => {
  const mask = new Mask({ secrets: ['a=(\\S+)', 'b=(\\S+)'] });
  expect(mask.line('a=pass b=password c=password')).toBe('a=<redacted> b=<redacted> c=<redacted>');
  expect(mask.line('a=red b=x.y|z')).toBe('a=<redacted> b=<redacted>');
  expect(mask.line('a= b')).toBe('a= b');
});

test('a pattern without a group hides all that it matches, and an empty match hides nothing', () => {
  expect(new Mask({ secrets: ['key \\d+', 'x*'] }).line('the key 12 of a')).toBe('the <redacted> of a');
});

test('a text is masked as its lines are, one by one, with every shipped platform', () => {
  const platforms = new Platforms();
  const lines = [
    'enable secret 5 $1$mERr$hx5rVt7rPNoS4wqbXKX7m0',
    'password',
    ' password 7 1511021F0725\r',
    '',
    'snmp-server community s3cret RO',
    'set system login user a authentication encrypted-password "$6$abc"',
    ' key-string 7 0822455D0A16',
    'secret',
    'community public',
    '-----BEGIN RSA PRIVATE KEY-----',
    'username admin secret sha512 $6$xyz',
  ];
  const dice = new Dice(7);
  for (const name of platforms.names) {
    const mask = new Mask(platforms.get(name) ?? { secrets: [] });
    for (let round = 0; round < 5; round++) {
      const text = Array.from({ length: 12 }, () => dice.pick(lines)).join('\n');
      const byLine = text.split('\n').map((line) => mask.line(line));
      expect(mask.text(text), name).toBe(byLine.join('\n'));
    }
  }
  const looking = new Mask({ secrets: ['key (\\S+)(?![^x])'] });
  expect(looking.text('key abc\nkey def x')).toBe('key <redacted>\nkey def x');
});
