// A sweep of all segments, run by the administrator, and what the fleets saw of it: witnesses that know nothing of
// each other.
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { type Result, readResults, troubles } from '../cluster.ts';
import { monotonicMs, type Session } from '../fleet.ts';
import type { Lab } from './lab.ts';
import type { Segment } from './segment.ts';

/** What one device had of a sweep. */
export interface Visit {
  /** As the inventory names it. */
  device: string;
  sessions: Session[];
}

export class Sweep {
  stdout = '';
  stderr = '';
  readonly since = monotonicMs();
  readonly #child: ChildProcess;
  readonly #ended: Promise<unknown>;

  constructor(
    lab: Lab,
    readonly command: string,
    ...words: string[]
  ) {
    const run = ['run', '-i', 'devices.json', '--format', 'ndjson', ...words, command];
    this.#child = lab.host('admin').spawn('netsweep', run, { stdio: ['ignore', 'pipe', 'pipe'] });
    this.#child.stdout?.setEncoding('utf8').on('data', (text: string) => (this.stdout += text));
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => (this.stderr += text));
    this.#ended = once(this.#child, 'close');
  }

  /** Devices that have ended. */
  get done(): number {
    return this.stdout.split('\n').length - 1;
  }

  get ended(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  /** Throws with what is wrong unless every device ended ok. */
  async results(): Promise<Result[]> {
    await this.#ended;
    const results = readResults(this.stdout);
    if (this.#child.exitCode === 0) return results;
    throw new Error(
      `exit ${this.#child.exitCode}: ${troubles(results).slice(0, 20).join('; ')}\n${this.stderr}`,
    );
  }

  /** Every session that any device had since this began. */
  async visits(segments: Segment[]): Promise<Visit[]> {
    for (const { fleet } of segments) await fleet.quiet();
    return segments.flatMap(({ name, fleet }) => {
      const sessions = fleet.sessions(this.since);
      return fleet.names.map((device) => ({
        device: `${name}.${device}`,
        sessions: sessions.filter((session) => session.device === device),
      }));
    });
  }
}

/** Logins beyond the first, of all devices together: work that was done once more. */
export function rework(visits: Visit[]): number {
  return visits.reduce((sum, { sessions }) => sum + Math.max(0, logins(sessions) - 1), 0);
}

export function logins(sessions: Session[]): number {
  return sessions.reduce((sum, session) => sum + session.logins, 0);
}

export function overlapped({ sessions }: Visit): boolean {
  const inTurn = [...sessions].sort((a, b) => a.from - b.from);
  return inTurn.some(({ from }, at) => from < (inTurn[at - 1]?.to ?? 0));
}
