// Other programs for the same work, as far as they are installed here. Each is run as its manual would have it, and
// its answers are counted, because a program that loses some is not cheaper for it.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { said } from '../machine.ts';
import { openSshOptions } from '../openssh.ts';
import { program, root } from '../place.ts';
import { COMMAND, type Work, written } from '../programs.ts';

export interface Peer {
  title: string;
  /** What is installed; null: nothing. */
  version: string | null;
  devices: number;
  /** Logs in by OpenSSH's client, and so with a key. */
  byKey: boolean;
  /** Takes one port for all. */
  onePort?: boolean;
  start(work: Work, key: string): Promise<{ command: string[]; env?: NodeJS.ProcessEnv }>;
  /** Devices that have answered in full, by what it printed. */
  answered(printed: string): number;
}

/** Some cost little for each device, some much: enough of each for its start not to weigh. */
const MANY = 500;
const FEW = 200;

export function peers(): Peer[] {
  return [
    ...openSshPeers(),
    netmiko('netmiko, 100 threads', MANY, 1, 100),
    netmiko('netmiko, 2 processes of 50 threads', MANY, 2, 50),
    netmiko('netmiko, 32 processes', FEW, 32, 1),
    nornir(),
  ];
}

function openSshPeers(): Peer[] {
  return [
    {
      title: 'clush -f 200',
      version: versionOf('clush', /(\S+)$/),
      devices: MANY,
      byKey: true,
      onePort: true,
      start: async ({ devices, folder }, key) => ({
        command: [
          ...['clush', '-f', '200', '-l', devices[0]?.username ?? '', '-o', quoted(sshOptions(key, devices))],
          ...[
            '--hostfile',
            await listed(
              devices.map(({ host }) => host),
              folder,
            ),
            COMMAND,
          ],
        ],
      }),
      answered: (printed) => new Set(printed.match(/^\S+: end\r?$/gm)).size,
    },
    {
      title: 'parallel-ssh -p 200',
      version: versionOf('parallel-ssh', /(\S+)$/),
      devices: MANY,
      byKey: true,
      start: async ({ devices, folder }, key) => ({
        command: [
          ...['parallel-ssh', '-p', '200', '-l', devices[0]?.username ?? '', '-o', join(folder, 'pssh')],
          ...['-x', quoted(sshOptions(key, [])), '-h'],
          ...[
            await listed(
              devices.map(({ host, port }) => `${host}:${port}`),
              folder,
            ),
            COMMAND,
          ],
        ],
      }),
      answered: (printed) => count(printed, /\[SUCCESS\]/g),
    },
    {
      title: 'ansible -m raw -f 50',
      version: versionOf('ansible', /core (\S+?)\]/),
      devices: FEW,
      byKey: true,
      start: async ({ devices, folder }, key) => {
        const hosts = devices.map(
          ({ name, host, port, username }) =>
            `${name} ansible_host=${host} ansible_port=${port} ansible_user=${username}`,
        );
        const words = ['-i', await listed(['[all]', ...hosts], folder), '--private-key', key, '-f', '50'];
        const config = join(folder, 'ansible.cfg');
        await writeFile(config, '');
        return {
          command: ['ansible', 'all', ...words, '-m', 'raw', '-a', COMMAND],
          env: {
            ANSIBLE_HOST_KEY_CHECKING: 'False',
            ANSIBLE_SSH_ARGS: `${quoted(openSshOptions())} -o ControlMaster=no`,
            ANSIBLE_LOCALHOST_WARNING: 'False',
            ANSIBLE_CONFIG: config,
          },
        };
      },
      answered: (printed) => count(printed, / \| CHANGED \| rc=0/g),
    },
  ];
}

function netmiko(title: string, devices: number, processes: number, threads: number): Peer {
  return pythonPeer(title, 'netmiko', devices, 'netmiko_sweep.py', [processes, threads].map(String));
}

function nornir(): Peer {
  return pythonPeer('nornir, 100 workers', 'nornir_netmiko', MANY, 'nornir_sweep.py', ['100']);
}

function pythonPeer(title: string, module: string, devices: number, script: string, words: string[]): Peer {
  const python = pythonWith(module);
  return {
    title,
    version: python?.version ?? null,
    devices,
    byKey: false,
    start: async (work) => ({
      command: [
        ...[python?.file ?? '', '-B', join(root, 'test/bench/peers', script)],
        ...[await written(work.devices, work.folder), String(work.devices.length), ...words, COMMAND],
      ],
    }),
    answered: (printed) => Number(/^ok (\d+)$/m.exec(printed)?.[1] ?? 0),
  };
}

/** The first Python here that has the module. */
function pythonWith(module: string): { file: string; version: string } | null {
  const asks = `import ${module}; from importlib.metadata import version; print(version("${module.replace('_', '-')}"))`;
  for (const file of [program('python3'), '/usr/bin/python3']) {
    const version = file === null ? null : said(file, ['-c', asks]);
    if (file !== null && version) return { file, version };
  }
  return null;
}

function versionOf(name: string, pattern: RegExp): string | null {
  const file = program(name);
  return file === null ? null : (pattern.exec(said(file, ['--version']) ?? '')?.[1] ?? 'unknown');
}

function sshOptions(key: string, [device]: Work['devices']): string[] {
  const port = device === undefined ? [] : ['-o', `Port=${device.port}`];
  return [...openSshOptions(), '-o', `IdentityFile=${key}`, '-o', 'IdentitiesOnly=yes', ...port];
}

/** None of our words has a space. */
function quoted(words: string[]): string {
  return words.join(' ');
}

async function listed(lines: string[], folder: string): Promise<string> {
  const file = join(folder, 'hosts');
  await writeFile(file, `${lines.join('\n')}\n`, { mode: 0o600 });
  return file;
}

function count(text: string, pattern: RegExp): number {
  return text.match(pattern)?.length ?? 0;
}
