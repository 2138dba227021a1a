// Control groups: what the kernel has charged to all processes that ever were in one, to the nanosecond, also
// those that have ended. Version 2 or the cpuacct controller of version 1, where we may make groups.
import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';

const PREFIX = 'netsweep-bench-';

export class Group {
  constructor(
    private readonly folder: string,
    private readonly version: 1 | 2,
  ) {
    mkdirSync(folder);
  }

  /** A group within this process's own group; null where that is not allowed. Those of killed processes are removed. */
  static make(name: string): Group | null {
    for (const { folder, version } of homes()) {
      try {
        removeLeft(folder);
        const group = new Group(join(folder, `${PREFIX}${process.pid}-${name}`), version);
        accessSync(group.file, constants.W_OK);
        if (group.cpuMs() === 0) return group;
        group.remove();
      } catch {} // the next kind
    }
    return null;
  }

  inside(name: string): Group {
    return new Group(join(this.folder, name), this.version);
  }

  get file(): string {
    return join(this.folder, 'cgroup.procs');
  }

  pids(): number[] {
    return readFileSync(this.file, 'latin1').split('\n').filter(Boolean).map(Number);
  }

  /** False: it has ended. */
  add(pid: number): boolean {
    try {
      writeFileSync(this.file, String(pid));
      return true;
    } catch {
      return false;
    }
  }

  /** Of all that were here or in groups inside, for the time that they were here. */
  cpuMs(): number {
    if (this.version === 1) return Number(readFileSync(join(this.folder, 'cpuacct.usage'), 'latin1')) / 1e6;
    const [, microseconds] = /^usage_usec (\d+)$/m.exec(read(join(this.folder, 'cpu.stat'))) ?? [];
    if (microseconds === undefined) throw new Error(`no usage_usec in ${this.folder}`);
    return Number(microseconds) / 1e3;
  }

  /** Whether the last process has ended and is accounted for; its number is gone from the list a little before. */
  get empty(): boolean {
    if (this.version === 1) return this.pids().length === 0;
    return read(join(this.folder, 'cgroup.events')).includes('populated 0');
  }

  /** Throws while it is not empty. */
  remove(): void {
    rmdirSync(this.folder);
  }
}

/** What a killed bench could not remove; its processes have ended with it. */
function removeLeft(folder: string): void {
  for (const name of readdirSync(folder)) {
    const [, pid] = new RegExp(`^${PREFIX}(\\d+)-`).exec(name) ?? [];
    if (pid === undefined || existsSync(`/proc/${pid}`)) continue;
    const left = join(folder, name);
    const inside = readdirSync(left, { withFileTypes: true }).filter((entry) => entry.isDirectory());
    try {
      for (const role of inside) rmdirSync(join(left, role.name));
      rmdirSync(left);
    } catch {} // not empty yet: for the next one
  }
}

interface Home {
  folder: string;
  version: 1 | 2;
}

/** Where this process's own groups are mounted, the newer version first. */
function homes(): Home[] {
  const own = read('/proc/self/cgroup')
    .split('\n')
    .map((line) => line.split(':'));
  const pathOf = (controller: string) =>
    own.find(([, names = '']) => names.split(',').includes(controller))?.[2] ?? '/';
  const found = read('/proc/self/mounts')
    .split('\n')
    .flatMap((line): Home[] => {
      const [, mount = '', type, options = ''] = line.split(' ');
      if (type === 'cgroup2') return [{ folder: join(mount, pathOf('')), version: 2 }];
      if (type !== 'cgroup' || !options.split(',').includes('cpuacct')) return [];
      return [{ folder: join(mount, pathOf('cpuacct')), version: 1 }];
    });
  return found.sort((a, b) => b.version - a.version);
}

function read(file: string): string {
  return readFileSync(file, 'latin1');
}
