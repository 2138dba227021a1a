// Options of commands that watch over what runs: agents and the doctor.
import type { Settings } from '../../config.js';
import { list, one, toggle } from '../setting.js';
import { readCount, readPath, readText } from '../values.js';
import { CONNECTION } from './connection.js';
import { OUTPUT, TABLE } from './output.js';
import { OWN_PLATFORMS, SELECTION } from './selection.js';
import { SERVE } from './serve.js';
import { SWEEP } from './sweep.js';

export const AGENTS_DRAIN = {
  wait: toggle({ flags: '--wait', about: 'return when they hold nothing any more', once: true }),
  ...CONNECTION,
} satisfies Settings;

export const DOCTOR = {
  auditLog: toggle({
    flags: '--audit-log',
    about: 'whether the audit log of the state directory is what was written to it, and nothing else',
    once: true,
  }),
  keyFile: SERVE.keyFile,
  auditKey: list(
    {
      flags: '--audit-key <key>',
      about: "public key of an audit log, where the store's key is not at hand; may be repeated",
      once: true,
    },
    readText,
  ),
  auditHeads: list(
    {
      flags: '--audit-heads <file>',
      about: 'heads of the audit log that were kept elsewhere; may be repeated',
      once: true,
    },
    readPath,
  ),
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
