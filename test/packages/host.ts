// A throw-away host: this machine's files under a layer of its own, a network of nothing but loopback, processes of its
// own. Packages are really installed and purged there. With systemd-nspawn it is booted, and systemd starts the services
// with all that their units say; else they are started by hand, by what the units say of user, limits and environment.
import { existsSync, readdirSync, readFileSync, realpathSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  asRoot,
  type Finished,
  output,
  program,
  Running,
  run,
  until,
  without,
  withoutNamespaces,
} from '../process.ts';
import { Unit } from './unit.ts';

const PATH = '/usr/sbin:/usr/bin:/sbin:/bin:/usr/local/bin';
const ENVIRONMENT = ['env', '-i', `PATH=${PATH}`, 'HOME=/root', 'LANG=C.UTF-8'];

export const WAYS = ['booted', 'by hand'] as const;
export type Way = (typeof WAYS)[number];

/** Why there can't be such a host here; null if there can. */
export function hostMissing(way: Way): string | null {
  const packed = existsSync('/usr/bin/dpkg') ? null : 'it takes dpkg';
  return packed ?? without('nsenter', ...(way === 'booted' ? ['systemd-nspawn'] : [])) ?? withoutNamespaces();
}

/** Lies over this machine's files; what was installed or kept here by hand is not seen. */
const LAYER = `set -e
top=$1; nats=$2; packages=$3; shift 3
mount -t tmpfs tmpfs "$top"
mkdir "$top/upper" "$top/work" "$top/root"
mount -t overlay overlay -o "lowerdir=/,upperdir=$top/upper,workdir=$top/work" "$top/root"
cd "$top/root"
rm -rf var/lib/netsweep* etc/netsweep etc/systemd/system/netsweep* etc/machine-id usr/sbin/policy-rc.d
: >etc/machine-id
cp "$nats" usr/sbin/nats-server.new && mv usr/sbin/nats-server.new usr/sbin/nats-server && chmod 755 usr/sbin/nats-server
cp -r "$packages" opt/packages
exec "$@"
`;
const BY_HAND = `set -e
mount -t proc proc proc
mount --rbind /dev dev
mount -t tmpfs -o mode=1777 tmpfs tmp
mount -t tmpfs tmpfs run
ip link set lo up
exec chroot . sleep infinity
`;
const BOOT = ['systemd-nspawn', '--quiet', '--register=no', '--keep-unit', '--private-network', '--boot'];

export class Host implements AsyncDisposable {
  readonly #services = new Map<string, Running>();

  private constructor(
    readonly way: Way,
    private readonly folder: string,
    private readonly outer: Running,
    /** Its first process, as the machine counts. */
    private readonly first: number,
  ) {}

  /** `packages`: a folder that is /opt/packages there. */
  static async open(way: Way, packages: string): Promise<Host> {
    const folder = await mkdtemp(join(tmpdir(), 'netsweep-root-'));
    const nats = realpathSync(process.env.NETSWEEP_NATS_SERVER ?? program('nats-server') ?? '');
    const spaces = ['--mount', '--net', '--pid', '--fork', '--kill-child', '--mount-proc'];
    const last = way === 'booted' ? [...BOOT, '-D', '.', 'systemd.unit=basic.target'] : ['sh', '-c', BY_HAND];
    const words = asRoot('unshare', [...spaces, 'sh', '-c', LAYER, 'sh', folder, nats, packages, ...last]);
    const outer = new Running(...words, { onParentExit: 'killed' });
    const comm = way === 'booted' ? 'systemd' : 'sleep';
    const first = await until('its first process runs', () => {
      if (outer.ended) throw new Error(outer.log);
      return descendants(outer.pid).find((pid) => commOf(pid) === comm);
    });
    const host = new Host(way, folder, outer, first);
    if (way === 'booted')
      await until(
        'it is up',
        async () => (await host.run('systemctl', 'is-active', 'basic.target')).status === 0,
      );
    return host;
  }

  /** As root on the host. */
  run(...words: string[]): Promise<Finished> {
    return run(...this.#inside(words));
  }

  /** As `run`; what does not end with 0 throws. Gives its stdout. */
  async must(...words: string[]): Promise<string> {
    const finished = await this.run(...words);
    if (finished.status === 0) return finished.stdout;
    throw new Error(`${words.join(' ')}: ${finished.status}\n${finished.stdout}${finished.stderr}`);
  }

  /** A program of the host that runs until it is stopped, which SIGKILL does. */
  begin(...words: string[]): Running {
    // What is killed only leads into the host.
    const dying = ['setpriv', '--pdeathsig', 'KILL', '--', ...words];
    return new Running(...this.#inside(dying), { onParentExit: 'killed' });
  }

  async start(name: string): Promise<void> {
    if (this.way === 'booted') {
      await this.must('systemctl', 'start', name);
      return;
    }
    const unit = this.#unit(name);
    await this.must(...unit.before());
    this.#services.set(name, this.begin(...unit.command(await this.#settings(unit))));
  }

  /** Resolves with how it ended and after how long; what systemd would have killed is not 'ended by itself'. */
  async stop(name: string): Promise<{ byItself: boolean; ms: number }> {
    const from = performance.now();
    const took = () => performance.now() - from;
    if (this.way === 'booted') {
      await this.must('systemctl', 'stop', name);
      const result = await this.must('systemctl', 'show', '-p', 'Result', '--value', name);
      return { byItself: result.trim() === 'success', ms: took() };
    }
    const service = this.#services.get(name);
    if (service === undefined) throw new Error(`${name} does not run`);
    const unit = this.#unit(name);
    // The child itself only leads into the host.
    await run(...asRoot('kill', [`-${unit.stopSignal}`, String(descendants(service.pid)[0])]));
    await until(`${name} ends`, () => service.ended, unit.stopMs);
    this.#services.delete(name);
    return { byItself: service.child.exitCode === 0, ms: took() };
  }

  /** With which code a service has ended by itself; null: it runs, or is started again. */
  async ended(name: string): Promise<number | null> {
    if (this.way === 'booted') {
      const said = await this.must('systemctl', 'show', '-p', 'ActiveState', '-p', 'ExecMainStatus', name);
      return /^ActiveState=failed$/m.test(said) ? Number(/^ExecMainStatus=(\d+)$/m.exec(said)?.[1]) : null;
    }
    const code = this.#services.get(name)?.child.exitCode ?? null;
    return code === null || this.#unit(name).startsAgain(code) ? null : code;
  }

  /** Of a service's processes, the first first, as the machine counts. */
  async processes(name: string): Promise<number[]> {
    if (this.way === 'booted') {
      const inside = (await this.must('systemctl', 'show', '-p', 'MainPID', '--value', name)).trim();
      const all = descendants(this.first);
      const main = all.find((pid) => insidePid(pid) === inside);
      return main === undefined ? [] : [main, ...descendants(main)];
    }
    const service = this.#services.get(name);
    return service === undefined ? [] : descendants(service.pid);
  }

  /** What a service has said. */
  async said(name: string): Promise<string> {
    if (this.way === 'booted') return this.must('journalctl', '--no-pager', '-o', 'cat', '-u', name);
    const service = this.#services.get(name);
    if (service?.ended !== false) throw new Error(`${name} has ended: ${service?.log}`);
    return service.log;
  }

  /** Files that are there now and not on this machine, or others than here; not in /run and /tmp, which go by themselves. */
  async changes(): Promise<string[]> {
    const [outermost = this.outer.pid] = descendants(this.outer.pid);
    const layer = ['nsenter', '--target', String(outermost), '--mount', '--', 'find', `${this.folder}/upper`];
    const [file, args] = asRoot('env', layer);
    const found = await output(file, [
      ...args,
      '-not',
      '-type',
      'd',
      '-not',
      '-type',
      'c',
      '-printf',
      '/%P\\n',
    ]);
    return found.split('\n').filter((path) => path !== '');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // All that runs there ends with its first process.
    await run(...asRoot('kill', ['-KILL', String(this.first)]));
    for (const service of this.#services.values()) await service.stop('SIGKILL');
    await this.outer.stop('SIGKILL');
    await rm(this.folder, { recursive: true, force: true });
  }

  #inside(words: string[]): [string, string[]] {
    const where = [
      '--target',
      String(this.first),
      '--mount',
      '--net',
      '--pid',
      '--uts',
      '--ipc',
      '--root',
      '--wdns=/root',
    ];
    return asRoot('nsenter', [...where, ...ENVIRONMENT, ...words]);
  }

  #unit(name: string): Unit {
    return Unit.read(join('/proc', String(this.first), 'root/lib/systemd/system', `${name}.service`));
  }

  async #settings(unit: Unit): Promise<string[]> {
    if (unit.environmentFile === null) return [];
    const text = (await this.run('cat', unit.environmentFile)).stdout;
    return text.split('\n').filter((line) => /^[A-Z_]+=/.test(line));
  }
}

function commOf(pid: number): string {
  return readOrNothing(`/proc/${pid}/comm`).trim();
}

/** As its own namespace counts. */
function insidePid(pid: number): string {
  return /^NSpid:.*\s(\d+)$/m.exec(readOrNothing(`/proc/${pid}/status`))?.[1] ?? '';
}

function readOrNothing(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return ''; // ended meanwhile
  }
}

/** Processes started by it, and by those, in order. */
function descendants(of: number): number[] {
  const parents = new Map<number, number>();
  for (const name of readdirSync('/proc').filter((entry) => /^\d+$/.test(entry))) {
    const parent = /^PPid:\s+(\d+)/m.exec(readOrNothing(`/proc/${name}/status`))?.[1];
    if (parent !== undefined) parents.set(Number(name), Number(parent));
  }
  const found = [of];
  for (const pid of found)
    found.push(...[...parents].filter(([, parent]) => parent === pid).map(([child]) => child));
  return found.slice(1);
}
