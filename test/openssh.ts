// Debian's real sshd in a private mount namespace: accounts, /run and /var/log of its own, so that people with a
// password and a login shell exist for it and nothing of the system is read or written.
// The namespace's first process waits for the end of its input; with it everything inside ends.
import { randomBytes } from 'node:crypto';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Namespace } from './netns.ts';
import { ownPort } from './port.ts';
import { asRoot, output, program, Running, root, without, withoutNamespaces } from './process.ts';

/** Why startSshd can't run here; null if it can. For describe.skipIf. */
export const sshdMissing: string | null = without('sshd', 'ssh-keygen', 'openssl') ?? withoutNamespaces();

export interface SshdOptions {
  /** Lines of sshd_config; they win over the ones below. $folder in them is sshd's folder. */
  config?: string[];
  /** A loopback address. */
  address?: string;
  /** Where it runs; default: the system's network. */
  inside?: Pick<Namespace, 'command'>;
  /** Default: one that is free. */
  port?: number;
  /** Login shell of the account; default /bin/bash. */
  shell?: string;
  /** What the machine is called inside; default the system's name. */
  hostname?: string;
  /** Groups the account is a member of besides its own, and accounts of services: what /etc takes. */
  groups?: string[];
  accounts?: string[];
  /** More files in sshd's folder, by name. */
  files?: Record<string, string>;
  /** Shell lines run as root inside the namespace before sshd starts; $folder is sshd's folder. */
  before?: string;
}

export interface Login {
  host: string;
  port: number;
  user: string;
  password: string;
}

function need(name: string): string {
  const path = program(name);
  if (path === null) throw new Error(`no ${name}: run deploy/setup.sh --for-tests`);
  return path;
}

export class Sshd implements AsyncDisposable, Login {
  readonly host: string;
  readonly port: number;
  readonly user = 'netops';
  readonly password: string;
  /** Path of a private key the account may log in with. */
  readonly privateKeyPath: string;
  /** Its public host key as in known_hosts, without the host: `ssh-ed25519 AAAA...`. */
  readonly hostKey: string;
  readonly folder: string;
  readonly #running: Running;

  private constructor(
    made: { folder: string; host: string; port: number; password: string; hostKey: string },
    running: Running,
  ) {
    this.folder = made.folder;
    this.host = made.host;
    this.port = made.port;
    this.password = made.password;
    this.hostKey = made.hostKey;
    this.privateKeyPath = join(made.folder, 'netops_key');
    this.#running = running;
  }

  static async open(options: SshdOptions): Promise<Sshd> {
    const folder = await mkdtemp(join(tmpdir(), 'netsweep-sshd-'));
    let running: Running | null = null;
    try {
      await chmod(folder, 0o755);
      const host = options.address ?? '127.0.0.1';
      const port = options.port ?? (await ownPort(host));
      const password = randomBytes(9).toString('base64url');
      await writeAccounts(folder, password, options);
      const hostKey = await writeKeys(folder);
      await writeFiles(folder, host, port, options);
      const name = options.hostname ?? hostname();
      const enter = ['--mount', '--uts', '--pid', '--fork', '--kill-child', '--mount-proc'];
      const words = [...enter, 'bash', join(folder, 'enter.sh'), folder, join(root, '.cache'), name];
      const [file, argv] = options.inside?.command('unshare', words) ?? ['unshare', words];
      const [command, args] = asRoot(file, argv);
      running = new Running(command, args, { onParentExit: 'input' });
      await running.logged(/Server listening on /);
      return new Sshd({ folder, host, port, password, hostKey }, running);
    } catch (error) {
      await running?.stop();
      await rm(folder, { recursive: true, force: true });
      throw error;
    }
  }

  /** What sshd said, LogLevel VERBOSE. */
  get log(): string {
    return this.#running.log;
  }

  /** Arguments of OpenSSH's ssh for a login by key with this host key and nothing of the caller's configuration. */
  sshArgs(): string[] {
    const settings = [
      'BatchMode=yes',
      'IdentitiesOnly=yes',
      'StrictHostKeyChecking=yes',
      'GlobalKnownHostsFile=/dev/null',
      `UserKnownHostsFile=${join(this.folder, 'known_hosts')}`,
      `IdentityFile=${this.privateKeyPath}`,
    ];
    const options = ['-F', '/dev/null', '-p', String(this.port), ...settings.flatMap((line) => ['-o', line])];
    return [...options, `${this.user}@${this.host}`];
  }

  /** Runs one command by ssh and key; resolves with its stdout. */
  ssh(command: string): Promise<string> {
    return output(need('ssh'), [...this.sshArgs(), command]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#running.stop();
    await rm(this.folder, { recursive: true, force: true });
  }
}

async function writeAccounts(folder: string, password: string, options: SshdOptions): Promise<void> {
  const { groups = [], accounts = [], shell = '/bin/bash' } = options;
  const hash = (await output(need('openssl'), ['passwd', '-6', '-stdin'], { input: `${password}\n` })).trim();
  const people = [
    'root:x:0:0:root:/root:/usr/sbin/nologin',
    'sshd:x:990:65534::/run/sshd:/usr/sbin/nologin',
    'nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin',
    `netops:x:2000:2000::/run/netops:${shell}`,
  ];
  const lines = (list: string[]) => `${list.join('\n')}\n`;
  await writeFile(join(folder, 'passwd'), lines([...people, ...accounts]));
  await writeFile(
    join(folder, 'shadow'),
    lines([`netops:${hash}:20000:0:99999:7:::`, 'root:*:20000:0:99999:7:::']),
  );
  const ownGroups = ['root:x:0:', 'tty:x:5:', 'nogroup:x:65534:', 'netops:x:2000:'];
  await writeFile(join(folder, 'group'), lines([...ownGroups, ...groups]));
}

async function writeKeys(folder: string): Promise<string> {
  for (const name of ['host_key', 'netops_key']) {
    await output(need('ssh-keygen'), ['-q', '-t', 'ed25519', '-N', '', '-C', '', '-f', join(folder, name)]);
  }
  return (await readFile(join(folder, 'host_key.pub'), 'utf8')).trim();
}

async function writeFiles(folder: string, host: string, port: number, options: SshdOptions): Promise<void> {
  const hostKey = (await readFile(join(folder, 'host_key.pub'), 'utf8')).trim();
  await writeFile(join(folder, 'known_hosts'), `[${host}]:${port} ${hostKey}\n`);
  const config = [
    ...(options.config ?? []).map((line) => line.replaceAll('$folder', folder)), // sshd takes the first value it finds
    `ListenAddress ${host.includes(':') ? `[${host}]` : host}:${port}`,
    `HostKey ${join(folder, 'host_key')}`,
    `AuthorizedKeysFile ${join(folder, 'netops_key.pub')}`,
    'PidFile none',
    'StrictModes no',
    'UsePAM no',
    'UseDNS no',
    'PrintMotd no',
    'PrintLastLog no',
    'LogLevel VERBOSE',
    'MaxStartups 1000',
  ];
  await writeFile(join(folder, 'sshd_config'), `${config.join('\n')}\n`);
  for (const [name, text] of Object.entries(options.files ?? {})) await writeFile(join(folder, name), text);
  await writeFile(join(folder, 'enter.sh'), inside(options.before ?? ''));
}

/** What runs as root inside the namespace. */
function inside(before: string): string {
  return `set -e
folder=$1
exec 3<&0
mkdir "$folder/cache"
mount --bind "$2" "$folder/cache" # where any account can reach it
printf %s "$3" >/proc/sys/kernel/hostname
mount -t tmpfs -o mode=0755 tmpfs /run
mount -t tmpfs -o mode=0755 tmpfs /var/log
mkdir /run/sshd
mkdir -m 700 /run/netops
chown 2000:2000 /run/netops
for file in passwd shadow group; do
  chmod 644 "$folder/$file"
  mount --bind "$folder/$file" "/etc/$file"
done
${before}
"$folder/cache/bin/sshd" -D -e -f "$folder/sshd_config" &
cat <&3 >/dev/null & # ends with the test process, however that ends
wait -n
`;
}

export function startSshd(options: SshdOptions = {}): Promise<Sshd> {
  return Sshd.open(options);
}
