// What the programs of a test said last is told with its failure: a machine on which it failed once can't be asked
// again. Every test has a list of its own, however many run at a time; outside of tests nothing is kept.
import { AsyncLocalStorage } from 'node:async_hooks';
import { loadavg } from 'node:os';

/** Of each program, and how many programs: the last ones. */
const LINES = 25;
const LINE_LENGTH = 240;
const PROGRAMS = 12;

export interface Speaker {
  name: string;
  /** All it has said so far. */
  said: () => string;
}

const lists = new AsyncLocalStorage<Speaker[]>();

/** Has it told with the failure of the test that has started it. */
export function overhear(speaker: Speaker): void {
  lists.getStore()?.push(speaker);
}

/** Runs a test; resolves with what to tell if it has failed. */
export async function overheard(test: () => Promise<void>): Promise<() => string> {
  const speakers: Speaker[] = [];
  await lists.run(speakers, test);
  return () =>
    [`load ${loadavg().map((load) => load.toFixed(1))}`, ...speakers.slice(-PROGRAMS).map(last)].join('\n');
}

function last({ name, said }: Speaker): string {
  const lines = said().trimEnd().split('\n').slice(-LINES);
  return [`--- ${name}`, ...lines].map((line) => line.slice(0, LINE_LENGTH)).join('\n');
}
