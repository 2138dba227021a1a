// Vaults as `ansible-vault encrypt_string` prints them.
import { createCipheriv, createHmac, pbkdf2Sync } from 'node:crypto';

export function sealed(text: string, password: string, label = ''): string {
  const salt = Buffer.alloc(32, text.length);
  const derived = pbkdf2Sync(password, salt, 10_000, 80, 'sha256');
  const cipher = createCipheriv('aes-256-ctr', derived.subarray(0, 32), derived.subarray(64));
  const plain = Buffer.from(text);
  const padding = 16 - (plain.length % 16);
  const bytes = cipher.update(Buffer.concat([plain, Buffer.alloc(padding, padding)]));
  const hmac = createHmac('sha256', derived.subarray(32, 64)).update(bytes).digest('hex');
  const body = Buffer.from([salt.toString('hex'), hmac, bytes.toString('hex')].join('\n')).toString('hex');
  const header = `$ANSIBLE_VAULT;1.${label === '' ? 1 : 2};AES256${label === '' ? '' : `;${label}`}`;
  return [header, ...(body.match(/.{1,80}/g) ?? [])].join('\n');
}
