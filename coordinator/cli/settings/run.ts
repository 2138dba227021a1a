// Options of `run`: those of a sweep from end to end.
import type { Settings } from '../../config.js';
import { CONNECTION } from './connection.js';
import { NOTIFY, OUTPUT } from './output.js';
import { LOGIN, PLATFORM, SELECTION } from './selection.js';
import { ACTIONS, KEEP, SWEEP, TOLERANCE } from './sweep.js';

export const RUN = {
  ...SELECTION,
  ...KEEP,
  ...PLATFORM,
  ...LOGIN,
  ...SWEEP,
  ...TOLERANCE,
  ...ACTIONS,
  ...OUTPUT,
  ...NOTIFY,
  ...CONNECTION,
} satisfies Settings;
