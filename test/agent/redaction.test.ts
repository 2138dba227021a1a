// Secrets out of a stream that comes in parts: none is left, and nothing else is touched.
import { describe, expect, test } from 'vitest';
import { Redaction } from '../../agent/record/redaction.js';
import { Credential } from '../../proto/gen/netsweep/v1/model.js';

const SEED = Number(process.env.NETSWEEP_TEST_SEED ?? Date.now() % 1_000_000);
const CONFIG = [/^ *snmp-server community (\S+)/g, /\bkey \d (\S+)/g, /^license .*/g];

function redaction(password: string, enableSecret = '', patterns: RegExp[] = []): Redaction {
  const secrets = { password: Buffer.from(password), enableSecret: Buffer.from(enableSecret) };
  const made = new Redaction(Credential.create({ username: 'admin', ...secrets }));
  made.hideMatches(patterns);
  return made;
}

describe('what is written down', () => {
  test.each([
    ['the password wherever it stands', 'a hunter2 b hunter2hunter2', 'a <redacted> b <redacted>'],
    [
      'the first group of a match',
      ' snmp-server community hunter RO\r\n',
      ' snmp-server community <redacted> RO\r\n',
    ],
    ['all of a match without a group', 'license A B\nend\n', '<redacted>\nend\n'],
    ['several in a line', 'key 7 a1b2 key 7 c3d4', 'key 7 <redacted> key 7 <redacted>'],
    ['a match that is sent in bits', 'key 7 a1\x1b[0mb2\r\nend', 'key 7 <redacted>\r\nend'],
    ['the password sent in bits', 'it is h\x1b[1mun\bnter2!\r\nend', 'it is <redacted>!\r\nend'],
    ['the beginning of the password at the end', 'password: hunt', 'password: <redacted>'],
    ['nothing else', 'nobody hunts 2', 'nobody hunts 2'],
  ])('loses %s', (_, text, left) => {
    using hidden = redaction('hunter2', 'Gülo', CONFIG);
    expect(hidden.text(text)).toBe(left);
  });

  test('loses a password that the device repeats as Latin-1', () => {
    using hidden = redaction('Gülo-93');
    expect(hidden.bytes([Buffer.from('a Gülo-93 b', 'latin1')])[0]?.toString()).toBe('a <redacted> b');
  });

  test('loses all that a typed line holds, also behind a prompt', () => {
    using hidden = redaction('hunter2', '', CONFIG);
    hidden.learn('snmp-server community Vulpes RO');
    expect(hidden.text('R1(config)#snmp-server community Vulpes RO')).not.toContain('Vulpes');
  });

  test(`holds no secret, however it is cut into parts (NETSWEEP_TEST_SEED=${SEED})`, () => {
    const random = dice(SEED);
    for (let round = 0; round < 500; round++) {
      const secrets = [word(random, 3, 12), word(random, 3, 12)] as const;
      const community = word(random, 5, 9).replace(/\s/g, 'x');
      const pieces = Array.from({ length: 20 }, () =>
        pick(random, [...secrets, word(random, 0, 9), '\r\n', `\nsnmp-server community ${community} RO\r\n`]),
      );
      const parts = cut(Buffer.from(pieces.join('')), random);
      using hidden = redaction(...secrets, CONFIG);
      const left = Buffer.concat(hidden.bytes(parts)).toString();
      const context = `seed ${SEED}, round ${round}`;
      for (const secret of secrets) expect(left.replaceAll('<redacted>', '|'), context).not.toContain(secret);
      expect(left, context).not.toContain(`community ${community}`);
      expect(left, 'the same in one part').toBe(hidden.bytes([Buffer.concat(parts)])[0]?.toString());
    }
  });

  test('takes time in proportion to its length', () => {
    using hidden = redaction('hunter2', '', CONFIG);
    const line =
      'interface GigabitEthernet0/0\r\n description to hunter2\r\n snmp-server community Vulpes RO\r\n';
    const began = process.cpuUsage();
    hidden.bytes([Buffer.from(line.repeat(80_000))]);
    expect(process.cpuUsage(began).user / 1_000, 'CPU').toBeLessThan(20_000);
  });
});

function word(random: () => number, least: number, most: number): string {
  const length = least + Math.floor(random() * (most - least + 1));
  return Array.from({ length }, () => pick(random, 'abü7" '.split(''))).join('');
}

function pick<T>(random: () => number, choices: readonly T[]): T {
  return choices[Math.floor(random() * choices.length)] as T; // within its length
}

function cut(bytes: Buffer, random: () => number): Buffer[] {
  const parts: Buffer[] = [];
  for (let at = 0; at < bytes.length; ) {
    const end = at + 1 + Math.floor(random() * 20);
    parts.push(bytes.subarray(at, end));
    at = end;
  }
  return parts;
}

/** A small generator of its own, so that a seed means the same everywhere. */
function dice(seed: number): () => number {
  let state = seed >>> 0 || 1;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}
