// The fleet's log read as a stream, as visits: one connection to one device each, with the port it came from, so
// that it can be told which process made it.
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import type { FleetEvent } from '../../agent/fleet/events.ts';

export interface Visit {
  device: string;
  address: string;
  /** The port of our end. */
  port: number;
  /** Monotonic ms. */
  from: number;
  /** Infinity: still open. */
  to: number;
  said: { at: number; command: string }[];
  /** How it ended: `exit` when the device was told goodbye; empty: it is open. */
  reason: string;
  /** Logins tried. */
  logins: number;
}

/** Every connection in the order they came, and the devices that the fleet itself saw meeting two at once. */
export interface FleetLog {
  visits: Visit[];
  met: Set<string>;
}

export async function readFleetLog(file: string): Promise<FleetLog> {
  const open = new Map<number, Visit>();
  const log: FleetLog = { visits: [], met: new Set() };
  for await (const line of createInterface({ input: createReadStream(file) }))
    add(log, open, JSON.parse(line) as FleetEvent); // the fleet's own lines
  return log;
}

function add(log: FleetLog, open: Map<number, Visit>, event: FleetEvent): void {
  const { t, device, address, session } = event;
  const visit = open.get(session);
  switch (event.event) {
    case 'connect': {
      const port = Number(event.from.slice(event.from.lastIndexOf(':') + 1));
      const begun: Visit = { device, address, port, from: t, to: Infinity, reason: '', said: [], logins: 0 };
      open.set(session, begun);
      log.visits.push(begun);
      return;
    }
    case 'overlap':
      log.met.add(device);
      return;
    case 'command':
      visit?.said.push({ at: t, command: event.command });
      return;
    case 'login':
    case 'denied':
      if (visit !== undefined) visit.logins += 1;
      return;
    case 'close':
      if (visit !== undefined) Object.assign(visit, { to: t, reason: event.reason });
      open.delete(session);
      return;
    default:
  }
}
