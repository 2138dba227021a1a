// A machine of its own: namespaces of network, processes, mounts and name, and a root file system that shows this
// machine's own and keeps what is changed. All of it is there as long as its first process, which the kernel
// ends with this one.
import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, readdir, rm, rmdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, parse } from 'node:path';
import { type Finished, Running, root, run, until } from '../process.ts';

/** Where the checkout is on a machine, and what stands in there for what takes a real one. */
export const CHECKOUT = '/opt/checkout';
const STANDINS = join(root, 'test/segments/standins');
/** Where packages look for them, too. */
const STANDIN_PATH = '/usr/bin';
const ENVIRONMENT = {
  PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  HOME: '/root',
  LANG: 'C.UTF-8',
  DEBIAN_FRONTEND: 'noninteractive',
};
/** Most that a machine may write. */
const SIZE = '1g';
const PREFIX = 'netsweep-machine-';

/** Mounts are this machine's own, so nobody else sees them and nothing has to be undone. */
const MACHINE = `
set -e
hostname "$1"
mount -t tmpfs -o size=${SIZE} tmpfs "$2"
mkdir "$2/upper" "$2/work" "$2/root"
mount -t overlay overlay -o "lowerdir=/,upperdir=$2/upper,workdir=$2/work" "$2/root"
cd "$2/root"
mount -t proc proc proc
mount --rbind /dev dev
mount -t tmpfs tmpfs run
mkdir -p run/systemd/system
mount -t tmpfs -o mode=1777 tmpfs tmp
mkdir -p ".$4"
mount --bind "$3" ".$4"
mount -o remount,bind,ro ".$4"
ip link set lo up
exec chroot . bash -c 'echo ready; sleep infinity & while :; do wait; done'
`;
/** For what only carries packets. */
const WIRES = 'hostname "$1"; ip link set lo up; echo ready; exec sleep infinity';

export class Host implements AsyncDisposable {
  private constructor(
    readonly name: string,
    /** Of its first process, as seen from here. */
    readonly pid: number,
    /** Empty: it has no file system of its own. */
    private readonly folder: string,
    private readonly init: Running,
  ) {}

  /** bare: namespaces alone, for bridges and routers. */
  static async open(name: string, { bare = false } = {}): Promise<Host> {
    if (!bare) await removeStale();
    const folder = bare ? '' : await mkdtemp(join(tmpdir(), `${PREFIX}${process.pid}-`));
    const spaces = ['--net', '--uts', '--mount', ...(bare ? [] : ['--pid', '--ipc'])];
    const words = [...spaces, '--fork', '--kill-child=KILL', 'bash', '-c', bare ? WIRES : MACHINE];
    const init = new Running('unshare', [...words, 'init', name, folder, root, CHECKOUT], {
      onParentExit: 'killed',
    });
    await init.logged(/^ready$/m);
    const pid = Number(readFileSync(`/proc/${init.pid}/task/${init.pid}/children`, 'utf8'));
    const host = new Host(name, pid, folder, init);
    if (!bare) await host.equip();
    return host;
  }

  /** A command line that runs a program on it as root. */
  command(file: string, args: string[] = []): [string, string[]] {
    const whole = this.folder === '' ? [] : ['--mount', '--pid', '--ipc', '--root', '--wdns=/root'];
    return ['nsenter', ['--target', String(this.pid), '--net', '--uts', ...whole, '--', file, ...args]];
  }

  /** A program of this machine's, in its network. */
  wired(file: string, args: string[] = []): [string, string[]] {
    return ['nsenter', ['--target', String(this.pid), '--net', '--', file, ...args]];
  }

  spawn(file: string, args: string[] = [], options: SpawnOptions = {}): ChildProcess {
    return spawn(...this.command(file, args), { env: ENVIRONMENT, ...options });
  }

  /** A script of shell commands to its end; a status other than 0 is data. */
  try(script: string, options: { input?: string; timeoutMs?: number } = {}): Promise<Finished> {
    return run(...this.command('bash', ['--norc', '-euo', 'pipefail', '-c', script]), {
      env: ENVIRONMENT,
      ...options,
    });
  }

  /** The same, but any status other than 0 throws. Gives its standard output. */
  async do(script: string, options: { input?: string; timeoutMs?: number } = {}): Promise<string> {
    const finished = await this.try(script, options);
    if (finished.status === 0) return finished.stdout;
    const { status, stdout, stderr } = finished;
    throw new Error(`${this.name}: exit ${status}\n${script}\n${stdout}\n${stderr}`);
  }

  /** A path on it, as it is reached from here. */
  path(path: string): string {
    return join(`/proc/${this.pid}/root`, path);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.init.stop('SIGKILL');
    if (this.folder !== '') await until('its mounts are gone', () => emptied(this.folder));
  }

  private async equip(): Promise<void> {
    for (const file of await readdir(STANDINS)) {
      const script = `#!/bin/sh\nexec ${CHECKOUT}/test/segments/standins/${file} "$@"\n`;
      const path = this.path(join(STANDIN_PATH, parse(file).name));
      await rm(path, { force: true });
      await writeFile(path, script, { mode: 0o755 });
    }
  }
}

/** What is mounted there is gone with whoever mounted it; an empty folder stays of a run that was killed. */
async function removeStale(): Promise<void> {
  for (const name of await readdir(tmpdir())) {
    const pid = name.startsWith(PREFIX) ? name.slice(PREFIX.length).split('-')[0] : undefined;
    if (pid !== undefined && !existsSync(`/proc/${pid}`))
      await rmdir(join(tmpdir(), name)).catch(() => undefined); // another run has removed it
  }
}

async function emptied(folder: string): Promise<boolean> {
  return rm(folder, { recursive: true, force: true }).then(
    () => true,
    () => false,
  );
}
