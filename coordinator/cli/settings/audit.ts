// Options of `audit run`, `audit test` and `audit runs`.
import { SEVERITIES } from '../../audit/verdict.js';
import type { Settings } from '../../config.js';
import { AUDIT_FORMATS } from '../../report/settled.js';
import { choice, list, one } from '../setting.js';
import { readPair, readPath, readText } from '../values.js';
import { CONNECTION } from './connection.js';
import { NOTIFY, OUTPUT, TABLE, TEMPLATES } from './output.js';
import { LOGIN, OWN_PLATFORMS, PLATFORM, SELECTION } from './selection.js';
import { ACTIONS, KEEP, SWEEP, TOLERANCE } from './sweep.js';

export const AUDIT_RUN = {
  ...KEEP,
  policy: list(
    {
      flags: '-p, --policy <policy,...>',
      about: 'policies: files, directories, or names that audit list shows; may be repeated',
      once: true,
    },
    (text) => readText(text).split(','),
  ),
  from: one(
    {
      flags: '--from <sweep>',
      about: 'judge an earlier sweep (id, prefix or last), touch nothing',
      once: true,
    },
    readText,
    null,
  ),
  failOn: choice(
    {
      flags: '--fail-on <severity>',
      about: `exit 3 on findings from this severity on: ${SEVERITIES.join(', ')}`,
      shown: 'low',
    },
    SEVERITIES,
    null,
  ),
  ...SELECTION,
  ...PLATFORM,
  ...LOGIN,
  ...without(SWEEP, 'allowWrites', 'canary', 'batch'),
  ...TOLERANCE,
  check: ACTIONS.check,
  listHosts: ACTIONS.listHosts,
  yes: ACTIONS.yes,
  ...TEMPLATES,
  format: choice(
    { flags: '--format <format>', about: AUDIT_FORMATS.join(', '), shown: 'text', once: true },
    AUDIT_FORMATS,
    'text' as const,
  ),
  ...NOTIFY,
  report: one(
    { flags: '--report <file>', about: 'write the audit as one HTML page, too', once: true },
    readPath,
    null,
  ),
  noColor: OUTPUT.noColor,
  progress: OUTPUT.progress,
  verbose: OUTPUT.verbose,
  quiet: OUTPUT.quiet,
  ...CONNECTION,
} satisfies Settings;

export const AUDIT_TEST = {
  device: list(
    {
      flags: '--device <key=value>',
      about: 'a field of the device whose outputs are judged; platform is needed',
      once: true,
    },
    readPair,
  ),
  output: list(
    { flags: '--output <command=file>', about: 'an output to judge; may be repeated', once: true },
    readPair,
  ),
  expect: list(
    {
      flags: '--expect <rule=verdict>',
      about: 'the verdict that a rule has to give; may be repeated',
      once: true,
    },
    readPair,
  ),
  ...TABLE,
  ...OWN_PLATFORMS,
  ...TEMPLATES,
} satisfies Settings;

export const AUDIT_RUNS = { ...TABLE, ...CONNECTION };

function without<T extends Settings, K extends keyof T>(settings: T, ...keys: K[]): Omit<T, K> {
  const kept = Object.entries(settings).filter(([key]) => !keys.includes(key as K));
  return Object.fromEntries(kept) as Omit<T, K>; // what is left of it
}
