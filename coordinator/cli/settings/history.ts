// Options of `history`, `diff` and `search`.
import type { Settings } from '../../config.js';
import { one, toggle } from '../setting.js';
import { readCount, readText } from '../values.js';
import { CONNECTION } from './connection.js';
import { OUTPUT, TABLE } from './output.js';
import { OWN_PLATFORMS } from './selection.js';
import { UINT32 } from './sweep.js';

const SEGMENT = one({ flags: '--segment <name>', about: 'of the device', once: true }, readText, null);

export const HISTORY = {
  forget: toggle({
    flags: '--forget',
    about: 'forget all its versions, or those of COMMAND; sweeps keep what they have',
    once: true,
  }),
  show: one(
    { flags: '--show <n>', about: 'print version N of the output; 0: the newest', once: true },
    (text) => readCount(text, 0, UINT32),
    null,
  ),
  segment: SEGMENT,
  ...OWN_PLATFORMS,
  ...TABLE,
  ...CONNECTION,
} satisfies Settings;

export const DIFF = {
  from: one(
    { flags: '--from <n>', about: 'with a device: this version', shown: 'the one before', once: true },
    (text) => readCount(text, 1, UINT32),
    null,
  ),
  to: one(
    { flags: '--to <n>', about: 'with a device: against this one', shown: 'the newest', once: true },
    (text) => readCount(text, 1, UINT32),
    null,
  ),
  stat: toggle({ flags: '--stat', about: 'one line for each output that differs', once: true }),
  segment: SEGMENT,
  noColor: OUTPUT.noColor,
  ...OWN_PLATFORMS,
  ...TABLE,
  ...CONNECTION,
} satisfies Settings;

export const SEARCH = {
  names: toggle({ flags: '-l, --names', about: 'only the names of the devices', once: true }),
  ignoreCase: toggle({ flags: '-i, --ignore-case', about: 'upper and lower case are the same', once: true }),
  context: one(
    { flags: '-C, --context <n>', about: 'lines around each match', shown: '0', once: true },
    (text) => readCount(text, 0, 1_000),
    0,
  ),
  command: one({ flags: '--command <command>', about: 'only in this one', once: true }, readText, null),
  devices: one(
    { flags: '-d, --devices <pattern>', about: 'only on these: * ? [...]', once: true },
    readText,
    null,
  ),
  segment: one({ flags: '--segment <name>', about: 'only in this one', once: true }, readText, null),
  platform: one({ flags: '--platform <name>', about: 'only of this one', once: true }, readText, null),
  json: toggle({ flags: '--json', about: 'a JSON object for each line', once: true }),
  noColor: OUTPUT.noColor,
  quiet: OUTPUT.quiet,
  ...CONNECTION,
} satisfies Settings;
