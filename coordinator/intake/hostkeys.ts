// The host-key ledger: one memory of every endpoint's keys, shared by all agents, handed out with leases.
// A first-seen key is kept by compare-and-set before the agent goes on to authenticate. The user's own
// known_hosts is read beneath it and never written.
import { setImmediate } from 'node:timers/promises';
import type { Device } from '../../proto/gen/netsweep/v1/model.js';
import type { HostKey, HostMarks } from '../../proto/gen/netsweep/v1/session.js';
import { KnownHost } from '../../proto/gen/netsweep/v1/sweeps.js';
import type { Write } from '../store/store.js';
import { type Place, placeFrom, placeKey, placeOf } from '../sweep/endpoints.js';
import type { KnownHosts } from './knownhosts.js';

/** How long it looks up without a pause. */
const TURN_MS = 5;

export class HostKeys {
  /** The keys of each place, packed: there may be a million of them. */
  readonly #known = new Map<string, string[]>();

  constructor(
    hosts: KnownHost[],
    private readonly user: { readonly now: KnownHosts },
  ) {
    for (const host of hosts) this.#add(placeKey(host), host);
  }

  /** Keys known for a place, `key` its name where that is at hand; the ledger first, else known_hosts. */
  lookUp(place: Place, key = placeKey(place)): HostKey[] {
    return this.#known.get(key)?.map(unpack) ?? this.user.now.lookUp(place.host, place.port);
  }

  /**
   * Looks up what the ledger does not know, so that it is at hand. A name takes milliseconds where known_hosts has
   * thousands of hashed lines, so others have their turn between.
   */
  async prepare(devices: readonly Device[]): Promise<void> {
    if (!this.user.now.isDear) return;
    let since = performance.now();
    const placesOf = (device: Device) =>
      Array.from({ length: device.jump.length + 1 }, (_, hop) => placeOf(device, hop));
    for (const place of devices.flatMap(placesOf)) {
      if (this.#known.has(placeKey(place))) continue;
      this.user.now.lookUp(place.host, place.port);
      if (performance.now() - since < TURN_MS) continue;
      await setImmediate();
      since = performance.now();
    }
  }

  /** What known_hosts says besides: keys that the place must not have, and those that may certify it. */
  marks({ host, port }: Place): HostMarks | undefined {
    return this.user.now.marks(host, port);
  }

  /** Lines of known_hosts that could not be read. */
  get problems(): readonly string[] {
    return this.user.now.problems;
  }

  list(host: string): KnownHost[] {
    return [...this.#known]
      .map(([key, kept]) => ({ place: placeFrom(key), kept }))
      .filter(({ place }) => host === '' || place.host === host)
      .flatMap(({ place, kept }) => kept.map((one) => KnownHost.create({ ...place, ...unpack(one) })));
  }

  /** Keeps `seen` if the place has none, or has this one; otherwise nothing changes. */
  firstSeen(
    place: Place,
    seen: HostKey,
    about: { agent: string; wallMs: number },
    writes: Write[],
    key = placeKey(place),
  ): boolean {
    if (this.marks(place)?.revoked.some((blob) => blob.equals(seen.blob))) return false;
    const known = this.lookUp(place, key);
    if (known.length > 0) return known.some((one) => sameKey(one, seen));
    const host = { ...pick(place), ...seen, firstSeenMs: about.wallMs, agent: about.agent };
    this.#add(key, host);
    writes.push({ write: 'hostKey', host, replace: false });
    return true;
  }

  /** A person says that this is the key, whatever was known. */
  accept(host: KnownHost, writes: Write[]): void {
    this.#known.delete(placeKey(host));
    this.#add(placeKey(host), host);
    writes.push({ write: 'hostKey', host, replace: true });
  }

  /** Empty segment, port 0 and no jump: any. */
  remove(
    match: { segment: string; host: string; port: number; jump?: string | undefined },
    writes: Write[],
  ): number {
    let removed = 0;
    for (const [key, { length }] of this.#known) {
      const place = placeFrom(key);
      if (
        place.host !== match.host ||
        (match.segment !== '' && place.segment !== match.segment) ||
        (match.port !== 0 && place.port !== match.port) ||
        (match.jump !== undefined && place.jump !== match.jump)
      )
        continue;
      this.#known.delete(key);
      removed += length;
      writes.push({ write: 'dropHostKeys', ...place });
    }
    return removed;
  }

  #add(key: string, host: KnownHost): void {
    this.#known.set(key, [...(this.#known.get(key) ?? []), pack(host)]);
  }
}

/** As one flat string: a Buffer is larger than most keys, and off the network a view of a whole batch of results. */
function pack({ type, blob, firstSeenMs, agent }: KnownHost): string {
  return [type, firstSeenMs, blob.toString('latin1'), agent].join('\n');
}

function unpack(packed: string): HostKey & Pick<KnownHost, 'firstSeenMs' | 'agent'> {
  const [type = '', firstSeenMs, ...rest] = packed.split('\n');
  const agent = rest.pop() ?? '';
  return { type, blob: Buffer.from(rest.join('\n'), 'latin1'), firstSeenMs: Number(firstSeenMs), agent };
}

function sameKey(one: HostKey, other: HostKey): boolean {
  return one.type === other.type && Buffer.from(one.blob).equals(other.blob);
}

function pick({ segment, jump, host, port }: Place): Place {
  return { segment, jump, host, port };
}
