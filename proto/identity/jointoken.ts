// A join token as text: the secret that makes somebody a member, where the coordinator is, and the fingerprint of its
// authority, so that whoever joins knows whom to give the secret to. A sum at its end tells a token that was not
// copied whole.
import { createHash } from 'node:crypto';

const PREFIX = 'netsweep1-';
export const SECRET_BYTES = 20;
const FINGERPRINT_BYTES = 32;
const SUM_BYTES = 4;

export interface JoinTokenText {
  secret: Buffer;
  /** SHA-256 of the authority's certificate. */
  fingerprint: Buffer;
  /** HOST:PORT. */
  address: string;
}

export function writeJoinToken({ secret, fingerprint, address }: JoinTokenText): string {
  const body = Buffer.concat([secret, fingerprint, Buffer.from(address)]);
  return PREFIX + Buffer.concat([body, sumOf(body)]).toString('base64url');
}

/** Null: it is none, or not a whole one. */
export function readJoinToken(text: string): JoinTokenText | null {
  if (!text.startsWith(PREFIX)) return null;
  const bytes = Buffer.from(text.slice(PREFIX.length), 'base64url');
  if (bytes.toString('base64url') !== text.slice(PREFIX.length)) return null; // what is no base64 is passed over
  const body = bytes.subarray(0, -SUM_BYTES);
  if (body.length <= SECRET_BYTES + FINGERPRINT_BYTES) return null;
  if (!sumOf(body).equals(bytes.subarray(-SUM_BYTES))) return null;
  return {
    secret: body.subarray(0, SECRET_BYTES),
    fingerprint: body.subarray(SECRET_BYTES, SECRET_BYTES + FINGERPRINT_BYTES),
    address: body.subarray(SECRET_BYTES + FINGERPRINT_BYTES).toString(),
  };
}

/** What is kept of a secret. */
export function digestOf(secret: Uint8Array): Buffer {
  return createHash('sha256').update(secret).digest();
}

function sumOf(body: Buffer): Buffer {
  return digestOf(body).subarray(0, SUM_BYTES);
}
