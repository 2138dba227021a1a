// The gRPC server: where it listens and through which door. Without TLS it serves loopback and Unix sockets only. With TLS
// it takes connections itself, to bound those of strangers, and hands them to the library.
// A stream that is half open is noticed by keepalive within 18 s.
import { lookup } from 'node:dns/promises';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { type AddressInfo, createServer as createListener, type Server as Listener } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  experimental,
  logVerbosity,
  Server,
  ServerCredentials,
  type ServerInterceptor,
  type ServerOptions,
  setLogVerbosity,
} from '@grpc/grpc-js';
import { localDoor, outsideDoor } from '../identity/door.js';
import { readIdentity, type TlsFiles } from '../tls.js';
import { isLoopback } from './loopback.js';
import type { Strangers } from './strangers.js';

// What the library would say by itself on stderr is said by us, or is no line of our log.
if (process.env.GRPC_VERBOSITY === undefined) setLogVerbosity(logVerbosity.NONE);

const OPTIONS: ServerOptions = {
  'grpc.max_receive_message_length': 16 * 1024 * 1024,
  'grpc.max_send_message_length': 16 * 1024 * 1024,
  'grpc.keepalive_time_ms': 10_000,
  'grpc.keepalive_timeout_ms': 8_000, // behind 64 kB that are under way over a link of 10 kB/s
  'grpc.keepalive_permit_without_calls': 1,
  'grpc.enable_channelz': 0, // nobody asks for it, and it counts every call and message
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
    super(
      `can't listen on ${address} (taken, or not of this machine; --listen HOST:PORT names another)`,
      options,
    );
    this.name = 'CannotListen';
  }
}

/** Listens; resolves with the address clients use, with the real port. Throws CannotListen. */
export async function listen(
  server: Server,
  address: string,
  tls: TlsFiles | null,
  strangers: Strangers | null = null,
): Promise<string> {
  if (tls !== null) {
    const door = outsideDoor((peer) => strangers?.known(peer));
    return bind(server, address, behind(door, serverCredentials(tls)), strangers);
  }
  if (!address.startsWith('unix:') && !isLoopback(address))
    throw new Error(`${address} is not a loopback address: give --tls-ca, --tls-cert and --tls-key`);
  const door = localDoor(address.startsWith('unix:') ? 'socket' : 'loopback');
  return bind(server, address, behind(door, serverCredentials(null)));
}

function behind(door: ServerInterceptor, credentials: ServerCredentials): ServerCredentials {
  return experimental.createServerCredentialsWithInterceptors(credentials, [door]);
}

/** What takes connections for a server. */
const listeners = new WeakMap<Server, Listener[]>();

/** Listens with credentials that have a door. Throws CannotListen. */
export async function bind(
  server: Server,
  address: string,
  credentials: ServerCredentials,
  strangers: Strangers | null = null,
): Promise<string> {
  if (strangers !== null) return bindGuarded(server, address, credentials, strangers);
  // One that was killed leaves its socket's name behind; whoever lives holds the state directory, as we do now.
  if (address.startsWith('unix:')) rmSync(address.slice('unix:'.length), { force: true });
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync(address, credentials, (error, bound) =>
      error ? reject(new CannotListen(address, { cause: error })) : resolve(bound),
    );
  });
  return address.startsWith('unix:') ? address : withPort(address, port);
}

async function bindGuarded(
  server: Server,
  address: string,
  credentials: ServerCredentials,
  strangers: Strangers,
): Promise<string> {
  const { host, port } = partsOf(address);
  const injector = server.createConnectionInjector(credentials);
  const open: Listener[] = [];
  listeners.set(server, open);
  let bound = port;
  let wrong: unknown;
  // A name may mean several addresses of this host; of all of them the port is the same.
  for (const { address: one } of await lookup(host, { all: true }).catch((cause) => cannot(address, cause))) {
    const listener = createListener((socket) => {
      strangers.came(socket);
      injector.injectConnection(socket);
    });
    try {
      listener.listen({ host: one, port: bound });
      await once(listener, 'listening');
    } catch (cause) {
      wrong = cause;
      continue;
    }
    listener.on('error', () => undefined); // a connection that the kernel could not give us: its peer comes again
    open.push(listener);
    bound = (listener.address() as AddressInfo).port; // of a listener on TCP
  }
  return open.length > 0 ? withPort(address, bound) : cannot(address, wrong);
}

function cannot(address: string, cause: unknown): never {
  throw new CannotListen(address, { cause });
}

/** Of HOST:PORT or [HOST]:PORT. */
function partsOf(address: string): { host: string; port: number } {
  const [, host = '', port = ''] = /^\[?(.*?)\]?:(\d+)$/.exec(address) ?? [];
  return { host, port: Number(port) };
}

function withPort(address: string, port: number): string {
  return address.replace(/:\d+$/, `:${port}`);
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
  for (const listener of listeners.get(server) ?? []) listener.close();
  const force = setTimeout(() => server.forceShutdown(), graceMs);
  await new Promise<void>((resolve) => server.tryShutdown(() => resolve()));
  clearTimeout(force);
}
