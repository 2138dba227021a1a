// Schedules bent towards what one promise is about, where chance alone would take thousands of them to get there.
import { Dice } from './dice.ts';
import type { Schedule } from './schedule.ts';

/** On a disk that takes seconds the coordinator dies right after it has given leave, and most agents are cut off from the next. */
export function onSlowDisk(schedule: Schedule): Schedule {
  const at = 4_000 + (schedule.seed % 20) * 150;
  const segments = [...new Set(schedule.devices.map(({ segment }) => segment))];
  const cuts = schedule.agents.slice(1).map((_agent, agent) => ({
    ...{ kind: 'link-cut' as const, at: at - 10, ms: 30_000, agent },
    direction: 'both' as const,
  }));
  return {
    ...schedule,
    agents: schedule.agents.map((agent) => ({ ...agent, segments, forks: 50 })),
    devices: schedule.devices.map((device) => ({
      ...device,
      manner: { ...device.manner, kind: 'well', connectMs: 20, loginMs: 100, commandMs: 12_000 },
    })),
    sweeps: schedule.sweeps.map((sweep) => ({ ...sweep, forks: 500, deadlineMs: 0, allowWrites: true })),
    faults: [
      { kind: 'store-slow', at: 3_000, ms: 5_000, commitMs: 1_500 },
      ...cuts,
      { kind: 'coordinator-killed', at, ms: 300 },
    ],
    quietAt: 40_000,
  };
}

/** Every agent reaches every device on a clock of half the speed, commands take long, and the first agent is cut off. */
export function cutOffOnSlowClocks(schedule: Schedule): Schedule {
  const segments = [...new Set(schedule.devices.map(({ segment }) => segment))];
  return {
    ...schedule,
    agents: schedule.agents.map((agent) => ({ ...agent, segments, forks: 50, rate: 0.5 })),
    devices: schedule.devices.map((device) => ({
      ...device,
      manner: { ...device.manner, kind: 'well', commandMs: 22_000 },
    })),
    sweeps: schedule.sweeps.map((sweep) => ({ ...sweep, forks: 500, deadlineMs: 0 })),
    faults: [
      { kind: 'link-cut', at: 4_000 + (schedule.seed % 10) * 200, ms: 40_000, agent: 0, direction: 'both' },
    ],
    quietAt: 45_000,
  };
}

/** Every agent's link breaks right before the first sweep is cancelled. */
export function cancelledWhileNobodyListens(schedule: Schedule): Schedule {
  const at = 4_000 + (schedule.seed % 10) * 300;
  const resets = schedule.agents.map((_agent, agent) => ({
    kind: 'link-reset' as const,
    at: at - 50,
    ms: 0,
    agent,
  }));
  return {
    ...withWork(schedule),
    faults: [...resets, { kind: 'cancelled', at, ms: 0, sweep: 0 }],
    quietAt: at,
  };
}

/** The first sweep is cancelled, by renewals alone if nobody tells the agents, which renew half as often. */
export function cancelledOnSlowClocks(schedule: Schedule): Schedule {
  const at = 4_000 + (schedule.seed % 10) * 300;
  const agents = schedule.agents.map((agent) => ({ ...agent, rate: 0.5 }));
  return { ...withWork(schedule), agents, faults: [{ kind: 'cancelled', at, ms: 0, sweep: 0 }], quietAt: at };
}

/** Many short commands, all the time. */
function withWork(schedule: Schedule): Schedule {
  return {
    ...schedule,
    devices: schedule.devices.map((device) => ({
      ...device,
      manner: { ...device.manner, kind: 'well', connectMs: 20, loginMs: 100, commandMs: 900 },
    })),
    sweeps: schedule.sweeps.map((sweep) => ({
      ...sweep,
      deadlineMs: 0,
      commands: Array.from({ length: 12 }, (_, number) => `show part ${number}`),
    })),
  };
}

/** The coordinator dies after it has cancelled the first sweep, and before any agent that is at it can have heard. */
export function cancelledBeforeADeath(schedule: Schedule): Schedule {
  const at = 4_000 + (schedule.seed % 10) * 300;
  const cuts = schedule.agents.map((_agent, agent) => ({
    ...{ kind: 'link-cut' as const, at: at - 10, ms: 20_000, agent },
    direction: 'both' as const,
  }));
  return {
    ...withWork(schedule),
    faults: [
      ...cuts,
      { kind: 'cancelled', at, ms: 0, sweep: 0 },
      { kind: 'coordinator-killed', at: at + 100, ms: 300 },
    ],
    quietAt: at + 20_000,
  };
}

/** Devices are at sites that bear few sessions, and logins are paced. */
export function atSites(schedule: Schedule): Schedule {
  const dice = new Dice(schedule.seed, 'sites');
  const most = dice.pick([1, 2, 3]);
  const rate = dice.pick([1, 2, 5]);
  return {
    ...schedule,
    agents: schedule.agents.map((agent) => ({ ...agent, forks: 50 })),
    devices: schedule.devices.map((device) => {
      const site = dice.pick(['north', 'south', '']);
      return site === '' ? device : { ...device, site };
    }),
    sweeps: schedule.sweeps.map((sweep) => ({ ...sweep, forks: 500, siteSessions: most, loginRate: rate })),
  };
}
