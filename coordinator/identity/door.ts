// The doors of the gRPC server: each listener has one, which finds out who calls and turns away whoever may not, before
// anything that was sent is read. Calls of members are kept in mind while they are open, and end with the membership
// or the certificate.
import { userInfo } from 'node:os';
import type { PeerCertificate } from 'node:tls';
import {
  Metadata,
  ServerCredentials,
  ServerInterceptingCall,
  type ServerInterceptingCallInterface,
  type ServerInterceptor,
  status,
} from '@grpc/grpc-js';
import { type Member, Role } from '../../proto/gen/netsweep/v1/members.js';
import { FINAL } from '../../proto/identity/refusal.js';
import { label } from '../../proto/label.js';
import type { Host } from '../host.js';
import { mayCall } from './access.js';
import type { Authority, Pair } from './authority.js';
import { type Caller, nobody, type Parting, setCaller, trusted } from './caller.js';
import type { Members } from './members.js';

/** How often it is looked for certificates that have ended under an open call, in ms. */
const LOOK_EVERY_MS = 2_000;
/** Why an open call ends. */
const REVOKED = 'revoked';
const NO_CERTIFICATE =
  "a valid certificate of a member is needed: there was none, it has expired, or it is another authority's (netsweep enroll makes a join token)";

/** Whoever gets as far as this listener may do everything: the host's own rules say who does. */
export function localDoor(via: 'socket' | 'loopback'): ServerInterceptor {
  const caller = trusted(via === 'socket' ? userName() : 'local', via);
  return doorkeeper(() => ({ caller, why: '' }));
}

/** TLS has turned away whoever has no certificate of the authority; the others are agents and operators alike. */
export function outsideDoor(known: (peer: string) => void): ServerInterceptor {
  const admit = (certificate: PeerCertificate | undefined) => ({
    caller: trusted(subjectOf(certificate), 'outside'),
    why: '',
  });
  return doorkeeper(admit, { known });
}

interface Admitted {
  caller: Caller;
  /** Said to a caller who is nobody. */
  why: string;
  /** It will never be somebody again. */
  isFinal?: boolean;
  /** Ends the caller's signal. */
  left?: AbortController;
  /** When its certificate ends, in Unix ms. */
  expiresAtMs?: number;
}

interface OpenCall {
  member: string;
  expiresAtMs: number;
  end(why: string): void;
}

/** The door of a listener for members: TLS asks everybody for a certificate, and takes also who has none. */
export class MemberDoor implements Disposable {
  readonly #open = new Set<OpenCall>();
  readonly #callOff: () => void;
  readonly credentials: MemberCredentials;

  constructor(
    private readonly members: Members,
    authority: Authority,
    private readonly host: Host,
    /** Told of each member's connection, ADDRESS:PORT, with each of its calls. */
    known: (peer: string) => void,
  ) {
    const keeper = doorkeeper((certificate) => this.#admit(certificate), {
      known,
      opened: (call) => this.#open.add(call),
      closed: (call) => this.#open.delete(call),
    });
    this.credentials = new MemberCredentials(authority.certificate, authority.server(), keeper);
    const timer = setInterval(() => this.#endExpired(), LOOK_EVERY_MS);
    timer.unref();
    this.#callOff = () => clearInterval(timer);
  }

  /** Everything that this member has open ends. */
  revoke({ id }: Member): void {
    for (const call of this.#open) if (call.member === id) call.end(REVOKED);
  }

  [Symbol.dispose](): void {
    this.#callOff();
  }

  #admit(certificate: PeerCertificate | undefined): Admitted {
    if (certificate === undefined) return { caller: nobody(), why: NO_CERTIFICATE };
    const standing = this.members.standing(certificate.serialNumber);
    if (typeof standing === 'string')
      return {
        caller: nobody(),
        why: `the certificate is ${standing}`,
        isFinal: standing === REVOKED,
      };
    const { member, expiresAtMs } = standing;
    const { name, role, segments } = member;
    const left = new AbortController();
    const reach = ['anyone', role === Role.AGENT ? 'agent' : 'operator'] as const;
    const caller: Caller = { name, reach, segments, member, via: 'member', ended: left.signal };
    return { caller, why: '', left, expiresAtMs };
  }

  #endExpired(): void {
    const now = this.host.wallMs();
    for (const call of this.#open) if (call.expiresAtMs <= now) call.end('the certificate has expired');
  }
}

/** An identity that can be replaced while the server listens. */
export class MemberCredentials extends ServerCredentials {
  constructor(
    private readonly authority: string,
    server: Pair,
    private readonly keeper: ServerInterceptor,
  ) {
    super({ requestCert: true, rejectUnauthorized: false }, contextOf(authority, server));
  }

  renew(server: Pair): void {
    this.updateSecureContextOptions(contextOf(this.authority, server));
  }

  override _getInterceptors(): ServerInterceptor[] {
    return [this.keeper];
  }

  override _equals(other: ServerCredentials): boolean {
    return this === other;
  }
}

function contextOf(ca: string, { cert, key }: Pair) {
  return { ca, cert, key, minVersion: 'TLSv1.3' as const };
}

/** Told what comes through a door. */
interface Watching {
  /** A connection of somebody who is not nobody. */
  known?(peer: string): void;
  opened?(call: OpenCall): void;
  closed?(call: OpenCall): void;
}

function doorkeeper(
  admit: (certificate: PeerCertificate | undefined) => Admitted,
  { known, opened, closed }: Watching = {},
): ServerInterceptor {
  return ({ path }, call) => {
    const admitted = admit(call.getAuthContext().sslPeerCertificate);
    const { caller } = admitted;
    if (!mayCall(caller, path)) return turnedAway(call, admitted, path);
    if (caller.via !== 'nobody') known?.(call.getPeer());
    if (caller.member === null)
      return new ServerInterceptingCall(call, {
        start: (next) =>
          next({
            onReceiveMetadata: (metadata, go) => {
              setCaller(metadata, caller);
              go(metadata);
            },
          }),
      });
    let isOver = false;
    const open: OpenCall = {
      member: caller.member.id,
      expiresAtMs: admitted.expiresAtMs ?? Number.POSITIVE_INFINITY,
      end: (reason) => {
        if (isOver) return;
        closed?.(open);
        admitted.left?.abort({ why: reason, isFinal: reason === REVOKED } satisfies Parting);
        isOver = true; // what was said in parting is the last
        const metadata = refusal(reason === REVOKED);
        call.sendStatus({ code: status.UNAUTHENTICATED, details: reason, metadata });
      },
    };
    opened?.(open);
    return new ServerInterceptingCall(call, {
      start: (next) =>
        next({
          onReceiveMetadata: (metadata, go) => {
            setCaller(metadata, caller);
            go(metadata);
          },
          // A peer that reads nothing keeps its stream open however it has ended here.
          onReceiveMessage: (message, go) => (isOver ? undefined : go(message)),
          onCancel: () => closed?.(open),
        }),
      sendMessage: (message, go) => (isOver ? undefined : go(message)),
      sendStatus: (ending, go) => (isOver ? undefined : go(ending)),
    });
  };
}

/** Nothing of what was sent is read. */
function turnedAway(
  call: ServerInterceptingCallInterface,
  { caller, why, isFinal = false }: Admitted,
  path: string,
): ServerInterceptingCall {
  const denied =
    caller.via === 'nobody'
      ? { code: status.UNAUTHENTICATED, details: why, metadata: refusal(isFinal) }
      : {
          code: status.PERMISSION_DENIED,
          details: `${label('ROLE', caller.member?.role ?? Role.UNSPECIFIED)} ${caller.name} may not call ${path}`,
        };
  return new ServerInterceptingCall(call, { start: () => call.sendStatus(denied) });
}

function refusal(isFinal: boolean): Metadata {
  const metadata = new Metadata();
  if (isFinal) metadata.set(FINAL, 'yes');
  return metadata;
}

function subjectOf(certificate: PeerCertificate | undefined): string {
  const name: unknown = certificate?.subject?.CN; // several are a list
  return typeof name === 'string' ? name : 'unnamed';
}

function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return String(process.getuid?.() ?? 'local'); // a user without a name
  }
}
