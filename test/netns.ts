// Two network namespaces, each joined to the system's by a pair of veth interfaces and not to the other:
// two segments that may use the same addresses. Their names carry this process's id, so that what a killed run
// left behind is known as such and removed by the next.
import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import { asRoot, type Finished, output, program, run, without, withoutNamespaces } from './process.ts';

/** Why startNamespaces can't run here; null if it can. For describe.skipIf. */
export const namespacesMissing: string | null = without('ip', 'setpriv') ?? withoutNamespaces();

const prefix = 'netsweep';
let made = 0; // namespaces of this process so far

export class Namespace {
  readonly name: string;
  /** Its own address, reachable from the system. */
  readonly address: string;
  /** The system's end of the wire, reachable from inside. */
  readonly gateway: string;

  constructor(name: string, address: string, gateway: string) {
    this.name = name;
    this.address = address;
    this.gateway = gateway;
  }

  /** A command line that runs a program inside as the caller, ended by the kernel with whoever started it. */
  command(file: string, args: string[] = []): [string, string[]] {
    const [uid, gid] = [process.getuid?.() ?? 0, process.getgid?.() ?? 0];
    const caller = uid === 0 ? [] : ['--reuid', `${uid}`, '--regid', `${gid}`, '--init-groups'];
    const inside = ['setpriv', ...caller, '--pdeathsig', 'KILL', file, ...args];
    return asRoot(ip(), ['netns', 'exec', this.name, ...inside]);
  }

  /** Starts a program inside. Run by root, the child is the program itself. */
  spawn(file: string, args: string[] = [], options: SpawnOptions = {}): ChildProcess {
    return spawn(...this.command(file, args), options);
  }

  /** Runs a program inside to its end. */
  run(
    file: string,
    args: string[] = [],
    options: { input?: string; timeoutMs?: number } = {},
  ): Promise<Finished> {
    return run(...this.command(file, args), options);
  }
}

export class Namespaces implements AsyncDisposable {
  readonly a: Namespace;
  readonly b: Namespace;

  private constructor(a: Namespace, b: Namespace) {
    this.a = a;
    this.b = b;
  }

  static async open(): Promise<Namespaces> {
    await removeStale();
    const a = await create();
    try {
      return new Namespaces(a, await create());
    } catch (error) {
      await remove(a.name);
      throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([remove(this.a.name), remove(this.b.name)]);
  }
}

function ip(): string {
  const path = program('ip');
  if (path === null) throw new Error('no ip: run deploy/setup.sh --for-tests');
  return path;
}

function ipAsRoot(...args: string[]): Promise<string> {
  return output(...asRoot(ip(), args));
}

/** The system's end of a namespace's wire; a name of an interface has at most 15 characters. */
function wireOf(name: string): string {
  return name.replace(`${prefix}-`, 'nsw');
}

/** Four addresses of 198.18.0.0/15, the range kept for tests between networks, that the system does not use. */
async function freeSubnet(): Promise<{ gateway: string; address: string }> {
  const used = await output(ip(), ['-o', '-4', 'addr', 'show']);
  for (let offset = 0; offset < 32768; offset += 1) {
    const index = (process.pid * 7 + made + offset) % 32768;
    const network = `198.${18 + (index >> 14)}.${(index >> 6) & 255}`;
    const first = (index & 63) * 4;
    const gateway = `${network}.${first + 1}`;
    if (!used.includes(` ${gateway}/`)) return { gateway, address: `${network}.${first + 2}` };
  }
  throw new Error('no free subnet in 198.18.0.0/15');
}

async function create(): Promise<Namespace> {
  made += 1;
  const name = `${prefix}-${process.pid}-${made}`;
  const wire = wireOf(name);
  const { gateway, address } = await freeSubnet();
  try {
    await ipAsRoot('netns', 'add', name);
    await ipAsRoot('link', 'add', wire, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', name);
    await ipAsRoot('addr', 'add', `${gateway}/30`, 'dev', wire);
    await ipAsRoot('link', 'set', wire, 'up');
    await ipAsRoot('-n', name, 'addr', 'add', `${address}/30`, 'dev', 'eth0');
    await ipAsRoot('-n', name, 'link', 'set', 'eth0', 'up');
    await ipAsRoot('-n', name, 'link', 'set', 'lo', 'up');
  } catch (error) {
    await remove(name);
    throw error;
  }
  return new Namespace(name, address, gateway);
}

/** Ends what still runs inside and removes the namespace and its wire, as far as they exist. */
async function remove(name: string): Promise<void> {
  const pids = (await run(...asRoot(ip(), ['netns', 'pids', name]))).stdout.split('\n').filter(Boolean);
  if (pids.length > 0) await run(...asRoot('kill', ['-KILL', ...pids]));
  await run(...asRoot(ip(), ['link', 'del', wireOf(name)]));
  await run(...asRoot(ip(), ['netns', 'del', name]));
}

/** Removes the namespaces of processes that are no more. */
async function removeStale(): Promise<void> {
  const names = (await output(ip(), ['netns', 'list'])).split('\n').map((line) => line.split(' ')[0] ?? '');
  for (const name of names) {
    const pid = new RegExp(`^${prefix}-(\\d+)-\\d+$`).exec(name)?.[1];
    if (pid !== undefined && !alive(Number(pid))) await remove(name);
  }
}

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'; // there, and someone else's
  }
}

export function startNamespaces(): Promise<Namespaces> {
  return Namespaces.open();
}
