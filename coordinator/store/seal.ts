// The store's key: where it lies, what it seals, and the identity it gives to a credential. Secrets are sealed
// before they are handed to the database's thread and opened after they come back; nothing below this file
// ever sees one.
import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  hkdfSync,
  type KeyObject,
  randomBytes,
} from 'node:crypto';
import { existsSync } from 'node:fs';

import { Credential } from '../../proto/gen/netsweep/v1/model.js';
import { signingKey } from '../auditlog/head.js';
import { createKeyFile, readKeyFile } from './keyfile.js';
import { StoreRefused } from './refusal.js';

const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const CHECK = Buffer.from('netsweep store key');
const CHECK_LABEL = ['meta', '', 'key'];

export class Seal {
  readonly #sealKey: Buffer;
  readonly #nameKey: Buffer;
  readonly #logKey: KeyObject;

  private constructor(key: Buffer) {
    this.#sealKey = subkey(key, 'netsweep seal');
    this.#nameKey = subkey(key, 'netsweep credential identity');
    this.#logKey = signingKey(key);
    key.fill(0);
  }

  /** What the audit log's heads are signed with. */
  logKey(): KeyObject {
    return this.#logKey;
  }

  /** Reads the key; `mayCreate` for a store that has sealed nothing yet. */
  static open(keyFile: string, mayCreate: boolean): Seal {
    if (!existsSync(keyFile)) {
      if (!mayCreate) throw new StoreRefused(`the store's key ${keyFile} is missing`);
      createKeyFile(keyFile, randomBytes(KEY_BYTES));
    }
    return new Seal(readKey(keyFile));
  }

  /** Random nonce, tag, ciphertext. The label is where the record lies: moved elsewhere it can't be opened. */
  seal(label: string[], plain: Uint8Array): Buffer {
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv('aes-256-gcm', this.#sealKey, nonce).setAAD(prefixed(label));
    const text = Buffer.concat([cipher.update(plain), cipher.final()]);
    return Buffer.concat([nonce, cipher.getAuthTag(), text]);
  }

  /** Throws when the key or the label is another one, or a bit has changed. */
  unseal(label: string[], sealed: Uint8Array): Buffer {
    const nonce = sealed.subarray(0, NONCE_BYTES);
    const text = sealed.subarray(NONCE_BYTES + TAG_BYTES);
    const decipher = createDecipheriv('aes-256-gcm', this.#sealKey, nonce, { authTagLength: TAG_BYTES });
    decipher.setAAD(prefixed(label)).setAuthTag(sealed.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES));
    const head = decipher.update(text);
    decipher.final();
    return head; // GCM gives everything before `final`, which only checks the tag
  }

  sealCredential(sweep: string, credential: Credential): Buffer {
    const plain = Credential.encode(credential).finish();
    const sealed = this.seal(['secrets', sweep, credential.id], plain);
    plain.fill(0);
    return sealed;
  }

  unsealCredential(sweep: string, id: string, sealed: Uint8Array): Credential {
    const plain = this.unseal(['secrets', sweep, id], sealed);
    const credential = Credential.decode(plain);
    plain.fill(0);
    return credential;
  }

  /** A sealed constant, which shows later whether the key is still the same. */
  check(): Buffer {
    return this.seal(CHECK_LABEL, CHECK);
  }

  /** Whether `check` was made with this key. */
  made(check: Uint8Array): boolean {
    try {
      return this.unseal(CHECK_LABEL, check).equals(CHECK);
    } catch {
      return false; // the tag does not fit: another key
    }
  }

  /** Keyed digest of user name and secrets, 16 hex characters: the same in every sweep until one changes. */
  identify(credential: Credential): string {
    const { username, password, privateKey, enableSecret, passphrase, certificate, sshAgent } = credential;
    const references = credential.references.map(({ field, reference }) => `${field} ${reference}`);
    // What came later counts only where it is used: a store keeps what it knows of all other credentials.
    const later = [passphrase, certificate, sshAgent];
    const used = later.some((part) => part.length > 0) ? later : [];
    const text = prefixed([username, password, privateKey, enableSecret, ...used, ...references]);
    const identity = createHmac('sha256', this.#nameKey).update(text).digest('hex').slice(0, 16);
    text.fill(0);
    return identity;
  }

  [Symbol.dispose](): void {
    this.#sealKey.fill(0);
    this.#nameKey.fill(0);
  }
}

function subkey(key: Buffer, purpose: string): Buffer {
  return Buffer.from(hkdfSync('sha256', key, '', purpose, KEY_BYTES));
}

/** The parts with their lengths, so that no two lists give the same bytes. */
function prefixed(parts: (string | Uint8Array)[]): Buffer {
  const lengths = parts.map((part) => Buffer.byteLength(part));
  const text = Buffer.alloc(lengths.reduce((sum, length) => sum + 4 + length, 0));
  let at = 0;
  parts.forEach((part, i) => {
    at = text.writeUInt32BE(lengths[i] ?? 0, at);
    if (typeof part === 'string') text.write(part, at);
    else text.set(part, at);
    at += lengths[i] ?? 0;
  });
  return text;
}

function readKey(keyFile: string): Buffer {
  const key = readKeyFile(keyFile);
  if (key.length === KEY_BYTES) return key;
  throw new StoreRefused(`the key ${keyFile} has ${key.length} bytes, not ${KEY_BYTES}`);
}
