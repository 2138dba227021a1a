// Values as netmiko-tools encrypts them: a salt, and what a key made of it and of NETMIKO_TOOLS_KEY encrypted, as a
// Fernet token or with AES-128-CBC.
import { createDecipheriv, createHmac, pbkdf2, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';

export type Seal = 'fernet' | 'aes128';

/** A value that cannot be opened, with the reason. */
export class SealError extends Error {
  override name = 'SealError';
}

const PREFIX = '__encrypt__';
const VARIABLE = 'NETMIKO_TOOLS_KEY';
const ROUNDS = 100_000;
const WRONG = `it does not fit the key (expected ${VARIABLE} as it was when the value was encrypted)`;

const derive = promisify(pbkdf2);

export function isSealed(text: string): boolean {
  return text.startsWith(PREFIX);
}

/** Throws a SealError. */
export async function openSealed(
  text: string,
  seal: Seal,
  env: Readonly<Record<string, string | undefined>>,
): Promise<string> {
  const key = env[VARIABLE] ?? '';
  if (key === '') throw new SealError(`the key is missing (expected the variable ${VARIABLE})`);
  const [salt = '', sealed] = text.replace(PREFIX, '').split(':', 2);
  if (sealed === undefined) throw new SealError('it is cut off (expected a salt, a colon and a text)');
  const derived = await derive(key, Buffer.from(salt, 'base64'), ROUNDS, 32, 'sha256');
  const bytes = Buffer.from(sealed, 'base64');
  try {
    const plain = seal === 'fernet' ? openFernet(bytes, derived) : decrypt(bytes, derived.subarray(0, 16));
    return plain.toString('utf8');
  } catch (error) {
    throw new SealError(WRONG, { cause: error });
  }
}

/** A token: version, time, IV and text, and over all of them an HMAC. */
function openFernet(token: Buffer, key: Buffer): Buffer {
  const bytes = Buffer.from(token.toString('latin1'), 'base64url');
  const signed = bytes.subarray(0, -32);
  const expected = createHmac('sha256', key.subarray(0, 16)).update(signed).digest();
  if (bytes[0] !== 0x80 || bytes.length < 73 || !timingSafeEqual(expected, bytes.subarray(-32)))
    throw new SealError(WRONG);
  return decrypt(signed.subarray(9), key.subarray(16));
}

/** The first block is the IV. */
function decrypt(bytes: Buffer, key: Buffer): Buffer {
  const decipher = createDecipheriv('aes-128-cbc', key, bytes.subarray(0, 16));
  return Buffer.concat([decipher.update(bytes.subarray(16)), decipher.final()]);
}
