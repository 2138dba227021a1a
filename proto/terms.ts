// What a coordinator's signature of a lease is made over, and the digest in it of what its offer brought; both sides
// make them by this file alone. agent.proto says the same in words, at Grant and LeaseTerms.
import { createHash } from 'node:crypto';

/** No other thing that the key may sign begins like this. */
const PURPOSE = Buffer.from('netsweep lease terms 1\0', 'latin1');
const LENGTH_BYTES = 4;

/** `terms`: LeaseTerms as they travel. */
export function signedBytes(terms: Uint8Array): Buffer {
  return Buffer.concat([PURPOSE, terms]);
}

/** `options` and `devices` as their bytes in the offer, the devices in the order of the work. */
export function carriedDigest(options: Uint8Array, devices: Iterable<Uint8Array>): Buffer {
  const digest = createHash('sha256');
  const length = Buffer.alloc(LENGTH_BYTES);
  for (const part of [options, ...devices]) {
    length.writeUInt32BE(part.length);
    digest.update(length).update(part);
  }
  return digest.digest();
}
