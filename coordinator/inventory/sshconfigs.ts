// The configurations of ssh that one run reads: the caller's with the system's behind it, or the file that a
// device names in their place; and the key files they name.
import { existsSync } from 'node:fs';
import { homedir, hostname as machineName, userInfo } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import type { Position } from './inventory.js';
import { SshConfig } from './sshconfig.js';
import { type Block, isFile, readSshFile } from './sshfile.js';
import { Issues } from './wording.js';

export interface SshIo {
  cwd: string;
  env: Readonly<Record<string, string | undefined>>;
  /** The whole system's configuration; null: none. */
  system?: string | null;
}

const SYSTEM = '/etc/ssh/ssh_config';
export class SshConfigs {
  private readonly read = new Map<string, SshConfig>();
  private readonly found = new Map<string, boolean>();
  private readonly tokens: Record<string, string>;
  readonly home: string;

  constructor(
    private readonly io: SshIo,
    private readonly issues: Issues,
    /** ProxyCommand and what else is not done here. */
    private readonly warnings: Issues = new Issues(),
  ) {
    this.home = io.env.HOME || homedir();
    this.tokens = { ...machineTokens(), '%': '%', d: this.home };
  }

  /** `file`: read in place of the caller's and the system's. */
  of(file: { path: string; at: Position | null } | null): SshConfig {
    const key = file?.path ?? '';
    const known = this.read.get(key);
    if (known !== undefined) return known;
    const config = this.open(file);
    this.read.set(key, config);
    return config;
  }

  /** The first of these files that is there; tokens as ssh_config(5) has them. */
  firstFile(files: readonly string[], tokens: Record<string, string>): string | null {
    for (const file of files) {
      const path = file.toLowerCase() === 'none' ? null : this.expand(file, tokens);
      if (path !== null && this.has(path)) return path;
    }
    return null;
  }

  /** Whether there is such a file; asked of the disk once. */
  has(path: string): boolean {
    const known = this.found.get(path);
    if (known !== undefined) return known;
    const found = isFile(path);
    this.found.set(path, found);
    return found;
  }

  private open(file: { path: string; at: Position | null } | null): SshConfig {
    const blocks: Block[] = [];
    const user = { home: this.home, directory: join(this.home, '.ssh') };
    if (file !== null && !existsSync(file.path))
      this.issues.reportAt(file.at, `ssh_config_file: ${file.path} cannot be read (no such file)`);
    else if (file !== null)
      readSshFile(file.path, { ...user, guarded: false, optional: false }, blocks, this.issues);
    else {
      readSshFile(
        join(user.directory, 'config'),
        { ...user, guarded: true, optional: true },
        blocks,
        this.issues,
      );
      const system = this.io.system === undefined ? SYSTEM : this.io.system;
      const shared = { home: this.home, directory: dirname(system ?? ''), guarded: false, optional: true };
      if (system !== null) readSshFile(system, shared, blocks, this.issues);
    }
    return new SshConfig(blocks, this.issues, this.warnings);
  }

  private expand(file: string, tokens: Record<string, string>): string | null {
    let isKnown = true;
    const path = file
      .replace(/^~(?=\/|$)/, this.home)
      .replace(/%(.?)|\$\{(\w+)\}/g, (_, token?: string, variable?: string) => {
        const value =
          variable === undefined ? (tokens[token ?? ''] ?? this.tokens[token ?? '']) : this.io.env[variable];
        isKnown &&= value !== undefined;
        return value ?? '';
      });
    return isKnown ? resolve(this.io.cwd, path) : null;
  }
}

function machineTokens(): Record<string, string> {
  const name = machineName();
  return {
    l: name.split('.')[0] ?? name,
    L: name,
    i: String(process.getuid?.() ?? ''),
    u: loginName() ?? '',
  };
}

/** The caller's login name, as ssh uses it; null for a user id without a name. */
export function loginName(): string | null {
  // Each question goes to the system's list of users.
  asked ??= { name: nameOfUser() };
  return asked.name;
}

let asked: { name: string | null } | undefined;

function nameOfUser(): string | null {
  try {
    return userInfo().username;
  } catch {
    // A container often runs as a user id that no file names: then only the inventory or -u can say.
    return null;
  }
}
