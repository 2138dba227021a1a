// Certificates of hosts, made by OpenSSH's own tool, and what is made of them.
import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { readHostCertificate, whyNotGood } from '../../agent/ssh/hostcertificate.js';
import { hostKey, judge } from '../../agent/ssh/hostkeys.js';
import { HostMarks } from '../../proto/gen/netsweep/v1/session.js';
import { Place } from '../place.js';
import { output, program } from '../process.js';

const keygen = (...args: string[]) => output(program('ssh-keygen') ?? 'ssh-keygen', ['-q', ...args]);
const blobOf = async (file: string) =>
  Buffer.from((await readFile(file, 'utf8')).split(' ')[1] ?? '', 'base64');

async function makeKey(place: Place, name: string, type: string[]): Promise<string> {
  await keygen('-t', ...type, '-N', '', '-C', '', '-f', place.path(name));
  return place.path(name);
}

async function certify(place: Place, authority: string, words: string[]): Promise<Buffer> {
  const host = place.path('host');
  await keygen('-s', authority, '-I', 'host', ...words, `${host}.pub`);
  return blobOf(`${host}-cert.pub`);
}

const HOUR = 3_600_000;

test('a certificate is good for the hosts it names while it is valid, by an authority of any kind', async () => {
  await using place = await Place.open();
  await makeKey(place, 'host', ['ed25519']);
  const kinds = [
    ['ed25519'],
    ['ecdsa', '-b', '256'],
    ['ecdsa', '-b', '384'],
    ['ecdsa', '-b', '521'],
    ['rsa'],
  ];
  for (const [at, kind] of kinds.entries()) {
    const authority = await makeKey(place, `ca${at}`, kind);
    const blob = await certify(place, authority, ['-h', '-n', 'r1.example,10.0.0.1', '-V', '-1h:+1h']);
    const certificate = readHostCertificate(blob);
    if (certificate === null) throw new Error('not read');
    const why = (host: string, inMs = 0) => whyNotGood(certificate, host, Date.now() + inMs);
    expect([kind, why('r1.example'), why('10.0.0.1'), why('R1.Example')]).toEqual([kind, null, null, null]);
    expect(why('r2.example')).toBe('it is for "r1.example", "10.0.0.1", not for "r2.example"');
    expect(why('r1.example', 2 * HOUR)).toBe('it has expired');
    expect(why('r1.example', -2 * HOUR)).toBe('it is not valid yet');
    expect(certificate.key.equals(await blobOf(place.path('host.pub')))).toBe(true);
    expect(certificate.authority.equals(await blobOf(`${authority}.pub`))).toBe(true);
  }
});

test('it is refused when it is for users, has critical options, or any of its bytes is another', async () => {
  await using place = await Place.open();
  await makeKey(place, 'host', ['ed25519']);
  const authority = await makeKey(place, 'ca', ['ed25519']);
  const marks = HostMarks.create({ authorities: [await blobOf(`${authority}.pub`)], vouchedFor: true });
  const verdict = (blob: Buffer) => judge(hostKey(blob), { host: 'r1', known: [], marks }, Date.now());
  const user = await certify(place, authority, ['-n', 'r1']);
  expect(verdict(user)).toMatchObject({ trust: 'refused', why: expect.stringContaining('it is for users') });
  const optional = await certify(place, authority, ['-h', '-n', 'r1', '-O', 'critical:x@example.com=y']);
  expect(verdict(optional)).toMatchObject({
    trust: 'refused',
    why: expect.stringContaining('critical options'),
  });
  const good = await certify(place, authority, ['-h', '-n', 'r1']);
  expect(verdict(good)).toMatchObject({ trust: 'certified' });
  const passed = Array.from(good, (byte, at) => {
    const other = Buffer.from(good);
    other[at] = byte ^ 1;
    return verdict(other).trust;
  }).filter((trust) => trust !== 'refused' && trust !== 'revoked');
  expect(passed).toEqual([]);
  expect(readHostCertificate(Buffer.concat([good, Buffer.alloc(1)]))).toBeNull();
});

test('a revoked key is refused as the key, inside a certificate, and as its authority', async () => {
  await using place = await Place.open();
  await makeKey(place, 'host', ['ed25519']);
  const authority = await blobOf(`${await makeKey(place, 'ca', ['ed25519'])}.pub`);
  const certificate = await certify(place, place.path('ca'), ['-h', '-n', 'r1']);
  const key = await blobOf(place.path('host.pub'));
  for (const [seen, revoked] of [
    [key, key],
    [certificate, key],
    [certificate, authority],
    [certificate, certificate],
  ] as const) {
    const marks = HostMarks.create({ revoked: [revoked], authorities: [authority] });
    const known = [hostKey(key)];
    expect(judge(hostKey(seen), { host: 'r1', known, marks }, Date.now()).trust).toBe('revoked');
  }
});

test('of a certificate by a stranger only the key counts', async () => {
  await using place = await Place.open();
  await makeKey(place, 'host', ['ed25519']);
  await makeKey(place, 'ca', ['ed25519']);
  const certificate = hostKey(await certify(place, place.path('ca'), ['-h', '-n', 'r1']));
  const key = hostKey(await blobOf(place.path('host.pub')));
  const other = hostKey(await blobOf(place.path('ca.pub')));
  const made = (known: (typeof key)[], marks: HostMarks | null) =>
    judge(certificate, { host: 'r1', known, marks }, Date.now()).trust;
  expect([made([key], null), made([], null), made([other], null)]).toEqual(['known', 'new', 'changed']);
  const strange = HostMarks.create({ authorities: [key.blob] });
  expect([made([], strange), made([], { ...strange, vouchedFor: true })]).toEqual(['new', 'refused']);
});
