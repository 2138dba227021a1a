// What can be told of private keys and certificates without opening them: from the first bytes of their text,
// in which nothing is secret.
import { SecretError } from './secretfile.js';

const OPENSSH = '-----BEGIN OPENSSH PRIVATE KEY-----';
const MAGIC = 'openssh-key-v1\0';
const HEAD_BYTES = 512;
const CERTIFICATE =
  /^((?:ssh|ecdsa|sk-ssh|sk-ecdsa)-[\w-]+-cert-v01@openssh\.com) +([A-Za-z0-9+/]+={0,2})(?:\s|$)/;

/** Whether a passphrase is needed; null: the format is not known here. */
export function isEncrypted(key: Buffer): boolean | null {
  const start = key.indexOf('-----BEGIN ');
  const head = key.toString('latin1', Math.max(0, start), Math.max(0, start) + HEAD_BYTES);
  if (head.startsWith(OPENSSH)) return openSshCipher(head) !== 'none';
  if (start !== -1)
    return /^-----BEGIN ENCRYPTED |\nProc-Type: *4, *ENCRYPTED/.test(head.replaceAll('\r', ''));
  const putty = /^PuTTY-User-Key-File-\d[^\n]*\nEncryption: *(\S+)/.exec(head);
  return putty === null ? null : putty[1] !== 'none';
}

/** Throws a SecretError for what can't be a private key; whether it can be opened, only who logs in finds out. */
export function checkPrivateKey(text: Buffer): void {
  const head = text.toString('latin1', 0, HEAD_BYTES).trimStart();
  if (/^(-----BEGIN ([A-Z]+ )?PRIVATE KEY-----|PuTTY-User-Key-File-)/.test(head)) return;
  const isPublic = /^(ssh-|ecdsa-|sk-|-----BEGIN (SSH2 |[A-Z]+ )?PUBLIC KEY)/.test(head);
  throw new SecretError(
    isPublic
      ? 'this is a public key (expected the private one)'
      : 'this is no private key (expected PEM, or the format of OpenSSH or PuTTY)',
  );
}

/** The name stands at the start of what is encoded, before anything that is secret. */
function openSshCipher(head: string): string {
  const encoded = head
    .slice(OPENSSH.length)
    .replace(/-----END[\s\S]*$/, '')
    .replace(/\s/g, '');
  const blob = Buffer.from(encoded.slice(0, 120), 'base64');
  if (!blob.toString('latin1').startsWith(MAGIC) || blob.length < MAGIC.length + 4) return 'none';
  const from = MAGIC.length + 4;
  return blob.toString('latin1', from, from + blob.readUInt32BE(MAGIC.length));
}

/** A certificate as one line, its comment left out. Throws a SecretError where it is none. */
export function readCertificate(text: Buffer): Buffer {
  const [, type = '', base64 = ''] = CERTIFICATE.exec(text.toString('latin1').trim()) ?? [];
  const blob = Buffer.from(base64, 'base64');
  const isWhole = blob.length > 4 && blob.toString('latin1', 4, 4 + blob.readUInt32BE(0)) === type;
  if (type === '' || !isWhole)
    throw new SecretError(
      'this is no OpenSSH certificate (expected a line such as ssh-ed25519-cert-v01@openssh.com AAAA...)',
    );
  return Buffer.from(`${type} ${base64}`);
}
