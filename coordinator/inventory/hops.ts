// From jump hosts as they are written to the way to each device. A hop is the device of that name, with its own
// jump hosts before it, or what ssh's configuration says of it, or an address; as in ssh, only the first hop of
// a list brings hosts of its own. A way that comes back to where it started is an error.
import { readHost, sameHost } from './address.js';
import { hasLogin, type KeyFiles, keyFilesFor } from './identity.js';
import type { CredentialSource, Entry, Hop, JumpHop, Position, SecretReference } from './inventory.js';
import { loginName, type SshConfigs } from './sshconfigs.js';
import { type Issues, quote } from './wording.js';

export interface HopWorld {
  /** The device of a name, as the inventory has it and with logins applied; undefined: there is none. */
  device(name: string): { written: Entry; applied: Entry } | undefined;
  ssh: SshConfigs;
  /** What `--ssh-agent` says. */
  sshAgent: boolean;
  issues: Issues;
}

/** What has a way to it: a device, or a bastion that is none. */
type Stop = Pick<Entry, 'name' | 'host' | 'port' | 'jump' | 'sshConfig'> & { at: Position | null };

/** A hop whose place is known. */
interface Located {
  hop: Hop;
  stop: Stop;
}

const MOST_HOPS = 8;
const DIRECT: readonly Hop[] = [];

/** Tells each entry the way to itself. What is wrong is reported. */
export function findWays(entries: readonly Entry[], world: HopWorld): void {
  const router = new Router(world);
  for (const entry of entries) entry.via = router.wayTo(entry, []) ?? DIRECT;
}

class Router {
  private readonly located = new Map<string, Located | null>();
  private readonly numbers = new Map<Hop, number>();
  private readonly ways = new Map<string, readonly Hop[]>();

  constructor(private readonly world: HopWorld) {}

  /** `passed`: the names of what is reached through this stop. Null: there is none, which is reported. */
  wayTo(stop: Stop, passed: readonly string[]): readonly Hop[] | null {
    const { jump } = stop;
    if (jump === null || jump.hops.length === 0) return DIRECT;
    const path = [...passed, stop.name];
    const at = jump.hops[0]?.at ?? stop.at;
    if (passed.length > MOST_HOPS) return this.refuse(at, tooMany(path));
    if (passed.includes(stop.name)) return this.refuse(at, throughItself(path));
    const hops = jump.hops.map((hop) => this.locate(hop, stop)).filter((hop) => hop !== null);
    const self = hops.findIndex((hop) => hop.stop.name === stop.name || isSamePlace(hop.hop, stop));
    if (self !== -1 && !jump.shared)
      return this.refuse(jump.hops[self]?.at ?? at, throughItself([...path, stop.name]));
    // A jump host of a group is mostly in the group.
    const used = self === -1 ? hops : hops.slice(0, self);
    const [first] = used;
    if (first === undefined) return DIRECT;
    const before = this.wayTo(first.stop, path);
    return before === null ? null : this.check([...before, ...used.map(({ hop }) => hop)], stop, path, at);
  }

  /** Ways that are the same are one array, for many devices. */
  private check(way: Hop[], stop: Stop, path: string[], at: Position | null): readonly Hop[] | null {
    const twice = way.find((hop, index) => way.slice(0, index).some((other) => isSamePlace(hop, other)));
    if (way.some((hop) => isSamePlace(hop, stop)))
      return this.refuse(at, throughItself([...path, stop.name]));
    if (twice !== undefined)
      return this.refuse(
        at,
        `${quote(stop.name)} jumps through ${quote(twice.host)} port ${twice.port} twice`,
      );
    if (way.length > MOST_HOPS) return this.refuse(at, tooMany(path));
    const key = way.map((hop) => this.numberOf(hop)).join();
    const known = this.ways.get(key) ?? way;
    this.ways.set(key, known);
    return known;
  }

  private numberOf(hop: Hop): number {
    const number = this.numbers.get(hop) ?? this.numbers.size;
    this.numbers.set(hop, number);
    return number;
  }

  private refuse(at: Position | null, message: string): null {
    this.world.issues.reportAt(at, message);
    return null;
  }

  private locate(hop: JumpHop, { sshConfig }: Stop): Located | null {
    const key = [hop.host, hop.port, hop.username, sshConfig?.path].join('\n');
    const known = this.located.get(key);
    if (known !== undefined) return known;
    const device = this.world.device(hop.host);
    const located = device === undefined ? this.locateHost(hop, sshConfig) : locateDevice(hop, device);
    this.located.set(key, located);
    return located;
  }

  private locateHost(hop: JumpHop, sshConfig: Entry['sshConfig']): Located | null {
    const { ssh, sshAgent } = this.world;
    const said = ssh.of(sshConfig).of(hop.host);
    const host = said.host ?? readHost(hop.host);
    if (host === null)
      return this.refuse(
        hop.at,
        `jump host ${quote(hop.host)} is neither a device nor an address (expected the name of a device, an IPv4 or IPv6 address or a DNS name)`,
      );
    const port = hop.port ?? said.port ?? 22;
    const username = hop.username ?? said.username;
    const user = username ?? loginName();
    const files = keyFilesFor(ssh, said, { written: hop.host, host, port, username: user });
    const login = files === null ? null : loginWith(files, { hop, username: user, sshAgent });
    const stop = { name: hop.host, host, port, jump: said.jump, sshConfig, at: hop.at };
    const placed = { host, port, legacy: false };
    return { hop: { ...placed, username: login === null ? username : null, login }, stop };
  }
}

function locateDevice(hop: JumpHop, { written, applied }: { written: Entry; applied: Entry }): Located {
  const port = hop.port ?? applied.port ?? 22;
  const isOwn = hasLogin(applied);
  const username = hop.username ?? (isOwn ? applied.username : written.username);
  const login = isOwn ? { ...applied, username } : null;
  const place = { host: applied.host, port, legacy: applied.legacy === true };
  return { hop: { ...place, username: isOwn ? null : username, login }, stop: { ...applied, port } };
}

/** With the keys of ssh's configuration, or with the ssh-agent where that is to be asked. */
function loginWith(
  { privateKey, certificate }: KeyFiles,
  { hop, username, sshAgent }: { hop: JumpHop; username: string | null; sshAgent: boolean },
): CredentialSource {
  const file = (path: string): SecretReference => ({ from: 'file', path, at: hop.at, found: true });
  return {
    name: hop.host,
    username,
    password: null,
    enableSecret: null,
    privateKey: sshAgent ? null : file(privateKey),
    passphrase: null,
    certificate: sshAgent || certificate === null ? null : file(certificate),
    sshAgent,
    credential: null,
    at: hop.at,
  };
}

function isSamePlace(
  hop: { host: string; port: number },
  stop: { host: string; port: number | null },
): boolean {
  return hop.port === stop.port && sameHost(hop.host) === sameHost(stop.host);
}

function tooMany([name = '']: readonly string[]): string {
  return `${quote(name)} has too many jump hosts (expected at most ${MOST_HOPS})`;
}

function throughItself(path: readonly string[]): string {
  const [name = ''] = path;
  return `${quote(name)} jumps through itself (found ${path.join(' > ')}, expected another jump host, or none)`;
}
