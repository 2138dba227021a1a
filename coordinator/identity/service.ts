// Members over gRPC: joining, renewing, enrolling, revoking. Who may call what is decided at the door.
import { type Server, type ServerUnaryCall, type sendUnaryData, status } from '@grpc/grpc-js';
import { JoinToken } from '../../proto/gen/netsweep/v1/members.js';
import { type MembersServer, MembersService } from '../../proto/gen/netsweep/v1/members_service.js';
import { writeJoinToken } from '../../proto/identity/jointoken.js';
import type { Host } from '../host.js';
import { answer, ServiceError } from '../intake/calls.js';
import { type Authority, RequestRefused } from './authority.js';
import { type Caller, callerOf } from './caller.js';
import { Guesses } from './guesses.js';
import { MemberError, type Members } from './members.js';

export interface MembersParts {
  members: Members;
  authority: Authority;
  /** Where the coordinator listens, HOST:PORT. */
  address(): string;
  host: Host;
  warn(error: unknown, what: string): void;
}

export function serveMembers(server: Pick<Server, 'addService'>, parts: MembersParts): void {
  const { members, authority, warn } = parts;
  const guesses = new Guesses(parts.host);
  const handlers: MembersServer = {
    join: (call, callback) => answer(callback, refused(join(call, parts, guesses))),
    renew: handled(async ({ request }, { member }) => {
      if (member === null) throw new MemberError('only a member has something to renew');
      return members.renew(member, request);
    }),
    enroll: handled(async (wanted, { name }) => {
      const { secret, expiresAtMs } = await members.enroll(wanted, name);
      const { fingerprint } = authority;
      const address = wanted.address || addressFor(authority.hosts, parts.address());
      warn(null, `${name} has made a join token for ${wanted.name}`);
      return { token: writeJoinToken({ secret, fingerprint, address }), expiresAtMs };
    }),
    listTokens: handled(async () => ({
      tokens: members.tokens().map((token) => JoinToken.create({ ...token, sha256: Buffer.alloc(0) })),
    })),
    removeToken: handled(async ({ id }) => {
      await members.removeToken(id);
      return {};
    }),
    list: handled(async () => ({ members: members.list() })),
    revoke: handled(async ({ name, role }, caller) => {
      const member = await members.revoke(name, role, caller.name);
      warn(null, `${caller.name} has revoked ${name}`);
      return { member };
    }),
  };
  server.addService(MembersService, handlers);
}

async function join(
  call: ServerUnaryCall<{ secret: Buffer; request: Buffer }, unknown>,
  { members, warn }: MembersParts,
  guesses: Guesses,
) {
  const { secret, request } = call.request;
  const address = call.getPeer().replace(/:\d+$/, '');
  if (!guesses.mayTry(address))
    throw new ServiceError(status.RESOURCE_EXHAUSTED, 'too many wrong join tokens: try again in a minute');
  try {
    const identity = await members.join(secret, request);
    warn(null, `${identity.name} has joined from ${address}`);
    return identity;
  } catch (error) {
    if (error instanceof MemberError && error.kind === 'refused') {
      guesses.failed(address);
      warn(null, `a wrong join token from ${address}`);
    }
    throw error;
  }
}

function handled<Request, Reply>(work: (request: Request, caller: Caller) => Promise<Reply>) {
  return (call: ServerUnaryCall<Request, Reply>, callback: sendUnaryData<Reply>): void =>
    answer(callback, refused(work(call.request, callerOf(call))));
}

const CODES = {
  wrong: status.INVALID_ARGUMENT,
  unknown: status.NOT_FOUND,
  exists: status.ALREADY_EXISTS,
  refused: status.UNAUTHENTICATED,
} as const;

async function refused<Reply>(work: Promise<Reply>): Promise<Reply> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof MemberError) throw new ServiceError(CODES[error.kind], error.message);
    if (error instanceof RequestRefused) throw new ServiceError(status.INVALID_ARGUMENT, error.message);
    throw error;
  }
}

/** The first of the names in the coordinator's certificate, at the port where it listens. */
function addressFor([host = 'localhost']: string[], listening: string): string {
  const port = /:(\d+)$/.exec(listening)?.[1] ?? '';
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}
