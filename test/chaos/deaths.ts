// Deaths of workers that are not the driver's: those that poison devices cause, which are planned too, and any others,
// which nothing explains.
import { readFileSync } from 'node:fs';
import { dice } from '../../agent/fleet/dice.ts';
import type { FleetDevice } from '../../agent/fleet/plan.ts';
import type { Arena } from './arena.ts';
import type { Finding } from './checker.ts';
import type { Made } from './driver.ts';
import type { Death } from './watch.ts';

/** Where a poison device makes its worker die, and of what. */
const POISONS = ['worker.session.%=segv', 'worker.loggedIn.%=kill', 'worker.ending.%=exit'];
/** How long after a fault a worker may die of it, in ms. */
const DYING_MS = 10_000;

export function choosePoison(fleet: FleetDevice[], seed: number, count: number): string[] {
  return fleet
    .filter(({ fault }) => fault === null)
    .map(({ name, number }) => ({ name, draw: dice(seed, number, 'poison') }))
    .sort((one, other) => one.draw - other.draw)
    .slice(0, count)
    .map(({ name }) => name);
}

export function armed(poisonous: string[], log: string): NodeJS.ProcessEnv {
  const points = poisonous.map((name, n) => POISONS[n % POISONS.length]?.replace('%', name));
  return { NETSWEEP_FAILPOINTS: points.join(','), NETSWEEP_FAILPOINTS_LOG: log };
}

/** The workers that a poison device made die. */
export function poisonedBy(log: string): Set<number> {
  try {
    const lines = readFileSync(log, 'utf8').split('\n').slice(0, -1);
    return new Set(lines.map((line) => Number(line.split(' ').at(-1))));
  } catch {
    return new Set(); // nothing has fired
  }
}

/** Workers that died of something else than the driver while they held devices; not those that ended with one. */
export function deathsOf({ watch, lives }: Arena, faults: Made[], poisoned: Set<number>): Made[] {
  const ofDriver = ({ worker, agentPid, from, to }: Death) =>
    faults.some(
      (fault) =>
        'pid' in fault.reach &&
        [worker, agentPid].includes(fault.reach.pid ?? 0) &&
        fault.from <= to &&
        fault.to + DYING_MS >= from,
    );
  return watch.deaths
    .filter(
      (death) => poisoned.has(death.worker) || (!ofDriver(death) && howDied(lives, death.worker) !== null),
    )
    .map(({ worker, agent, from, to }, n) => ({
      number: faults.length + n,
      kind: poisoned.has(worker) ? 'poison' : 'worker died',
      label: `worker ${worker} of agent ${agent}`,
      reach: { of: 'worker', pid: worker },
      from,
      to,
      struck: true,
    }));
}

/** A worker that gets no time for seconds is killed by its agent, and rightly so. */
export function unexplained({ lives }: Arena, { kind, label, reach, from }: Made): Finding[] {
  const how = howDied(lives, 'pid' in reach ? (reach.pid ?? 0) : 0);
  if (kind !== 'worker died' || how === null || how.startsWith('was silent')) return [];
  return [
    {
      rule: 'worker died',
      device: '',
      what: `${label} ${how}, at ${from.toFixed(0)}: of nothing done to it`,
    },
  ];
}

/** In its agent's words; null: it held nothing. */
function howDied(lives: Arena['lives'], worker: number): string | null {
  const said = new RegExp(`worker ${worker} (.*); it held`);
  return lives.flatMap(({ program }) => said.exec(program.log)?.[1] ?? [])[0] ?? null;
}
