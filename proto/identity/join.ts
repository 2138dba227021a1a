// How somebody becomes a member, and stays one. Whoever joins trusts nobody yet: the authority that the coordinator
// shows is held against the fingerprint in the token, and the token's secret leaves only on a connection that this
// authority vouches for.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { text } from 'node:stream/consumers';
import { checkServerIdentity, connect, type DetailedPeerCertificate } from 'node:tls';
import {
  type CallOptions,
  ChannelCredentials,
  type ChannelOptions,
  Metadata,
  type ServiceError,
} from '@grpc/grpc-js';
import type { Identity } from '../gen/netsweep/v1/members.js';
import { MembersClient } from '../gen/netsweep/v1/members_service.js';
import { makeKey, requestCertificate } from './certificaterequest.js';
import { type IdentityDirectory, keepIdentity, keepKey } from './identitydirectory.js';
import { readJoinToken } from './jointoken.js';

const CONNECT_MS = 10_000;
const CALL_MS = 20_000;

/** Why somebody could not join: one sentence for people. `isInput`: what they gave is wrong. */
export class JoinError extends Error {
  constructor(
    message: string,
    readonly isInput: boolean,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = 'JoinError';
  }
}

/** Joins and keeps the identity; a token that is `-` comes on stdin, where no list of processes shows it. Throws JoinError. */
export async function join(
  token: string,
  directory: string,
): Promise<{ identity: Identity; address: string }> {
  const read = readJoinToken((token === '-' ? await text(process.stdin) : token).trim());
  if (read === null)
    throw new JoinError(
      'this is not a whole join token (expected netsweep1-..., as `netsweep enroll` printed it)',
      true,
    );
  const { secret, fingerprint, address } = read;
  const authority = await authorityOf(address, fingerprint);
  const key = makeKey();
  const request = await requestCertificate(key);
  const client = membersAt(address, Buffer.from(authority), null);
  try {
    const identity = await called(client.join.bind(client), { secret, request });
    keepKey(directory, key);
    keepIdentity(directory, address, identity);
    return { identity, address };
  } finally {
    client.close();
  }
}

/** A new certificate for the key that there is. Throws JoinError. */
export async function renewIdentity({
  directory,
  coordinator,
  ca,
  cert,
  key,
}: IdentityDirectory): Promise<Identity> {
  const pem = readFileSync(key);
  const client = membersAt(coordinator, readFileSync(ca), { key: pem, cert: readFileSync(cert) });
  try {
    const request = await requestCertificate(pem.toString());
    const identity = await called(client.renew.bind(client), { request });
    keepIdentity(directory, coordinator, identity);
    return identity;
  } finally {
    client.close();
  }
}

/** The authority that the coordinator shows, PEM. */
async function authorityOf(address: string, fingerprint: Buffer): Promise<string> {
  const { host, port } = partsOf(address);
  const shown = await new Promise<DetailedPeerCertificate>((resolve, reject) => {
    const servername = isIP(host) === 0 ? { servername: host } : {};
    // Nothing is sent on it: it only shows who is there.
    const socket = connect({ host, port, ...servername, ALPNProtocols: ['h2'], rejectUnauthorized: false });
    socket.setTimeout(CONNECT_MS, () => socket.destroy(new Error('it does not answer')));
    socket.once('secureConnect', () => {
      resolve(socket.getPeerCertificate(true));
      socket.destroy();
    });
    socket.once('error', reject);
  }).catch((cause: Error) => {
    throw new JoinError(`no coordinator answers at ${address}: ${cause.message}`, false, { cause });
  });
  for (let one = shown, last = null; one !== last; last = one, one = one.issuerCertificate ?? one) {
    const digest = createHash('sha256').update(one.raw).digest();
    if (digest.equals(fingerprint)) return pemOf(one.raw);
  }
  throw new JoinError(
    `the coordinator at ${address} is not the one that made this token: its authority is another`,
    false,
  );
}

function membersAt(address: string, ca: Buffer, own: { key: Buffer; cert: Buffer } | null): MembersClient {
  const { host } = partsOf(address);
  const [key, cert] = [own?.key ?? null, own?.cert ?? null];
  const alone: ChannelOptions = { 'grpc.use_local_subchannel_pool': 1 };
  if (isIP(host) === 0) return new MembersClient(address, ChannelCredentials.createSsl(ca, key, cert), alone);
  // TLS has no server names for IP addresses: the certificate must be for the address.
  const verify: typeof checkServerIdentity = (_name, certificate) => checkServerIdentity(host, certificate);
  return new MembersClient(
    address,
    ChannelCredentials.createSsl(ca, key, cert, { checkServerIdentity: verify }),
    { ...alone, 'grpc.ssl_target_name_override': 'netsweep' },
  );
}

/** One question to the coordinator. */
function called<Request, Reply>(
  method: (
    request: Request,
    metadata: Metadata,
    options: Partial<CallOptions>,
    done: (error: ServiceError | null, reply: Reply) => void,
  ) => unknown,
  request: Request,
): Promise<Reply> {
  return new Promise((resolve, reject) => {
    method(request, new Metadata(), { deadline: Date.now() + CALL_MS }, (error, reply) =>
      error === null ? resolve(reply) : reject(new JoinError(error.details, false, { cause: error })),
    );
  });
}

function partsOf(address: string): { host: string; port: number } {
  const [, host = address, port = ''] = /^(.*):(\d+)$/.exec(address) ?? [];
  return { host: host.replace(/^\[|\]$/g, ''), port: Number(port) };
}

function pemOf(der: Buffer): string {
  const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
  return ['-----BEGIN CERTIFICATE-----', ...lines, '-----END CERTIFICATE-----', ''].join('\n');
}
