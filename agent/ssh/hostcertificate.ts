// Host certificates, as OpenSSH has them (PROTOCOL.certkeys): whether one that a host shows is good for it. The
// authority's signature is looked at here; that the host holds the key which the certificate is for is proved in the
// key exchange, like any other. Pure but for the clock that is handed in.
import { createPublicKey, type KeyObject, verify } from 'node:crypto';
import { isCertificate, plainName } from './algorithms.js';
import { FIELDS, Fields, string, typeOf } from './publickey.js';

export interface HostCertificate {
  /** The public key that it is for. */
  key: Buffer;
  /** The authority's public key. */
  authority: Buffer;
  kind: bigint;
  principals: readonly string[];
  /** Unix seconds. */
  validAfter: bigint;
  validBefore: bigint;
  criticalOptions: number;
  /** What the authority has signed, and how. */
  signed: Buffer;
  signature: Buffer;
}

const FOR_HOSTS = 2n;
/** Signatures of authorities, with the hash of each; SHA-1 is not among them. */
const HASHES: Record<string, string | null> = {
  'ssh-ed25519': null,
  'ecdsa-sha2-nistp256': 'sha256',
  'ecdsa-sha2-nistp384': 'sha384',
  'ecdsa-sha2-nistp521': 'sha512',
  'rsa-sha2-256': 'sha256',
  'rsa-sha2-512': 'sha512',
};

/** The certificate in a blob; null for one that is damaged or of no known kind. */
export function readHostCertificate(blob: Buffer): HostCertificate | null {
  const fields = new Fields(blob);
  const type = fields.next()?.toString('latin1') ?? '';
  const count = FIELDS[plainName(type)];
  if (!isCertificate(type) || count === undefined) return null;
  fields.next(); // the nonce
  const parts = Array.from({ length: count }, () => fields.next());
  fields.skip(8); // the serial number
  const kind = fields.number(4);
  fields.next(); // the name
  const principals = fields.next();
  const [validAfter, validBefore] = [fields.number(8), fields.number(8)];
  const criticalOptions = fields.next();
  fields.next(); // the extensions
  fields.next(); // reserved
  const authority = fields.next();
  const signature = fields.next();
  if (kind === null || validAfter === null || validBefore === null) return null;
  if (principals === null || criticalOptions === null || authority === null || signature === null)
    return null;
  const names = stringsOf(principals);
  if (names === null || fields.skip(1) !== null) return null;
  return {
    key: Buffer.concat([string(plainName(type)), ...parts.map((part) => string(part ?? ''))]),
    authority: Buffer.from(authority),
    kind,
    principals: names,
    validAfter,
    validBefore,
    criticalOptions: criticalOptions.length,
    signed: blob.subarray(0, blob.length - 4 - signature.length),
    signature,
  };
}

/** What is wrong with a certificate of a trusted authority, as a clause; null: it is good for the host. */
export function whyNotGood(certificate: HostCertificate, host: string, nowMs: number): string | null {
  const { kind, principals, validAfter, validBefore, criticalOptions } = certificate;
  const now = BigInt(Math.floor(nowMs / 1000));
  if (kind !== FOR_HOSTS) return 'it is for users, not for hosts';
  if (now < validAfter) return 'it is not valid yet';
  if (now >= validBefore) return 'it has expired';
  if (criticalOptions > 0) return 'it has critical options, of which none are known for hosts';
  if (principals.length > 0 && !principals.some((name) => name.toLowerCase() === host.toLowerCase()))
    return `it is for ${principals
      .slice(0, 5)
      .map((name) => JSON.stringify(name))
      .join(', ')}, not for ${JSON.stringify(host)}`;
  return isSigned(certificate) ? null : 'the signature of its authority is wrong';
}

function isSigned({ authority, signed, signature }: HostCertificate): boolean {
  const fields = new Fields(signature);
  const algorithm = fields.next()?.toString('latin1') ?? '';
  const bytes = fields.next();
  const hash = HASHES[algorithm];
  const type = algorithm.startsWith('rsa-') ? 'ssh-rsa' : algorithm;
  if (bytes === null || hash === undefined || typeOf(authority) !== type) return false;
  try {
    const key = keyOf(authority);
    const proof = type.startsWith('ecdsa-') ? pairOf(bytes) : bytes;
    return key !== null && proof !== null && verify(hash, signed, { key, dsaEncoding: 'der' }, proof);
  } catch {
    return false; // no key, or no signature
  }
}

/** A public key of a kind that authorities have. */
function keyOf(blob: Buffer): KeyObject | null {
  const fields = new Fields(blob);
  const type = fields.next()?.toString('latin1') ?? '';
  const [first, second] = [fields.next(), fields.next()];
  if (first === null) return null;
  const jwk = (key: Record<string, string>) => createPublicKey({ key, format: 'jwk' });
  if (type === 'ssh-ed25519') return jwk({ kty: 'OKP', crv: 'Ed25519', x: first.toString('base64url') });
  if (second === null) return null;
  if (type === 'ssh-rsa')
    return jwk({ kty: 'RSA', e: first.toString('base64url'), n: unsigned(second).toString('base64url') });
  const half = (second.length - 1) / 2; // behind the 4 of a point that is not compressed
  const crv = `P-${first.toString('latin1').slice('nistp'.length)}`;
  const [x, y] = [second.subarray(1, 1 + half), second.subarray(1 + half)];
  return jwk({ kty: 'EC', crv, x: x.toString('base64url'), y: y.toString('base64url') });
}

/** A pair of numbers as DER, which is how signatures are checked. */
function pairOf(bytes: Buffer): Buffer | null {
  const fields = new Fields(bytes);
  const [one, other] = [fields.next(), fields.next()];
  if (one === null || other === null) return null;
  const numbers = Buffer.concat([der(2, one), der(2, other)]);
  return der(0x30, numbers);
}

function der(tag: number, content: Buffer): Buffer {
  const length = content.length < 0x80 ? [content.length] : [0x81, content.length]; // of P-521 at most 139
  return Buffer.concat([Buffer.of(tag, ...length), content]);
}

function unsigned(number: Buffer): Buffer {
  return number[0] === 0 ? number.subarray(1) : number;
}

function stringsOf(bytes: Buffer): string[] | null {
  const fields = new Fields(bytes);
  const found: string[] = [];
  for (let read = 0; read < bytes.length; ) {
    const one = fields.next();
    if (one === null) return null;
    read += 4 + one.length;
    found.push(one.toString('utf8'));
  }
  return found;
}
