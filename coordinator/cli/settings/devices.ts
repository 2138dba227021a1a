// Options of commands that get to know devices: host keys and platforms.
import type { Settings } from '../../config.js';
import { one } from '../setting.js';
import { readCount, readPath, readText } from '../values.js';
import { CONNECTION } from './connection.js';
import { OUTPUT, TABLE } from './output.js';
import { LOGIN, OWN_PLATFORMS, SELECTION } from './selection.js';
import { SWEEP } from './sweep.js';

export const SCAN = {
  ...SELECTION,
  ...OWN_PLATFORMS,
  forks: SWEEP.forks,
  siteSessions: SWEEP.siteSessions,
  connectTimeout: SWEEP.connectTimeout,
  loginTimeout: SWEEP.loginTimeout,
  retries: SWEEP.retries,
  agentWait: SWEEP.agentWait,
  ...TABLE,
  progress: OUTPUT.progress,
  quiet: OUTPUT.quiet,
  ...CONNECTION,
} satisfies Settings;

export const LEARN = {
  ...SELECTION,
  ...LOGIN,
  ...OWN_PLATFORMS,
  platform: one(
    {
      flags: '--platform <name>',
      about: 'platform to build on',
      shown: 'auto: the nearest that fits',
      once: true,
    },
    readText,
    null,
  ),
  port: one(
    { flags: '--port <port>', about: 'of a HOST that is in no inventory', once: true },
    (text) => readCount(text, 1, 65_535),
    null,
  ),
  output: one(
    {
      flags: '--output <file>',
      about: 'write NAME.yaml instead of printing it; never over a file',
      once: true,
    },
    readPath,
    null,
  ),
  connectTimeout: SWEEP.connectTimeout,
  loginTimeout: SWEEP.loginTimeout,
  idleTimeout: SWEEP.idleTimeout,
  deviceDeadline: SWEEP.deviceDeadline,
  hostKeys: SWEEP.hostKeys,
  agentWait: SWEEP.agentWait,
  progress: OUTPUT.progress,
  quiet: OUTPUT.quiet,
  ...CONNECTION,
} satisfies Settings;

export const ENDPOINT = {
  inventory: SELECTION.inventory,
  ...OWN_PLATFORMS,
  port: one(
    { flags: '--port <port>', about: 'of the device', once: true },
    (text) => readCount(text, 1, 65_535),
    null,
  ),
  segment: one({ flags: '--segment <name>', about: 'of the device', once: true }, readText, null),
  jump: one(
    { flags: '--jump <hosts>', about: 'on the way to it, as "hostkeys list" shows them', once: true },
    readText,
    null,
  ),
} satisfies Settings;
