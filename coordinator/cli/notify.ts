// `--notify`: whom something is told to, known before any device is asked. What it needs is loaded only where it is used.
import { nearest } from '../config.js';
import type { Destination } from '../notices/destination.js';
import type { Notice } from '../notices/notice.js';
import { UsageError } from './exit.js';
import type { Progress } from './progress.js';

/** `names`: as the option has them. Throws UsageError, InputError. */
export async function destinationsOf(names: readonly (readonly string[])[]): Promise<Destination[]> {
  if (names.length === 0) return [];
  const { destinationsIn } = await import('../notices/destinations.js');
  const { known, path } = destinationsIn('.');
  return [...new Set(names.flat())].map((name) => {
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
  notice: Notice,
  progress: Progress,
): Promise<boolean> {
  if (destinations.length === 0) return true;
  const [{ isDue }, { send }] = await Promise.all([
    import('../notices/notice.js'),
    import('../notices/send.js'),
  ]);
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
