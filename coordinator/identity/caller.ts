// Who makes a call. Found out once, by the door through which it came, and kept beside the call: nothing in a request
// can say otherwise.
import type { Metadata } from '@grpc/grpc-js';
import type { Member } from '../../proto/gen/netsweep/v1/members.js';

/** What a method may ask of its caller. */
export type Reach = 'anyone' | 'agent' | 'operator';

export interface Caller {
  /** For people and records. */
  name: string;
  reach: readonly Reach[];
  /** Where it may work; null: everywhere. */
  segments: readonly string[] | null;
  /** Null: it did not come with a certificate of our authority. */
  member: Member | null;
  /**
   * How it came: the coordinator's own socket, which its user alone reaches; loopback, open to the whole host; with a
   * certificate of somebody else's authority; as a member; or as nobody in particular.
   */
  via: 'socket' | 'loopback' | 'outside' | 'member' | 'nobody';
  /**
   * Aborts, with a Parting, when its membership or its certificate ends while the call is under way; what is written
   * by then still gets to it. null: neither ends.
   */
  ended: AbortSignal | null;
}

export interface Parting {
  why: string;
  /** It will not be let in again. */
  isFinal: boolean;
}

const EVERYTHING: readonly Reach[] = ['anyone', 'agent', 'operator'];
const NOBODY: Caller = {
  ...{ name: '', reach: ['anyone'], segments: null, member: null, via: 'nobody', ended: null },
};

/** Whoever is trusted with everything, because of the way it came. */
export function trusted(name: string, via: 'socket' | 'loopback' | 'outside'): Caller {
  return { name, reach: EVERYTHING, segments: null, member: null, via, ended: null };
}

export function nobody(): Caller {
  return NOBODY;
}

const callers = new WeakMap<Metadata, Caller>();

/** For whoever opens the door. */
export function setCaller(metadata: Metadata, caller: Caller): void {
  callers.set(metadata, caller);
}

/** A call that came through no door comes from this process itself. */
export function callerOf({ metadata }: { metadata?: Metadata }): Caller {
  if (metadata === undefined) return trusted('netsweep', 'socket');
  return callers.get(metadata) ?? NOBODY;
}
