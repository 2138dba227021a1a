// Which agents are there: an agent is present while its stream is up and it may claim. One live stream per
// instance; a second instance of a name takes over once the first one's leases have ended.
import type { CoordinatorMessage, Hello } from '../../proto/gen/netsweep/v1/agent.js';
import type { Caller } from '../identity/caller.js';
import { Roster } from './roster.js';

export interface AgentLink {
  hello: Hello;
  /** Who it is, whatever its hello says. */
  caller: Caller;
  draining: boolean;
  send(message: NonNullable<CoordinatorMessage['body']>): void;
  /** Ends the stream from our side. */
  end(): void;
}

export class Presence {
  readonly roster = new Roster();
  readonly #links = new Map<string, AgentLink>();
  /** What a person has ordered, by instance: true: it takes nothing new. */
  readonly #drained = new Map<string, boolean>();
  /** Of all agents that were let in since the start; null: there was none. */
  #rehearsal: boolean | null = null;

  constructor(
    private readonly running: (instance: string) => number,
    /** It is to leave the work to its siblings for a while. */
    private readonly rests: (instance: string) => boolean = () => false,
  ) {}

  /**
   * Why it can't be one of the agents; null: it can. What is rehearsed would stand among what devices said, and the
   * first agent decides which of both it is. Only a host's own agents rehearse: one from elsewhere that came first would
   * keep all others away.
   */
  misfit({ hello, caller: { via } }: AgentLink): string | null {
    if (hello.rehearses && via !== 'loopback' && via !== 'socket')
      return 'it rehearses, which only agents on the host of a coordinator without TLS may';
    if ((this.#rehearsal ?? hello.rehearses) === hello.rehearses) return null;
    return hello.rehearses
      ? 'it rehearses, and this coordinator has agents with real devices'
      : 'its devices are real, and the agents of this coordinator rehearse';
  }

  /** Null: welcome. Otherwise the instance that must be waited for. */
  join(link: AgentLink): AgentLink | null {
    for (const [instance, other] of this.#links) {
      if (other.hello.name !== link.hello.name || instance === link.hello.instance) continue;
      if (this.running(instance) > 0) return other;
      other.send({
        $case: 'goodbye',
        value: { reason: 'replaced by a newer agent of the same name', retryMs: 0 },
      });
      other.end();
      this.#links.delete(instance);
    }
    this.#rehearsal ??= link.hello.rehearses;
    const earlier = this.#links.get(link.hello.instance);
    this.#links.set(link.hello.instance, link);
    // What was ordered while it was away counts; after a restart of ours only the agent still knows.
    const ordered = this.#drained.get(link.hello.instance);
    if (ordered === undefined && link.hello.drained) this.#drained.set(link.hello.instance, true);
    earlier?.end();
    return null;
  }

  /** False: another stream of the same instance has taken its place. */
  leave(link: AgentLink): boolean {
    if (this.#links.get(link.hello.instance) !== link) return false;
    return this.#links.delete(link.hello.instance);
  }

  get(instance: string): AgentLink | undefined {
    return this.#links.get(instance);
  }

  all(): AgentLink[] {
    return [...this.#links.values()];
  }

  /** From now on, or no longer, the agents of this name take nothing new; resolves to those that were told. */
  drain(name: string, drained: boolean): AgentLink[] {
    const named = this.all().filter(({ hello }) => hello.name === name);
    for (const link of named) {
      this.#drained.set(link.hello.instance, drained);
      link.send({ $case: 'drain', value: { drained } });
    }
    return named;
  }

  /** What a person has ordered of it; null: nothing. */
  ordered(instance: string): boolean | null {
    return this.#drained.get(instance) ?? null;
  }

  /** Whether it takes work at all. */
  takes({ draining, hello }: AgentLink): boolean {
    return !draining && this.#drained.get(hello.instance) !== true;
  }

  /** Agents that would take work of this segment; those that rest only where there are no others. */
  able(segment: string): AgentLink[] {
    const serving = this.all().filter((link) => this.takes(link) && link.hello.segments.includes(segment));
    const fresh = serving.filter(({ hello }) => !this.rests(hello.instance));
    return fresh.length > 0 ? fresh : serving;
  }

  /** Whether another instance would take work of this segment, and does not rest. */
  hasSibling(instance: string, segment: string): boolean {
    return this.able(segment).some(({ hello }) => hello.instance !== instance && !this.rests(hello.instance));
  }

  /** Sessions that the segment's agents could open beyond those they have. */
  freeSlots(segment: string): number {
    return this.able(segment).reduce(
      (free, { hello }) => free + Math.max(0, hello.forks - this.running(hello.instance)),
      0,
    );
  }
}
