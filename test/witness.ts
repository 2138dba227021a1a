// Three witnesses of one sweep that know nothing of each other: what was printed, what the store holds, and what
// reached the devices. They have to tell the same story.
import { expect } from 'vitest';
import type { Cluster, Result } from './cluster.ts';
import { readResults } from './cluster.ts';
import { type Fleet, monotonicMs } from './fleet.ts';
import type { Netsweep } from './place.ts';

export interface Testimony {
  cluster: Cluster;
  /** As printed by `run`. */
  results: Result[];
  /** What the sweep sent; by default what each result says. */
  command?: string;
  /** Fleet's clock when the sweep began. */
  since?: number;
  /** How often a device may have been visited once more, because of a fault. */
  again?: (device: string) => number;
  /** Everything that was to be swept; the whole fleet unless given. */
  selected?: string[];
}

export async function checkWitnesses({
  cluster,
  results,
  command,
  since = 0,
  again = () => 0,
  selected = cluster.fleet.names,
}: Testimony): Promise<void> {
  const { fleet, place } = cluster;
  expect(results.map(({ device }) => device).sort(), 'each device once in the report').toEqual(
    [...selected].sort(),
  );

  const [{ sweep: id } = { sweep: '' }] = results;
  const stored = await place.netsweep(['sweeps', 'results', id, '--format', 'ndjson']);
  const byDevice = (list: Result[]) => new Map(list.map((result) => [result.device, result]));
  expect(byDevice(readResults(stored.stdout)), 'the store agrees with what was printed').toEqual(
    byDevice(results),
  );

  const shown = await place.netsweep(['sweeps', 'show', id, '--json']);
  const { counts } = JSON.parse(shown.stdout) as { counts: Record<string, number> };
  const { selected: total, ...states } = counts;
  expect(total).toBe(selected.length);
  expect(
    Object.values(states).reduce((sum, count) => sum + count, 0),
    'the counts add up',
  ).toBe(total);
  for (const [status, count] of Object.entries(states))
    expect(results.filter((result) => result.status === status).length, status).toBe(count);

  await fleet.quiet();
  expect(fleet.overlaps(), 'devices with two sessions at once').toEqual([]);
  const sessions = fleet.sessions(since);
  const wrong = results.flatMap(({ device, status, outputs }) => {
    const own = sessions.filter((session) => session.device === device);
    const sent = command ?? outputs[0]?.command ?? '';
    const ran = own.filter(({ commands }) => commands.includes(sent)).length;
    const logins = own.reduce((sum, session) => sum + session.logins, 0);
    const most = 1 + again(device);
    const fits = (status !== 'ok' || (ran >= 1 && ran <= most)) && ran <= most && logins <= most;
    return fits ? [] : [{ device, status, ran, logins }];
  });
  expect(wrong, 'an ok device ran the command in exactly one session, after at most one login').toEqual([]);
}

/** A fault in the middle of a sweep. */
export interface Fault {
  /** What the client had printed when it came. */
  printed: Set<string>;
  /** Fleet's clock when all was there again. */
  overAt: number;
}

/** Makes a fault; `cause` resolves when it is over. */
export async function fault(run: Netsweep, cause: () => Promise<void>): Promise<Fault> {
  const printed = new Set(readResults(run.stdout).map(({ device }) => device));
  await cause();
  return { printed, overAt: monotonicMs() };
}

/**
 * Devices that a fault may have cut off: begun before it was over, and not printed before it came. What has been
 * printed is on disk, and is never done again.
 */
export function inFlight(fleet: Fleet, { printed, overAt }: Fault): Set<string> {
  const begun = fleet.sessions().filter(({ from }) => from <= overAt);
  return new Set(begun.flatMap(({ device }) => (printed.has(device) ? [] : [device])));
}
