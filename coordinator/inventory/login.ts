// What the command line says about logging in: options fill gaps that the inventory leaves, --set overrides.
import { userInfo } from 'node:os';
import type { Platforms } from '../../proto/platform.js';
import { flatValue, type Layer, readFields } from './fields.js';
import type { Entry, SecretReference } from './inventory.js';
import type { Field } from './located.js';
import { Issues } from './wording.js';

export interface Login {
  /** `-u` */
  username?: string | null;
  password?: SecretReference | null;
  enableSecret?: SecretReference | null;
  privateKey?: SecretReference | null;
  /** `-e KEY=VALUE`, in order; a later one wins. */
  set?: readonly string[];
}

export interface LoginIo {
  cwd: string;
  env: Readonly<Record<string, string | undefined>>;
  platforms: Platforms;
}

/** New entries; the given ones stay as they are. Throws an InputError for a --set that is not valid. */
export function applyLogin(entries: readonly Entry[], login: Login, io: LoginIo): Entry[] {
  const { fields, data } = readSet(login.set ?? [], io);
  const username = login.username ?? loginName();
  return entries.map((entry) => {
    const overridden = {
      ...entry,
      ...fields,
      limits: { ...entry.limits, ...fields.limits },
      data: { ...entry.data, ...data },
    };
    return {
      ...overridden,
      username: overridden.username ?? username,
      password: overridden.password ?? login.password ?? null,
      enableSecret: overridden.enableSecret ?? login.enableSecret ?? null,
      privateKey: overridden.privateKey ?? login.privateKey ?? null,
    };
  });
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

/** The caller's login name, as ssh uses it; null for a user id without a name. */
function loginName(): string | null {
  try {
    return userInfo().username;
  } catch {
    // A container often runs as a user id that no file names: then only the inventory or -u can say.
    return null;
  }
}
