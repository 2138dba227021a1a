// Private keys from the files that OpenSSH, OpenSSL and PuTTY write. Opening one with a passphrase costs a tenth
// of a second or more by design, so an opened key is kept for the next session that brings the same file: a sweep
// has thousands of sessions and one key. ssh2 is here for its reader of OpenSSH's format.
import { createHmac, createPrivateKey, type KeyObject, randomBytes } from 'node:crypto';
import ssh2 from 'ssh2';
import { Kind, Stage } from '../../proto/gen/netsweep/v1/model.js';
import { DeviceFailure } from '../failure.js';
import { typeOf } from './publickey.js';

/** A round takes a hundredth of a second, in which a worker does nothing else; ssh-keygen makes 16 of them. */
const MOST_ROUNDS = 256;
/** How long an opened key outlives its last use. */
const KEPT_MS = 60_000;

interface Opened {
  result: KeyObject | DeviceFailure;
  forget: NodeJS.Timeout;
}

/** By a digest under a key of this process's own, which says nothing of the file to whom it leaks. */
const opened = new Map<string, Opened>();
const ours = randomBytes(32);

/** Throws a DeviceFailure that says why the key can't be used. `passphrase` may be empty. */
export function readPrivateKey(file: Buffer, passphrase: Buffer): KeyObject {
  const name = createHmac('sha256', ours)
    .update(`${file.length} `)
    .update(file)
    .update(passphrase)
    .digest('hex');
  let entry = opened.get(name);
  if (entry) entry.forget.refresh();
  else {
    const forget = setTimeout(() => opened.delete(name), KEPT_MS).unref();
    entry = { result: open(file, passphrase), forget };
    opened.set(name, entry);
  }
  if (entry.result instanceof DeviceFailure) throw entry.result;
  return entry.result;
}

function open(file: Buffer, passphrase: Buffer): KeyObject | DeviceFailure {
  try {
    const key = decode(file, passphrase);
    const curve = key.asymmetricKeyDetails?.namedCurve ?? '';
    switch (key.asymmetricKeyType) {
      case 'rsa':
      case 'ed25519':
        return key;
      case 'ec':
        if (CURVES.has(curve)) return key;
        throw refusal(`is of the curve ${curve}, which SSH does not know`);
      case 'dsa':
        throw refusal('is a DSA key, which is no longer held safe; devices take RSA, ECDSA or Ed25519');
      default:
        throw refusal(`is of the kind ${key.asymmetricKeyType}, which SSH does not know`);
    }
  } catch (thrown) {
    if (thrown instanceof DeviceFailure) return thrown;
    throw thrown;
  }
}

/** OpenSSL's names of the curves that SSH knows. */
const CURVES = new Set(['prime256v1', 'secp384r1', 'secp521r1']);

/** The words at the start of a file decide who reads it. */
function decode(file: Buffer, passphrase: Buffer): KeyObject {
  const head = file.toString('latin1', 0, 4096).trimStart();
  if (/^-----BEGIN (RSA |EC |DSA |ENCRYPTED )?PRIVATE KEY-----/.test(head)) {
    const encrypted = /^-----BEGIN ENCRYPTED|^Proc-Type: *4,ENCRYPTED/m.test(head);
    return decodePem(file, encrypted, passphrase);
  }
  if (/^-----BEGIN OPENSSH PRIVATE KEY-----|^PuTTY-User-Key-File-/.test(head))
    return decodeOpenSsh(file, head, passphrase);
  throw refusal(
    /^(ssh-|ecdsa-|sk-|-----BEGIN (SSH2 )?PUBLIC KEY)/.test(head)
      ? 'is a public one'
      : "is not one (expected PEM, or OpenSSH's own format)",
  );
}

function decodePem(file: Buffer, encrypted: boolean, passphrase: Buffer): KeyObject {
  if (encrypted && passphrase.length === 0) throw noPassphrase();
  try {
    return createPrivateKey({ key: file, format: 'pem', ...(encrypted && { passphrase }) });
  } catch (cause) {
    throw encrypted ? wrongPassphrase(cause) : refusal('is damaged', cause);
  }
}

function decodeOpenSsh(file: Buffer, head: string, passphrase: Buffer): KeyObject {
  const type = publicType(head);
  if (type.startsWith('sk-'))
    throw refusal('needs its security key at each login; an ssh-agent can hold it instead');
  if (type === 'ssh-dss')
    throw refusal('is a DSA key, which is no longer held safe; devices take RSA, ECDSA or Ed25519');
  if (passphrase.length > 0 && roundsOf(head) > MOST_ROUNDS)
    throw refusal(
      `takes ${roundsOf(head)} rounds to open; at most ${MOST_ROUNDS} are made (ssh-keygen -p -a 16)`,
    );
  const parsed = ssh2.utils.parseKey(file, passphrase.length > 0 ? passphrase : undefined);
  if (parsed instanceof Error) {
    if (/no passphrase given/.test(parsed.message)) throw noPassphrase();
    // What a wrong passphrase makes of a file is caught by its check numbers, its padding or its authentication tag.
    if (passphrase.length > 0 && isEncrypted(head)) throw wrongPassphrase(parsed);
    throw refusal('is damaged, or of a kind that is not known', parsed);
  }
  return createPrivateKey(parsed.getPrivatePEM());
}

/** The key type in the clear part of OpenSSH's format (PROTOCOL.key); empty where it is none. */
function publicType(head: string): string {
  const [, , , blob] = clearFields(head);
  return blob === undefined ? '' : typeOf(blob);
}

/** Of the derivation from the passphrase; 0 where there is none. */
function roundsOf(head: string): number {
  const [, , options] = clearFields(head);
  return options === undefined || options.length < 4 ? 0 : options.readUInt32BE(options.length - 4);
}

function isEncrypted(head: string): boolean {
  const [cipher] = clearFields(head);
  if (cipher !== undefined) return cipher.toString('latin1') !== 'none';
  return /^Encryption: (?!none)/m.test(head);
}

/** Cipher, KDF, the KDF's options, first public key. */
function clearFields(head: string): Buffer[] {
  const body = /^-----BEGIN OPENSSH PRIVATE KEY-----\s+([A-Za-z0-9+/=\s]+)/.exec(head)?.[1] ?? '';
  const bytes = Buffer.from(body, 'base64');
  const fields: Buffer[] = [];
  let at = 'openssh-key-v1\0'.length;
  while (fields.length < 4 && at + 4 <= bytes.length) {
    if (fields.length === 3) at += 4; // the number of keys
    if (at + 4 > bytes.length) break;
    const end = at + 4 + bytes.readUInt32BE(at);
    fields.push(bytes.subarray(at + 4, end));
    at = end;
  }
  return fields;
}

function noPassphrase(): DeviceFailure {
  return refusal('is encrypted, and no passphrase is given');
}

function wrongPassphrase(cause: unknown): DeviceFailure {
  return refusal('does not open with the passphrase given', cause);
}

/** `cause` is not kept in full: its words may come from the key. */
function refusal(what: string, cause?: unknown): DeviceFailure {
  const code = (cause as { code?: unknown } | undefined)?.code;
  const options = typeof code === 'string' ? { cause: code } : undefined;
  return new DeviceFailure(Kind.AUTH, Stage.AUTH, `the private key ${what}`, options);
}
