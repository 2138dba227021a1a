// The files of a certificate, as the options name them.
import type { Values } from '../config.js';
import type { TlsFiles } from '../tls.js';
import { UsageError } from './exit.js';
import type { CONNECTION } from './settings.js';

/** All three or none. */
export function tlsFiles({
  tlsCa: ca,
  tlsCert: cert,
  tlsKey: key,
}: Pick<Values<typeof CONNECTION>, 'tlsCa' | 'tlsCert' | 'tlsKey'>): TlsFiles | null {
  if (ca === null && cert === null && key === null) return null;
  if (ca === null || cert === null || key === null)
    throw new UsageError('--tls-ca, --tls-cert and --tls-key belong together, give all three');
  return { ca, cert, key };
}
