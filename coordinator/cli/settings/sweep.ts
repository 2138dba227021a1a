// Options of a sweep: how much at once, how long, how often, and what is done with it.
import type { Settings } from '../../config.js';
import { choice, list, one, toggle } from '../setting.js';
import {
  readCount,
  readDeadline,
  readDuration,
  readFailures,
  readKinds,
  readShare,
  readSize,
  readText,
  readTolerance,
} from '../values.js';

export const MOST = 1_000_000;
export const UINT32 = 4_294_967_295;

/** Logins per second, and sessions at a site. */
const LOGIN_RATE = 50;
const SITE_SESSIONS = 32;

/** Which versions a coordinator lets go of. */
export const KEEP = {
  keepVersions: one(
    {
      flags: '--keep-versions <n>',
      about: 'versions of each output of each device that are kept',
      shown: '100',
    },
    (text) => readCount(text, 1, MOST),
    100,
  ),
  keepDays: one(
    {
      flags: '--keep-days <n>',
      about: 'days that a version is kept after it was seen last; the newest always is; 0: for ever',
      shown: '400',
    },
    (text) => readCount(text, 0, 36_500),
    400,
  ),
  keepAuditDays: one(
    {
      flags: '--keep-audit-days <n>',
      about: 'days that the audit log is kept; 0: for ever',
      shown: '0',
    },
    (text) => readCount(text, 0, 36_500),
    0,
  ),
} satisfies Settings;

export const TOLERANCE = {
  tolerate: one(
    { flags: '--tolerate <p%|kind,...>', about: 'failures that leave the exit code 0' },
    readTolerance,
    null,
  ),
} satisfies Settings;

export const SWEEP = {
  forks: one(
    {
      flags: '-f, --forks <n>',
      about: 'most devices at once in the whole sweep',
      shown: '500; 32 with --isolation device',
    },
    (text) => readCount(text, 1, MOST),
    null,
  ),
  isolation: choice(
    {
      flags: '--isolation <mode>',
      about: 'pool: worker processes with many sessions each; device: one each',
      shown: 'pool',
    },
    ['pool', 'device'],
    'pool' as const,
  ),
  agents: one(
    { flags: '--agents <n>', about: 'agent processes of a sweep that runs here' },
    (text) => readCount(text, 1, 1000),
    null,
  ),
  workers: one(
    { flags: '--workers <n>', about: 'worker processes in all of a sweep that runs here', shown: 'cores' },
    (text) => readCount(text, 1, 1000),
    null,
  ),
  connectTimeout: one(
    { flags: '-T, --connect-timeout <duration>', about: 'until TCP is up', shown: '10s' },
    readDuration,
    10_000,
  ),
  loginTimeout: one(
    { flags: '--login-timeout <duration>', about: 'from there to the first prompt', shown: '30s' },
    readDuration,
    30_000,
  ),
  idleTimeout: one(
    { flags: '--idle-timeout <duration>', about: 'without a byte while a command runs', shown: '30s' },
    readDuration,
    30_000,
  ),
  commandTimeout: one(
    { flags: '--command-timeout <duration>', about: 'for one command', shown: '300s' },
    readDuration,
    300_000,
  ),
  deviceDeadline: one(
    {
      flags: '--device-deadline <duration>',
      about: 'for all commands and attempts of a device',
      shown: '900s',
    },
    readDuration,
    900_000,
  ),
  deadline: one(
    { flags: '--deadline <duration>', about: 'for the whole sweep', shown: 'none' },
    readDeadline,
    0,
  ),
  agentWait: one(
    {
      flags: '--agent-wait <duration>',
      about: 'for an agent to appear in a segment without one',
      shown: '15s',
    },
    (text) => readDuration(text, 0),
    15_000,
  ),
  retries: one(
    { flags: '--retries <n>', about: 'further attempts at failures that may pass', shown: '2' },
    (text) => readCount(text, 0, 100),
    2,
  ),
  authFailMax: one(
    { flags: '--auth-fail-max <n>', about: 'refusals in a row that stop a credential', shown: '3' },
    (text) => readCount(text, 1, UINT32),
    3,
  ),
  loginRate: one(
    {
      flags: '--login-rate <n>',
      about: 'logins per second in each AAA domain, over all agents; 0: no limit',
      shown: '50',
    },
    (text) => readCount(text, 0, MOST),
    LOGIN_RATE,
  ),
  siteSessions: one(
    {
      flags: '--site-sessions <n>',
      about: 'most sessions at once at each site and through each jump host; 0: no limit',
      shown: '32',
    },
    (text) => readCount(text, 0, MOST),
    SITE_SESSIONS,
  ),
  hostKeys: choice(
    { flags: '--host-keys <policy>', about: 'strict, accept-new or off', shown: 'accept-new' },
    ['strict', 'accept-new', 'off'],
    'accept-new' as const,
  ),
  maxFail: one(
    {
      flags: '--max-fail <n|p%>',
      about: 'begin no further device once so many have failed; 0 is as 1',
      shown: 'none',
    },
    readFailures,
    null,
  ),
  canary: one(
    {
      flags: '--canary <n|p%>',
      about: 'the first so many go alone; the rest follows only if all of them end ok',
      shown: 'none',
    },
    readShare,
    null,
  ),
  batch: one(
    {
      flags: '--batch <n|p%>',
      about: 'so many at a time, each batch after the one before has ended',
      shown: 'none',
    },
    readShare,
    null,
  ),
  allowWrites: toggle({
    flags: '--allow-writes',
    about: 'send commands that may change a device; each device once',
    once: true,
  }),
  outputLimit: one(
    { flags: '--output-limit <size>', about: 'most output of one command', shown: '256MB' },
    readSize,
    256_000_000,
  ),
} satisfies Settings;

export const ACTIONS = {
  check: toggle({ flags: '-C, --check', about: 'show the plan and touch nothing', once: true }),
  listHosts: toggle({
    flags: '--list-hosts',
    about: 'show the selected devices and touch nothing',
    once: true,
  }),
  yes: toggle({ flags: '-y, --yes', about: 'do not ask before a sweep of more than 100 devices' }),
  rerun: one(
    {
      flags: '--rerun <sweep>',
      about: 'the same commands on the devices of an earlier sweep (id, prefix or last)',
      once: true,
    },
    readText,
    null,
  ),
  failed: toggle({ flags: '--failed', about: 'with --rerun: only those that did not end ok', once: true }),
  kind: list(
    { flags: '--kind <kind,...>', about: 'with --rerun: only those that failed so', once: true },
    readKinds,
  ),
  detach: toggle({
    flags: '--detach',
    about: 'submit, print the id, return (with --coordinator)',
    once: true,
  }),
} satisfies Settings;
