// Options of commands that watch over what runs: agents and the doctor.
import type { Settings } from '../../config.js';
import { one, toggle } from '../setting.js';
import { readCount } from '../values.js';
import { CONNECTION } from './connection.js';
import { OUTPUT, TABLE } from './output.js';
import { OWN_PLATFORMS, SELECTION } from './selection.js';
import { SWEEP } from './sweep.js';

export const AGENTS_DRAIN = {
  wait: toggle({ flags: '--wait', about: 'return when they hold nothing any more', once: true }),
  ...CONNECTION,
} satisfies Settings;

export const DOCTOR = {
  ...SELECTION,
  ...OWN_PLATFORMS,
  port: one(
    { flags: '--port <port>', about: 'of a DEVICE that is in no inventory', once: true },
    (text) => readCount(text, 1, 65_535),
    null,
  ),
  connectTimeout: SWEEP.connectTimeout,
  loginTimeout: SWEEP.loginTimeout,
  verbose: OUTPUT.verbose,
  ...TABLE,
  ...CONNECTION,
} satisfies Settings;
