// Options of `backup` and `schedule`.
import { LAYOUTS } from '../../backup/layout.js';
import type { Settings } from '../../config.js';
import { choice, list, one, toggle } from '../setting.js';
import { absolute, readAuthor, readCount, readDuration, readPath, readText } from '../values.js';
import { CONNECTION } from './connection.js';
import { NOTIFY, OUTPUT } from './output.js';
import { LOGIN, PLATFORM, SELECTION } from './selection.js';
import { ACTIONS, SWEEP, TOLERANCE } from './sweep.js';

export const BACKUP = {
  ...SELECTION,
  ...PLATFORM,
  ...LOGIN,
  ...SWEEP,
  ...TOLERANCE,
  repo: one(
    { flags: '--repo <dir>', about: 'git repository to write into; made, bare, where it is missing' },
    readPath,
    null,
  ),
  layout: choice(
    {
      flags: '--layout <layout>',
      about: 'segment, group (the first) or flat: how devices are laid out',
      shown: 'segment',
    },
    LAYOUTS,
    'segment' as const,
  ),
  raw: toggle({ flags: '--raw', about: 'keep secrets in the files instead of masking them', once: true }),
  prune: toggle({
    flags: '--prune',
    about: 'remove files of devices that are not in the inventory',
    once: true,
  }),
  author: one(
    {
      flags: '--author <name-and-mail>',
      about: "'Name <mail>' of the commits",
      shown: 'netsweep <netsweep@HOST>',
    },
    readAuthor,
    null,
  ),
  push: one(
    {
      flags: '--push [remote]',
      about: 'push afterwards',
      shown: 'origin, where no remote is given',
      once: true,
    },
    (text) => (text === 'true' ? 'origin' : readText(text)),
    null,
  ),
  from: one(
    {
      flags: '--from <sweep>',
      about: 'the outputs of an earlier sweep (id, prefix or last); no device is touched',
      once: true,
    },
    readText,
    null,
  ),
  ...NOTIFY,
  yes: ACTIONS.yes,
  noColor: OUTPUT.noColor,
  progress: OUTPUT.progress,
  verbose: OUTPUT.verbose,
  quiet: OUTPUT.quiet,
  ...CONNECTION,
} satisfies Settings;

export const SCHEDULE = {
  cron: one(
    {
      flags: '--cron <pattern>',
      about: 'minute, hour, day of the month, month, day of the week; or @daily and its like',
      once: true,
    },
    readText,
    null,
  ),
  zone: one(
    { flags: '--zone <name>', about: 'time zone, such as Europe/Berlin', shown: "this host's", once: true },
    readText,
    null,
  ),
  jitter: one(
    {
      flags: '--jitter <duration>',
      about: 'begin up to so much later, each time by another part of it',
      once: true,
    },
    (text) => readDuration(text, 0),
    0,
  ),
  window: one(
    {
      flags: '--window <from-to>',
      about: 'begin only between these times of the day: 22:00-05:00',
      once: true,
    },
    readText,
    '',
  ),
  missed: choice(
    {
      flags: '--missed <policy>',
      about: 'due while netsweep serve was not running: skip, or run-once afterwards',
      shown: 'skip',
      once: true,
    },
    ['skip', 'run-once'],
    'skip' as const,
  ),
  overlap: choice(
    {
      flags: '--overlap <policy>',
      about: 'due while the run before is under way: skip, or queue one',
      shown: 'skip',
      once: true,
    },
    ['skip', 'queue'],
    'skip' as const,
  ),
  directory: one(
    {
      flags: '--directory <dir>',
      about: "where the command's files are, on the coordinator's host",
      shown: 'the current one',
      once: true,
    },
    (text) => absolute(readText(text)),
    null,
  ),
  notify: list(
    {
      flags: '--notify <name,...>',
      about: 'tell this notice of netsweep.yaml how its runs ended, and of missed ones; may be repeated',
      once: true,
    },
    (text) => readText(text).split(','),
  ),
  ...CONNECTION,
} satisfies Settings;

export const RUNS = {
  last: one(
    { flags: '--last <n>', about: 'due times to show', shown: '20', once: true },
    (text) => readCount(text, 1, 1000),
    20,
  ),
} satisfies Settings;
