// Promises, one by one, in schedules that are known to break them as soon as the rule behind them is broken: the
// seeded defects of test/defects/sim.ts show that. Seeds and kinds of fault were found by trying.
import { expect, test } from 'vitest';
import {
  atSites,
  cancelledBeforeADeath,
  cancelledOnSlowClocks,
  cancelledWhileNobodyListens,
  cutOffOnSlowClocks,
  onSlowDisk,
} from './harsher.ts';
import { simulate } from './run.ts';
import { type FaultKind, type Schedule, scheduleOf } from './schedule.ts';

interface Cases {
  seeds: number[];
  /** Only these faults happen. */
  faults?: FaultKind[];
  change?: (schedule: Schedule) => Schedule;
}

function kept(title: string, { seeds, faults, change = (schedule) => schedule }: Cases): void {
  test(title, async () => {
    for (const seed of seeds) {
      const { violations } = await simulate(change(scheduleOf(seed, faults)));
      expect(violations, `seed ${seed}, faults ${faults}`).toEqual([]);
    }
  });
}

kept('a result is acknowledged only once it is on the disk', {
  seeds: [1, 2, 3],
  faults: ['coordinator-killed'],
});
kept('a shard that is held is granted to nobody else', {
  seeds: [6, 13, 28, 35, 45],
  faults: ['nats-mischief', 'nats-killed'],
});
kept('a lease is granted only once it is on the disk', { seeds: [26, 110, 144, 205], change: onSlowDisk });
kept('a command that may write is sent only once its start is on the disk', {
  seeds: [5, 6, 28, 29, 32],
  change: onSlowDisk,
});
kept('devices of a lost lease rest until its holder must have let go', {
  seeds: [5, 6, 11, 18, 19],
  change: cutOffOnSlowClocks,
});
kept('a coordinator that starts holds the leases that it finds', {
  seeds: [3, 4, 6, 7, 11],
  faults: ['coordinator-killed'],
});
kept('sockets are gone before anybody else may come', {
  seeds: [11, 13, 34, 35, 47],
  faults: ['link-cut', 'agent-stopped'],
});
kept('a machine that has slept does not go on where it was', { seeds: [9, 33], faults: ['host-suspended'] });
kept('a message is acknowledged only when every result of its shard was taken', {
  seeds: [4, 7, 11, 13, 20],
  faults: ['host-stopped', 'link-cut'],
});
kept('a device that has had a password does not get it again', { seeds: [9, 10, 11, 12, 19] });
kept(
  'a device that may have had a password before its lease does not get it again from the next coordinator',
  {
    seeds: [922596945],
  },
);
kept('nothing is granted while agents may hold what the store has forgotten', {
  seeds: [5, 6, 7, 11, 12],
  faults: ['store-rolled-back'],
});
kept('a store that was rolled back is noticed, however much it has committed since', { seeds: [922621354] });
kept('a store that was rolled back is remembered by a coordinator that dies before its hold has ended', {
  seeds: [3148, 4490, 7245, 7685],
  faults: ['store-rolled-back', 'coordinator-killed', 'agent-killed'],
});
kept('a sweep that may write sends a command once, whoever dies', {
  seeds: [1, 6, 14, 21, 24],
  faults: ['agent-killed', 'host-stopped'],
});
kept('two names of one endpoint are never in session together', { seeds: [6, 7, 11, 13, 20] });
kept('an offer that NATS has lost is offered again', { seeds: [2, 10, 22, 24, 27], faults: ['nats-wiped'] });
kept('a lease that is not renewed ends', { seeds: [1, 2, 3], faults: ['agent-killed'] });
kept('an agent hears of a cancel at once', { seeds: [1, 2, 3, 4, 6], change: cancelledOnSlowClocks });
kept('an agent that was away hears of a cancel as soon as it is back', {
  seeds: [28, 50, 60, 61, 66],
  change: cancelledWhileNobodyListens,
});
kept('a cancelled sweep ends although its coordinator died', {
  seeds: [1, 2, 3],
  change: cancelledBeforeADeath,
});
kept('a sweep goes on when its cancel was forgotten with the store', {
  seeds: [6, 71, 259],
  faults: ['store-rolled-back', 'cancelled'],
});
kept('a sweep has no more sessions at once than it was given forks', {
  seeds: [1, 2, 3],
  faults: ['link-reset'],
});
kept('an agent has no more sessions at once than it was given forks', {
  seeds: [6, 9, 10, 11, 12],
  faults: ['link-reset'],
});
kept('a site has no more sessions at once than its cap, whoever is lost, and every sweep ends at its pace', {
  seeds: [1, 2, 3, 4, 5, 6, 7, 8],
  change: atSites,
});
