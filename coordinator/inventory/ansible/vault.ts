// Opens what `ansible-vault` has sealed: AES-256 in counter mode with an HMAC, the key derived from a password.
// A vault's label only says which password to try first, as in Ansible.
import { createDecipheriv, createHmac, pbkdf2, pbkdf2Sync, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import { SecretError } from '../secretfile.js';
import { count, quote } from '../wording.js';

const HEADER = '$ANSIBLE_VAULT';
const ITERATIONS = 10_000;
const KEY_BYTES = 32;
const IV_BYTES = 16;
const DERIVED_BYTES = 2 * KEY_BYTES + IV_BYTES;
export const DEFAULT_LABEL = 'default';
/** So many are opened while an inventory is read, where a wrong password is told soonest. */
const MOST_AT_ONCE = 16;

const derive = promisify(pbkdf2);

export interface VaultPassword {
  label: string;
  password: Buffer;
}

/** What it holds, or what is wrong. */
export type Opened = { text: Buffer } | { wrong: string };

export function isVault(text: string): boolean {
  return text.startsWith(HEADER);
}

/** Tries every password on a vault; each vault is opened once. */
export class VaultOpener {
  private readonly known = new Map<string, Opened>();

  constructor(private readonly passwords: readonly VaultPassword[]) {}

  /** At once. A vault takes some ten milliseconds, so thousands are better opened later, those that are needed. */
  open(vault: string): Opened {
    const known = this.known.get(vault);
    if (known !== undefined) return known;
    const opened = this.tryAll(vault);
    this.known.set(vault, opened);
    return opened;
  }

  /** Whether to wait until somebody needs what is in it: it is not known, and enough others were opened. */
  isForLater(vault: string): boolean {
    return this.passwords.length > 0 && this.known.size >= MOST_AT_ONCE && !this.known.has(vault);
  }

  /** Throws a SecretError. */
  async openLater(vault: string): Promise<Buffer> {
    const sealed = readEnvelope(vault);
    if (typeof sealed === 'string') throw new SecretError(sealed);
    for (const { password } of this.candidates(sealed)) {
      const text = decrypt(sealed, await derive(password, sealed.salt, ITERATIONS, DERIVED_BYTES, 'sha256'));
      if (text !== null) return text;
    }
    throw new SecretError(this.wrong(sealed));
  }

  private tryAll(vault: string): Opened {
    if (this.passwords.length === 0)
      return {
        wrong: 'is in an Ansible vault (expected --vault-password-file FILE or ANSIBLE_VAULT_PASSWORD_FILE)',
      };
    const sealed = readEnvelope(vault);
    if (typeof sealed === 'string') return { wrong: sealed };
    for (const { password } of this.candidates(sealed)) {
      const text = decrypt(sealed, pbkdf2Sync(password, sealed.salt, ITERATIONS, DERIVED_BYTES, 'sha256'));
      if (text !== null) return { text };
    }
    return { wrong: this.wrong(sealed) };
  }

  private candidates({ label }: Sealed): VaultPassword[] {
    return this.passwords.toSorted((a, b) => Number(b.label === label) - Number(a.label === label));
  }

  private wrong({ label }: Sealed): string {
    const labels = Array.from(new Set(this.passwords.map((one) => one.label))).join(', ');
    const of = label === DEFAULT_LABEL ? '' : ` of ${quote(label)}`;
    return `is in an Ansible vault${of} that no password opens (tried ${count(this.passwords.length, 'password')}: ${labels})`;
  }
}

interface Sealed {
  label: string;
  salt: Buffer;
  hmac: Buffer;
  bytes: Buffer;
}

function readEnvelope(vault: string): Sealed | string {
  const [header = '', ...lines] = vault.trim().split(/\s*\n\s*/);
  const [, version = '', cipher = '', label = DEFAULT_LABEL] = header.split(';').map((part) => part.trim());
  if (!['1.1', '1.2'].includes(version) || cipher !== 'AES256')
    return `is in an Ansible vault of another kind (found ${quote(`${version} ${cipher}`)}, expected version 1.1 or 1.2 with AES256)`;
  const [salt, hmac, bytes] = fromHex(lines.join(''))?.toString('latin1').split('\n').map(fromHex) ?? [];
  if (!salt || !hmac || !bytes || hmac.length !== KEY_BYTES)
    return 'is in an Ansible vault that is damaged (expected the lines as ansible-vault wrote them)';
  return { label, salt, hmac, bytes };
}

function fromHex(text: string): Buffer | null {
  return /^(?:[\da-fA-F]{2})+$/.test(text) ? Buffer.from(text, 'hex') : null;
}

/** Null: what is derived is not of its password. */
function decrypt({ hmac, bytes }: Sealed, derived: Buffer): Buffer | null {
  const key = derived.subarray(0, KEY_BYTES);
  const sign = createHmac('sha256', derived.subarray(KEY_BYTES, 2 * KEY_BYTES));
  if (!timingSafeEqual(sign.update(bytes).digest(), hmac)) return null;
  const cipher = createDecipheriv('aes-256-ctr', key, derived.subarray(2 * KEY_BYTES));
  const padded = Buffer.concat([cipher.update(bytes), cipher.final()]);
  return padded.subarray(0, padded.length - (padded.at(-1) ?? 0));
}
