// Readers of option values: text to meaning, with an error that says what was found and what is expected.
// Every layer (flag, environment, file) goes through these; settings.ts names which option uses which.
import { homedir } from 'node:os';
import { isAbsolute, join, resolve } from 'node:path';
import { Kind } from '../../proto/gen/netsweep/v1/model.js';
import { label } from '../../proto/label.js';
import type { Tolerance } from '../combine/tally.js';
import { nearest, ValueError } from '../config.js';
import type { JumpHop } from '../inventory/inventory.js';
import { partsOf } from '../inventory/jump.js';
import type { Share } from '../sweep/stops.js';

/** The words of all failure kinds. */
export const KINDS: ReadonlyMap<string, Kind> = new Map(
  Object.values(Kind)
    .filter((kind) => kind !== Kind.UNSPECIFIED && kind !== Kind.UNRECOGNIZED)
    .map((kind) => [label('KIND', kind), kind]),
);

const MOST_DEVICES = 1_000_000;
/** Longest duration taken: a sweep's own ceiling. */
const DAY_MS = 24 * 3600 * 1000;
const YEARS_MS = 3650 * DAY_MS;
const DURATION = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)?$/;
const DURATION_UNITS: Record<string, number> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: DAY_MS };
const SIZE = /^(\d+(?:\.\d+)?)\s*([kmgt]i?)?b?$/i;
const SIZE_STEPS = ['', 'k', 'm', 'g', 't'];

/** `10`, `10s`, `5m`, `500ms`, `2h` as milliseconds. */
export function readDuration(text: string, leastMs = 1, mostMs = DAY_MS): number {
  const match = DURATION.exec(text.trim());
  if (match === null)
    throw new ValueError(`found ${quote(text)}, expected a duration such as 10, 10s, 500ms, 5m or 2h`);
  const ms = Math.round(Number(match[1]) * (DURATION_UNITS[match[2] ?? 's'] ?? 1000));
  if (ms < leastMs) throw new ValueError(`found ${quote(text)}, expected at least ${leastMs} ms`);
  if (ms > mostMs) throw new ValueError(`found ${quote(text)}, expected at most ${mostMs / 3_600_000}h`);
  return ms;
}

/** `2026-11-23`, `2026-11-23T05:00`, both in UTC, or `2h` for two hours ago; in Unix ms. */
export function readMoment(text: string, nowMs = Date.now()): number {
  const trimmed = text.trim();
  if (DURATION.test(trimmed)) return nowMs - readDuration(trimmed, 0, YEARS_MS);
  const zone = /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?$/.test(trimmed) ? 'Z' : '';
  const ms = Date.parse(trimmed.replace(' ', 'T') + zone);
  if (!/^\d{4}-/.test(trimmed) || Number.isNaN(ms))
    throw new ValueError(
      `found ${quote(text)}, expected a time such as 2026-11-23, 2026-11-23T05:00, or 2h for two hours ago`,
    );
  return ms;
}

/** `256MB` (decimal), `256MiB` (binary) or plain bytes. */
export function readSize(text: string): number {
  const match = SIZE.exec(text.trim());
  if (match === null)
    throw new ValueError(`found ${quote(text)}, expected a size such as 512kB, 256MB or 1GiB`);
  const unit = (match[2] ?? '').toLowerCase();
  const bytes = Math.floor(
    Number(match[1]) * (unit.endsWith('i') ? 1024 : 1000) ** SIZE_STEPS.indexOf(unit.charAt(0)),
  );
  if (bytes < 1) throw new ValueError(`found ${quote(text)}, expected at least 1 byte`);
  if (!Number.isSafeInteger(bytes)) throw new ValueError(`found ${quote(text)}, expected a smaller size`);
  return bytes;
}

/** A whole number between two bounds. */
export function readCount(text: string, least: number, most: number): number {
  const value = Number(text);
  if (!/^\d+$/.test(text.trim()) || value < least || value > most)
    throw new ValueError(`found ${quote(text)}, expected a whole number from ${least} to ${most}`);
  return value;
}

export function readChoice<const C extends string>(text: string, choices: readonly C[]): C {
  const choice = choices.find((candidate) => candidate === text);
  if (choice === undefined) throw new ValueError(`found ${quote(text)}, expected ${choices.join(', ')}`);
  return choice;
}

export function readSwitch(text: string): boolean {
  if (/^(true|yes|on|1)$/i.test(text)) return true;
  if (/^(false|no|off|0)$/i.test(text)) return false;
  throw new ValueError(`found ${quote(text)}, expected true or false`);
}

/** `HOST:PORT`, or `unix:PATH` of a coordinator on this host. */
export function readCoordinator(text: string): string {
  return /^unix:\/./.test(text) ? text : readAddress(text);
}

/** `HOST:PORT`, `[::1]:PORT`. */
export function readAddress(text: string): string {
  const match = /^(\[[0-9a-fA-F:.%]+\]|[^:\s[\]]+):(\d{1,5})$/.exec(text);
  if (match === null || Number(match[2]) > 65_535)
    throw new ValueError(`found ${quote(text)}, expected HOST:PORT`);
  return text;
}

/** `user@bastion1:22,bastion2`; no hops for `none`. */
export function readJump(text: string): JumpHop[] {
  return partsOf(text).map((part) => {
    if ('wrong' in part) throw new ValueError(part.wrong);
    return { ...part.hop, at: null };
  });
}

/** `Name <mail>`. */
export function readAuthor(text: string): { name: string; mail: string } {
  const [, name, mail] = /^\s*([^<>\n]*[^<>\s])\s*<([^<>\s]+)>\s*$/.exec(text) ?? [];
  if (name === undefined || mail === undefined)
    throw new ValueError(`found ${quote(text)}, expected Name <mail>`);
  return { name, mail };
}

/** `key=value`. */
export function readPair(text: string): [key: string, value: string] {
  const at = text.indexOf('=');
  if (at < 1 || at === text.length - 1) throw new ValueError(`found ${quote(text)}, expected KEY=VALUE`);
  return [text.slice(0, at), text.slice(at + 1)];
}

/** Text that must not be empty. */
export function readText(text: string): string {
  if (text === '') throw new ValueError('found nothing, expected a value');
  return text;
}

/** A number of devices or a share of the selection; null for `none`. */
export function readShare(text: string): Share | null {
  if (text === 'none') return null;
  const [, number = '', unit] = /^(\d+(?:\.\d+)?)(%?)$/.exec(text.trim()) ?? [];
  const value = Number(number);
  if (unit === '%' && value > 0 && value <= 100) return { percent: value };
  if (unit === '' && Number.isInteger(value) && value >= 1 && value <= MOST_DEVICES)
    return { devices: value };
  throw new ValueError(
    `found ${quote(text)}, expected a number of devices from 1, a share from above 0% to 100%, or none`,
  );
}

/** As a share; to allow no failure is to stop at the first. */
export function readFailures(text: string): Share | null {
  return /^0+%?$/.test(text.trim()) ? { devices: 1 } : readShare(text);
}

export function readTolerance(text: string): Tolerance {
  const kinds = new Set<Kind>();
  let percent = 0;
  for (const word of text.split(',')) {
    const share = /^(\d+(?:\.\d+)?)%$/.exec(word.trim());
    if (share === null) kinds.add(readKind(word.trim()));
    else percent = Number(share[1]);
    if (percent > 100) throw new ValueError(`found "${word}", expected at most 100%`);
  }
  return { percent, kinds };
}

export function readKinds(text: string): Kind[] {
  return text.split(',').map((word) => readKind(word.trim()));
}

function readKind(word: string): Kind {
  const kind = KINDS.get(word);
  if (kind === undefined)
    throw new ValueError(`found "${word}", expected a kind of failure${nearest(word, KINDS.keys())}`);
  return kind;
}

export function readDeadline(text: string): number {
  return text === 'none' ? 0 : readDuration(text);
}

export function readPath(text: string): string {
  return absolute(readText(text));
}

export function absolute(path: string): string {
  const spread = path === '~' || path.startsWith('~/') ? join(homedir(), path.slice(1)) : path;
  return isAbsolute(spread) ? spread : resolve(spread);
}

function quote(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}...` : text);
}
