// HMAC with SHA-1 over one short text and many keys: what a key makes of the beginning is kept, and two blocks are left
// for each. A call into Node's own library costs six times as much as the sums do. Nothing secret goes through here.

/** Words of a state. */
export const STATE = 5;
const BLOCK = 64;
/** Longest text: its block also holds a bit and a length. */
export const LONGEST = BLOCK - 9;
const START = Int32Array.of(0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0);
/** Of a digest in a block of its own, behind the outer key: where the bit stands, and the length of both. */
const [DIGEST_END, DIGEST_BITS] = [0x80000000, (BLOCK + 4 * STATE) * 8];

const schedule = new Int32Array(80);
const inner = new Int32Array(16);
inner[STATE] = DIGEST_END;
inner[15] = DIGEST_BITS;

/** The two states that a key (up to 64 bytes) makes of the start, one after the other from `at` on. */
export function beginKey(key: Uint8Array, states: Int32Array, at: number): void {
  for (const [end, pad] of [0x36, 0x5c].entries()) {
    const padded = Buffer.alloc(BLOCK, pad);
    for (const [place, byte] of key.entries()) padded[place] = byte ^ pad;
    compress(START, 0, wordsOf(padded), states, at + end * STATE);
  }
}

/** A text of up to LONGEST bytes, as it stands in its block behind the inner key. */
export function textBlock(text: Uint8Array): Int32Array {
  const block = Buffer.alloc(BLOCK);
  block.set(text);
  block[text.length] = 0x80;
  block.writeUInt32BE((BLOCK + text.length) * 8, BLOCK - 4);
  return wordsOf(block);
}

/** The HMAC under the key whose states stand at `at`, into `digest`. */
export function finish(states: Int32Array, at: number, block: Int32Array, digest: Int32Array): void {
  compress(states, at, block, inner, 0);
  compress(states, at + STATE, inner, digest, 0);
}

export function wordsOf(bytes: Buffer): Int32Array {
  return Int32Array.from({ length: bytes.length / 4 }, (_, word) => bytes.readInt32BE(4 * word));
}

/** One block; FIPS 180-4, 6.1.2. Four loops and no arrays: it is three times as fast as one loop. */
function compress(from: Int32Array, at: number, block: Int32Array, to: Int32Array, toAt: number): void {
  const w = schedule;
  for (let t = 0; t < 16; t += 1) w[t] = word(block, t);
  for (let t = 16; t < 80; t += 1) {
    const x = word(w, t - 3) ^ word(w, t - 8) ^ word(w, t - 14) ^ word(w, t - 16);
    w[t] = (x << 1) | (x >>> 31);
  }
  let a = word(from, at);
  let b = word(from, at + 1);
  let c = word(from, at + 2);
  let d = word(from, at + 3);
  let e = word(from, at + 4);
  let t = 0;
  let next = 0;
  for (; t < 20; t += 1) {
    next = (((a << 5) | (a >>> 27)) + ((b & c) | (~b & d)) + e + word(w, t) + 0x5a827999) | 0;
    e = d;
    d = c;
    c = (b << 30) | (b >>> 2);
    b = a;
    a = next;
  }
  for (; t < 40; t += 1) {
    next = (((a << 5) | (a >>> 27)) + (b ^ c ^ d) + e + word(w, t) + 0x6ed9eba1) | 0;
    e = d;
    d = c;
    c = (b << 30) | (b >>> 2);
    b = a;
    a = next;
  }
  for (; t < 60; t += 1) {
    next = (((a << 5) | (a >>> 27)) + ((b & c) | (b & d) | (c & d)) + e + word(w, t) + 0x8f1bbcdc) | 0;
    e = d;
    d = c;
    c = (b << 30) | (b >>> 2);
    b = a;
    a = next;
  }
  for (; t < 80; t += 1) {
    next = (((a << 5) | (a >>> 27)) + (b ^ c ^ d) + e + word(w, t) + 0xca62c1d6) | 0;
    e = d;
    d = c;
    c = (b << 30) | (b >>> 2);
    b = a;
    a = next;
  }
  to[toAt] = (word(from, at) + a) | 0;
  to[toAt + 1] = (word(from, at + 1) + b) | 0;
  to[toAt + 2] = (word(from, at + 2) + c) | 0;
  to[toAt + 3] = (word(from, at + 3) + d) | 0;
  to[toAt + 4] = (word(from, at + 4) + e) | 0;
}

/** It is there. */
function word(words: Int32Array, at: number): number {
  return words[at] as number;
}
