// The fleet's half of a key exchange, made once for all connections of the process. ssh2 makes a pair for each and
// has it written and read as DER, which costs twice the exchange itself. A fleet rehearses: it has nothing to hide
// from whoever records loopback and later finds this key.
import { createECDH, createPublicKey, diffieHellman, type ECDH, generateKeyPairSync } from 'node:crypto';

/** What ssh2 makes for a key exchange; it has no public face, and ssh2's version is pinned. */
interface Exchange {
  type: string;
  curveName?: string;
  _dh: ECDH | null;
  _public: Buffer | null;
  getPublicKey(): Buffer;
  computeSecret(theirs: Buffer): Buffer | Error;
}

/** Where ssh2 keeps the key exchange that is under way. */
export interface Exchanging {
  _kex: unknown;
}

/** From now on the key exchanges of a connection use the fleet's pairs. */
export function sharePairs(connection: Exchanging): void {
  let current: Exchange | undefined;
  Object.defineProperty(connection, '_kex', {
    get: () => current,
    set: (exchange: Exchange | undefined) => {
      if (exchange?.type === '25519') Object.assign(exchange, X25519);
      else if (exchange?.curveName !== undefined) sharePair(exchange, exchange.curveName);
      current = exchange;
    },
  });
}

const { privateKey, publicKey } = generateKeyPairSync('x25519');
/** Behind what says of which kind it is. */
const PUBLIC = publicKey.export({ type: 'spki', format: 'der' }).subarray(-32);

const X25519: Pick<Exchange, 'getPublicKey' | 'computeSecret'> = {
  getPublicKey: () => PUBLIC,
  computeSecret(theirs) {
    try {
      const key = { kty: 'OKP', crv: 'X25519', x: theirs.toString('base64url') };
      return mpint(diffieHellman({ privateKey, publicKey: createPublicKey({ key, format: 'jwk' }) }));
    } catch (error) {
      return error instanceof Error ? error : new Error(String(error)); // ssh2 ends the connection for it
    }
  },
};

const PAIRS = new Map<string, { pair: ECDH; half: Buffer }>();

function sharePair(exchange: Exchange, curve: string): void {
  let shared = PAIRS.get(curve);
  if (shared === undefined) {
    const pair = createECDH(curve);
    shared = { pair, half: pair.generateKeys() };
    PAIRS.set(curve, shared);
  }
  exchange._dh = shared.pair;
  exchange._public = shared.half;
}

/** A positive number as SSH writes it: no leading zeros, but one where the first bit is set. */
function mpint(bytes: Buffer): Buffer {
  let start = 0;
  while (start < bytes.length && bytes[start] === 0) start++;
  const digits = bytes.subarray(start);
  return ((digits[0] ?? 0) & 0x80) === 0 ? digits : Buffer.concat([Buffer.alloc(1), digits]);
}
