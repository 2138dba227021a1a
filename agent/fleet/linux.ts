// A simulated Linux host: whole commands only, no abbreviations, an exit status and an error text.
import { type Answer, type Cli, type CliOptions, joinLines } from './cli.js';
import { dice } from './dice.js';

export function linuxCli(options: CliOptions): Cli {
  const { device } = options;
  const commands = linuxCommands(options);
  return {
    greeting: `Linux ${device.name} 6.1.0-18-amd64 #1 SMP PREEMPT_DYNAMIC Debian 6.1.76-1 x86_64\r\n\r\n`,
    banner: '',
    software: 'OpenSSH_9.2p1 Debian-2+deb12u3',
    pager: { text: () => '', erase: '' },
    refusal: { text: '', tries: 1 },
    prompt: () => `admin@${device.name}:~$ `,
    answer(line) {
      const command = line.trim().replace(/\s+/g, ' ');
      if (command === '') return print(() => [], false);
      if (/^(exit|logout)( \d+)?$/.test(command)) return { do: 'leave' };
      const output = commands.get(command);
      if (output !== undefined) return print(output);
      const [program = ''] = command.split(' ');
      const known = [...commands.keys()].some((name) => name.split(' ')[0] === program);
      return known
        ? failure(`${program}: unrecognized option in '${command}'`, 1)
        : failure(`bash: line 1: ${program}: command not found`, 127);
    },
  };
}

function print(lines: () => string[], show = true): Answer {
  return { do: 'print', text: () => joinLines(lines()), stderr: '', status: 0, show };
}

function failure(text: string, status: number): Answer {
  return { do: 'print', text: () => '', stderr: `${text}\r\n`, status, show: true };
}

function linuxCommands({ device, seed }: CliOptions): Map<string, () => string[]> {
  const draw = dice(seed, device.number, 'linux');
  const days = 1 + (draw % 300);
  const one = (line: string) => () => [line];
  return new Map([
    [
      'uname -a',
      one(
        `Linux ${device.name} 6.1.0-18-amd64 #1 SMP PREEMPT_DYNAMIC Debian 6.1.76-1 (2024-02-01) x86_64 GNU/Linux`,
      ),
    ],
    ['uname -r', one('6.1.0-18-amd64')],
    ['hostname', one(device.name)],
    ['hostname -f', one(`${device.name}.rehearsal.example`)],
    ['id', one('uid=1000(admin) gid=1000(admin) groups=1000(admin),27(sudo)')],
    ['whoami', one('admin')],
    ['true', () => []],
    ['date', () => [new Date().toUTCString().replace('GMT', 'UTC')]],
    [
      'uptime',
      one(
        ` 12:00:00 up ${days} days,  ${draw % 24}:${10 + (draw % 50)},  1 user,  load average: 0.0${draw % 10}, 0.05, 0.01`,
      ),
    ],
    ['cat /etc/os-release', () => OS_RELEASE],
    ['df -h', () => disks(draw)],
    ['free -m', () => memory(draw)],
    ['ip addr', () => addresses(device.address, draw)],
    [
      'ip -br addr',
      () => [
        'lo               UNKNOWN        127.0.0.1/8 ::1/128',
        `eth0             UP             ${lan(draw)}/24`,
      ],
    ],
    ['ip route', () => [`default via 10.${draw % 200}.${(draw >>> 8) % 256}.1 dev eth0`]],
  ]);
}

const OS_RELEASE = [
  'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"',
  'NAME="Debian GNU/Linux"',
  'VERSION_ID="12"',
  'VERSION="12 (bookworm)"',
  'VERSION_CODENAME=bookworm',
  'ID=debian',
  'HOME_URL="https://www.debian.org/"',
];

function disks(draw: number): string[] {
  const used = 10 + (draw % 80);
  return [
    'Filesystem      Size  Used Avail Use% Mounted on',
    'udev            1.9G     0  1.9G   0% /dev',
    `/dev/sda1       100G   ${used}G   ${95 - used}G  ${used}% /`,
    'tmpfs           2.0G     0  2.0G   0% /dev/shm',
  ];
}

function memory(draw: number): string[] {
  const used = 400 + (draw % 2000);
  return [
    '               total        used        free      shared  buff/cache   available',
    `Mem:            3919        ${String(used).padStart(4)}        ${String(3919 - used).padStart(4)}           1         500        ${String(3800 - used).padStart(4)}`,
    'Swap:            974           0         974',
  ];
}

function addresses(loopback: string, draw: number): string[] {
  return [
    '1: lo: <LOOPBACK,UP,LOWER_UP> mtu 65536 qdisc noqueue state UNKNOWN group default qlen 1000',
    '    link/loopback 00:00:00:00:00:00 brd 00:00:00:00:00:00',
    `    inet ${loopback}/8 scope host lo`,
    '2: eth0: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc fq_codel state UP group default qlen 1000',
    `    inet ${lan(draw)}/24 brd 10.${draw % 200}.${(draw >>> 8) % 256}.255 scope global eth0`,
  ];
}

function lan(draw: number): string {
  return `10.${draw % 200}.${(draw >>> 8) % 256}.${2 + ((draw >>> 16) % 250)}`;
}
