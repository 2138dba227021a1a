// What a script may set: the options of `netsweep run` under their long names in camel case.

/** Where sweeps run, and what holds for all of them. */
export interface Options extends RunOptions {
  /** HOST:PORT of a coordinator; without it everything runs on this host and ends with the connection. */
  coordinator?: string;
  /** State directory of what runs here. */
  state?: string;
  /** Files of a TLS identity, for a coordinator elsewhere. */
  tlsCa?: string;
  tlsCert?: string;
  tlsKey?: string;
  /** What `netsweep join` has kept, in place of the three. */
  identity?: string;
}

/** A duration in seconds, or a text as on the command line (`90`, `90s`, `5m`). */
export type Duration = string | number;

/** Options of one sweep; `netsweep run --help` says what each means. */
export interface RunOptions {
  /** Files, directories or URLs. */
  inventory?: string | string[];
  /** Devices by themselves, in place of an inventory: objects as a native inventory has them. */
  devices?: Record<string, unknown>[];
  limit?: string;
  hosts?: string;
  exclude?: string;
  /** `key=value`, over the inventory's fields. */
  set?: string | string[];
  platform?: string;
  platforms?: string;
  user?: string;
  passwordFile?: string;
  secretFile?: string;
  privateKey?: string;
  sshAgent?: boolean;
  jump?: string;
  forks?: number;
  isolation?: 'pool' | 'device';
  agents?: number;
  workers?: number;
  connectTimeout?: Duration;
  loginTimeout?: Duration;
  idleTimeout?: Duration;
  commandTimeout?: Duration;
  deviceDeadline?: Duration;
  deadline?: Duration;
  agentWait?: Duration;
  retries?: number;
  authFailMax?: number;
  loginRate?: number;
  siteSessions?: number;
  hostKeys?: 'strict' | 'accept-new' | 'off';
  /** Devices, or a share as `5%`. */
  maxFail?: number | string;
  canary?: number | string;
  batch?: number | string;
  allowWrites?: boolean;
  /** Bytes, or as `16MB`. */
  outputLimit?: number | string;
}
