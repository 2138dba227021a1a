// Runs one schedule. Apart from everything else the same: the same seed gives the same trace, to the byte.
import { type Schedule, scheduleOf } from './schedule.ts';
import { type Outcome, World } from './world.ts';

/** Not from within a promise: the world settles its own. */
export function simulate(schedule: Schedule, isTraced = false): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    setImmediate(() => {
      try {
        resolve(new World(schedule, isTraced).run());
      } catch (error) {
        reject(error instanceof Error ? error : new Error(String(error)));
      }
    });
  });
}

export function simulateSeed(seed: number, isTraced = false): Promise<Outcome> {
  return simulate(scheduleOf(seed), isTraced);
}
