// The gRPC server: where it listens and who may connect. Without TLS it serves loopback and Unix sockets only.
// A stream that is half open is noticed by keepalive within 18 s.
import { rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { isIP } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Server, ServerCredentials, type ServerOptions } from '@grpc/grpc-js';
import type { TlsFiles } from '../config.js';
import { readIdentity } from '../tls.js';

const OPTIONS: ServerOptions = {
  'grpc.max_receive_message_length': 16 * 1024 * 1024,
  'grpc.max_send_message_length': 16 * 1024 * 1024,
  'grpc.keepalive_time_ms': 10_000,
  'grpc.keepalive_timeout_ms': 8_000, // behind 64 kB that are under way over a link of 10 kB/s
  'grpc.keepalive_permit_without_calls': 1,
};

/** Both sides must show a certificate of the same authority; without files nothing is encrypted. */
export function serverCredentials(tls: TlsFiles | null): ServerCredentials {
  if (tls === null) return ServerCredentials.createInsecure();
  const { ca, cert, key } = readIdentity(tls);
  return ServerCredentials.createSsl(ca, [{ cert_chain: cert, private_key: key }], true);
}

export function createServer(): Server {
  return new Server(OPTIONS);
}

/** The address is taken, or not one of this machine. */
export class CannotListen extends Error {
  constructor(address: string, options?: ErrorOptions) {
    super(`can't listen on ${address}`, options);
    this.name = 'CannotListen';
  }
}

/** Listens; resolves with the address clients use, with the real port. Throws CannotListen. */
export async function listen(server: Server, address: string, tls: TlsFiles | null): Promise<string> {
  if (tls === null && !address.startsWith('unix:') && !isLoopback(address))
    throw new Error(`${address} is not a loopback address: give --tls-ca, --tls-cert and --tls-key`);
  // One that was killed leaves its socket's name behind; whoever lives holds the state directory, as we do now.
  if (address.startsWith('unix:')) rmSync(address.slice('unix:'.length), { force: true });
  const credentials = serverCredentials(tls);
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync(address, credentials, (error, bound) =>
      error ? reject(new CannotListen(address, { cause: error })) : resolve(bound),
    );
  });
  return address.startsWith('unix:') ? address : address.replace(/:\d+$/, `:${port}`);
}

/** Longest path that a Unix socket may have, on Linux and with room for the name. */
const SOCKET_PATH_MOST = 90;

/** The socket of a private directory; of one with a long path it lies in a private temporary one. */
export async function socketAddress(directory: string): Promise<string> {
  const isShort = directory.length <= SOCKET_PATH_MOST;
  return `unix:${join(isShort ? directory : await mkdtemp(join(tmpdir(), 'netsweep-')), 'coordinator.sock')}`;
}

/** Ends the server; open streams are given `graceMs` to end by themselves. */
export async function close(server: Server, graceMs: number): Promise<void> {
  const force = setTimeout(() => server.forceShutdown(), graceMs);
  await new Promise<void>((resolve) => server.tryShutdown(() => resolve()));
  clearTimeout(force);
}

export function isLoopback(address: string): boolean {
  const host = address.replace(/:\d+$/, '').replace(/^\[|\]$/g, '');
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));
}
