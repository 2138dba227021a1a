// A key that never leaves its host, and the request for a certificate that goes with it. The library is loaded only
// here and in the coordinator's authority, and only when a certificate is asked for: it takes as long to load as a
// small program.
import { createPrivateKey, createPublicKey, generateKeyPairSync, webcrypto } from 'node:crypto';

export const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };

/** PKCS#8, PEM. */
export function makeKey(): string {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return privateKey.export({ type: 'pkcs8', format: 'pem' }) as string; // asked for as PEM
}

/** PKCS#10, DER. Names and rights are not asked for: they are the member's. */
export async function requestCertificate(key: string): Promise<Buffer> {
  const { Pkcs10CertificateRequestGenerator } = await x509();
  const keys = await keyPair(key);
  const request = await Pkcs10CertificateRequestGenerator.create({
    name: 'CN=netsweep',
    keys,
    signingAlgorithm: ALGORITHM,
  });
  return Buffer.from(request.rawData);
}

/** As the library takes it. */
export async function keyPair(pem: string): Promise<webcrypto.CryptoKeyPair> {
  const { subtle } = webcrypto;
  const key = createPrivateKey(pem);
  const pkcs8 = key.export({ type: 'pkcs8', format: 'der' });
  const spki = createPublicKey(key).export({ type: 'spki', format: 'der' });
  const [privateKey, publicKey] = await Promise.all([
    subtle.importKey('pkcs8', pkcs8, ALGORITHM, true, ['sign']),
    subtle.importKey('spki', spki, ALGORITHM, true, ['verify']),
  ]);
  return { privateKey, publicKey };
}

/** The library needs the other one in place before it. */
export async function x509() {
  await import('reflect-metadata');
  return import('@peculiar/x509');
}
