// `--notify`: whom an audit is told to, known before any device is asked.
import { readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { findConfigFile, nearest } from '../config.js';
import { type Destination, readDestinations } from '../notices/destination.js';
import { auditNotice, isDue } from '../notices/notice.js';
import { send } from '../notices/send.js';
import type { Past } from '../report/past.js';
import type { Settled } from '../report/settled.js';
import { UsageError } from './exit.js';
import type { Progress } from './progress.js';

/** Throws UsageError, InputError. */
export function destinationsOf(names: readonly string[]): Destination[] {
  if (names.length === 0) return [];
  const path = findConfigFile(process.env);
  const known = path === null ? [] : readDestinations(path, readFileSync(path, 'utf8'), dirname(path));
  return [...new Set(names)].map((name) => {
    const destination = known.find((one) => one.name === name);
    if (destination !== undefined) return destination;
    const hint = nearest(
      name,
      known.map((one) => one.name),
    );
    throw new UsageError(
      `--notify: no notice is called "${name}" (expected a key of "notices" in ${path ?? 'netsweep.yaml'})${hint}`,
    );
  });
}

/** Whether each that wanted to hear of it has been told. */
export async function tell(
  destinations: readonly Destination[],
  { settled: { atMs, sweep, book, tally }, past }: { settled: Settled; past: Past },
  progress: Progress,
): Promise<boolean> {
  const { counts, devices } = tally;
  const notice = auditNotice({ atMs, sweep, policies: book.policies, devices, counts }, past);
  const told = await Promise.all(
    destinations
      .filter(({ on }) => isDue(notice, on))
      .map(async (destination) => {
        try {
          await send(destination, notice);
          return true;
        } catch (error) {
          const why = error instanceof Error ? error.message : String(error);
          progress.say(`notice ${destination.name} could not be given: ${why}`);
          return false;
        }
      }),
  );
  return told.every((one) => one);
}
