// Our own authority at work: members and their door, and the coordinator's own certificate, which is renewed while it
// listens.
import type { Server, ServerCredentials } from '@grpc/grpc-js';
import type { Host } from '../host.js';
import type { Authority } from './authority.js';
import type { MemberBook } from './book.js';
import { MemberDoor } from './door.js';
import { type Endowment, Members } from './members.js';
import { serveMembers } from './service.js';

/** How often it is looked whether the coordinator's certificate is to be renewed, or was by --renew, in ms. */
const RENEWAL_LOOK_MS = 60_000;

export interface MembershipParts {
  authority: Authority;
  /** What members are given beside their certificates; null: nothing. */
  endowment: Endowment | null;
  signingKey: Buffer;
  book: MemberBook;
  server: Pick<Server, 'addService'>;
  /** Where the coordinator listens. */
  address(): string;
  host: Host;
  warn(error: unknown, what: string): void;
  /** Told of members' connections, ADDRESS:PORT. */
  known?(peer: string): void;
}

export class Membership implements Disposable {
  readonly #door: MemberDoor;
  #callOff: () => void = () => undefined;
  /** As PEM. */
  #shown: string;

  private constructor(
    readonly members: Members,
    private readonly parts: MembershipParts,
  ) {
    this.#shown = parts.authority.server().cert;
    this.#door = new MemberDoor(members, parts.authority, parts.host, (peer) => parts.known?.(peer));
    members.ended = (member) => this.#door.revoke(member);
    serveMembers(parts.server, { ...parts, members });
  }

  static async open(parts: MembershipParts): Promise<Membership> {
    const { book, authority, host } = parts;
    const membership = new Membership(await Members.open(book, authority, host, parts), parts);
    await membership.#keepServerCertificate();
    return membership;
  }

  get credentials(): ServerCredentials {
    return this.#door.credentials;
  }

  /** Whoever connects from now on is shown the certificate that there is. */
  renewServer(): void {
    const server = this.parts.authority.server();
    if (server.cert === this.#shown) return;
    this.#door.credentials.renew(server);
    this.#shown = server.cert;
  }

  [Symbol.dispose](): void {
    this.#callOff();
    this.#door[Symbol.dispose]();
  }

  async #keepServerCertificate(): Promise<void> {
    const { authority, host, warn } = this.parts;
    try {
      if (authority.server().renewFromMs <= host.wallMs()) {
        await authority.renewServer();
        warn(null, "the coordinator's certificate is renewed");
      }
      this.renewServer(); // also where somebody else has renewed it
    } catch (error) {
      warn(error, "the coordinator's certificate could not be renewed");
    }
    this.#callOff = host.after(RENEWAL_LOOK_MS, () => void this.#keepServerCertificate());
  }
}
