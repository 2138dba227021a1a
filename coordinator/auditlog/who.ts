// Who made a call, as it is recorded.
import { userInfo } from 'node:os';
import { type Caller, callerOf } from '../identity/caller.js';

export interface Who {
  /**
   * As in Caller; `process`: whoever started this one, `coordinator`: nobody asked for it. Over loopback it was somebody
   * on this host.
   */
  via: Caller['via'] | 'process' | 'coordinator';
  name?: string;
  /** Address of the other side. */
  from?: string;
}

export const COORDINATOR: Who = { via: 'coordinator' };

export function whoOf(call: Parameters<typeof callerOf>[0] & { getPeer?(): string }): Who {
  const { via, name } = callerOf(call);
  const from = call.getPeer?.() ?? 'unknown';
  // A Unix socket has no address, and only our own user reaches it.
  if (via === 'socket') return { via, name: ownName() };
  return from === 'unknown' ? { via, name } : { via, name, from };
}

/** Whom this process runs as. */
export function ownName(): string {
  try {
    return userInfo().username;
  } catch {
    return `uid ${process.getuid?.()}`; // a user without a name
  }
}
