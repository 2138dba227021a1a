// Durations as people write them, and a device's own time limits made of them.
import type { Limits } from '../../proto/gen/netsweep/v1/model.js';
import type { Fields } from './fieldnames.js';
import type { Located } from './located.js';
import type { Given } from './values.js';
import { describe, didYouMean, nearest, quote } from './wording.js';

const UNITS_MS: Record<string, number> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };
const LONGEST_MS = 24 * 3_600_000;

const LIMIT_OF: Record<string, keyof Limits> = {
  connect: 'connectMs',
  login: 'loginMs',
  idle: 'idleMs',
  command: 'commandMs',
  device: 'deviceMs',
};

/** Milliseconds of `30`, `30s`, `500ms`, `5m` or `1h`, plain numbers being seconds; null when it is none. */
export function readDuration(text: string): number | null {
  const match = /^(\d{1,9}(?:\.\d{1,3})?)(ms|s|m|h)?$/.exec(text.trim());
  if (match === null) return null;
  const ms = Math.round(Number(match[1]) * (UNITS_MS[match[2] ?? 's'] ?? 1000));
  return ms >= 1 && ms <= LONGEST_MS ? ms : null;
}

/** The limits of one layer; netmiko's names say nothing where `timeouts` does. */
export function limitsOf({ limits, connectLimit, loginLimit, commandLimit }: Fields): Partial<Limits> {
  return {
    ...(connectLimit === undefined ? {} : { connectMs: connectLimit }),
    ...(loginLimit === undefined ? {} : { loginMs: loginLimit }),
    ...(commandLimit === undefined ? {} : { commandMs: commandLimit }),
    ...limits,
  };
}

/** One duration in ms, netmiko's numbers being seconds. */
export function readTimeout({ written, value, wrong }: Given): number | undefined {
  const ms = value.kind === 'text' || value.kind === 'number' ? readDuration(value.text) : null;
  if (ms === null)
    wrong(`${written} is not a duration (found ${describe(value)}, expected 30, 30s, 500ms, 5m or 1h)`);
  return ms ?? undefined;
}

/** `{connect, login, idle, command, device}`, or `connect=5; command=1m` where only text can stand. */
export function readTimeouts(given: Given): Partial<Limits> | undefined {
  const pairs = pairsOf(given.value);
  if (pairs === null) {
    given.wrong(
      `${given.written} is not a map (found ${describe(given.value)}, expected ${names()} with durations)`,
    );
    return undefined;
  }
  const limits: Partial<Limits> = {};
  for (const [name, value] of pairs) {
    const limit = Object.hasOwn(LIMIT_OF, name) ? LIMIT_OF[name] : undefined;
    const ms = value.kind === 'text' || value.kind === 'number' ? readDuration(value.text) : null;
    if (limit === undefined)
      given.wrong(
        `unknown timeout (found ${quote(name)}, expected ${names()}${didYouMean(nearest(name, Object.keys(LIMIT_OF)))})`,
      );
    else if (ms === null)
      given.wrong(
        `timeout ${name} is not a duration (found ${describe(value)}, expected 30, 30s, 500ms, 5m or 1h)`,
      );
    else limits[limit] = ms;
  }
  return limits;
}

function pairsOf(value: Located): [string, Located][] | null {
  if (value.kind === 'map') return Array.from(value.fields, ([name, field]) => [name, field.value]);
  if (value.kind === 'list') return value.items.length === 0 ? [] : flat(value.items);
  return value.kind === 'text' ? flat([value]) : null;
}

function flat(items: Located[]): [string, Located][] | null {
  const pairs: [string, Located][] = [];
  for (const item of items) {
    const match = item.kind === 'text' ? /^\s*([^=]*?)\s*=\s*(.*?)\s*$/.exec(item.text) : null;
    if (match === null) return null;
    pairs.push([match[1] ?? '', { at: item.at, kind: 'text', text: match[2] ?? '' }]);
  }
  return pairs;
}

function names(): string {
  return Object.keys(LIMIT_OF).join(', ');
}
