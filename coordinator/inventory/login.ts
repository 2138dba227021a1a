// Who logs in where: the inventory, overridden by --set; then the command line's options for what it leaves
// open; then ssh's configuration; then the defaults. Afterwards every entry is ready to be planned.
import type { Platforms } from '../../proto/platform.js';
import { flatValue, type Layer, readFields } from './fields.js';
import { findWays } from './hops.js';
import { besideKey, hasLogin, keyFilesFor, usualKeyFiles } from './identity.js';
import type { Entry, Issue, JumpHop, ReadyEntry, SecretReference } from './inventory.js';
import type { Field } from './located.js';
import type { SshHost } from './sshconfig.js';
import { loginName, SshConfigs } from './sshconfigs.js';
import { limitsOf } from './timeouts.js';
import { Issues } from './wording.js';

export interface Login {
  /** `-u` */
  username?: string | null;
  /** `--port` */
  port?: number | null;
  password?: SecretReference | null;
  enableSecret?: SecretReference | null;
  privateKey?: SecretReference | null;
  /** `--ssh-agent` */
  sshAgent?: boolean;
  /** `-J` */
  jump?: readonly JumpHop[] | null;
  /** `-e KEY=VALUE`, in order; a later one wins. */
  set?: readonly string[];
}

export interface LoginIo {
  cwd: string;
  env: Readonly<Record<string, string | undefined>>;
  platforms: Platforms;
  /** In place of /etc/ssh/ssh_config; null: none. */
  system?: string | null;
}

/**
 * New entries; the given ones stay as they are. `all`: every device of the inventory, for jump hosts that are
 * not among the entries. Throws an InputError for a --set, a jump host or a file of ssh that is not valid.
 */
export function applyLogin(
  entries: readonly Entry[],
  login: Login,
  io: LoginIo,
  all: readonly Entry[] = entries,
): { entries: ReadyEntry[]; warnings: Issue[] } {
  const { fields, data } = readSet(login.set ?? [], io);
  const issues = new Issues();
  const warnings = new Issues();
  const ssh = new SshConfigs(io, issues, warnings);
  const { jump = null, ...set } = fields;
  const hasSet = (login.set ?? []).length > 0;
  const ready = entries.map((entry) => {
    if (!hasSet) return complete(entry, login, ssh);
    const overridden = {
      ...entry,
      ...set,
      jump: jump === null ? entry.jump : { hops: jump, shared: true },
      limits: { ...entry.limits, ...limitsOf(fields) },
      data: { ...entry.data, ...data },
    };
    return complete(overridden, login, ssh);
  });
  // As in ssh, -J is for the devices and not for the jump hosts that they name.
  const onTheWay = { ...login, jump: null };
  const byName = lookup(all, (written) => ({ written, applied: complete(written, onTheWay, ssh) }));
  const world = { device: byName, ssh, sshAgent: login.sshAgent === true, issues };
  findWays(ready, world);
  issues.throwIfAny();
  return { entries: ready, warnings: warnings.list('warning') };
}

/** Fills what the entry leaves open. */
function complete(entry: Entry, login: Login, ssh: SshConfigs): ReadyEntry {
  const said = ssh.of(entry.sshConfig).of(entry.host);
  const jump =
    login.jump === undefined || login.jump === null ? said.jump : { hops: login.jump, shared: true };
  const filled: ReadyEntry = {
    ...entry,
    host: said.host ?? entry.host,
    port: entry.port ?? login.port ?? said.port ?? 22,
    username: entry.username ?? login.username ?? said.username ?? loginName(),
    password: entry.password ?? login.password ?? null,
    enableSecret: entry.enableSecret ?? login.enableSecret ?? null,
    privateKey: entry.privateKey ?? login.privateKey ?? null,
    sshAgent: entry.sshAgent ?? login.sshAgent ?? null,
    jump: entry.jump ?? jump,
  };
  return withKeys(filled, entry.host, said, ssh);
}

/** Keys that nobody named: those of ssh only where there is nothing else to log in with. */
function withKeys(entry: ReadyEntry, written: string, said: SshHost, ssh: SshConfigs): ReadyEntry {
  const { privateKey, certificate } = entry;
  if (privateKey !== null) {
    if (certificate !== null || privateKey.from !== 'file') return entry;
    const path = besideKey(ssh, privateKey.path);
    return path === null ? entry : { ...entry, certificate: { from: 'file', path, at: privateKey.at } };
  }
  const place = { written, host: entry.host, port: entry.port, username: entry.username };
  const files =
    (hasLogin(entry) ? null : keyFilesFor(ssh, said, place)) ??
    (entry.useKeys === true ? usualKeyFiles(ssh) : null);
  if (files === null) return entry;
  const file = (path: string): SecretReference => ({ from: 'file', path, at: entry.at, found: true });
  return {
    ...entry,
    privateKey: file(files.privateKey),
    certificate: certificate ?? (files.certificate === null ? null : file(files.certificate)),
  };
}

/** Finds entries by name, each one worked out when it is first asked for. */
function lookup<T>(entries: readonly Entry[], work: (entry: Entry) => T): (name: string) => T | undefined {
  let names: Map<string, Entry> | undefined;
  const done = new Map<string, T>();
  return (name) => {
    names ??= new Map(entries.map((entry) => [entry.name, entry]));
    const entry = names.get(name);
    if (entry === undefined) return undefined;
    const known = done.get(name) ?? work(entry);
    done.set(name, known);
    return known;
  };
}

function readSet(settings: readonly string[], io: LoginIo): Omit<Layer, 'places'> {
  const issues = new Issues();
  const merged: Omit<Layer, 'places'> = { fields: {}, data: {} };
  for (const setting of settings) {
    const layer = readSetting(setting, io, issues);
    if (layer === null) continue;
    Object.assign(merged.fields, layer.fields);
    Object.assign(merged.data, layer.data);
  }
  issues.throwIfAny();
  return merged;
}

function readSetting(setting: string, io: LoginIo, issues: Issues): Layer | null {
  const match = /^([^=\s]+)=(.*)$/s.exec(setting);
  const key = match?.[1] ?? '';
  if (match === null) {
    // What was found may be a secret.
    issues.reportAt(null, '--set: no = in it (expected KEY=VALUE)');
    return null;
  }
  if (key === 'name' || key === 'children') {
    issues.reportAt(null, `--set ${key}: cannot be the same for all devices (expected another field)`);
    return null;
  }
  const own = new Issues();
  const world = {
    platforms: io.platforms,
    home: io.env.HOME ?? '',
    issues: own,
    warnings: new Issues(),
    cwd: io.cwd,
  };
  const field: Field = { at: null, value: flatValue(key, match[2] ?? '', null) };
  const layer = readFields(new Map([[key, field]]), 'device', world);
  for (const { message } of own.list()) issues.reportAt(null, `--set ${key}: ${message}`);
  return layer;
}
