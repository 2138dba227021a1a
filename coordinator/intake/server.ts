// The gRPC server: where it listens and through which door. Without TLS it serves loopback and Unix sockets only.
// A stream that is half open is noticed by keepalive within 18 s.
import { rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  experimental,
  Server,
  ServerCredentials,
  type ServerInterceptor,
  type ServerOptions,
} from '@grpc/grpc-js';
import type { TlsFiles } from '../config.js';
import { localDoor, outsideDoor } from '../identity/door.js';
import { readIdentity } from '../tls.js';
import { isLoopback } from './loopback.js';

const OPTIONS: ServerOptions = {
  'grpc.max_receive_message_length': 16 * 1024 * 1024,
  'grpc.max_send_message_length': 16 * 1024 * 1024,
  'grpc.keepalive_time_ms': 10_000,
  'grpc.keepalive_timeout_ms': 8_000, // behind 64 kB that are under way over a link of 10 kB/s
  'grpc.keepalive_permit_without_calls': 1,
};

/** Both sides must show a certificate of the same authority; without files nothing is encrypted. */
function serverCredentials(tls: TlsFiles | null): ServerCredentials {
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
  const door = tls === null ? localDoor(address.startsWith('unix:') ? 'socket' : 'loopback') : outsideDoor();
  return bind(server, address, behind(door, serverCredentials(tls)));
}

function behind(door: ServerInterceptor, credentials: ServerCredentials): ServerCredentials {
  return experimental.createServerCredentialsWithInterceptors(credentials, [door]);
}

/** Listens with credentials that have a door. Throws CannotListen. */
export async function bind(server: Server, address: string, credentials: ServerCredentials): Promise<string> {
  // One that was killed leaves its socket's name behind; whoever lives holds the state directory, as we do now.
  if (address.startsWith('unix:')) rmSync(address.slice('unix:'.length), { force: true });
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
