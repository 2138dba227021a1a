// Runs one schedule. Apart from everything else the same: the same seed gives the same trace, to the byte.
import { type Schedule, scheduleOf } from './schedule.ts';
import { type Outcome, World } from './world.ts';

/** Not from within a promise: the world settles its own. */
export function simulate(schedule: Schedule, isTraced = false): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    setImmediate(() => {
      const world = new World(schedule, isTraced);
      // A program that would have ended by it has a bug.
      const crashed = (error: unknown) =>
        world.witness.broken(
          'crash',
          error instanceof Error ? (error.stack ?? error.message) : String(error),
        );
      process.on('unhandledRejection', crashed);
      try {
        resolve(world.run());
      } catch (error) {
        reject(new Error(`seed ${schedule.seed}`, { cause: error }));
      } finally {
        process.off('unhandledRejection', crashed);
      }
    });
  });
}

export function simulateSeed(seed: number, isTraced = false): Promise<Outcome> {
  return simulate(scheduleOf(seed), isTraced);
}
