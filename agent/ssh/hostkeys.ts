// Comparing host keys; pure. The keys known for an endpoint come with the lease, the one seen comes from the
// key exchange. A key of another type than the known ones counts as changed: known types are asked for first,
// so a device that shows another no longer has the one that was trusted.
import { createHash } from 'node:crypto';
import type { HostKey } from '../../proto/gen/netsweep/v1/session.js';

export type Trust = 'known' | 'new' | 'changed';

export function trust(known: readonly HostKey[], seen: HostKey): Trust {
  if (known.length === 0) return 'new';
  return known.some((key) => key.blob.equals(seen.blob)) ? 'known' : 'changed';
}

/** A key from the wire: its type is the first string of the blob (RFC 4253, section 6.6). */
export function hostKey(blob: Buffer): HostKey {
  const length = blob.length < 4 ? 0 : blob.readUInt32BE(0);
  return { type: blob.toString('latin1', 4, 4 + Math.min(length, 64)), blob };
}

/** As OpenSSH writes it: SHA256: and base64 without padding. */
export function fingerprint(key: HostKey): string {
  return `SHA256:${createHash('sha256').update(key.blob).digest('base64').replace(/=+$/, '')}`;
}

/** Names for messages: one key with its type and fingerprint. */
export function describeKey(key: HostKey): string {
  return `${key.type} ${fingerprint(key)}`;
}
