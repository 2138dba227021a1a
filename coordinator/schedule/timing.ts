// From a schedule as it is kept to what its due times are decided by; the one place that reads its texts.
import type { Schedule } from '../../proto/gen/netsweep/v1/schedules.js';
import { nearest } from '../config.js';
import { Calendar, CronError } from './cron.js';
import type { Timing } from './due.js';
import { Window } from './window.js';
import { Zone } from './zone.js';

const DAY_MS = 24 * 3600 * 1000;

/** Throws CronError for what can't be used. */
export function timingOf({ id, cron, zone: zoneName, jitterMs, window: text, ...rest }: Schedule): Timing {
  const zone = zoneOf(zoneName);
  const window = text === '' ? null : Window.read(text, zone);
  if (text !== '' && window === null)
    throw new CronError(`--window: found "${text}", expected two times of the day such as 22:00-05:00`);
  if (!(jitterMs >= 0 && jitterMs <= DAY_MS))
    throw new CronError(`--jitter: found ${jitterMs} ms, expected at most 24h`);
  return { id, calendar: calendarOf(cron, zone), jitterMs, window, ...rest };
}

function calendarOf(cron: string, zone: Zone): Calendar {
  try {
    return new Calendar(cron, zone);
  } catch (error) {
    throw error instanceof CronError ? new CronError(`--cron: ${error.message}`, { cause: error }) : error;
  }
}

function zoneOf(name: string): Zone {
  try {
    return new Zone(name);
  } catch (cause) {
    const guess = nearest(name, ['UTC', ...Intl.supportedValuesOf('timeZone')]);
    throw new CronError(`--zone: found "${name}", expected a time zone such as Europe/Berlin${guess}`, {
      cause,
    });
  }
}
