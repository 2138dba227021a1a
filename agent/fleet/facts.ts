// What every simulated device has, whatever its command line calls it: ports with neighbours, addresses, a serial
// number, moments in its past. All of it is drawn from the seed, so that two fetches differ in nothing.
import type { CliOptions } from './cli.js';
import { dice, pick } from './dice.js';

export interface Port {
  number: number;
  draw: number;
  up: boolean;
  routed: boolean;
  /** Within 10.0.0.0/8, a /30. */
  address: string;
  description: string;
  vlan: number;
}

const NEIGHBOURS = ['access', 'printer', 'ap', 'camera', 'phone', 'server', 'wan'] as const;
const MONTHS = ['Jan', 'Feb', 'Mar'] as const;

export function portOf({ device, seed }: CliOptions, number: number): Port {
  const draw = dice(seed, device.number, `port ${number}`);
  return {
    number,
    draw,
    up: draw % 7 !== 0,
    routed: draw % 3 === 0,
    address: `10.${(device.number >>> 8) & 255}.${device.number & 255}.${(number * 4 + 1) & 255}`,
    description: `to ${pick(NEIGHBOURS, draw >>> 4)}-${draw % 900} port ${number} circuit ${hex(draw)}`,
    vlan: 10 + (draw % 240),
  };
}

export function ports(options: CliOptions, count: number): Port[] {
  return Array.from({ length: count }, (_, number) => portOf(options, number));
}

/** The router's own address. */
export function loopbackOf({ device: { number } }: CliOptions): string {
  return `172.${16 + (number >>> 16)}.${(number >>> 8) & 255}.${number & 255}`;
}

export function serialOf({ device, seed }: CliOptions, part = 0): string {
  const draw = dice(seed, device.number + part * 1_000_000, 'serial') % 36 ** 6;
  return `FDO${draw.toString(36).toUpperCase().padStart(8, '0')}`;
}

/** `Mon Mar  3 10:22:31`: a moment of the device's past, another one for each use. */
export function momentOf({ device, seed }: CliOptions, use: string): { day: string; time: string } {
  const draw = dice(seed, device.number, use);
  const two = (value: number) => String(value).padStart(2, '0');
  const day = 1 + ((draw >>> 17) % 28);
  return {
    day: `${pick(['Mon', 'Tue', 'Wed', 'Thu', 'Fri'], draw >>> 7)} ${pick(MONTHS, draw >>> 11)} ${String(day).padStart(2)}`,
    time: `${two(draw % 24)}:${two((draw >>> 5) % 60)}:${two((draw >>> 13) % 60)}`,
  };
}

/** Eight digits, looked up by the byte: numbers beyond 2^31 print slowly, and a configuration has fifty of them. */
export function hex(draw: number): string {
  return `${byte(draw >>> 24)}${byte(draw >>> 16)}${byte(draw >>> 8)}${byte(draw)}`;
}

const BYTES = Array.from({ length: 256 }, (_, value) => value.toString(16).padStart(2, '0'));

function byte(value: number): string {
  return BYTES[value & 0xff] ?? '';
}

/** Adds what `piece` gives, one after the other, until there are so many lines. */
export function fill(lines: string[], until: number, piece: (index: number) => string[]): string[] {
  for (let index = 0; lines.length < until; index++) lines.push(...piece(index));
  return lines;
}
