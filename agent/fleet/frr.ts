// The command line of FRRouting's vtysh: always privileged, its own errors, a pager like more(1).
import {
  type Answer,
  type Cli,
  type CliOptions,
  type CliState,
  type Command,
  joinLines,
  readCommand,
  say,
  show,
} from './cli.js';
import { unlessUnknown } from './dialect.js';
import { dice, fraction } from './dice.js';

export function frrCli(options: CliOptions): Cli {
  const { device, seed } = options;
  const commands = frrCommands(options);
  return {
    greeting:
      fraction(seed, device.number, 'motd') < 0.5
        ? joinLines([
            '',
            `Hello, this is FRRouting (version ${VERSION}).`,
            'Copyright 1996-2005 Kunihiro Ishiguro, et al.',
            '',
          ])
        : '',
    banner: '',
    software: 'OpenSSH_9.2p1 Debian-2+deb12u3',
    pager: { text: () => '\x1b[7m--More--\x1b[27m', erase: '\r\x1b[K' },
    refusal: { text: '% Bad passwords, too many failures!\r\n', tries: 3 },
    prompt: (state) => `${device.name}${state.configuring ? '(config)' : ''}${state.privileged ? '#' : '>'} `,
    answer(line, state) {
      if (line.trim() === '') return say();
      if (!state.configuring) return execute(line, state, commands);
      if (/^\s*(end|exit)\s*$/i.test(line)) state.configuring = false;
      const inner = /^\s*do\s+(.*)$/i.exec(line)?.[1];
      return inner === undefined ? say() : execute(inner, state, commands);
    },
  };
}

const VERSION = '8.4.4';

function execute(line: string, state: CliState, commands: readonly Command[]): Answer {
  const reading = readCommand(line, commands, state);
  if (reading.is === 'command') return reading.command.run(state, reading.args);
  const errors = {
    invalid: `% Unknown command: ${line.trim()}`,
    ambiguous: '% Ambiguous command.',
    incomplete: '% Command incomplete.',
  };
  return { do: 'print', text: () => `${errors[reading.is]}\r\n`, stderr: '', status: 1, show: true };
}

function frrCommands(options: CliOptions): Command[] {
  const { device } = options;
  const showing: Command[] = [
    { words: 'show version', run: () => show(() => version(device.name)) },
    { words: 'show running-config', run: () => show(() => renderFrrConfig(options)) },
    { words: 'show ip route summary', run: () => show(() => routeSummary()) },
    { words: 'show interface brief', run: () => show(() => interfaces(options)) },
    { words: 'show bgp summary', run: () => show(() => ['% BGP instance not found']) },
  ];
  return [
    ...unlessUnknown(device.fault, showing),
    {
      words: 'terminal length <n>',
      run(state, [rows]) {
        state.rows = Number(rows);
        return say();
      },
    },
    { words: 'enable', run: () => say() },
    {
      words: 'configure terminal',
      run(state) {
        state.configuring = true;
        return say();
      },
    },
    {
      words: 'write memory',
      run: () => say('Integrated configuration saved to /etc/frr/frr.conf\r\n[OK]\r\n'),
    },
    { words: 'exit', run: () => ({ do: 'leave' }) },
    { words: 'quit', run: () => ({ do: 'leave' }) },
  ];
}

function version(name: string): string[] {
  return [
    `FRRouting ${VERSION} (${name}) on Linux(6.1.0-18-amd64).`,
    'Copyright 1996-2005 Kunihiro Ishiguro, et al.',
    'configured with:',
    "    '--build=x86_64-linux-gnu' '--prefix=/usr' '--sysconfdir=/etc' '--enable-systemd=yes'",
  ];
}

function routeSummary(): string[] {
  return [
    'Route Source         Routes               FIB  (vrf default)',
    'kernel               1                    1',
    'connected            14                   14',
    'ospf                 212                  198',
    '------',
    'Totals               227                  213',
    '',
  ];
}

function interfaces({ device }: CliOptions): string[] {
  const rows = Array.from(
    { length: 8 },
    (_, port) =>
      `${`eth${port}`.padEnd(16)}${'up'.padEnd(8)}${'default'.padEnd(16)}${address(device.number, port)}`,
  );
  return [
    'Interface       Status  VRF             Addresses',
    '---------       ------  ---             ---------',
    ...rows,
    '',
  ];
}

function renderFrrConfig({ device, seed, configLines }: CliOptions): string[] {
  const lines = [
    'Building configuration...',
    '',
    'Current configuration:',
    '!',
    `frr version ${VERSION}`,
    'frr defaults traditional',
    `hostname ${device.name}`,
    'log syslog informational',
    'service integrated-vtysh-config',
    '!',
  ];
  for (let at = 0; lines.length < configLines - 20; at++) {
    const draw = dice(seed, device.number, `frr ${at}`);
    if (at < 64)
      lines.push(
        `interface eth${at}`,
        ` description to peer-${draw % 900} circuit ${draw.toString(16).padStart(8, '0')}`,
        ` ip address ${address(device.number, at)}`,
        ` ip ospf cost ${10 + (draw % 90)}`,
        'exit',
        '!',
      );
    else
      lines.push(
        `ip prefix-list CUSTOMERS-${draw % 9} seq ${at * 5} permit 10.${draw % 200}.${(draw >>> 8) % 256}.0/24 le 32`,
      );
  }
  const end = device.fault === 'no-end' ? [] : ['end'];
  return [
    ...lines,
    '!',
    'router ospf',
    ` ospf router-id 172.16.${(device.number >>> 8) & 255}.${device.number & 255}`,
    ' passive-interface default',
    'exit',
    '!',
    ...end,
  ];
}

function address(number: number, port: number): string {
  return `10.${(number >>> 8) & 255}.${number & 255}.${(port * 4 + 1) & 255}/30`;
}
