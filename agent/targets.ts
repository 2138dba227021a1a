// Whom this agent may connect to: networks and ports that its own host allows, whatever the coordinator asks for. An
// address is judged when it is connected to, by what it is, not by how it is written. Pure.
import { isIP, isIPv4 } from 'node:net';
import { place } from './text.js';

/** What cannot be read as such an option; a sentence for people. */
export class TargetsError extends Error {}

interface Network {
  text: string;
  bytes: Uint8Array;
  bits: number;
}

interface Ports {
  from: number;
  to: number;
}

/** Nothing there is a device, unless somebody says so: cloud metadata, for one, answers on a link-local address. */
const SPECIAL: readonly [name: string, network: Network][] = [
  ['an unspecified address', network('0.0.0.0/8')],
  ['a link-local address', network('169.254.0.0/16')],
  ['a multicast address', network('224.0.0.0/4')],
  ['the broadcast address', network('255.255.255.255/32')],
  ['an unspecified address', network('::/128')],
  ['a link-local address', network('fe80::/10')],
  ['a multicast address', network('ff00::/8')],
];
/** Those beyond it are IPv4 addresses, to the last bit. */
const [MAPPED, TRANSLATED] = [network('::ffff:0:0/96'), network('64:ff9b::/96')];
const PORT_MOST = 65_535;
/** Of a list that a message repeats. */
const NAMED_MOST = 5;

export class Targets {
  private constructor(
    /** As they were given; null: every unicast address. */
    readonly networks: string | null,
    /** As they were given; null: every port. */
    readonly ports: string | null,
    private readonly allowed: Network[] | null,
    private readonly allowedPorts: Ports[] | null,
  ) {}

  static readonly any = new Targets(null, null, null, null);

  /** Throws TargetsError. */
  static read(networks: string | null, ports: string | null): Targets {
    const allowed = networks === null ? null : list(networks).map(readNetwork);
    return new Targets(networks, ports, allowed, ports === null ? null : list(ports).map(readPorts));
  }

  /** Why this address is not connected to; null: it may be. Anything but an address is refused. */
  refusal(address: string, port: number): string | null {
    const bytes = bytesOf(address);
    if (bytes === null) return `${address} is no address`;
    const special = specialOf(bytes);
    const listed = this.allowed?.filter((network) => isWithin(bytes, network)) ?? [];
    // Whoever allows the whole world does not mean these.
    if (special !== null && !listed.some(({ bits }) => bits >= special.bits))
      return `${address} is ${special.name}, and --allow-targets does not list it as one`;
    if (this.allowed !== null && listed.length === 0)
      return `${address} is not in --allow-targets ${brief(this.allowed.map(({ text }) => text))}`;
    return this.#portRefusal(address, port);
  }

  /** The same where another resolves the name, as a jump host does: then a list can only speak of addresses. */
  refusalBeyond(host: string, port: number): string | null {
    if (isIP(host) !== 0) return this.refusal(host, port);
    if (this.allowed === null) return this.#portRefusal(host, port);
    return `${host} is resolved behind a jump host, and --allow-targets ${brief(this.allowed.map(({ text }) => text))} speaks of addresses: write its address`;
  }

  #portRefusal(host: string, port: number): string | null {
    const ports = this.allowedPorts;
    if (ports === null || ports.some(({ from, to }) => from <= port && port <= to)) return null;
    return `port ${port} of ${place(host, port)} is not in --allow-ports ${brief(list(this.ports ?? ''))}`;
  }
}

function specialOf(bytes: Uint8Array): { name: string; bits: number } | null {
  const found = SPECIAL.find(([, network]) => isWithin(bytes, network));
  if (found !== undefined) return { name: found[0], bits: found[1].bits };
  const beyond = isWithin(bytes, TRANSLATED) ? specialOf(bytes.subarray(TRANSLATED.bits / 8)) : null;
  return beyond === null ? null : { name: beyond.name, bits: TRANSLATED.bits + beyond.bits };
}

function list(text: string): string[] {
  return text.split(',').map((part) => part.trim());
}

function readNetwork(text: string): Network {
  const expected = 'expected networks such as 10.0.0.0/8,2001:db8::/32 or addresses';
  const [, address = '', length] = /^([^/]*)(?:\/(\d{1,3}))?$/.exec(text) ?? [];
  const bytes = bytesOf(address);
  const width = isIPv4(address) ? 32 : 128;
  if (bytes === null || address.includes('%')) throw new TargetsError(`found "${text}", ${expected}`);
  // One that was written as IPv6 and is IPv4 has a length of the former.
  const bits = Number(length ?? width) - (width - 8 * bytes.length);
  if (Number(length ?? width) > width || bits < 0) throw new TargetsError(`found "${text}", ${expected}`);
  if (!isZeroBeyond(bytes, bits))
    throw new TargetsError(
      `found "${text}", which has bits beyond its length (expected the network's first address)`,
    );
  return { text, bytes, bits };
}

function readPorts(text: string): Ports {
  const [, first = '', last = first] = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(text) ?? [];
  const [from, to] = [Number(first), Number(last)];
  if (first === '' || from < 1 || to > PORT_MOST || from > to)
    throw new TargetsError(`found "${text}", expected ports such as 22,2200-2299`);
  return { from, to };
}

function network(text: string): Network {
  const [address = '', bits = ''] = text.split('/');
  return { text, bytes: plainBytes(address), bits: Number(bits) };
}

/** Four bytes of whatever is an IPv4 address, sixteen of the rest; null: it is no address. */
function bytesOf(address: string): Uint8Array | null {
  if (isIP(address) === 0) return null;
  const bytes = plainBytes(address);
  return bytes.length > 4 && isWithin(bytes, MAPPED) ? bytes.subarray(MAPPED.bits / 8) : bytes;
}

function plainBytes(address: string): Uint8Array {
  if (isIPv4(address)) return Uint8Array.from(address.split('.').map(Number));
  const [bare = ''] = address.split('%'); // the zone says which link, not which address
  const [head = '', tail] = new URL(`http://[${bare}]`).hostname.slice(1, -1).split('::');
  const groups = (text: string) =>
    text === '' ? [] : text.split(':').map((group) => Number.parseInt(group, 16));
  const [first, last] = [groups(head), groups(tail ?? '')];
  const zeros = Array.from({ length: 8 - first.length - last.length }, () => 0);
  return Uint8Array.from([...first, ...zeros, ...last].flatMap((group) => [group >> 8, group & 0xff]));
}

function isWithin(bytes: Uint8Array, { bytes: of, bits }: Network): boolean {
  if (bytes.length !== of.length) return false;
  for (let at = 0; 8 * at < bits; at++)
    if ((((bytes[at] ?? 0) ^ (of[at] ?? 0)) & maskOf(at, bits)) !== 0) return false;
  return true;
}

function isZeroBeyond(bytes: Uint8Array, bits: number): boolean {
  return bytes.every((byte, at) => (byte & ~maskOf(at, bits)) === 0);
}

/** Of the byte at this place, in a network of so many bits. */
function maskOf(at: number, bits: number): number {
  return (0xff00 >> Math.min(8, Math.max(0, bits - 8 * at))) & 0xff;
}

function brief(texts: string[]): string {
  const more = texts.length - NAMED_MOST;
  return more > 0 ? `${texts.slice(0, NAMED_MOST).join(',')} and ${more} more` : texts.join(',');
}
