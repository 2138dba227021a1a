// Who may touch an endpoint now. A pure table: one lease at a time holds an endpoint (segment, jump, host, port),
// and an endpoint whose lease was lost, or whose session was left uncleanly, rests for the lock delay.
// Sessions of all sweeps pass this gate; it is what keeps two of ours off one device.
import type { Device } from '../../proto/gen/netsweep/v1/model.js';

interface Hold {
  /** Epoch of the lease that holds it; empty while it only rests. */
  epoch: string;
  /** Devices of that lease at this endpoint that have not ended. */
  devices: number;
  /** Monotonic ms from which it is free; Infinity while held. */
  until: number;
}

export class Endpoints {
  readonly #holds = new Map<string, Hold>();

  /** When the endpoint is free for a new lease: now or earlier, or Infinity while a lease holds it. */
  freeAt(endpoint: string): number {
    return this.#holds.get(endpoint)?.until ?? 0;
  }

  /** False when another lease holds it or it rests. */
  take(endpoint: string, epoch: string, now: number): boolean {
    const hold = this.#holds.get(endpoint);
    if (hold !== undefined && hold.epoch === epoch) {
      hold.devices += 1;
      return true;
    }
    if (hold !== undefined && hold.until > now) return false;
    this.#holds.set(endpoint, { epoch, devices: 1, until: Number.POSITIVE_INFINITY });
    return true;
  }

  /** One device of the lease has ended here; the endpoint is free from `until` on once it was the last. */
  release(endpoint: string, epoch: string, until: number): void {
    const hold = this.#holds.get(endpoint);
    if (hold === undefined || hold.epoch !== epoch) return;
    hold.devices -= 1;
    if (hold.devices > 0) return;
    this.#holds.set(endpoint, { epoch: '', devices: 0, until });
  }

  /** Forgets endpoints that have rested long enough; called now and then so that the table stays small. */
  sweepOut(now: number): void {
    for (const [endpoint, hold] of this.#holds) if (hold.until <= now) this.#holds.delete(endpoint);
  }
}

/** Where a device or a bastion is; one private address behind two bastions is two places. */
export interface Place {
  segment: string;
  /** The bastions before it, HOST:PORT with commas between; empty: none. */
  jump: string;
  host: string;
  port: number;
}

/** The place of a device, or with `hop` that of the nth bastion on the way to it. */
export function placeOf({ segment, jump, host, port }: Device, hop = 0): Place {
  const bastion = jump[hop - 1];
  const before = bastion === undefined ? jump : jump.slice(0, hop - 1);
  const end = bastion ?? { host, port };
  return { segment, jump: jumpText(before), host: end.host, port: end.port };
}

/** A key for a place. */
export function placeKey({ segment, jump, host, port }: Place): string {
  // Joined: a template would keep its parts beside the whole, for as long as the key.
  return [segment, jump, host, port].join('\n');
}

/** The place that a key stands for. */
export function placeFrom(key: string): Place {
  const [port = '', host = '', jump = '', ...segment] = key.split('\n').reverse();
  return { segment: segment.reverse().join('\n'), jump, host, port: Number(port) };
}

/** Where a device is, as far as exclusion is concerned. */
export function endpointOf(device: Device): string {
  return placeKey(placeOf(device));
}

/** Bastions as they stand in a place. */
export function jumpText(hops: readonly { host: string; port: number }[]): string {
  return hops.map(({ host, port }) => (host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`)).join();
}
