// Private keys as real tools write them, and what is said of those that can't be used; certificates likewise.
import { createPublicKey, generateKeyPairSync, type KeyObject, verify } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { identitiesOf } from '../../agent/ssh/identity.js';
import { readPrivateKey } from '../../agent/ssh/privatekey.js';
import { Fields, publicKeyOf, readCertificate, signWith, typeOf } from '../../agent/ssh/publickey.js';
import { Credential, Kind, Stage } from '../../proto/gen/netsweep/v1/model.js';
import { Place } from '../place.ts';
import { output, program, without } from '../process.ts';

const NONE = Buffer.alloc(0);
const PASSPHRASE = Buffer.from('pässphrase');

const KINDS = [
  ['ed25519', []],
  ['ecdsa', ['-b', '256']],
  ['ecdsa', ['-b', '384']],
  ['ecdsa', ['-b', '521']],
  ['rsa', ['-b', '2048']],
] as const;
/** OpenSSH writes Ed25519 in its own format only. */
const FORMATS = ['RFC4716', 'PEM', 'PKCS8'] as const;

function keygen(...args: string[]): Promise<string> {
  return output(program('ssh-keygen') ?? 'ssh-keygen', ['-q', ...args]);
}

interface Made {
  file: Buffer;
  blob: Buffer;
  path: string;
}

async function makeKey(place: Place, args: readonly string[], passphrase = ''): Promise<Made> {
  const path = join(place.folder, `key-${Math.random().toString(36).slice(2)}`);
  // Few rounds of the passphrase, but where it is about them; the last word counts.
  await keygen('-f', path, '-N', passphrase, '-C', 'a comment', '-a', '2', ...args);
  const [, base64 = ''] = (await readFile(`${path}.pub`, 'utf8')).split(' ');
  return { file: await readFile(path), blob: Buffer.from(base64, 'base64'), path };
}

function refusal(file: Buffer, passphrase = NONE): unknown {
  try {
    readPrivateKey(file, passphrase);
  } catch (error) {
    return error;
  }
  throw new Error('the key was taken');
}

const saying = (words: RegExp) => ({
  kind: Kind.AUTH,
  stage: Stage.AUTH,
  message: expect.stringMatching(words) as string,
});

async function verified(key: KeyObject, algorithm: string): Promise<boolean> {
  const data = Buffer.from('what is signed');
  const fields = new Fields(await signWith(key, data, algorithm));
  expect(fields.next()?.toString()).toBe(algorithm.replace('-cert-v01@openssh.com', ''));
  const raw = fields.next() as Buffer;
  const publicKey = createPublicKey(key);
  if (key.asymmetricKeyType === 'ed25519') return verify(null, data, publicKey, raw);
  if (key.asymmetricKeyType === 'rsa')
    return verify(`sha${/512/.test(algorithm) ? 512 : 1}`, data, publicKey, raw);
  const pair = new Fields(raw);
  const width = { 256: 32, 384: 48, 521: 66 }[/\d{3}/.exec(algorithm)?.[0] ?? ''] as number;
  const halves = [pair.next(), pair.next()].map((half) => {
    const plain = half?.[0] === 0 ? half.subarray(1) : (half as Buffer);
    return Buffer.concat([Buffer.alloc(width - plain.length), plain]);
  });
  const hash = { 32: 'sha256', 48: 'sha384', 66: 'sha512' }[width] as string;
  return verify(hash, data, { key: publicKey, dsaEncoding: 'ieee-p1363' }, Buffer.concat(halves));
}

describe.skipIf(without('ssh-keygen') !== null)('a private key of ssh-keygen', () => {
  test.each(KINDS.flatMap(([type, size]) => FORMATS.map((format) => ({ type, size, format }))))(
    'of type $type $size in format $format opens, with a passphrase and without',
    async ({ type, size, format }) => {
      await using place = await Place.open();
      const args = ['-t', type, ...size, '-m', format];
      const plain = await makeKey(place, args);
      expect(publicKeyOf(readPrivateKey(plain.file, NONE))).toEqual(plain.blob);
      expect(publicKeyOf(readPrivateKey(plain.file, PASSPHRASE))).toEqual(plain.blob);
      const closed = await makeKey(place, args, PASSPHRASE.toString());
      const key = readPrivateKey(closed.file, PASSPHRASE);
      expect(publicKeyOf(key)).toEqual(closed.blob);
      expect(refusal(closed.file)).toMatchObject(saying(/^the private key is encrypted, and no passphrase/));
      expect(refusal(closed.file, Buffer.from('wrong'))).toMatchObject(
        saying(/^the private key does not open with the passphrase given$/),
      );
      const algorithm = type === 'rsa' ? 'rsa-sha2-512' : typeOf(closed.blob);
      expect(await verified(key, algorithm)).toBe(true);
      expect(await verified(key, `${algorithm}-cert-v01@openssh.com`)).toBe(true);
    },
  );

  test.each(['aes256-gcm@openssh.com', 'aes256-cbc', '3des-cbc'])('closed with %s opens', async (cipher) => {
    await using place = await Place.open();
    const { file, blob } = await makeKey(place, ['-t', 'ed25519', '-Z', cipher], PASSPHRASE.toString());
    expect(publicKeyOf(readPrivateKey(file, PASSPHRASE))).toEqual(blob);
    expect(refusal(file, Buffer.from('wrong'))).toMatchObject(saying(/does not open with the passphrase/));
  });

  test('is opened once for many sessions: the passphrase costs its time once', async () => {
    await using place = await Place.open();
    const { file } = await makeKey(place, ['-t', 'ed25519', '-a', '16'], PASSPHRASE.toString());
    const first = readPrivateKey(file, PASSPHRASE);
    const began = process.cpuUsage();
    for (let n = 0; n < 200; n++) expect(readPrivateKey(Buffer.from(file), PASSPHRASE)).toBe(first);
    expect(process.cpuUsage(began).user / 1_000, 'CPU').toBeLessThan(5_000); // 200 times: a minute and more
    expect(() => readPrivateKey(file, NONE)).toThrow();
  });

  test('that would take a worker away from its other devices is refused with the way out', async () => {
    await using place = await Place.open();
    const { file } = await makeKey(place, ['-t', 'ed25519', '-a', '257'], PASSPHRASE.toString());
    expect(refusal(file, PASSPHRASE)).toMatchObject(saying(/takes 257 rounds .*ssh-keygen -p -a 16/));
    expect(refusal(file)).toMatchObject(saying(/no passphrase is given/));
  });

  test('that is DSA is refused with words', async () => {
    await using place = await Place.open();
    const { file } = await makeKey(place, ['-t', 'dsa']);
    expect(refusal(file)).toMatchObject(saying(/is a DSA key, which is no longer held safe/));
    const pem = generateKeyPairSync('dsa', { modulusLength: 1024, divisorLength: 160 }).privateKey;
    expect(refusal(Buffer.from(pem.export({ type: 'pkcs8', format: 'pem' })))).toMatchObject(
      saying(/is a DSA key/),
    );
  });

  test('that is damaged, cut or something else is refused with words that give nothing away', async () => {
    await using place = await Place.open();
    const { file, path } = await makeKey(place, ['-t', 'ed25519']);
    expect(refusal(file.subarray(0, 200))).toMatchObject(saying(/^the private key is damaged/));
    const bent = Buffer.from(file);
    bent.fill('A', 150, 180);
    expect(refusal(bent)).toMatchObject(saying(/^the private key is damaged/));
    expect(refusal(await readFile(`${path}.pub`))).toMatchObject(saying(/^the private key is a public one$/));
    expect(refusal(Buffer.from('hunter2'))).toMatchObject(
      saying(/^the private key is not one \(expected PEM, or OpenSSH's own format\)$/),
    );
    const foreign = generateKeyPairSync('x25519').privateKey.export({ type: 'pkcs8', format: 'pem' });
    expect(refusal(Buffer.from(foreign))).toMatchObject(saying(/of the kind x25519/));
    const curve = generateKeyPairSync('ec', { namedCurve: 'secp256k1' }).privateKey;
    expect(refusal(Buffer.from(curve.export({ type: 'sec1', format: 'pem' })))).toMatchObject(
      saying(/of the curve secp256k1/),
    );
  });

  test('that lives on a security key is refused with the way out', () => {
    expect(refusal(Buffer.from(SECURITY_KEY))).toMatchObject(saying(/security key .* ssh-agent/));
  });
});

describe.skipIf(without('ssh-keygen') !== null)('a certificate', () => {
  async function certified(
    place: Place,
    args: readonly string[],
    ...more: string[]
  ): Promise<[Made, Buffer]> {
    const authority = await makeKey(place, ['-t', 'ed25519']);
    const key = await makeKey(place, args);
    await keygen('-s', authority.path, '-I', 'who', '-n', 'netops', ...more, `${key.path}.pub`);
    return [key, await readFile(`${key.path}-cert.pub`)];
  }
  const credential = (privateKey: Buffer, certificate: Buffer) =>
    Credential.create({ privateKey, certificate });

  test.each(KINDS)('of type %s %j comes before its key', async (type, size) => {
    await using place = await Place.open();
    const [key, certificate] = await certified(place, ['-t', type, ...size]);
    const { list } = await identitiesOf(credential(key.file, certificate), 1000);
    expect(list.map(({ name }) => name)).toEqual(['the certificate', 'the key']);
    expect(list[0]?.type).toBe(`${list[1]?.type}-cert-v01@openssh.com`);
  });

  test('says when it has expired or is not valid yet', async () => {
    await using place = await Place.open();
    for (const [validity, words] of [
      ['20200101:20200201', /^the certificate \(expired 2020-0(1-31|2-01)\)$/],
      ['20900101:20900201', /^the certificate \(not valid before (2090-01-01|2089-12-31)\)$/],
    ] as const) {
      const [key, certificate] = await certified(place, ['-t', 'ed25519'], '-V', validity);
      const { list } = await identitiesOf(credential(key.file, certificate), 1000);
      expect(list[0]?.name).toMatch(words);
    }
  });

  test('that fits nothing is refused with words', async () => {
    await using place = await Place.open();
    const [key, certificate] = await certified(place, ['-t', 'ed25519']);
    const [other] = await certified(place, ['-t', 'ed25519']);
    const [hostKey, ofHost] = await certified(place, ['-t', 'ed25519'], '-h');
    const refused = (privateKey: Buffer, line: Buffer) => identitiesOf(credential(privateKey, line), 1000);
    await expect(refused(other.file, certificate)).rejects.toMatchObject(saying(/is for another key/));
    await expect(refused(NONE, certificate)).rejects.toMatchObject(saying(/without its private key/));
    await expect(refused(hostKey.file, ofHost)).rejects.toMatchObject(saying(/is for a host/));
    await expect(refused(key.file, Buffer.from('nonsense'))).rejects.toMatchObject(saying(/is not one/));
    await expect(refused(key.file, certificate.subarray(0, 150))).rejects.toMatchObject(saying(/is damaged/));
  });

  test('is read the same or refused, wherever it is cut', async () => {
    await using place = await Place.open();
    const [, certificate] = await certified(place, ['-t', 'ecdsa']);
    const line = certificate.toString();
    for (let end = 0; end < line.length; end++) {
      const read = readCertificate(line.slice(0, end));
      if (typeof read !== 'string') expect(read.type).toBe('ecdsa-sha2-nistp256-cert-v01@openssh.com');
    }
  });
});

/** Made by hand: the format of OpenSSH with a type of its own and nothing that works. */
const SECURITY_KEY = (() => {
  const text = (content: string | Buffer) => {
    const bytes = Buffer.from(content);
    const length = Buffer.alloc(4);
    length.writeUInt32BE(bytes.length);
    return Buffer.concat([length, bytes]);
  };
  const blob = Buffer.concat([text('sk-ssh-ed25519@openssh.com'), text(Buffer.alloc(32)), text('ssh:')]);
  const body = Buffer.concat([
    Buffer.from('openssh-key-v1\0'),
    text('none'),
    text('none'),
    text(''),
    Buffer.of(0, 0, 0, 1),
    text(blob),
    text(Buffer.alloc(64)),
  ]);
  const lines = body.toString('base64').replace(/.{70}/g, '$&\n');
  return `-----BEGIN OPENSSH PRIVATE KEY-----\n${lines}\n-----END OPENSSH PRIVATE KEY-----\n`;
})();
