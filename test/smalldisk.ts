// A disk of a few MB for one test: a tmpfs in a mount namespace of its own, which ends with the programs in it.
import { execFileSync, spawnSync } from 'node:child_process';
import { readdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Running } from './process.ts';

let missing: string | null | undefined;

/** Why there can be none here; null if there can. */
export function withoutSmallDisk(): string | null {
  const isRoot = process.getuid?.() === 0;
  missing ??=
    isRoot && spawnSync('unshare', ['--mount', 'true']).status === 0
      ? null
      : 'it takes root, and leave to mount a file system';
  return missing;
}

export class SmallDisk implements AsyncDisposable {
  private constructor(
    /** As programs on it see it. */
    readonly folder: string,
    private readonly holder: Running,
  ) {}

  static async open(megabytes: number): Promise<SmallDisk> {
    const folder = await mkdtemp(join(tmpdir(), 'netsweep-disk-'));
    const mount = `mount -t tmpfs -o size=${megabytes}m,mode=700 netsweep "$0" && echo ready && exec cat`;
    const holder = new Running('unshare', ['--mount', 'sh', '-c', mount, folder], { onParentExit: 'input' });
    await holder.logged(/^ready$/m);
    return new SmallDisk(folder, holder);
  }

  /** The command that runs a program where this disk is there. */
  command(file: string, args: string[], cwd = '/'): [string, string[]] {
    return ['nsenter', [`--mount=/proc/${this.holder.pid}/ns/mnt`, `--wdns=${cwd}`, file, ...args]];
  }

  /** A file on it, as this process sees it. */
  path(name = ''): string {
    return join(`/proc/${this.holder.pid}/root`, this.folder, name);
  }

  get freeBytes(): number {
    const { bavail, bsize } = statfsSync(this.path());
    return bavail * bsize;
  }

  /** Fills it with a file, all but so much; others may write at the same time. */
  fill(leaveBytes = 0): void {
    for (let left = this.freeBytes; left > leaveBytes; left = this.freeBytes)
      try {
        const piece = Buffer.alloc(Math.min(left - leaveBytes, 4 << 20));
        writeFileSync(this.path('ballast'), piece, { flag: 'a' });
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
      }
  }

  /** Takes that file away. */
  empty(): void {
    rmSync(this.path('ballast'), { force: true });
  }

  /** Takes everything away. */
  clear(): void {
    for (const name of readdirSync(this.path())) rmSync(this.path(name), { recursive: true });
  }

  /** Puts one file of this disk, which need not be there, on a small disk of its own. */
  beneath(file: string, megabytes: number): SmallDisk {
    const { folder, holder } = this;
    const script = `
      mkdir -p .beneath "$(dirname "$0")" && mount -t tmpfs -o size=${megabytes}m,mode=700 netsweep .beneath &&
      touch .beneath/file "$0" && chmod 600 .beneath/file && mount --bind .beneath/file "$0"`;
    const [command, args] = this.command('sh', ['-c', script, file], folder);
    execFileSync(command, args);
    return new SmallDisk(join(folder, '.beneath'), holder);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.holder.stop();
    await rm(this.folder, { recursive: true });
  }
}
