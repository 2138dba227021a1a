// What ssh2 does at a price that counts in ten thousand sessions, done for less: the check of a host key's proof, the
// key exchange and the padding of packets. These are parts of it that have no public face; its version is pinned, and a test looks at
// each.
import {
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  type KeyObject,
  randomBytes,
  randomFillSync,
  verify,
} from 'node:crypto';
import ssh2, { type ParsedKey } from 'ssh2';
import { ANY_KEY } from './publickey.js';

/** Of ssh2's keys, all of which share one. */
type Keys = Pick<ParsedKey, 'type' | 'getPublicSSH' | 'isPrivateKey' | 'verify'>;

/** Where the 32 bytes of an Ed25519 key begin in its blob. */
const ED25519_AT = 4 + 'ssh-ed25519'.length + 4;

/** ssh2 has each key read from PEM right before it is used, which takes as long as the check itself. */
function checkWithoutPem(keys: Keys): void {
  const { verify: throughPem } = keys;
  keys.verify = function (this: Keys, data, signature, hash) {
    if (this.type !== 'ssh-ed25519') return throughPem.call(this, data, signature, hash);
    const x = this.getPublicSSH().toString('base64url', ED25519_AT);
    try {
      const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' });
      return verify(null, Buffer.from(data), key, signature);
    } catch {
      return false; // no key, or no signature
    }
  };
}

checkWithoutPem(Object.getPrototypeOf(ssh2.utils.parseKey(ANY_KEY)) as Keys);

/** `half`: what the other side is given. */
interface OwnKeys {
  privateKey: KeyObject;
  half: Buffer;
}

/** ssh2's side of a key exchange by X25519. */
interface Exchange {
  type: string;
  _keys: OwnKeys | { privateKey: KeyObject; publicKey: KeyObject } | null;
  generateKeys(): void;
  getPublicKey(): Buffer;
  computeSecret(theirs: Buffer): Buffer | Error;
}

let isCheap = false;

/** ssh2 has keys written and read as DER, which takes twice as long as the exchange itself. */
export function cheapenExchange(made: unknown): void {
  const exchange = made as Exchange | undefined; // what ssh2 keeps of the exchange that is under way
  if (isCheap || exchange?.type !== '25519') return;
  isCheap = true;
  Object.assign(Object.getPrototypeOf(exchange) as Exchange, X25519);
}

/**
 * The key is read, not generated: Node 20 stands still for good when it collects what generated a key (for which it waits
 * until nobody uses the key) in the middle of writing that key as JWK; of ten thousand sessions one did.
 */
const X25519: Pick<Exchange, 'generateKeys' | 'getPublicKey' | 'computeSecret'> = {
  generateKeys(this: Exchange) {
    this._keys ??= newKeys();
  },
  getPublicKey(this: Exchange) {
    this._keys ??= newKeys();
    if ('half' in this._keys) return this._keys.half;
    // Those that are under way already go on with the keys that ssh2 has made.
    return this._keys.publicKey.export({ type: 'spki', format: 'der' }).subarray(-32);
  },
  computeSecret(this: Exchange, theirs) {
    this._keys ??= newKeys();
    try {
      const key = { kty: 'OKP', crv: 'X25519', x: theirs.toString('base64url') };
      const publicKey = createPublicKey({ key, format: 'jwk' });
      return mpint(diffieHellman({ privateKey: this._keys.privateKey, publicKey }));
    } catch (error) {
      return error instanceof Error ? error : new Error(String(error)); // ssh2 ends the connection for it
    }
  },
};

function newKeys(): OwnKeys {
  const d = randomBytes(32).toString('base64url');
  // Node insists on a public half, and ignores it.
  const privateKey = createPrivateKey({ key: { kty: 'OKP', crv: 'X25519', d, x: d }, format: 'jwk' });
  return { privateKey, half: Buffer.from(privateKey.export({ format: 'jwk' }).x ?? '', 'base64url') };
}

/** A positive number as SSH writes it: no leading zeros, but one where the first bit is set. */
export function mpint(bytes: Buffer): Buffer {
  let start = 0;
  while (start < bytes.length && bytes[start] === 0) start++;
  const digits = bytes.subarray(start);
  return ((digits[0] ?? 0) & 0x80) === 0 ? digits : Buffer.concat([Buffer.alloc(1), digits]);
}

/** Makes packets for ssh2, with room for the payload behind the length and the padding's length. */
export interface Cipher {
  allocPacket(payload: number): Buffer;
}

/** How packets are padded (RFC 4253, section 6; RFC 5647, section 7.2), in bytes. */
interface Blocks {
  block: number;
  /** At the beginning of a packet, and not counted. */
  outside: number;
}

const PLAIN: Blocks = { block: 8, outside: 0 };
const GCM: Blocks = { block: 16, outside: 4 };
const HEAD = 5;
const PADDING_LEAST = 4;
const padded = new WeakSet<Cipher>();

/** Before the first key exchange. */
export function padPlain(cipher: Cipher): void {
  pad(cipher, PLAIN);
}

/** After a key exchange that has settled on this cipher; others than GCM go on as they are. */
export function padSettled(cipher: Cipher, name: string): void {
  if (name.includes('-gcm@')) pad(cipher, GCM);
}

/** ssh2 asks the system's generator for the padding of each packet by itself. */
function pad(cipher: Cipher, { block, outside }: Blocks): void {
  const ciphers = Object.getPrototypeOf(cipher) as Cipher;
  if (padded.has(ciphers)) return;
  padded.add(ciphers);
  const example = cipher.allocPacket(1);
  const behind = example.length - 4 - example.readUInt32BE(0);
  ciphers.allocPacket = (payload) => {
    const bare = HEAD + payload;
    let padding = block - ((bare - outside) % block);
    if (padding < PADDING_LEAST) padding += block;
    const packet = Buffer.allocUnsafe(bare + padding + behind);
    packet.writeUInt32BE(bare + padding - 4, 0);
    packet[4] = padding;
    fillRandom(packet, bare, padding);
    return packet;
  };
}

const pool = Buffer.allocUnsafeSlow(8192);
let used = pool.length;

function fillRandom(bytes: Buffer, from: number, length: number): void {
  if (used + length > pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  for (let at = 0; at < length; at++) bytes[from + at] = pool[used++] as number; // within the pool
}
