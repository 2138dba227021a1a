// What may stand as a device's address: an IPv4 or IPv6 address or a DNS name. Pure.
import { isIP, isIPv4, isIPv6 } from 'node:net';
import { domainToASCII } from 'node:url';

const LABEL = /^[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?$/;

/** The address as it is used, international names in their ASCII form; null when it cannot be one. */
export function readHost(text: string): string | null {
  if (isIP(text) !== 0) return text;
  const name = /^[\x00-\x7f]*$/.test(text) ? text : domainToASCII(text);
  const labels = name.replace(/\.$/, '').split('.');
  if (name === '' || name.length > 253 || !labels.every((label) => LABEL.test(label))) return null;
  // A last label of digits is an address that is not one: 10.0.0.256, 10.1, 0x7f.1.
  return /^(\d+|0[xX][\dA-Fa-f]*)$/.test(labels.at(-1) ?? '') ? null : name;
}

/** The address that somebody who wrote a URL, a prefix, a port or brackets around it meant. */
export function meantHost(text: string): string | null {
  const bare = text
    .trim()
    .replace(/^[a-z]+:\/\//, '')
    .replace(/^[^@]*@/, '')
    .replace(/\/.*$/, '');
  const [, bracketed, bracketedPort] = /^\[([^\]]*)\](?::(\d+))?$/.exec(bare) ?? [];
  const [, plain, plainPort] = (isIPv6(bare) ? null : /^([^:]*):(\d+)$/.exec(bare)) ?? [];
  const host = bracketed ?? plain ?? bare;
  const port = bracketedPort ?? plainPort;
  if (host === text || readHost(host) === null) return null;
  return port === undefined ? host : `${host} with port ${port}`;
}

/** One text for all spellings of an address, to find two devices at one place. */
export function sameHost(host: string): string {
  if (isIPv4(host)) return host;
  if (!isIPv6(host)) return host.toLowerCase().replace(/\.$/, '');
  const [address = '', zone] = host.split('%');
  const short = new URL(`http://[${address}]`).hostname.slice(1, -1);
  return zone === undefined ? short : `${short}%${zone}`;
}

/** The key of a device's endpoint: two devices with one key are one place to connect to. */
export function addressKey({ segment, host, port }: { segment: string; host: string; port: number }): string {
  return `${segment} ${sameHost(host)} ${port}`;
}
