// The key by which a coordinator signs: made with the state it belongs to, kept beside it, and handed out by its
// public half only. Whoever holds the store's lock may open it.
import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { createKeyFile, readKeyFile } from './store/keyfile.js';
import { StoreRefused } from './store/refusal.js';

export const SIGNING_KEY = 'signing-key';
/** Of an Ed25519 key in SubjectPublicKeyInfo: what precedes its 32 bytes. */
const SPKI_HEAD_BYTES = 12;

export interface Signer {
  /** 32 bytes. */
  publicKey: Buffer;
  sign(bytes: Uint8Array): Buffer;
}

/** Makes the key where there is none. Throws StoreRefused. */
export function openSigningKey(directory: string): Signer {
  const path = join(directory, SIGNING_KEY);
  if (!existsSync(path)) {
    const { privateKey } = generateKeyPairSync('ed25519');
    createKeyFile(path, privateKey.export({ type: 'pkcs8', format: 'der' }));
  }
  return signerOf(readKey(path));
}

export function signerOf(key: KeyObject): Signer {
  const spki = createPublicKey(key).export({ type: 'spki', format: 'der' });
  return { publicKey: spki.subarray(SPKI_HEAD_BYTES), sign: (bytes) => sign(null, bytes, key) };
}

function readKey(path: string): KeyObject {
  const bytes = readKeyFile(path);
  try {
    const key = createPrivateKey({ key: bytes, type: 'pkcs8', format: 'der' });
    if (key.asymmetricKeyType === 'ed25519') return key;
  } catch {
    // said below
  } finally {
    bytes.fill(0);
  }
  throw new StoreRefused(`${path} is not an Ed25519 key`);
}
