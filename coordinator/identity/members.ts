// Who is a member. Join tokens become members, members are given certificates and may be revoked; what a certificate
// stands for is looked up here by its serial number and never read from it. Everything is on disk before anybody is
// told; a revocation counts before that, too.
import { randomBytes } from 'node:crypto';
import { Identity, JoinToken, Member, Role } from '../../proto/gen/netsweep/v1/members.js';
import { digestOf, SECRET_BYTES } from '../../proto/identity/jointoken.js';
import { label } from '../../proto/label.js';
import type { Host } from '../host.js';
import { type Authority, newSerial } from './authority.js';
import type { MemberBook } from './book.js';

/** Longest life of a join token, in ms. */
export const TOKEN_MS = 3_600_000;
/** How long certificates live when nothing else is asked for, in ms. */
export const LIFE_MS = { [Role.AGENT]: 24 * 3_600_000, [Role.OPERATOR]: 30 * 24 * 3_600_000 } as const;
export const LEAST_LIFE_MS = 5_000;
export const MOST_LIFE_MS = 90 * 24 * 3_600_000;
/** Certificates of one member that count beside each other: connections outlive a renewal. */
const CERTIFICATES_MOST = 4;
const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;
const SEGMENT = /^[^\s,\p{Cc}]{1,128}$/u;

/** What was asked for can't be; the message is for people. */
export class MemberError extends Error {
  constructor(
    message: string,
    readonly kind: 'wrong' | 'unknown' | 'exists' | 'refused' = 'wrong',
  ) {
    super(message);
    this.name = 'MemberError';
  }
}

export type Wanted = Pick<Member, 'name' | 'role' | 'segments' | 'lifeMs'> & {
  replaces: boolean;
  /** 0: as long as may be. */
  expiresInMs: number;
};

/** What a member is given beside its certificate. */
export interface Endowment {
  /** Its way into NATS until `expiresAtMs`. */
  nats(member: Member, expiresAtMs: number): Promise<{ servers: string[]; creds: string }>;
  revoked(member: Member): Promise<void>;
}

const NOTHING_MORE: Endowment = {
  nats: async () => ({ servers: [], creds: '' }),
  revoked: async () => undefined,
};

/** What a certificate stands for now. */
export type Standing = { member: Member; expiresAtMs: number } | 'unknown' | 'expired' | 'revoked';

export class Members {
  readonly #members = new Map<string, Member>();
  readonly #bySerial = new Map<string, { id: string; expiresAtMs: number }>();
  /** By the digest of their secret. */
  readonly #tokens = new Map<string, JoinToken>();
  /** Told of each membership that ends. */
  ended: (member: Member) => void = () => undefined;

  private constructor(
    private readonly book: MemberBook,
    private readonly authority: Authority,
    private readonly host: Host,
    private readonly endowment: Endowment,
    /** The coordinator's public key for leases; empty: none. */
    private readonly signingKey: Buffer,
  ) {}

  static async open(
    book: MemberBook,
    authority: Authority,
    host: Host,
    given: { endowment: Endowment | null; signingKey: Buffer },
  ): Promise<Members> {
    const members = new Members(book, authority, host, given.endowment ?? NOTHING_MORE, given.signingKey);
    for (const member of await book.members()) members.#put(member);
    for (const token of await book.joinTokens()) members.#tokens.set(hex(token.sha256), token);
    return members;
  }

  /** By the serial number of a certificate that our authority has signed. */
  standing(serial: string): Standing {
    const found = this.#bySerial.get(serial);
    const member = found && this.#members.get(found.id);
    if (found === undefined || member === undefined) return 'unknown';
    if (member.revokedAtMs > 0) return 'revoked';
    return found.expiresAtMs > this.host.wallMs() ? { member, expiresAtMs: found.expiresAtMs } : 'expired';
  }

  list(): Member[] {
    return [...this.#members.values()];
  }

  tokens(): JoinToken[] {
    const now = this.host.wallMs();
    return [...this.#tokens.values()].filter(({ expiresAtMs }) => expiresAtMs > now);
  }

  /** Makes a join token; gives its secret, which is kept nowhere. */
  async enroll(wanted: Wanted, by: string): Promise<{ secret: Buffer; expiresAtMs: number }> {
    refuseUnsound(wanted);
    const { name, role, segments, replaces } = wanted;
    if (!replaces && this.#named(name, role) !== undefined)
      throw new MemberError(
        `${label('ROLE', role)} ${name} is a member already (--replace ends that one when the token is used)`,
        'exists',
      );
    const secret = randomBytes(SECRET_BYTES);
    const sha256 = digestOf(secret);
    const now = this.host.wallMs();
    const expiresAtMs = now + (wanted.expiresInMs || TOKEN_MS);
    const lifeMs = wanted.lifeMs || LIFE_MS[role === Role.AGENT ? Role.AGENT : Role.OPERATOR];
    const token = JoinToken.create({
      ...{ id: hex(sha256).slice(0, 12), sha256, name, role, segments, lifeMs, replaces },
      ...{ createdAtMs: now, createdBy: by, expiresAtMs },
    });
    await this.book.commit([...this.#dropOld(now), { write: 'joinToken', token }]);
    this.#tokens.set(hex(sha256), token);
    return { secret, expiresAtMs };
  }

  /** By its id or a unique prefix of it. */
  async removeToken(id: string): Promise<void> {
    const found = this.tokens().filter((token) => id !== '' && token.id.startsWith(id));
    const [token] = found;
    if (token === undefined || found.length > 1)
      throw new MemberError(
        token === undefined ? `there is no join token ${id}` : `${id} names ${found.length} join tokens`,
        'unknown',
      );
    this.#tokens.delete(hex(token.sha256));
    await this.book.commit([{ write: 'dropJoinToken', id: token.id }]);
  }

  /** A token is used up by the first request that comes with it, whatever else comes at the same time. */
  async join(secret: Uint8Array, request: Uint8Array): Promise<Identity> {
    const digest = hex(digestOf(secret));
    const token = this.#tokens.get(digest);
    const now = this.host.wallMs();
    if (token === undefined || token.expiresAtMs <= now)
      throw new MemberError('this join token is unknown, used or too old: have a new one made', 'refused');
    this.#tokens.delete(digest);
    const { name, role, segments, lifeMs, createdBy } = token;
    const member = Member.create({
      ...{ id: this.host.id(), name, role, segments, lifeMs },
      ...{ enrolledAtMs: now, enrolledBy: createdBy },
    });
    try {
      const replaced = this.#named(name, role);
      if (replaced !== undefined && !token.replaces)
        throw new MemberError(`${label('ROLE', role)} ${name} has become a member meanwhile`, 'exists');
      // First: what is given from here on is the new one's.
      if (replaced !== undefined) await this.endowment.revoked(replaced);
      const { identity, enrolled } = await this.#certify(member, request);
      const ended = replaced && revokedNow(replaced, now, `replaced by ${createdBy}`);
      this.#put(enrolled);
      if (ended !== undefined) this.#put(ended);
      await this.book.commit([
        { write: 'dropJoinToken', id: token.id },
        ...(ended === undefined ? [] : [{ write: 'member' as const, member: ended }]),
        { write: 'member', member: enrolled },
      ]);
      if (ended !== undefined) this.ended(ended);
      return identity;
    } catch (error) {
      // Whoever has it has not used it.
      if (!this.#members.has(member.id)) this.#tokens.set(digest, token);
      throw error;
    }
  }

  async renew({ id }: Member, request: Uint8Array): Promise<Identity> {
    const member = this.#members.get(id);
    if (member === undefined || member.revokedAtMs > 0) throw new MemberError('revoked', 'refused');
    const { identity, enrolled } = await this.#certify(member, request);
    if ((this.#members.get(id)?.revokedAtMs ?? 1) > 0) throw new MemberError('revoked', 'refused');
    this.#put(enrolled);
    await this.book.commit([{ write: 'member', member: enrolled }]);
    return identity;
  }

  /** Ends what the member has open. `role` unspecified: whichever has the name. */
  async revoke(name: string, role: Role, by: string): Promise<Member> {
    const roles = role === Role.UNSPECIFIED ? [Role.AGENT, Role.OPERATOR] : [role];
    const found = roles.flatMap((one) => this.#named(name, one) ?? []);
    const [member] = found;
    if (member === undefined)
      throw new MemberError(`no member is called "${name}" (netsweep agents members shows them)`, 'unknown');
    if (found.length > 1)
      throw new MemberError(`"${name}" is an agent and an operator: say --role agent or --role operator`);
    const revoked = revokedNow(member, this.host.wallMs(), by);
    this.#put(revoked);
    this.ended(revoked); // not after the disk: nothing of it is to be taken any more
    await this.book.commit([{ write: 'member', member: revoked }]);
    await this.endowment.revoked(revoked);
    return revoked;
  }

  async #certify(member: Member, request: Uint8Array): Promise<{ identity: Identity; enrolled: Member }> {
    const { name, role, segments, lifeMs, certificates } = member;
    const now = this.host.wallMs();
    const [serial, expiresAtMs] = [newSerial(), now + lifeMs];
    const uri = `netsweep://${label('ROLE', role)}/${name}`;
    const leaf = { name, hosts: [], uri, uses: ['client' as const], serial, notAfterMs: expiresAtMs };
    const certificate = await this.authority.certify(request, leaf);
    const { servers, creds } = await this.endowment.nats(member, expiresAtMs);
    const alive = certificates.filter((one) => one.expiresAtMs > now);
    const identity = Identity.create({
      ...{ name, role, segments, certificate },
      authority: this.authority.certificate,
      renewInMs: (lifeMs * 2) / 3,
      natsServers: servers,
      natsCreds: creds,
      signingKey: this.signingKey,
    });
    const kept = [...alive, { serial, expiresAtMs }].slice(-CERTIFICATES_MOST);
    return { identity, enrolled: { ...member, certificates: kept } };
  }

  #put(member: Member): void {
    for (const { serial } of this.#members.get(member.id)?.certificates ?? []) this.#bySerial.delete(serial);
    this.#members.set(member.id, member);
    for (const { serial, expiresAtMs } of member.certificates)
      this.#bySerial.set(serial, { id: member.id, expiresAtMs });
  }

  #named(name: string, role: Role): Member | undefined {
    return this.list().find((one) => one.name === name && one.role === role && one.revokedAtMs === 0);
  }

  #dropOld(now: number) {
    const old = [...this.#tokens].filter(([, { expiresAtMs }]) => expiresAtMs <= now);
    for (const [digest] of old) this.#tokens.delete(digest);
    return old.map(([, { id }]) => ({ write: 'dropJoinToken' as const, id }));
  }
}

function revokedNow(member: Member, now: number, by: string): Member {
  return { ...member, revokedAtMs: now, revokedBy: by };
}

function refuseUnsound({ name, role, segments, lifeMs, expiresInMs }: Wanted): void {
  if (!NAME.test(name))
    throw new MemberError(
      `found "${name}", expected a name of up to 64 letters, digits, dots, dashes and underscores`,
    );
  if (role !== Role.AGENT && role !== Role.OPERATOR)
    throw new MemberError('expected an agent or an operator');
  if (role === Role.AGENT && segments.length === 0) throw new MemberError('an agent needs a segment');
  const wrong = segments.find((segment) => !SEGMENT.test(segment));
  if (wrong !== undefined) throw new MemberError(`found "${wrong}", expected the name of a segment`);
  if (expiresInMs < 0 || expiresInMs > TOKEN_MS)
    throw new MemberError('a join token lives for an hour at most');
  if (lifeMs !== 0 && (lifeMs < LEAST_LIFE_MS || lifeMs > MOST_LIFE_MS))
    throw new MemberError('a certificate lives from 5 seconds to 90 days');
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}
