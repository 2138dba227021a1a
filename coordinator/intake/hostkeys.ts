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
import { type Place, placeKey } from '../sweep/endpoints.js';

export class HostKeys {
  readonly #known = new Map<string, KnownHost[]>();

  constructor(
    hosts: KnownHost[],
    private readonly user: KnownHostsFile,
  ) {
    for (const host of hosts) this.#add(host);
  }

  /** Keys known for a place; the ledger first, else known_hosts. */
  lookUp(place: Place): HostKey[] {
    return this.#known.get(placeKey(place)) ?? this.user.lookUp(place.host, place.port);
  }

  list(host: string): KnownHost[] {
    return [...this.#known.values()].flat().filter((known) => host === '' || known.host === host);
  }

  /** Keeps `key` if the place has none, or has this one; otherwise nothing changes. */
  firstSeen(place: Place, key: HostKey, agent: string, wallMs: number, writes: Write[]): boolean {
    const known = this.lookUp(place);
    if (known.length > 0) return known.some((one) => sameKey(one, key));
    // What came over the network is a view of a whole batch, results and all, that would stay as long as the key.
    const blob = Buffer.from(key.blob);
    const host = KnownHost.create({ ...pick(place), type: key.type, blob, firstSeenMs: wallMs, agent });
    this.#add(host);
    writes.push({ write: 'hostKey', host, replace: false });
    return true;
  }

  /** A person says that this is the key, whatever was known. */
  accept(host: KnownHost, writes: Write[]): void {
    this.#known.set(placeKey(host), [host]);
    writes.push({ write: 'hostKey', host, replace: true });
  }

  /** Empty segment, port 0 and no jump: any. */
  remove(
    match: { segment: string; host: string; port: number; jump?: string | undefined },
    writes: Write[],
  ): number {
    let removed = 0;
    for (const [key, hosts] of this.#known) {
      const first = hosts[0];
      if (
        first === undefined ||
        first.host !== match.host ||
        (match.segment !== '' && first.segment !== match.segment) ||
        (match.port !== 0 && first.port !== match.port) ||
        (match.jump !== undefined && first.jump !== match.jump)
      )
        continue;
      this.#known.delete(key);
      removed += hosts.length;
      writes.push({ write: 'dropHostKeys', ...pick(first) });
    }
    return removed;
  }

  #add(host: KnownHost): void {
    const hosts = this.#known.get(placeKey(host));
    if (hosts === undefined) this.#known.set(placeKey(host), [host]);
    else hosts.push(host);
  }
}

interface KnownHostsLine {
  /** Patterns as written; a hashed name stays hashed. */
  names: string[];
  key: HostKey;
}

/** OpenSSH's known_hosts: plain, bracketed and hashed names. Marked lines (`@revoked` ...) are left alone. */
export class KnownHostsFile {
  constructor(private readonly lines: KnownHostsLine[]) {}

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
    return this.lines
      .filter(({ names }) => names.some((pattern) => isNamed(pattern, name)))
      .map(({ key }) => key);
  }
}

function isNamed(pattern: string, name: string): boolean {
  if (!pattern.startsWith('|1|')) return pattern === name;
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
