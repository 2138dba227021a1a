// Which algorithms are used, and which only where the inventory says `legacy: true`; pure. The lists, what a
// weak choice is called in a report, and what to say to people when nothing fits. The SSH library takes what is
// named here in this order.
import type { HostKey } from '../../proto/gen/netsweep/v1/session.js';
import type { Offer } from './kexinit.js';

/** What is put forward to a device. */
export interface Algorithms {
  kex: string[];
  hostKey: string[];
  cipher: string[];
  mac: string[];
}

/** What the key exchange has settled on. */
export interface Negotiated {
  kex: string;
  hostKey: string;
  cipher: readonly string[];
  mac: readonly string[];
}

// No ChaCha20, and never CBC together with an encrypt-then-MAC: these two let a man in the middle of the Terrapin
// attack (CVE-2023-48795) cut messages off the beginning of a connection. ssh2 asks for the strict key exchange
// that closes the hole, but a device has to know it too, and the ones that need care do not.
const MODERN: Omit<Algorithms, 'hostKey'> = {
  // The cheapest for both sides first.
  kex: [
    'curve25519-sha256',
    'curve25519-sha256@libssh.org',
    'ecdh-sha2-nistp256',
    'ecdh-sha2-nistp384',
    'ecdh-sha2-nistp521',
    'diffie-hellman-group14-sha256',
    'diffie-hellman-group16-sha512',
    'diffie-hellman-group18-sha512',
    'diffie-hellman-group-exchange-sha256',
  ],
  cipher: ['aes128-gcm@openssh.com', 'aes256-gcm@openssh.com', 'aes128-ctr', 'aes192-ctr', 'aes256-ctr'],
  mac: ['hmac-sha2-256-etm@openssh.com', 'hmac-sha2-512-etm@openssh.com', 'hmac-sha2-256', 'hmac-sha2-512'],
};

const WEAK: Omit<Algorithms, 'hostKey'> = {
  kex: ['diffie-hellman-group14-sha1', 'diffie-hellman-group-exchange-sha1', 'diffie-hellman-group1-sha1'],
  cipher: ['aes128-cbc', 'aes192-cbc', 'aes256-cbc', '3des-cbc'],
  mac: ['hmac-sha1', 'hmac-sha1-96', 'hmac-md5', 'hmac-md5-96'],
};

/** Types of host keys with the algorithms that sign with them. */
const SIGNATURES: readonly [type: string, modern: readonly string[], weak: readonly string[]][] = [
  ['ssh-ed25519', ['ssh-ed25519'], []],
  ['ecdsa-sha2-nistp256', ['ecdsa-sha2-nistp256'], []],
  ['ecdsa-sha2-nistp384', ['ecdsa-sha2-nistp384'], []],
  ['ecdsa-sha2-nistp521', ['ecdsa-sha2-nistp521'], []],
  ['ssh-rsa', ['rsa-sha2-512', 'rsa-sha2-256'], ['ssh-rsa']],
  ['ssh-dss', [], ['ssh-dss']],
];

const WEAK_NAMES: ReadonlySet<string> = new Set([
  ...WEAK.kex,
  ...WEAK.cipher,
  ...WEAK.mac,
  ...SIGNATURES.flatMap(([, , weak]) => weak),
]);

/** Of host certificates; ssh2 would not take one whose key is RSA. */
const CERTIFIED = [
  'ssh-ed25519-cert-v01@openssh.com',
  'ecdsa-sha2-nistp256-cert-v01@openssh.com',
  'ecdsa-sha2-nistp384-cert-v01@openssh.com',
  'ecdsa-sha2-nistp521-cert-v01@openssh.com',
];

/** By what they depend on; nobody changes them. */
const made = new Map<string, Algorithms>();

/** What to put forward to a device of which these host keys are known. */
export function algorithms(known: readonly HostKey[], legacy: boolean, certified = false): Algorithms {
  const types = SIGNATURES.map(([type]) => known.some((key) => key.type === type));
  const which = `${legacy} ${certified} ${types}`;
  const ready = made.get(which) ?? algorithmsFor(known, legacy, certified);
  made.set(which, ready);
  return ready;
}

function algorithmsFor(known: readonly HostKey[], legacy: boolean, certified: boolean): Algorithms {
  const hostKey = [...(certified ? CERTIFIED : []), ...keyAlgorithms(known, legacy)];
  if (!legacy) return { ...MODERN, hostKey };
  return {
    kex: [...MODERN.kex, ...WEAK.kex],
    hostKey,
    cipher: [...MODERN.cipher, ...WEAK.cipher],
    // The two lists are matched one by one, so the only way to keep CBC from such a MAC is not to name it.
    mac: [...MODERN.mac.filter((name) => !name.includes('-etm@')), ...WEAK.mac],
  };
}

/** Signature algorithms of host keys, those of known keys first. */
export function keyAlgorithms(known: readonly HostKey[], legacy = false): string[] {
  const trusted = new Set(known.map((key) => key.type));
  const of = (wanted: boolean) => {
    const rows = SIGNATURES.filter(([type]) => trusted.has(type) === wanted);
    const modern = rows.flatMap(([, names]) => names);
    return legacy ? [...modern, ...rows.flatMap(([, , names]) => names)] : modern;
  };
  return [...of(true), ...of(false)];
}

/** The settled algorithms that are no longer held safe, in the order of the key exchange. */
export function weakOnes({ kex, hostKey, cipher, mac }: Negotiated): string[] {
  const all = [kex, hostKey, ...cipher, ...mac];
  return all.filter((name, at) => WEAK_NAMES.has(name) && all.indexOf(name) === at);
}

/** The note for a report. */
export function legacyNote(weak: readonly string[]): string {
  return `legacy algorithms: ${weak.join(', ')}`;
}

/** What people call the parts of an offer. */
const PARTS = { kex: 'key exchange', hostKey: 'host key', cipher: 'cipher', mac: 'MAC' } as const;
const NAMES_SHOWN = 12;

/** Why there is no connection: what the device offers where nothing fits, and the setting that would help. */
export function mismatch(offer: Offer | null, known: readonly HostKey[], legacy: boolean): string {
  if (offer === null) return 'no algorithm in common';
  const missing = unmatched(offer, algorithms(known, legacy));
  const offered = missing.map((part) => `${PARTS[part]} ${listed(offer[part].flat())}`);
  const words = `no algorithm in common; the device offers ${offered.join('; ') || 'nothing that fits'}`;
  if (unmatched(offer, algorithms(known, !legacy)).length > 0) return words;
  return legacy
    ? `${words}; without legacy: true in the inventory they would do`
    : `${words}; legacy: true in the inventory would allow ${missing.length > 1 ? 'them' : 'it'}`;
}

function unmatched(offer: Offer, ours: Algorithms): (keyof Algorithms)[] {
  const settle = (list: readonly string[], theirs: readonly string[]) =>
    list.find((name) => theirs.includes(name));
  const missing: (keyof Algorithms)[] = [];
  if (!settle(ours.kex, offer.kex)) missing.push('kex');
  if (!settle(ours.hostKey, offer.hostKey)) missing.push('hostKey');
  const ciphers = offer.cipher.map((theirs) => settle(ours.cipher, theirs));
  if (ciphers.includes(undefined)) missing.push('cipher');
  // GCM brings its own.
  const macs = offer.mac.map((theirs, at) => ciphers[at]?.includes('-gcm') || settle(ours.mac, theirs));
  if (macs.includes(undefined)) missing.push('mac');
  return missing;
}

function listed(names: readonly string[]): string {
  const all = [...new Set(names)].filter((name) => !/^(ext-info-|kex-strict-)/.test(name));
  const more = all.length > NAMES_SHOWN ? ` and ${all.length - NAMES_SHOWN} more` : '';
  return (all.slice(0, NAMES_SHOWN).join(', ') || 'none') + more;
}

const CERTIFICATE = '-cert-v01@openssh.com';

/** Whether a type of public key is that of a certificate. */
export function isCertificate(type: string): boolean {
  return type.endsWith(CERTIFICATE);
}

/** The plain name of a key type or signature algorithm that may be a certificate's. */
export function plainName(name: string): string {
  if (!isCertificate(name)) return name;
  const plain = name.slice(0, -CERTIFICATE.length);
  return plain.startsWith('sk-') ? `${plain}@openssh.com` : plain;
}

/** What a device says of the signatures it takes. */
export interface Accepts {
  /** Of its EXT_INFO message (RFC 8308); null: it sent none. */
  signatures: readonly string[] | null;
  /** The host key algorithms that it offers itself; empty: not known. */
  hostKey: readonly string[];
}

const RSA_MODERN = ['rsa-sha2-512', 'rsa-sha2-256'];
const RSA_WEAK = 'ssh-rsa';

/**
 * Algorithms that a key of this type may sign a login with, the best first; empty: none that the device takes.
 * Only RSA has a choice. A device that does not say what it takes is taken to take what it signs with itself:
 * each wrong guess is a login attempt, and some allow three.
 */
export function loginAlgorithms(type: string, accepts: Accepts, legacy: boolean): string[] {
  if (plainName(type) === 'ssh-dss') return legacy ? [type] : [];
  if (plainName(type) !== RSA_WEAK) return [type];
  const said = accepts.signatures ?? [];
  const own = accepts.hostKey.filter((name) => name === RSA_WEAK || RSA_MODERN.includes(name));
  const unknown = accepts.signatures === null && own.length === 0;
  const best = (names: readonly string[]) => RSA_MODERN.find((name) => names.includes(name));
  // OpenSSH 7.4 takes SHA-2 without saying so.
  const modern = best(said) ?? best(own) ?? (unknown ? RSA_MODERN[0] : undefined);
  const weak = legacy && (unknown || [...said, ...own].includes(RSA_WEAK)) ? RSA_WEAK : undefined;
  const names = [modern, weak].filter((name) => name !== undefined);
  return isCertificate(type) ? names.map((name) => `${name}${CERTIFICATE}`) : names;
}
