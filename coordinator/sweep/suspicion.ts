// Which devices make processes die that are in session with them. A worker holds many sessions and an agent many
// workers, so whoever was there is a suspect, most of them innocent: who was there twice runs alone, and only a
// process that dies with nothing else in it convicts.
//
// An agent that has lost its leases may only be cut off: it is taken for dead until it says something again.
import { Failure, Kind, Stage, Status } from '../../proto/gen/netsweep/v1/model.js';
import type { Write } from '../store/store.js';
import { type ActiveSweep, ALONE_FROM, type DeviceState, type Ending } from './activesweep.js';

/** Whoever was there so often is to blame, also if it never was alone: it may be what ends whole agents. */
const DEATHS_MOST = 6;

/** How a device ends at whose sessions processes die; null: it may be tried again. */
export function conviction({ row }: DeviceState, alone: boolean): Ending | null {
  const { length } = row.deaths;
  if (length < DEATHS_MOST && !(alone && length > ALONE_FROM)) return null;
  const last = alone ? ', the last with nothing else in it' : '';
  const message = `${length} processes died in session with it${last}: ${row.deaths.join('; ')}`;
  const failure = Failure.create({ kind: Kind.WORKER_LOST, stage: Stage.COMMAND, message });
  return { status: Status.FAILED, failure };
}

export class Suspicions {
  /** By instance: the devices that were in session with it when its leases were lost. */
  readonly #lost = new Map<string, Set<{ sweep: ActiveSweep; state: DeviceState }>>();

  /** A process that was in session with the device has died. */
  raise(sweep: ActiveSweep, state: DeviceState, how: string, writes: Write[]): void {
    sweep.change(state, { deaths: [...state.row.deaths, how] }, writes);
  }

  /** A lease was lost, and its instance has not been heard of. */
  lost(instance: string, sweep: ActiveSweep, state: DeviceState, writes: Write[]): void {
    const devices = this.#lost.get(instance) ?? new Set();
    this.#lost.set(instance, devices.add({ sweep, state }));
    this.raise(sweep, state, wordsOf(instance), writes);
  }

  /** The instance says something: it was not a death. */
  alive(instance: string, writes: Write[]): void {
    const devices = this.#lost.get(instance);
    if (devices === undefined) return;
    this.#lost.delete(instance);
    for (const { sweep, state } of devices) {
      if (state.status !== Status.UNSPECIFIED) continue;
      const at = state.row.deaths.indexOf(wordsOf(instance));
      sweep.change(state, { deaths: state.row.deaths.filter((_, index) => index !== at) }, writes);
    }
  }

  /** The sweep has ended: its devices are no longer suspected of anything. */
  forget(ended: ActiveSweep): void {
    for (const [instance, devices] of this.#lost) {
      for (const one of devices) if (one.sweep === ended) devices.delete(one);
      if (devices.size === 0) this.#lost.delete(instance);
    }
  }
}

function wordsOf(instance: string): string {
  return `its agent (instance ${instance.slice(0, 8)}) did not come back`;
}
