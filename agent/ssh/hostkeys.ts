// Whether the host key that is seen may be trusted; pure. The keys known for an endpoint, those it must not have and
// those that may certify it come with the lease, the one seen comes from the key exchange. A key of another type than
// the known ones counts as changed: known types are asked for first, so a device that shows another no longer has the
// one that was trusted.
import { createHash } from 'node:crypto';
import type { HostKey, HostMarks } from '../../proto/gen/netsweep/v1/session.js';
import { isCertificate } from './algorithms.js';
import { readHostCertificate, whyNotGood } from './hostcertificate.js';
import { typeOf } from './publickey.js';

export type Trust = 'known' | 'new' | 'changed';

export function trust(known: readonly HostKey[], seen: HostKey): Trust {
  if (known.length === 0) return 'new';
  return known.some((key) => key.blob.equals(seen.blob)) ? 'known' : 'changed';
}

/** What is known of a host's keys before it shows one. */
export interface Expected {
  host: string;
  known: readonly HostKey[];
  marks: HostMarks | null;
}

/** A key as it is to be taken: by itself, or as what a certificate makes of it. */
export type Verdict =
  | { trust: Trust; key: HostKey }
  | { trust: 'certified'; key: HostKey }
  /** Not to be gone on with whatever the policy is, or under any that looks. */
  | { trust: 'revoked' | 'refused'; key: HostKey; why: string };

/** What to make of the key or certificate that a host shows. */
export function judge(seen: HostKey, { host, known, marks }: Expected, nowMs: number): Verdict {
  if (!isCertificate(seen.type)) return judgeKey(seen, known, marks);
  const certificate = readHostCertificate(seen.blob);
  if (certificate === null) return { trust: 'refused', key: seen, why: 'its certificate is damaged' };
  const key = hostKey(certificate.key);
  const authority = hostKey(certificate.authority);
  for (const one of [seen, key, authority])
    if (isAmong(marks?.revoked, one.blob)) return { trust: 'revoked', key: one, why: revokedWords(one) };
  // As OpenSSH has it: of a stranger's certificate only the key counts.
  if (!isAmong(marks?.authorities, authority.blob)) return judgeKey(key, known, marks);
  const why = whyNotGood(certificate, host, nowMs);
  if (why === null) return { trust: 'certified', key };
  return {
    trust: 'refused',
    key,
    why: `the host shows ${describeKey(key)} with a certificate by ${describeKey(authority)}: ${why}`,
  };
}

function judgeKey(key: HostKey, known: readonly HostKey[], marks: HostMarks | null): Verdict {
  if (isAmong(marks?.revoked, key.blob)) return { trust: 'revoked', key, why: revokedWords(key) };
  const trusted = trust(known, key);
  if (trusted !== 'new' || !marks?.vouchedFor) return { trust: trusted, key };
  const names = marks.authorities.map((blob) => describeKey(hostKey(blob))).join(', ');
  return {
    trust: 'refused',
    key,
    why: `the host is to have a certificate by ${names}, and shows ${describeKey(key)} without one`,
  };
}

function revokedWords(key: HostKey): string {
  return `the host key is revoked: ${describeKey(key)}`;
}

function isAmong(blobs: readonly Buffer[] | undefined, blob: Buffer): boolean {
  return blobs?.some((one) => one.equals(blob)) ?? false;
}

/** A key from the wire: its type is the first string of the blob (RFC 4253, section 6.6). */
export function hostKey(blob: Buffer): HostKey {
  return { type: typeOf(blob), blob };
}

/** As OpenSSH writes it: SHA256: and base64 without padding. */
export function fingerprint(key: HostKey): string {
  return `SHA256:${createHash('sha256').update(key.blob).digest('base64').replace(/=+$/, '')}`;
}

/** Names for messages: one key with its type and fingerprint. */
export function describeKey(key: HostKey): string {
  return `${key.type} ${fingerprint(key)}`;
}
