// What the other side of a connection says first, in the clear: its identification and the algorithms it offers
// (RFC 4253, sections 4.2 and 7.1). The SSH library tells of neither, and both are wanted for messages and for
// the choice of a signature. Everything here comes from strangers: what does not parse is null.

/** The algorithms that a device offers, in its order. */
export interface Offer {
  kex: string[];
  hostKey: string[];
  /** Towards the device and back; most offer the same for both. */
  cipher: [string[], string[]];
  mac: [string[], string[]];
}

const KEXINIT = 20;
/** Messages that may come before it: disconnect, ignore, unimplemented, debug. */
const LAST_GENERIC = 4;
const COOKIE_BYTES = 16;
const PACKET_BYTES = 65_536;
/** More than an identification with the text before it, and an offer, ever take. */
const OPENING_BYTES = 2 * PACKET_BYTES;
const LF = 10;

/** Offers that were read, by their bytes: most devices of a kind put forward the same, and each is kept for its session. */
const read = new Map<string, Offer>();
const READ_MOST = 64;

/** Keeps the first bytes of a connection until the offer is among them. */
export class Opening {
  #pieces: Buffer[] | null = [];
  #length = 0;
  #offer: Offer | null = null;

  add(chunk: Buffer): void {
    if (this.#pieces === null) return;
    this.#pieces.push(chunk);
    this.#length += chunk.length;
    // ssh2 works on the bytes in place, but only after the key exchange, when nobody looks here any more.
    if (this.#length > OPENING_BYTES) this.#pieces = null;
  }

  /** The offer is among what has come, or there is none: nothing more is kept. */
  complete(): void {
    this.#offer ??= this.offer;
    this.#pieces = null;
  }

  /** Null while there is none. */
  get offer(): Offer | null {
    if (this.#pieces === null) return this.#offer;
    this.#offer = readOffer(Buffer.concat(this.#pieces));
    if (this.#offer) this.#pieces = null;
    return this.#offer;
  }
}

/** The offer among the first bytes of a connection; null when it is not whole, or there is none. */
export function readOffer(bytes: Buffer): Offer | null {
  let at = behindIdentification(bytes);
  while (at !== null && at + 6 <= bytes.length) {
    const length = bytes.readUInt32BE(at);
    const end = at + 4 + length;
    if (length < 2 || length > PACKET_BYTES || end > bytes.length) return null;
    const padding = bytes[at + 4] as number; // within the length
    const payload = bytes.subarray(at + 5, Math.max(at + 5, end - padding));
    if (payload[0] === KEXINIT) return known(payload);
    if (payload[0] === undefined || payload[0] > LAST_GENERIC) return null;
    at = end;
  }
  return null;
}

/** Where the first line that begins with SSH- ends; lines of text may stand before it. */
function behindIdentification(bytes: Buffer): number | null {
  for (let start = 0; start < bytes.length; ) {
    const end = bytes.indexOf(LF, start);
    if (end < 0) return null;
    if (bytes.toString('latin1', start, start + 4) === 'SSH-') return end + 1;
    start = end + 1;
  }
  return null;
}

function known(payload: Buffer): Offer | null {
  const bytes = payload.toString('latin1', 1 + COOKIE_BYTES);
  const before = read.get(bytes);
  if (before) return before;
  const offer = readKexInit(payload);
  if (offer === null) return null;
  if (read.size >= READ_MOST) read.clear();
  read.set(bytes, offer);
  return offer;
}

function readKexInit(payload: Buffer): Offer | null {
  const lists: string[][] = [];
  let at = 1 + COOKIE_BYTES;
  for (let list = 0; list < 6; list++) {
    if (at + 4 > payload.length) return null;
    const end = at + 4 + payload.readUInt32BE(at);
    if (end > payload.length) return null;
    lists.push(names(payload.toString('latin1', at + 4, end)));
    at = end;
  }
  const [kex, hostKey, toCipher, fromCipher, toMac, fromMac] = lists as [
    string[],
    string[],
    string[],
    string[],
    string[],
    string[],
  ]; // six were read
  return { kex, hostKey, cipher: [toCipher, fromCipher], mac: [toMac, fromMac] };
}

/** Names as RFC 4250, section 4.6.1, has them; anything else is no algorithm. */
function names(list: string): string[] {
  return list.split(',').filter((name) => /^[\x21-\x2b\x2d-\x7e]{1,64}$/.test(name));
}
