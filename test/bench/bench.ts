// What every scenario gets: the options, a folder of its own for the run, fleets, and the signal that ends it all.
import { availableParallelism } from 'node:os';
import { type Fleet, type FleetWish, rehearsalFleet, runningFleet } from './fleet.ts';
import type { Options } from './options.ts';
import type { Section } from './report.ts';

export interface Bench {
  options: Options;
  folder: string;
  stop: AbortSignal;
  say(text: string): void;
}

/** A scenario: what it is called on the command line, what it is about, and its run. */
export interface Scenario {
  about: string;
  /** Runs only if it is named. */
  onRequest?: boolean;
  run(bench: Bench): Promise<Section>;
}

/** The fleet that the options name, else one of our own. */
export async function openFleet({ options, folder, stop, say }: Bench, wish: FleetWish): Promise<Fleet> {
  const slow = wish.promptMs > 0 || wish.commandMs > 0;
  const running = slow ? options.slowFleet : options.fleet;
  if (running !== null) return runningFleet(running, wish.devices, options.identity);
  const processes = options.fleetProcesses ?? Math.max(2, availableParallelism());
  say(`starting the rehearsal fleet: ${wish.devices} devices, ${processes} processes`);
  return await rehearsalFleet(wish, { folder, processes, stop });
}
