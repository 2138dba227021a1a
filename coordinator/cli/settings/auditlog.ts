// Options of `auditlog show`.
import type { Settings } from '../../config.js';
import { list, one, toggle } from '../setting.js';
import { readCount, readMoment, readText } from '../values.js';
import { CONNECTION } from './connection.js';

export const AUDITLOG = {
  devices: one(
    { flags: '-d, --devices <pattern>', about: 'only what was done on these: * ? [...]', once: true },
    readText,
    null,
  ),
  sweep: one(
    { flags: '--sweep <id>', about: 'only of this sweep: an id, how one begins, or "last"', once: true },
    readText,
    null,
  ),
  by: one(
    { flags: '--by <name>', about: 'only what this person, agent or "coordinator" did', once: true },
    readText,
    null,
  ),
  act: list(
    { flags: '--act <act,...>', about: 'only these acts, such as submit,attempt,cancel', once: true },
    readText,
  ),
  since: one(
    {
      flags: '--since <time>',
      about: 'from then on: 2026-11-23, 2026-11-23T05:00 (UTC), or 2h for two hours ago',
      once: true,
    },
    (text) => readMoment(text),
    null,
  ),
  until: one({ flags: '--until <time>', about: 'up to then', once: true }, (text) => readMoment(text), null),
  last: one(
    { flags: '-n, --last <n>', about: 'only the newest N of them', once: true },
    (text) => readCount(text, 1, 1_000_000),
    null,
  ),
  json: toggle({ flags: '--json', about: 'each record in a line, as it was written', once: true }),
  state: CONNECTION.state,
} satisfies Settings;
