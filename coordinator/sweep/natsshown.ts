// The certificate that a NATS server shows to whoever comes. The library keeps it to itself, so this comes as a client does:
// hears the server's first line, turns to TLS, and leaves.

import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { natsHost } from '../../proto/natsurl.js';
import type { TlsFiles } from '../tls.js';

const WAIT_MS = 3_000;
const PORT = 4222;

/** From when until when it is valid, in Unix ms. */
export interface Shown {
  server: string;
  fromMs: number;
  toMs: number;
}

/** Of those that answer. */
export async function shownBy(servers: string[], tls: TlsFiles | null): Promise<Shown[]> {
  if (tls === null) return [];
  const shown = await Promise.all(servers.map((url) => shownAt(url, tls).catch(() => [])));
  return shown.flat();
}

async function shownAt(url: string, { ca, cert, key }: TlsFiles): Promise<Shown[]> {
  const [host, port] = [natsHost(url), Number(/:(\d+)\/?$/.exec(url)?.[1] ?? PORT)];
  const signal = AbortSignal.timeout(WAIT_MS);
  const plain = connect({ host, port });
  try {
    await once(plain, 'data', { signal });
    const identity = { ca: readFileSync(ca), cert: readFileSync(cert), key: readFileSync(key) };
    // Also what nobody should trust is worth a look.
    const secure = connectTls({ socket: plain, ...identity, rejectUnauthorized: false });
    await once(secure, 'secureConnect', { signal });
    const shown = secure.getPeerX509Certificate();
    secure.end();
    await once(secure, 'close', { signal }); // a server complains of who leaves in the middle of TLS
    if (shown === undefined) return [];
    return [
      {
        server: `${host.includes(':') ? `[${host}]` : host}:${port}`,
        fromMs: Date.parse(shown.validFrom),
        toMs: Date.parse(shown.validTo),
      },
    ];
  } finally {
    plain.destroy();
  }
}
