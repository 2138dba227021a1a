// What an enrolled agent may speak of: its own name, segments and leases. Who it is was found out at the door; what it
// says of itself, and of leases, is held against that. Agents that are no members are one with this host, or with the
// authority that it trusts, and may speak of everything.
import type { Hello } from '../../proto/gen/netsweep/v1/agent.js';
import type { Caller } from '../identity/caller.js';
import type { Ledger } from '../sweep/ledger.js';
import type { AgentLink } from './presence.js';

/** Instances whose owner is remembered; more are forgotten from the oldest on. */
const INSTANCES_MOST = 100_000;

/** One device of a lease. */
interface Spoken {
  sweep: string;
  index: number;
  epoch: string;
}

export class Rights {
  /** Members by the instances that have said hello, or renewed a lease. */
  readonly #owners = new Map<string, string>();

  constructor(private readonly ledger: Ledger) {}

  /** Why it can't be who it says; null: it is. */
  misfit({ member, segments }: Caller, hello: Hello): string | null {
    if (member === null) return null;
    if (hello.name !== member.name) return `it is enrolled as ${member.name}, not as ${hello.name}`;
    const other = hello.segments.find((segment) => segments?.includes(segment) !== true);
    if (other !== undefined) return `it is enrolled for ${member.segments.join(', ')}, not for ${other}`;
    if (this.#isAnothers(hello.instance, member.id)) return 'this instance is another agent';
    this.#own(hello.instance, member.id);
    return null;
  }

  /** Why there is no lease for it; null: there may be. */
  claimMisfit(
    { member, segments }: Caller,
    link: AgentLink,
    claim: { sweep: string; shard: number },
  ): string | null {
    if (member === null) return null;
    if (link.caller.member?.id !== member.id) return 'this instance is another agent';
    const segment = this.ledger.segmentOf(claim.sweep, claim.shard);
    return segment === null || segments?.includes(segment) === true
      ? null
      : 'the shard is of a segment that it is not enrolled for';
  }

  /** Whether these leases are its own to renew. After a restart nobody has said hello yet. */
  mayRenew({ member }: Caller, instance: string): boolean {
    return member === null || !this.#isAnothers(instance, member.id);
  }

  /** A lease was renewed: only its holder knows the instance, and nobody else comes by it later. */
  renewed({ member }: Caller, instance: string): void {
    if (member !== null) this.#own(instance, member.id);
  }

  /** Whether it may say something of a device: of another's lease nobody may, of a segment only who works there. */
  maySpeak({ caller, hello }: AgentLink, spoken: Spoken): boolean {
    const holder = this.ledger.holderOf(spoken);
    if (holder !== null && holder !== hello.instance) return false;
    if (caller.segments === null) return true;
    const segment = this.ledger.sweeps.get(spoken.sweep)?.states[spoken.index]?.device.segment;
    return segment !== undefined && caller.segments.includes(segment);
  }

  #isAnothers(instance: string, member: string): boolean {
    const owner = this.#owners.get(instance);
    return owner !== undefined && owner !== member;
  }

  #own(instance: string, member: string): void {
    this.#owners.delete(instance);
    this.#owners.set(instance, member);
    const [oldest] = this.#owners.keys();
    if (this.#owners.size > INSTANCES_MOST && oldest !== undefined) this.#owners.delete(oldest);
  }
}
