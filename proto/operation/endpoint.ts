// What both programs answer over HTTP to those who watch over them: /healthz, /readyz and /metrics. Nothing here tells
// of a device or a secret, and nothing can be asked for but these three.
import { readFileSync, statSync } from 'node:fs';
import { createServer, type RequestListener, type ServerResponse } from 'node:http';
import { createServer as createTlsServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';

export interface Watched {
  /** One line: `ok`, or what keeps it from taking anything new. It answers, so it is alive. */
  health(): string;
  /** Whether it does what it is there for, and what it stands on, a line each. */
  readiness(): Readiness;
  /** In the text format of Prometheus. */
  metrics(): Promise<string>;
}

export interface Readiness {
  ready: boolean;
  /** `name: how it fares`. */
  lines: string[];
}

const TEXT = 'text/plain; charset=utf-8';
const EXPOSITION = 'text/plain; version=0.0.4; charset=utf-8';
/** Nobody who watches sends more, and whoever is slow holds a descriptor. */
const LIMITS = { maxHeaderSize: 8_192, headersTimeout: 10_000, requestTimeout: 10_000 };
const CONNECTIONS_MOST = 64;

/** Files of a TLS identity, as paths. */
interface TlsFiles {
  ca: string;
  cert: string;
  key: string;
}

/**
 * `at`: HOST:PORT; beyond loopback only whoever has a certificate of `tls`'s authority is answered, and without `tls`
 * nobody. Resolves with the address when it listens; rejects with the server's error.
 */
export async function openEndpoint(
  at: string,
  watched: Watched,
  tls: TlsFiles | null = null,
): Promise<AsyncDisposable & { address: string }> {
  const isOpen = !isLoopback(at);
  if (isOpen && tls === null) throw new Error('beyond loopback nobody is answered without TLS');
  const answering: RequestListener = (request, response) => {
    const [path] = (request.url ?? '').split('?');
    if (request.method !== 'GET' && request.method !== 'HEAD')
      return answer(response.setHeader('allow', 'GET, HEAD'), 405, 'only GET\n');
    if (path === '/healthz') return answer(response, 200, `${watched.health()}\n`);
    if (path === '/readyz') return ready(response, watched.readiness());
    if (path !== '/metrics') return answer(response, 404, 'not found\n');
    watched.metrics().then(
      (text) => answer(response, 200, text, EXPOSITION),
      () => answer(response, 500, 'the metrics could not be read\n'),
    );
  };
  const server = isOpen && tls !== null ? openTls(tls, answering) : createServer(LIMITS, answering);
  server.maxConnections = CONNECTIONS_MOST;
  const [, host = '127.0.0.1', port = '0'] = /^(.*):(\d+)$/.exec(at) ?? [];
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(Number(port), host.replace(/^\[|\]$/g, ''), resolve);
  });
  const bound = server.address() as AddressInfo; // listening on TCP, so it is not a path
  return {
    address: at.replace(/:\d+$/, `:${bound.port}`),
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

/** Of HOST:PORT. */
export function isLoopback(at: string): boolean {
  return /^(localhost|127(\.\d+){3}|\[::1\]):\d+$/.test(at);
}

/** Shows the certificate that is in its file: one of an authority of ours is renewed more often than the program starts. */
function openTls(tls: TlsFiles, answering: RequestListener): Server {
  let since = statSync(tls.cert).mtimeMs;
  const server = createTlsServer({ ...LIMITS, ...identity(tls) }, answering);
  return server.prependListener('connection', () => {
    const now = statSync(tls.cert, { throwIfNoEntry: false })?.mtimeMs ?? since;
    if (now === since) return;
    try {
      server.setSecureContext(identity(tls));
      since = now;
    } catch {} // half replaced, so key and certificate don't fit: looked at again with the next connection
  });
}

function identity({ ca, cert, key }: TlsFiles) {
  const [authority, certificate, secret] = [readFileSync(ca), readFileSync(cert), readFileSync(key)];
  return { ca: authority, cert: certificate, key: secret, requestCert: true, minVersion: 'TLSv1.3' as const };
}

function ready(response: ServerResponse, { ready, lines }: Readiness): void {
  answer(response, ready ? 200 : 503, `${[ready ? 'ready' : 'not ready', ...lines].join('\n')}\n`);
}

function answer(response: ServerResponse, status: number, text: string, type = TEXT): void {
  response.writeHead(status, { 'content-type': type, 'cache-control': 'no-store' }).end(text);
}
