// Which algorithms are put forward, what a device's own offer is read as, and what is said when nothing fits.
import { randomBytes, randomInt } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { describe, expect, test } from 'vitest';
import {
  algorithms,
  keyAlgorithms,
  loginAlgorithms,
  mismatch,
  plainName,
  weakOnes,
} from '../../agent/ssh/algorithms.js';
import { type Offer, Opening, readOffer } from '../../agent/ssh/kexinit.js';

const known = (type: string) => [{ type, blob: Buffer.alloc(0) }];

describe('what is put forward', () => {
  const modern = algorithms([], false);
  const legacy = algorithms([], true);

  test('has nothing with SHA-1, CBC, MD5, DSA or compression without legacy', () => {
    const names = Object.values(modern).flat();
    expect(names.filter((name) => /sha1|cbc|md5|dss|^ssh-rsa$|zlib/.test(name))).toEqual([]);
  });

  test('has the weak ones last with legacy', () => {
    for (const part of ['kex', 'hostKey', 'cipher'] as const) {
      expect(legacy[part].slice(0, modern[part].length)).toEqual(modern[part]);
      expect(legacy[part].length).toBeGreaterThan(modern[part].length);
    }
    expect(legacy.mac).toEqual([
      'hmac-sha2-256',
      'hmac-sha2-512',
      'hmac-sha1',
      'hmac-sha1-96',
      'hmac-md5',
      'hmac-md5-96',
    ]);
  });

  test('never has what the Terrapin attack needs: ChaCha20, or CBC and a MAC over what is encrypted', () => {
    for (const { cipher, mac } of [modern, legacy]) {
      expect(cipher.filter((name) => name.includes('chacha'))).toEqual([]);
      const cbc = cipher.some((name) => name.endsWith('-cbc'));
      expect(cbc && mac.some((name) => name.includes('etm'))).toBe(false);
    }
  });

  test('is known to the SSH library and to this OpenSSL, each name', () => {
    const require = createRequire(import.meta.url);
    const constants = require('ssh2/lib/protocol/constants.js') as Record<string, string[]>; // its lists
    expect(constants.SUPPORTED_KEX).toEqual(expect.arrayContaining(legacy.kex));
    expect(constants.SUPPORTED_CIPHER).toEqual(expect.arrayContaining(legacy.cipher));
    expect(constants.SUPPORTED_MAC).toEqual(expect.arrayContaining(legacy.mac));
    expect(constants.SUPPORTED_SERVER_HOST_KEY).toEqual(expect.arrayContaining(legacy.hostKey));
  });
});

describe('host keys', () => {
  test('of known types are asked for first, RSA only with SHA-2', () => {
    expect(keyAlgorithms([])[0]).toBe('ssh-ed25519');
    expect(keyAlgorithms(known('ssh-rsa')).slice(0, 3)).toEqual([
      'rsa-sha2-512',
      'rsa-sha2-256',
      'ssh-ed25519',
    ]);
    expect(keyAlgorithms([])).not.toContain('ssh-rsa');
  });

  test('with legacy come with SHA-1 and DSA, behind the others unless they are the known ones', () => {
    expect(keyAlgorithms([], true).slice(-2)).toEqual(['ssh-rsa', 'ssh-dss']);
    expect(keyAlgorithms(known('ssh-dss'), true)[0]).toBe('ssh-dss');
    expect(keyAlgorithms(known('ssh-rsa'), true).slice(0, 4)).toEqual([
      'rsa-sha2-512',
      'rsa-sha2-256',
      'ssh-rsa',
      'ssh-ed25519',
    ]);
  });
});

test('the weak ones of what was settled are named once, in the order of the key exchange', () => {
  expect(
    weakOnes({
      kex: 'diffie-hellman-group1-sha1',
      hostKey: 'ssh-dss',
      cipher: ['aes128-cbc', 'aes128-cbc'],
      mac: ['hmac-sha1', 'hmac-sha2-256'],
    }),
  ).toEqual(['diffie-hellman-group1-sha1', 'ssh-dss', 'aes128-cbc', 'hmac-sha1']);
  expect(
    weakOnes({ kex: 'curve25519-sha256', hostKey: 'ssh-ed25519', cipher: ['aes128-ctr'], mac: [''] }),
  ).toEqual([]);
});

describe('the signature of a login', () => {
  const silent = { signatures: null, hostKey: [] };
  const openssh = { signatures: ['ssh-ed25519', 'rsa-sha2-512', 'rsa-sha2-256'], hostKey: [] };
  const old = { signatures: null, hostKey: ['ssh-rsa', 'ssh-dss'] };
  test.each([
    ['ssh-ed25519', silent, false, ['ssh-ed25519']],
    ['ssh-ed25519-cert-v01@openssh.com', openssh, false, ['ssh-ed25519-cert-v01@openssh.com']],
    ['ssh-rsa', openssh, false, ['rsa-sha2-512']],
    ['ssh-rsa', { signatures: ['rsa-sha2-256'], hostKey: [] }, false, ['rsa-sha2-256']],
    ['ssh-rsa-cert-v01@openssh.com', openssh, false, ['rsa-sha2-512-cert-v01@openssh.com']],
    ['ssh-rsa', silent, false, ['rsa-sha2-512']],
    ['ssh-rsa', silent, true, ['rsa-sha2-512', 'ssh-rsa']],
    ['ssh-rsa', old, false, []],
    ['ssh-rsa', old, true, ['ssh-rsa']],
    ['ssh-rsa-cert-v01@openssh.com', old, true, ['ssh-rsa-cert-v01@openssh.com']],
    ['ssh-rsa', { signatures: ['ssh-rsa'], hostKey: ['rsa-sha2-256', 'ssh-rsa'] }, false, ['rsa-sha2-256']],
    ['ssh-dss', openssh, false, []],
  ])('of %s where the device takes %j, legacy %s, is %j', (type, accepts, legacy, wanted) => {
    expect(loginAlgorithms(type, accepts, legacy)).toEqual(wanted);
  });

  test('never names a certificate', () => {
    expect(plainName('rsa-sha2-512-cert-v01@openssh.com')).toBe('rsa-sha2-512');
    expect(plainName('sk-ssh-ed25519-cert-v01@openssh.com')).toBe('sk-ssh-ed25519@openssh.com');
    expect(plainName('ssh-ed25519')).toBe('ssh-ed25519');
  });
});

const GOOD: Offer = {
  kex: ['curve25519-sha256', 'ext-info-s', 'kex-strict-s-v00@openssh.com'],
  hostKey: ['ssh-ed25519'],
  cipher: [['aes128-gcm@openssh.com'], ['aes128-gcm@openssh.com']],
  mac: [['umac-64'], ['umac-64']],
};

describe('an offer in which nothing fits', () => {
  test.each<[string, Partial<Offer>, boolean, string]>([
    [
      'is told with the setting that allows it',
      { kex: ['diffie-hellman-group1-sha1'] },
      false,
      'no algorithm in common; the device offers key exchange diffie-hellman-group1-sha1; legacy: true in the inventory would allow it',
    ],
    [
      'is told for each part',
      {
        hostKey: ['ssh-dss'],
        cipher: [['3des-cbc'], ['3des-cbc', 'aes128-cbc']],
        mac: [['hmac-md5'], ['hmac-md5']],
      },
      false,
      'no algorithm in common; the device offers host key ssh-dss; cipher 3des-cbc, aes128-cbc; MAC hmac-md5; legacy: true in the inventory would allow them',
    ],
    [
      'promises nothing that legacy would not do',
      { kex: ['diffie-hellman-group1-sha1'], cipher: [['arcfour'], ['arcfour']] },
      false,
      'no algorithm in common; the device offers key exchange diffie-hellman-group1-sha1; cipher arcfour; MAC umac-64',
    ],
    [
      'says where legacy is in the way',
      {
        cipher: [['aes256-ctr'], ['aes256-ctr']],
        mac: [['hmac-sha2-256-etm@openssh.com'], ['hmac-sha2-256-etm@openssh.com']],
      },
      true,
      'no algorithm in common; the device offers MAC hmac-sha2-256-etm@openssh.com; without legacy: true in the inventory they would do',
    ],
    ['can be empty', { kex: [] }, true, 'no algorithm in common; the device offers key exchange none'],
    [
      'is cut where it is long',
      { kex: Array.from({ length: 15 }, (_, at) => `k${at}`) },
      true,
      'no algorithm in common; the device offers key exchange k0, k1, k2, k3, k4, k5, k6, k7, k8, k9, k10, k11 and 3 more',
    ],
  ])('%s', (_, offer, legacy, words) => {
    expect(mismatch({ ...GOOD, ...offer }, [], legacy)).toBe(words);
  });

  test('need not be known', () => {
    expect(mismatch(null, [], false)).toBe('no algorithm in common');
  });
});

function packet(payload: Buffer): Buffer {
  const padding = Buffer.alloc(4 + ((8 - ((payload.length + 9) % 8)) % 8));
  const head = Buffer.alloc(5);
  head.writeUInt32BE(1 + payload.length + padding.length);
  head[4] = padding.length;
  return Buffer.concat([head, payload, padding]);
}

function kexinit(lists: string[]): Buffer {
  const parts = lists.map((list) => {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(list.length);
    return Buffer.concat([length, Buffer.from(list, 'latin1')]);
  });
  return packet(Buffer.concat([Buffer.of(20), randomBytes(16), ...parts, Buffer.alloc(5)]));
}

const LISTS = ['a,b', 'c', 'd', 'e', 'f', 'g', 'none', 'none', '', ''];
const READ: Offer = { kex: ['a', 'b'], hostKey: ['c'], cipher: [['d'], ['e']], mac: [['f'], ['g']] };

describe('the first bytes of a connection', () => {
  const ident = Buffer.from('SSH-2.0-x\r\n');

  test.each([
    ['behind the identification', [ident, kexinit(LISTS)]],
    ['behind text and identification', [Buffer.from('Welcome\r\nno SSH-\n'), ident, kexinit(LISTS)]],
    ['behind messages that mean nothing', [ident, packet(Buffer.of(2, 0, 0, 0, 0)), kexinit(LISTS)]],
    ['with more behind them', [ident, kexinit(LISTS), randomBytes(50)]],
  ])('hold the offer %s', (_, pieces) => {
    expect(readOffer(Buffer.concat(pieces))).toEqual(READ);
  });

  test.each([
    ['nothing', []],
    ['another message', [ident, packet(Buffer.of(30, 1, 2, 3))]],
    ['an empty packet', [ident, packet(Buffer.alloc(0))]],
    ['a length beyond reason', [ident, Buffer.from('ffffffff0a14', 'hex')]],
    ['too few lists', [ident, kexinit(LISTS.slice(0, 5)).subarray(0, -5)]],
    [
      'a list longer than its packet',
      [ident, packet(Buffer.from(`14${'00'.repeat(16)}0000ffff6161`, 'hex'))],
    ],
    ['no identification', [kexinit(LISTS)]],
  ])('hold no offer where there is %s', (_, pieces) => {
    expect(readOffer(Buffer.concat(pieces))).toBeNull();
  });

  test('may come in any pieces, and are let go when they are read or endless', () => {
    const opening = new Opening();
    for (const byte of Buffer.concat([ident, kexinit(LISTS)])) {
      expect(opening.offer).toBeNull();
      opening.add(Buffer.of(byte));
    }
    expect(opening.offer).toEqual(READ);
    opening.add(randomBytes(1000));
    expect(opening.offer).toEqual(READ);
    const endless = new Opening();
    for (let n = 0; n < 300; n++) endless.add(Buffer.alloc(1024));
    expect(endless.offer).toBeNull();
  });

  test('do no harm when they are garbage', () => {
    const good = Buffer.concat([ident, kexinit(LISTS)]);
    for (let round = 0; round < 5_000; round++) {
      const bad = Buffer.from(good.subarray(0, randomInt(good.length + 1)));
      for (let n = randomInt(4); n > 0 && bad.length > 0; n--) bad[randomInt(bad.length)] = randomInt(256);
      const read = readOffer(bad);
      for (const name of Object.values(read ?? {}).flat(2)) expect(name).toMatch(/^[\x21-\x7e]{1,64}$/);
    }
  });
});

test('weak algorithms are named in one file of the product only', () => {
  const folder = new URL('../../agent/ssh/', import.meta.url);
  const files = readdirSync(folder).filter((name) => name.endsWith('.ts'));
  const naming = files.filter((name) =>
    /-sha1'|-cbc'|hmac-md5/.test(readFileSync(new URL(name, folder), 'utf8')),
  );
  expect(naming).toEqual(['algorithms.ts']);
});
