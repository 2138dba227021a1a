#!/usr/bin/env node
// Stands in for systemd where nothing runs as process 1: starts and ends services by their unit files as far as who
// runs what, where and with which directories goes. What a unit says of sandboxes needs the real one.
import { spawn, spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';

const FOLDERS = ['/etc/systemd/system', '/lib/systemd/system'];
const RUN = '/run/standin';
const ENABLED = '/etc/systemd/system/multi-user.target.wants';
/** systemd's own DefaultTimeoutStopSec. */
const STOP_MS = 90_000;

function unitOf(name) {
  return name.includes('.') ? name : `${name}.service`;
}

/** Key to values in order, drop-ins last; an empty value forgets the earlier ones. */
function read(unit) {
  const main = FOLDERS.map((folder) => join(folder, unit)).find(existsSync);
  if (main === undefined) fail(`Unit ${unit} not found.`);
  const dropIns = FOLDERS.toReversed().flatMap((folder) => {
    const own = join(folder, `${unit}.d`);
    return existsSync(own)
      ? readdirSync(own)
          .sort()
          .map((one) => join(own, one))
      : [];
  });
  const keys = new Map();
  for (const file of [main, ...dropIns]) {
    const text = readFileSync(file, 'utf8').replaceAll(/\\\n/g, ' ').replaceAll('%S', '/var/lib');
    for (const line of text.split('\n')) {
      const [, key, value] = /^([A-Za-z]+)=(.*)$/.exec(line.trim()) ?? [];
      if (key === undefined) continue;
      if (value === '') keys.delete(key);
      else keys.set(key, [...(keys.get(key) ?? []), value]);
    }
  }
  return { main, all: (key) => keys.get(key) ?? [], one: (key) => keys.get(key)?.at(-1) };
}

function ids(user, group) {
  const field = (database, name, at) => {
    const found = spawnSync('getent', [database, name], { encoding: 'utf8' }).stdout.trim().split(':');
    if (found[at] === undefined) fail(`no ${name} in ${database}`);
    return Number(found[at]);
  };
  const uid = user === undefined ? 0 : field('passwd', user, 2);
  if (group !== undefined) return { uid, gid: field('group', group, 2) };
  return { uid, gid: user === undefined ? 0 : field('passwd', user, 3) };
}

/** The directories that the unit asks for, and the variables that tell of them. */
function directories(unit, owner) {
  const places = {
    State: '/var/lib',
    Runtime: '/run',
    Configuration: '/etc',
    Cache: '/var/cache',
    Logs: '/var/log',
  };
  const told = {};
  for (const [kind, place] of Object.entries(places)) {
    const paths = unit
      .all(`${kind}Directory`)
      .flatMap((value) => value.split(/\s+/))
      .map((one) => join(place, one));
    for (const path of paths) {
      mkdirSync(path, { recursive: true });
      if (kind === 'Configuration') continue;
      chmodSync(path, Number.parseInt(unit.one(`${kind}DirectoryMode`) ?? '0755', 8));
      spawnSync('chown', ['-R', `${owner.uid}:${owner.gid}`, path]);
      chownSync(path, owner.uid, owner.gid);
    }
    if (paths.length > 0) told[`${kind.toUpperCase()}_DIRECTORY`] = paths.join(':');
  }
  return told;
}

function words(line) {
  return [...line.matchAll(/"((?:[^"\\]|\\.)*)"|'([^']*)'|(\S+)/g)].map(([, a, b, c]) => a ?? b ?? c);
}

function environment(unit, owner) {
  const pairs = unit.all('Environment').flatMap(words);
  for (const value of unit.all('EnvironmentFile')) {
    const file = value.replace(/^-/, '');
    if (!existsSync(file) && value.startsWith('-')) continue;
    for (const line of readFileSync(file, 'utf8').split('\n'))
      if (/^\s*[A-Za-z_]\w*=/.test(line)) pairs.push(line.trim().replace(/^(\w+)=(["'])(.*)\2$/, '$1=$3'));
  }
  const own = Object.fromEntries(
    pairs.map((pair) => [pair.split('=', 1)[0], pair.slice(pair.indexOf('=') + 1)]),
  );
  const path = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin';
  return { PATH: path, LANG: 'C.UTF-8', ...directories(unit, owner), ...own };
}

const pidFile = (unit) => join(RUN, `${unit}.pid`);

/** Null: it does not run. */
function pidOf(unit) {
  if (!existsSync(pidFile(unit))) return null;
  const pid = Number(readFileSync(pidFile(unit), 'utf8'));
  try {
    const [, state] = /^\d+ \(.*\) (\S)/s.exec(readFileSync(`/proc/${pid}/stat`, 'utf8')) ?? [];
    return state === 'Z' ? null : pid;
  } catch {
    return null;
  }
}

function start(name) {
  if (pidOf(name) !== null) return;
  const unit = read(name);
  const owner = ids(unit.one('User'), unit.one('Group'));
  const env = environment(unit, owner);
  const expand = (word) => word.replace(/\$\{(\w+)\}/g, (_, key) => env[key] ?? '');
  const [program, ...args] = words(unit.one('ExecStart') ?? fail(`${name} has no ExecStart`)).flatMap(
    (word) => (/^\$\w+$/.test(word) ? words(env[word.slice(1)] ?? '') : [expand(word)]),
  );
  mkdirSync(RUN, { recursive: true });
  const log = openSync(`/var/log/${name}.log`, 'a', 0o600);
  const who = [
    '--reuid',
    `${owner.uid}`,
    '--regid',
    `${owner.gid}`,
    owner.uid === 0 ? '--keep-groups' : '--init-groups',
  ];
  const umask = unit.one('UMask') ?? '0022';
  const child = spawn(
    'setpriv',
    [...who, '--no-new-privs', 'sh', '-c', `umask ${umask}; exec "$@"`, 'sh', program, ...args],
    { cwd: unit.one('WorkingDirectory') ?? '/', env, detached: true, stdio: ['ignore', log, log] },
  );
  writeFileSync(pidFile(name), `${child.pid}`);
  child.unref();
}

function sleep(ms) {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

function kill(name, signal) {
  const pid = pidOf(name);
  if (pid !== null) process.kill(pid, signal);
}

function stop(name) {
  const pid = pidOf(name);
  if (pid === null) return;
  const unit = read(name);
  const [, seconds] = /^(\d+)s?$/.exec(unit.one('TimeoutStopSec') ?? '') ?? [];
  process.kill(pid, unit.one('KillSignal') ?? 'SIGTERM');
  const deadline = Date.now() + (seconds === undefined ? STOP_MS : Number(seconds) * 1_000);
  while (pidOf(name) !== null && Date.now() < deadline) sleep(50);
  if (pidOf(name) === null) return;
  process.stderr.write(`${name} did not end in time and is killed\n`);
  process.kill(pid, 'SIGKILL');
}

function restart(name) {
  stop(name);
  start(name);
}

function enable(name) {
  const { main } = read(name);
  mkdirSync(ENABLED, { recursive: true });
  if (!existsSync(join(ENABLED, name))) symlinkSync(main, join(ENABLED, name));
  if (now) start(name);
}

function disable(name) {
  rmSync(join(ENABLED, name), { force: true });
  if (now) stop(name);
}

function mask(name) {
  mkdirSync(FOLDERS[0], { recursive: true });
  rmSync(join(FOLDERS[0], name), { force: true });
  symlinkSync('/dev/null', join(FOLDERS[0], name));
}

function fail(why) {
  process.stderr.write(`systemctl: ${why}\n`);
  process.exit(5);
}

const options = process.argv.slice(2).filter((word) => word.startsWith('-'));
const [verb, ...names] = process.argv.slice(2).filter((word) => !word.startsWith('-'));
const now = options.includes('--now');
const signal = options.find((one) => one.startsWith('--signal='))?.slice(9) ?? 'SIGTERM';
const verbs = {
  'daemon-reload': () => {},
  start,
  stop,
  restart,
  'try-restart': (name) => pidOf(name) !== null && restart(name),
  enable,
  disable,
  mask,
  kill: (name) => kill(name, signal),
  'is-active': (name) => {
    process.stdout.write(`${pidOf(name) === null ? 'inactive' : 'active'}\n`);
    if (pidOf(name) === null) process.exitCode = 3;
  },
  show: (name) => process.stdout.write(`MainPID=${pidOf(name) ?? 0}\n`),
};
const act = verbs[verb] ?? fail(`it does not stand in for "${verb}"`);
if (verb === 'daemon-reload') act();
for (const name of names.map(unitOf)) act(basename(join(dirname(name), name)));
