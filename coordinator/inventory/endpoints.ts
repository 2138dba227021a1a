// Which devices are one place to connect to. Pure.
import { addressKey, sameHost } from './address.js';
import type { Entry } from './inventory.js';
import { hopText } from './jump.js';

/** The first device at each place. Most have an address of their own, which is asked for before a whole place is spelt out. */
export class Endpoints<E extends Pick<Entry, 'segment' | 'host' | 'port' | 'jump'>> {
  private readonly hosts = new Map<string, E>();
  private readonly places = new Map<string, E>();

  /** The device that was added at this one's place before; null: there is none, and now this one is there. */
  add(entry: E): E | null {
    const host = sameHost(entry.host);
    const first = this.hosts.get(host);
    if (first === undefined) {
      this.hosts.set(host, entry);
      return null;
    }
    const firstPlace = placeOf(first);
    if (!this.places.has(firstPlace)) this.places.set(firstPlace, first);
    const place = placeOf(entry);
    const other = this.places.get(place);
    if (other === undefined) this.places.set(place, entry);
    return other ?? null;
  }
}

function placeOf({ segment, host, port, jump }: Pick<Entry, 'segment' | 'host' | 'port' | 'jump'>): string {
  return `${addressKey({ segment, host, port: port ?? 22 })} ${(jump?.hops ?? []).map(hopText).join()}`;
}
