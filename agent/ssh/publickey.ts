// Public keys, certificates and signatures as SSH has them on the wire (RFC 4253, section 6.6; RFC 5656; RFC 8332;
// RFC 8709; OpenSSH's PROTOCOL.certkeys); pure. ssh2 knows no certificates, so what it would do for plain keys
// is done here for both.
import { createPublicKey, type KeyObject, sign } from 'node:crypto';
import { isCertificate, plainName } from './algorithms.js';

/** A user's certificate, as far as a client looks into it. */
export interface Certificate {
  type: string;
  blob: Buffer;
  /** The public key that it is for. */
  key: Buffer;
  /** Unix seconds. */
  validAfter: bigint;
  validBefore: bigint;
}

/** Nobody's: for asking ssh2 what its keys are like. */
export const ANY_KEY = `ssh-ed25519 ${Buffer.concat([string('ssh-ed25519'), string(Buffer.alloc(32))]).toString('base64')}`;

/** The type that a public key or certificate begins with; empty when it does not. */
export function typeOf(blob: Buffer): string {
  return new Fields(blob).next()?.toString('latin1', 0, 64) ?? '';
}

/** The public half of a private key. */
export function publicKeyOf(key: KeyObject): Buffer {
  const jwk = createPublicKey(key).export({ format: 'jwk' });
  const number = (text: string | undefined) => Buffer.from(text ?? '', 'base64url');
  switch (jwk.kty) {
    case 'RSA':
      return Buffer.concat([string('ssh-rsa'), mpint(number(jwk.e)), mpint(number(jwk.n))]);
    case 'EC': {
      const curve = `nistp${jwk.crv?.slice(2)}`;
      const point = Buffer.concat([Buffer.of(4), number(jwk.x), number(jwk.y)]);
      return Buffer.concat([string(`ecdsa-sha2-${curve}`), string(curve), string(point)]);
    }
    default:
      return Buffer.concat([string('ssh-ed25519'), string(number(jwk.x))]);
  }
}

/** How many strings or numbers a public key of this type has behind its type. */
export const FIELDS: Record<string, number> = {
  'ssh-rsa': 2,
  'ecdsa-sha2-nistp256': 2,
  'ecdsa-sha2-nistp384': 2,
  'ecdsa-sha2-nistp521': 2,
  'ssh-ed25519': 1,
  'sk-ecdsa-sha2-nistp256@openssh.com': 3,
  'sk-ssh-ed25519@openssh.com': 2,
};
const USER_CERTIFICATE = 1;

/** A certificate from the one line of its -cert.pub file; otherwise what is wrong with it, for a sentence. */
export function readCertificate(line: string): Certificate | string {
  const [type = '', base64 = ''] = line.trim().split(/\s+/);
  const count = FIELDS[plainName(type)];
  if (!isCertificate(type) || count === undefined) return 'is not one of a kind that is known';
  const blob = Buffer.from(base64, 'base64');
  const fields = new Fields(blob);
  const inside = fields.next()?.toString('latin1');
  fields.next(); // the nonce
  const parts = Array.from({ length: count }, () => fields.next());
  fields.skip(8); // the serial number
  const kind = fields.number(4);
  fields.next(); // the name
  fields.next(); // the principals
  const validAfter = fields.number(8);
  const validBefore = fields.number(8);
  if (inside !== type || validBefore === null || validAfter === null) return 'is damaged';
  if (kind !== BigInt(USER_CERTIFICATE)) return 'is for a host, not for a user';
  const key = Buffer.concat([string(plainName(type)), ...parts.map((part) => string(part ?? ''))]);
  return { type, blob, key, validAfter, validBefore };
}

const HASHES: Record<string, string> = {
  'ssh-rsa': 'sha1',
  'rsa-sha2-256': 'sha256',
  'rsa-sha2-512': 'sha512',
  'ecdsa-sha2-nistp256': 'sha256',
  'ecdsa-sha2-nistp384': 'sha384',
  'ecdsa-sha2-nistp521': 'sha512',
};

/** Signs off the event loop. `algorithm` may be a certificate's; the signature never names it. */
export async function signWith(key: KeyObject, data: Buffer, algorithm: string): Promise<Buffer> {
  const plain = plainName(algorithm);
  const ecdsa = plain.startsWith('ecdsa-');
  const raw = await new Promise<Buffer>((resolve, reject) => {
    const options = ecdsa ? { key, dsaEncoding: 'ieee-p1363' as const } : key;
    sign(HASHES[plain] ?? null, data, options, (error, made) => (error ? reject(error) : resolve(made)));
  });
  if (!ecdsa) return Buffer.concat([string(plain), string(raw)]);
  const half = raw.length / 2;
  const pair = Buffer.concat([mpint(raw.subarray(0, half)), mpint(raw.subarray(half))]);
  return Buffer.concat([string(plain), string(pair)]);
}

/** Bytes with their length before them. */
export function string(content: string | Buffer): Buffer {
  const bytes = typeof content === 'string' ? Buffer.from(content, 'latin1') : content;
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
}

/** A number that is not negative, from its bytes. */
function mpint(bytes: Buffer): Buffer {
  let start = 0;
  while (start < bytes.length && bytes[start] === 0) start++;
  const plain = bytes.subarray(start);
  return string((plain[0] ?? 0) >= 0x80 ? Buffer.concat([Buffer.of(0), plain]) : plain);
}

/** Reads fields one after the other; null from the first that is not whole. */
export class Fields {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  /** A string. */
  next(): Buffer | null {
    const length = this.number(4);
    return length === null ? null : this.skip(Number(length));
  }

  /** A number of `width` bytes. */
  number(width: 1 | 4 | 8): bigint | null {
    const bytes = this.skip(width);
    return bytes === null ? null : BigInt(`0x${bytes.toString('hex')}`);
  }

  /** Bytes as they are. */
  skip(length: number): Buffer | null {
    const end = this.#at + length;
    const whole = end <= this.#bytes.length;
    const found = whole ? this.#bytes.subarray(this.#at, end) : null;
    this.#at = whole ? end : Number.MAX_SAFE_INTEGER;
    return found;
  }
}
