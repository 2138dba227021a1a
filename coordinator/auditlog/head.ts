// A signed head: who holds the key says that the log had got to this record, with this value of the chain, when the
// store made this commit. Every write to the log ends with one. Whoever has no key can hash a changed log anew, but not
// sign a head of it.
import { createPrivateKey, createPublicKey, hkdfSync, type KeyObject, sign, verify } from 'node:crypto';
import { type Line, nextLine, type Place } from './line.js';

/** Of an Ed25519 key in PKCS #8 and SPKI, before its 32 bytes. */
const PRIVATE = Buffer.from('302e020100300506032b657004220420', 'hex');
const PUBLIC = Buffer.from('302a300506032b6570032100', 'hex');

/** What a head says beside its place. */
export interface Head {
  commit: number;
  /** The public key, in base64url. */
  key: string;
}

const HEAD = /^(.*"act":"head","commit":(\d{1,15}),"key":"([\w-]{43})"),"sig":"([\w-]{86})"$/s;

/** The key that signs the heads of a store's log; it follows from the store's own. */
export function signingKey(storeKey: Uint8Array): KeyObject {
  const seed = Buffer.from(hkdfSync('sha256', storeKey, '', 'netsweep audit log', 32));
  const der = Buffer.concat([PRIVATE, seed]);
  const key = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
  seed.fill(0);
  der.fill(0);
  return key;
}

/** In base64url. */
export function publicHalf(key: KeyObject): string {
  const der = createPublicKey(key).export({ format: 'der', type: 'spki' });
  return der.subarray(PUBLIC.length).toString('base64url');
}

export class Signer {
  readonly publicKey: string;

  constructor(
    private readonly key: KeyObject,
    private readonly storeId: string,
  ) {
    this.publicKey = publicHalf(key);
  }

  /** The head of everything before it, as a line. */
  head(before: Place, at: string, commit: number): { line: string; place: Place } {
    const said = `"act":"head","commit":${commit},"key":"${this.publicKey}"`;
    const text = `{"n":${before.n + 1},"at":"${at}",${said}`;
    const sig = sign(null, signed(this.storeId, before.chain, text), this.key).toString('base64url');
    return nextLine(before, at, `{${said},"sig":"${sig}"}`);
  }
}

/** Null: this line is no head. */
export function readHead({ text }: Line): (Head & { text: string; sig: string }) | null {
  const [, said, commit, key, sig] = HEAD.exec(text) ?? [];
  if (said === undefined || key === undefined || sig === undefined) return null;
  return { commit: Number(commit), key, text: said, sig };
}

/** Whether a head was signed with the key that it names, over this store's chain before it. */
export function isSigned(line: Line, before: string, storeId: string): boolean {
  const head = readHead(line);
  if (head === null) return false;
  const der = Buffer.concat([PUBLIC, Buffer.from(head.key, 'base64url')]);
  const key = createPublicKey({ key: der, format: 'der', type: 'spki' });
  return verify(null, signed(storeId, before, head.text), key, Buffer.from(head.sig, 'base64url'));
}

function signed(storeId: string, before: string, text: string): Buffer {
  return Buffer.from(`netsweep audit log ${storeId}\n${before}\n${text}`);
}
