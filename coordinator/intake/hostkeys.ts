// The host-key ledger: one memory of every endpoint's keys, shared by all agents, handed out with leases.
// A first-seen key is kept by compare-and-set before the agent goes on to authenticate. The user's own
// known_hosts is read beneath it and never written.
import { createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { HostKey } from '../../proto/gen/netsweep/v1/session.js';
import { KnownHost } from '../../proto/gen/netsweep/v1/sweeps.js';
import type { Write } from '../store/store.js';
import { type Place, placeFrom, placeKey } from '../sweep/endpoints.js';

export class HostKeys {
  /** The keys of each place, packed: there may be a million of them. */
  readonly #known = new Map<string, string[]>();

  constructor(
    hosts: KnownHost[],
    private readonly user: KnownHostsFile,
  ) {
    for (const host of hosts) this.#add(placeKey(host), host);
  }

  /** Keys known for a place, `key` its name where that is at hand; the ledger first, else known_hosts. */
  lookUp(place: Place, key = placeKey(place)): HostKey[] {
    return this.#known.get(key)?.map(unpack) ?? this.user.lookUp(place.host, place.port);
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

interface KnownHostsLine {
  /** Patterns as written; a hashed name stays hashed. */
  names: string[];
  key: HostKey;
}

/** OpenSSH's known_hosts: plain, bracketed and hashed names. Marked lines (`@revoked` ...) are left alone. */
export class KnownHostsFile {
  readonly #plain = new Map<string, HostKey[]>();
  /** Each has to be hashed anew for each name that is looked up. */
  readonly #hashed: { name: string; key: HostKey }[] = [];

  constructor(lines: KnownHostsLine[]) {
    for (const { names, key } of lines)
      for (const name of new Set(names)) {
        if (name.startsWith('|1|')) this.#hashed.push({ name, key });
        else this.#plain.set(name, [...(this.#plain.get(name) ?? []), key]);
      }
  }

  static read(file = join(homedir(), '.ssh', 'known_hosts')): KnownHostsFile {
    let text = '';
    try {
      text = readFileSync(file, 'utf8');
    } catch (error) {
      if (
        !(error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'EACCES'))
      )
        throw error;
    }
    return KnownHostsFile.parse(text);
  }

  static parse(text: string): KnownHostsFile {
    const lines: KnownHostsLine[] = [];
    for (const line of text.split('\n')) {
      const [names, type, blob] = line.trim().split(/\s+/);
      if (names === undefined || type === undefined || blob === undefined) continue;
      if (names.startsWith('#') || names.startsWith('@')) continue;
      lines.push({ names: names.split(','), key: { type, blob: Buffer.from(blob, 'base64') } });
    }
    return new KnownHostsFile(lines);
  }

  lookUp(host: string, port: number): HostKey[] {
    const name = port === 22 ? host : `[${host}]:${port}`;
    const hashed = this.#hashed.filter((line) => isHashOf(line.name, name)).map(({ key }) => key);
    return [...(this.#plain.get(name) ?? []), ...hashed];
  }
}

function isHashOf(pattern: string, name: string): boolean {
  const [, , salt, hash] = pattern.split('|');
  if (salt === undefined || hash === undefined) return false;
  return createHmac('sha1', Buffer.from(salt, 'base64')).update(name).digest('base64') === hash;
}

function sameKey(one: HostKey, other: HostKey): boolean {
  return one.type === other.type && Buffer.from(one.blob).equals(other.blob);
}

function pick({ segment, jump, host, port }: Place): Place {
  return { segment, jump, host, port };
}
