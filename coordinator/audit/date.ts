// Days as policies write them: `YYYY-MM-DD`, in UTC, the whole day meant.
import type { Located } from '../inventory/located.js';
import { describe } from '../inventory/wording.js';
import type { Keys } from './keys.js';
import type { PolicyWorld } from './world.js';

const DAY_MS = 24 * 3600 * 1000;

/** Null: it was reported. */
export function readDate(keys: Keys, name: string, value: Located, { issues }: PolicyWorld): string | null {
  if (value.kind === 'text' && startOfDay(value.text) !== null) return value.text;
  const wrong =
    value.kind === 'text' && /^\d{4}-\d\d-\d\d$/.test(value.text) ? 'no day of the calendar' : 'no date';
  issues.report(
    value.at ?? keys.at(name),
    `${name} is ${wrong} (found ${describe(value)}, expected one such as '2027-01-31')`,
  );
  return null;
}

/** Unix ms; null: there is no such day. */
export function startOfDay(date: string): number | null {
  if (!/^\d{4}-\d\d-\d\d$/.test(date)) return null;
  const ms = Date.parse(`${date}T00:00:00Z`);
  return Number.isNaN(ms) || new Date(ms).toISOString().slice(0, 10) !== date ? null : ms;
}

/** Whether a last day is over. */
export function isOver(date: string, nowMs: number): boolean {
  const start = startOfDay(date);
  return start === null || nowMs >= start + DAY_MS;
}
