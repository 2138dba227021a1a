// Every option of the program, once: its flags, its help, how its text is read and its default. The commander
// program, the environment, netsweep.yaml and the help are all made from these tables.

import { homedir } from 'node:os';
import { join } from 'node:path';
import { SEVERITIES } from '../audit/verdict.js';
import { LAYOUTS } from '../backup/layout.js';
import { longName, NOTICES, type Settings } from '../config.js';
import { AUDIT_FORMATS } from '../report/settled.js';
import { list, one, repeated, toggle } from './setting.js';
import {
  absolute,
  readAddress,
  readAuthor,
  readChoice,
  readCoordinator,
  readCount,
  readDeadline,
  readDuration,
  readFailures,
  readJump,
  readKinds,
  readPair,
  readPath,
  readShare,
  readSize,
  readText,
  readTolerance,
} from './values.js';

export const FORMATS = ['text', 'table', 'json', 'ndjson', 'csv', 'junit'] as const;
const MOST = 1_000_000;
const UINT32 = 4_294_967_295;
/** Logins per second, and sessions at a site. */
const LOGIN_RATE = 50;
const SITE_SESSIONS = 32;

export const CONNECTION = {
  coordinator: one(
    { flags: '--coordinator <host:port>', about: 'use this coordinator; without it everything runs here' },
    readCoordinator,
    null,
  ),
  state: one(
    {
      flags: '--state <dir>',
      about: 'state directory of what runs here',
      shown: '~/.local/state/netsweep',
    },
    (text) => absolute(readText(text)),
    defaultState(),
  ),
  tlsCa: one({ flags: '--tls-ca <file>', about: 'certificate authority of the coordinator' }, readPath, null),
  tlsCert: one({ flags: '--tls-cert <file>', about: 'certificate of this client' }, readPath, null),
  tlsKey: one({ flags: '--tls-key <file>', about: 'its private key' }, readPath, null),
} satisfies Settings;

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
} satisfies Settings;

export const SELECTION = {
  inventory: list(
    { flags: '-i, --inventory <src>', about: 'file, directory, URL or - for stdin; may be repeated' },
    readText,
  ),
  limit: one(
    {
      flags: '-l, --limit <expr>',
      about: 'pattern: core:&dc1:!sw9, globs, ~regex, @file, key=value',
      once: true,
    },
    readText,
    null,
  ),
  hosts: list(
    { flags: '-w, --hosts <names>', about: 'only these devices, separated by commas', once: true },
    readText,
  ),
  exclude: list({ flags: '-x, --exclude <names>', about: 'not these devices', once: true }, readText),
  set: list(
    { flags: '-e, --set <key=value>', about: 'overrides an inventory field on every device' },
    readText,
  ),
} satisfies Settings;

export const OWN_PLATFORMS = {
  platforms: one(
    {
      flags: '--platforms <dir>',
      about: 'directory of platform files of your own, over those that ship',
      shown: '~/.config/netsweep/platforms',
    },
    readPath,
    null,
  ),
} satisfies Settings;

export const PLATFORM = {
  ...OWN_PLATFORMS,
  platform: one(
    { flags: '--platform <name>', about: 'platform where the inventory has none; auto finds it out' },
    readText,
    null,
  ),
} satisfies Settings;

export const LOGIN = {
  user: one({ flags: '-u, --user <name>', about: 'user name where the inventory has none' }, readText, null),
  askPass: toggle({ flags: '-k, --ask-pass', about: 'ask for the password on the terminal', once: true }),
  askSecret: toggle({
    flags: '-K, --ask-secret',
    about: 'ask for the enable secret on the terminal',
    once: true,
  }),
  passwordFile: one(
    { flags: '--password-file <file>', about: 'read the password from a file' },
    readPath,
    null,
  ),
  secretFile: one(
    { flags: '--secret-file <file>', about: 'read the enable secret from a file' },
    readPath,
    null,
  ),
  privateKey: one(
    { flags: '--private-key <file>', about: 'log in with this key where the inventory names none' },
    readPath,
    null,
  ),
  sshAgent: toggle({
    flags: '--ssh-agent',
    about: 'log in with the keys of the ssh-agent (with --coordinator: those of the netsweep agents)',
  }),
  jump: one(
    {
      flags: '-J, --jump <spec>',
      about: 'jump hosts where the inventory has none: user@bastion1:22,bastion2; or none',
    },
    readJump,
    null,
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
  isolation: one(
    {
      flags: '--isolation <mode>',
      about: 'pool: worker processes with many sessions each; device: one each',
      shown: 'pool',
    },
    (text) => readChoice(text, ['pool', 'device']),
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
  hostKeys: one(
    { flags: '--host-keys <policy>', about: 'strict, accept-new or off', shown: 'accept-new' },
    (text) => readChoice(text, ['strict', 'accept-new', 'off']),
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
  format: one(
    { flags: '--format <format>', about: FORMATS.join(', '), shown: 'text' },
    (text) => readChoice(text, FORMATS),
    null,
  ),
  map: toggle({ flags: '--map', about: 'with --format json: only {device: output}', once: true }),
  ...ROWS,
  fold: toggle({ flags: '-b, --fold', about: 'identical outputs once, under all their devices' }),
  oneLine: toggle({ flags: '-o, --one-line', about: 'one line for each device' }),
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
  progress: one(
    { flags: '--progress <when>', about: 'auto, on or off', shown: 'auto' },
    (text) => readChoice(text, ['auto', 'on', 'off']),
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
  failOn: one(
    {
      flags: '--fail-on <severity>',
      about: `exit 3 on findings from this severity on: ${SEVERITIES.join(', ')}`,
      shown: 'low',
    },
    (text) => readChoice(text, SEVERITIES),
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
  format: one(
    { flags: '--format <format>', about: AUDIT_FORMATS.join(', '), shown: 'text', once: true },
    (text) => readChoice(text, AUDIT_FORMATS),
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

export const TABLE = {
  json: toggle({ flags: '--json', about: 'JSON instead of a table', once: true }),
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

export const WATCH = { ...OUTPUT, ...TOLERANCE, ...CONNECTION } satisfies Settings;

export const PARSE = {
  platform: one({ flags: '--platform <name>', about: 'platform of the output', once: true }, readText, null),
  command: one(
    { flags: '--command <command>', about: 'command that it is the output of', once: true },
    readText,
    null,
  ),
  ...TEMPLATES,
  template: one(
    { flags: '--template <file>', about: 'this template, whatever the index says', once: true },
    readPath,
    null,
  ),
  batch: toggle({
    flags: '--batch',
    about: 'read lines {id, platform, command, raw}, write lines {id, records, error}',
    once: true,
  }),
  ...OWN_PLATFORMS,
} satisfies Settings;

export const SCAN = {
  ...SELECTION,
  ...OWN_PLATFORMS,
  forks: SWEEP.forks,
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

export const SERVE = {
  nats: list(
    { flags: '--nats <url,...>', about: 'NATS servers of one cluster', shown: 'nats://127.0.0.1:4222' },
    readText,
  ),
  listen: one(
    { flags: '--listen <host:port>', about: 'where agents and clients connect', shown: '127.0.0.1:7440' },
    readAddress,
    '127.0.0.1:7440',
  ),
  http: one(
    { flags: '--http <host:port>', about: 'where the page is served', shown: '127.0.0.1:7441' },
    readAddress,
    '127.0.0.1:7441',
  ),
  state: CONNECTION.state,
  tlsCa: one(
    { flags: '--tls-ca <file>', about: 'certificate authority of agents and clients' },
    readPath,
    null,
  ),
  tlsCert: one({ flags: '--tls-cert <file>', about: 'certificate of this coordinator' }, readPath, null),
  tlsKey: one({ flags: '--tls-key <file>', about: 'its private key' }, readPath, null),
  keyFile: one(
    { flags: '--key-file <file>', about: 'key that seals secrets in the store', shown: 'STATE/key' },
    readPath,
    null,
  ),
  natsCreds: one({ flags: '--nats-creds <file>', about: 'NATS credentials' }, readPath, null),
  ...KEEP,
} satisfies Settings;

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
  layout: one(
    {
      flags: '--layout <layout>',
      about: 'segment, group (the first) or flat: how devices are laid out',
      shown: 'segment',
    },
    (text) => readChoice(text, LAYOUTS),
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
  missed: one(
    {
      flags: '--missed <policy>',
      about: 'due while netsweep serve was not running: skip, or run-once afterwards',
      shown: 'skip',
      once: true,
    },
    (text) => readChoice(text, ['skip', 'run-once']),
    'skip' as const,
  ),
  overlap: one(
    {
      flags: '--overlap <policy>',
      about: 'due while the run before is under way: skip, or queue one',
      shown: 'skip',
      once: true,
    },
    (text) => readChoice(text, ['skip', 'queue']),
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

/** Every key that netsweep.yaml may hold: ours, and those that only an agent reads. */
export const CONFIG_KEYS: ReadonlySet<string> = new Set([
  ...Object.values<Settings[string]>({ ...RUN, ...SERVE, ...BACKUP })
    .filter((setting) => !setting.once)
    .map(longName),
  NOTICES,
  'notify',
  'segment',
  'name',
  'memory-limit',
  'spool-limit',
  'agent-http',
  'rehearse',
]);

function without<T extends Settings, K extends keyof T>(settings: T, ...keys: K[]): Omit<T, K> {
  const kept = Object.entries(settings).filter(([key]) => !keys.includes(key as K));
  return Object.fromEntries(kept) as Omit<T, K>; // what is left of it
}

function defaultState(): string {
  return join(process.env.XDG_STATE_HOME || join(homedir(), '.local/state'), 'netsweep');
}
