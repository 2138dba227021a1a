// Host certificates in ssh2's key exchange, which knows none. A host that shows one proves to hold the key which the
// certificate is for: what is signed holds the certificate, who has signed is the key inside it. ssh2 reads the host's
// key once for the one and from then on for the other; should it ever do so in another way, no proof fits.
import { isCertificate } from './algorithms.js';
import { readHostCertificate } from './hostcertificate.js';
import { typeOf } from './publickey.js';

/** ssh2's side of a key exchange, when the host's answer has come and is not yet checked. */
interface Exchange {
  negotiated: { serverHostKey: string };
  _hostKey: Buffer;
}

/** Has the proof of a host that shows a certificate checked with the key inside. */
export function proveCertified(exchange: unknown, blob: Buffer): void {
  if (!isCertificate(typeOf(blob))) return;
  const certificate = readHostCertificate(Buffer.from(blob));
  if (certificate === null) throw new Error('the host certificate is damaged');
  const made = exchange as Exchange; // the one that asked
  made.negotiated.serverHostKey = typeOf(certificate.key);
  const shown = made._hostKey;
  let isHashed = false;
  Object.defineProperty(made, '_hostKey', {
    configurable: true,
    get: () => {
      const value = isHashed ? certificate.key : shown;
      isHashed = true;
      return value;
    },
    set: (value: unknown) => {
      Object.defineProperty(made, '_hostKey', { configurable: true, writable: true, value });
    },
  });
}
