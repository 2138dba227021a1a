// What is known of agents for people: since when each is there, when it was last heard, how its clock goes. Kept in
// memory, of those too that have gone since the coordinator was started.
import type { AgentStatus, Hello } from '../../proto/gen/netsweep/v1/agent.js';

/** Agents that have gone are remembered up to this number, the latest of them. */
const AWAY_MOST = 1_000;

export interface Entry {
  hello: Hello;
  /** Unix ms of its hello. */
  sinceMs: number;
  /** Unix ms of the last that was heard of it. */
  seenMs: number;
  status: AgentStatus | null;
  /** How far its clock is ahead of ours, in ms; the way of a message is in it. */
  skewMs: number | null;
}

export class Roster {
  /** By instance. */
  readonly #present = new Map<string, Entry>();
  /** By name, the one that has gone last at the end. */
  readonly #away = new Map<string, Entry>();

  /** Told when one comes or goes. */
  changed: (entry: Entry, what: 'has come' | 'has gone') => void = () => undefined;

  joined(hello: Hello, wallMs: number): void {
    this.#away.delete(hello.name);
    const entry: Entry = { hello, sinceMs: wallMs, seenMs: wallMs, status: null, skewMs: null };
    this.#present.set(hello.instance, entry);
    this.changed(entry, 'has come');
  }

  heard(instance: string, wallMs: number): void {
    const entry = this.#present.get(instance);
    if (entry !== undefined) entry.seenMs = wallMs;
  }

  said(instance: string, status: AgentStatus, wallMs: number): void {
    const entry = this.#present.get(instance);
    if (entry !== undefined) Object.assign(entry, { status, skewMs: status.clockMs - wallMs });
  }

  left(instance: string): void {
    const entry = this.#present.get(instance);
    if (entry === undefined) return;
    this.#present.delete(instance);
    const { name } = entry.hello;
    this.changed(entry, 'has gone');
    this.#away.delete(name);
    this.#away.set(name, entry);
    const [oldest] = this.#away.keys();
    if (this.#away.size > AWAY_MOST && oldest !== undefined) this.#away.delete(oldest);
  }

  get(instance: string): Entry | undefined {
    return this.#present.get(instance);
  }

  /** Those that have gone and have not come back under their name. */
  away(): Entry[] {
    return [...this.#away.values()];
  }
}
