// Options of what a command prints, writes and tells.
import type { Settings } from '../../config.js';
import { choice, list, one, repeated, toggle } from '../setting.js';
import { readPath, readText } from '../values.js';
import { CONNECTION } from './connection.js';
import { TOLERANCE } from './sweep.js';

export const FORMATS = ['text', 'table', 'json', 'ndjson', 'csv', 'junit'] as const;

export const TEMPLATES = {
  templates: one(
    {
      flags: '--templates <dir>',
      about: 'directory of TextFSM templates with an index',
      shown: 'NET_TEXTFSM, ~/ntc-templates',
    },
    readPath,
    null,
  ),
} satisfies Settings;

export const ROWS = {
  parse: toggle({ flags: '--parse', about: 'rows of outputs through TextFSM templates', once: true }),
  ...TEMPLATES,
} satisfies Settings;

export const OUTPUT = {
  format: choice({ flags: '--format <format>', about: FORMATS.join(', '), shown: 'text' }, FORMATS, null),
  map: toggle({ flags: '--map', about: 'with --format json: only {device: output}', once: true }),
  ...ROWS,
  fold: toggle({ flags: '-b, --fold', about: 'identical outputs once, under all their devices' }),
  diff: toggle({ flags: '--diff', about: 'where outputs differ from those of the most devices' }),
  oneLine: toggle({ flags: '-o, --one-line', about: 'one line for each device' }),
  mask: toggle({ flags: '--mask', about: "hide passwords, keys and communities in devices' outputs" }),
  tree: one(
    { flags: '-t, --tree <dir>', about: 'write outputs to DIR/DEVICE/COMMAND.txt', once: true },
    readPath,
    null,
  ),
  sessionLog: one(
    {
      flags: '--session-log <dir>',
      about: 'write what was typed and shown to DIR/DEVICE.yaml, without secrets',
      once: true,
    },
    readPath,
    null,
  ),
  noColor: toggle({ flags: '--no-color', about: 'no colours on a terminal' }),
  progress: choice(
    { flags: '--progress <when>', about: 'auto, on or off', shown: 'auto' },
    ['auto', 'on', 'off'],
    'auto' as const,
  ),
  verbose: repeated({ flags: '-v, --verbose', about: 'say more; -vvv shows the sessions themselves' }),
  quiet: toggle({ flags: '-q, --quiet', about: 'neither progress nor summary' }),
} satisfies Settings;

export const NOTIFY = {
  notify: list(
    { flags: '--notify <name,...>', about: 'tell this notice of netsweep.yaml; may be repeated' },
    (text) => readText(text).split(','),
  ),
} satisfies Settings;

export const TABLE = {
  json: toggle({ flags: '--json', about: 'JSON instead of a table', once: true }),
} satisfies Settings;

export const WATCH = { ...OUTPUT, ...TOLERANCE, ...CONNECTION } satisfies Settings;
