// Opens what `ansible-vault` has sealed: AES-256 in counter mode with an HMAC, the key derived from a password.
// A vault's label only says which password to try first, as in Ansible.
import { createDecipheriv, createHmac, pbkdf2Sync, timingSafeEqual } from 'node:crypto';
import { count, quote } from '../wording.js';

const HEADER = '$ANSIBLE_VAULT';
const ITERATIONS = 10_000;
const KEY_BYTES = 32;
const IV_BYTES = 16;

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
  private readonly opened = new Map<string, Opened>();

  constructor(private readonly passwords: readonly VaultPassword[]) {}

  open(vault: string): Opened {
    const known = this.opened.get(vault);
    if (known !== undefined) return known;
    const opened = this.tryAll(vault);
    this.opened.set(vault, opened);
    return opened;
  }

  private tryAll(vault: string): Opened {
    const { passwords } = this;
    if (passwords.length === 0)
      return {
        wrong: 'is in an Ansible vault (expected --vault-password-file FILE or ANSIBLE_VAULT_PASSWORD_FILE)',
      };
    const sealed = readEnvelope(vault);
    if (typeof sealed === 'string') return { wrong: sealed };
    const first = passwords.filter(({ label }) => label === sealed.label);
    for (const { password } of [...first, ...passwords.filter((one) => !first.includes(one))]) {
      const text = decrypt(sealed, password);
      if (text !== null) return { text };
    }
    const labels = Array.from(new Set(passwords.map(({ label }) => label))).join(', ');
    const of = sealed.label === 'default' ? '' : ` of ${quote(sealed.label)}`;
    return {
      wrong: `is in an Ansible vault${of} that no password opens (tried ${count(passwords.length, 'password')}: ${labels})`,
    };
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
  const [, version = '', cipher = '', label = 'default'] = header.split(';').map((part) => part.trim());
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

/** Null: this is not its password. */
function decrypt({ salt, hmac, bytes }: Sealed, password: Buffer): Buffer | null {
  const derived = pbkdf2Sync(password, salt, ITERATIONS, 2 * KEY_BYTES + IV_BYTES, 'sha256');
  const key = derived.subarray(0, KEY_BYTES);
  const sign = createHmac('sha256', derived.subarray(KEY_BYTES, 2 * KEY_BYTES));
  if (!timingSafeEqual(sign.update(bytes).digest(), hmac)) return null;
  const cipher = createDecipheriv('aes-256-ctr', key, derived.subarray(2 * KEY_BYTES));
  const padded = Buffer.concat([cipher.update(bytes), cipher.final()]);
  return padded.subarray(0, padded.length - (padded.at(-1) ?? 0));
}
