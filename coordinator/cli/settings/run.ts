// Options of `run`: those of a sweep from end to end.
import type { Settings } from '../../config.js';
import { CONNECTION } from './connection.js';
import { NOTIFY, OUTPUT } from './output.js';
import { LOGIN, PLATFORM, SELECTION } from './selection.js';
import { ACTIONS, KEEP, SWEEP, TOLERANCE } from './sweep.js';

// In the order in which help, manual and reference show them.
export const RUN = {
  ...SELECTION,
  ...PLATFORM,
  ...LOGIN,
  ...ACTIONS,
  ...SWEEP,
  ...OUTPUT,
  ...NOTIFY,
  ...TOLERANCE,
  ...KEEP,
  ...CONNECTION,
} satisfies Settings;
