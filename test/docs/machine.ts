// A machine of the examples' own: a network in which every address is its own and no port is taken, so that a page's
// devices are where the page says, at port 22, and a file of names that only programs on it read.
import { spawnSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { Running, without } from '../process.ts';

/** Whoever is not root is root in a user namespace, where the system lets everybody have one. */
const SPACES = ['--net', '--mount', ...(process.getuid?.() === 0 ? [] : ['--user', '--map-root-user'])];
/** It has an address, or names were looked up for IPv6 alone. All of it is gone with the process that holds it. */
const HOLD = `
set -e
ip link set lo up
ip addr add 10.254.255.254 dev lo
ip route add local 0.0.0.0/0 dev lo
mount --bind "$0" /etc/hosts
echo ready
exec cat
`;

/** What it takes, and what examples use. */
const PROGRAMS = ['unshare', 'nsenter', 'ip', 'git', 'jq', 'script', 'ssh-keyscan'];

/** Why there can be none here; null if there can. */
export function withoutMachine(): string | null {
  const isAllowed = () => spawnSync('unshare', [...SPACES, 'true']).status === 0;
  return without(...PROGRAMS) ?? (isAllowed() ? null : 'it takes root, or leave to make user namespaces');
}

export class Machine implements AsyncDisposable {
  private constructor(
    private readonly names: string,
    private readonly holder: Running,
  ) {}

  /** names: its file of names, to be written. */
  static async open(names: string): Promise<Machine> {
    await writeFile(names, '');
    const holder = new Running('unshare', [...SPACES, 'sh', '-c', HOLD, names], { onParentExit: 'input' });
    await holder.logged(/^ready$/m);
    const machine = new Machine(names, holder);
    await machine.name(new Map());
    return machine;
  }

  /** The command that runs a program on it. */
  command(file: string, args: string[], cwd = '/'): [string, string[]] {
    const spaces = SPACES.map((space) => (space === '--map-root-user' ? '--preserve-credentials' : space));
    return ['nsenter', ['--target', `${this.holder.pid}`, ...spaces, `--wdns=${cwd}`, '--', file, ...args]];
  }

  /** The same for a program that root starts, who stays root of the whole system there. */
  rootCommand(file: string, args: string[]): [string, string[]] {
    return ['nsenter', ['--target', `${this.holder.pid}`, '--net', '--mount', '--', file, ...args]];
  }

  /** Says which addresses names have, besides localhost. */
  async name(addresses: ReadonlyMap<string, string>): Promise<void> {
    const lines = Array.from(addresses, ([name, address]) => `${address} ${name}\n`);
    await writeFile(this.names, `127.0.0.1 localhost\n${lines.join('')}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.holder.stop();
  }
}
