// The command line of Arista EOS: privilege levels, a pager in reverse video, answers even to what only changes the
// session.
import { type Cli, type CliOptions, type CliState, type Command, say, show } from './cli.js';
import { answerLine, type Dialect, unlessUnknown, usualCommands } from './dialect.js';
import { fraction } from './dice.js';
import { fill, hex, loopbackOf, momentOf, type Port, portOf, ports, serialOf } from './facts.js';

const RELEASE = '4.28.3M';
const MODEL = 'DCS-7050SX3-48YC8';

export function eosCli(options: CliOptions): Cli {
  const { device, seed } = options;
  const commands = eosCommands(options);
  const dialect: Dialect = {
    commands,
    prompt: (state: CliState) =>
      `${device.name}${state.configuring ? '(config)' : ''}${state.privileged ? '#' : '>'}`,
    complain: (trouble, text) => {
      if (trouble === 'ambiguous') return '% Ambiguous command\r\n';
      if (trouble === 'incomplete') return '% Incomplete command\r\n';
      const known = /^sh\w*\s+(run|start)/i.test(text);
      return known ? '% Invalid input (privileged mode required)\r\n' : '% Invalid input\r\n';
    },
  };
  return {
    greeting:
      fraction(seed, device.number, 'motd') < 0.5
        ? 'Last login: Mon Mar  3 08:11:02 2025 from 10.254.0.7\r\n'
        : '',
    banner: '',
    software: 'OpenSSH_7.8',
    pager: { text: () => '\x1b[7m --More-- \x1b[27m', erase: '\r\x1b[K' },
    refusal: { text: '% Bad secret\r\n', tries: 3 },
    prompt: dialect.prompt,
    answer: (line, state) => answerLine(dialect, line, state),
  };
}

function eosCommands(options: CliOptions): Command[] {
  const { device } = options;
  const usual = usualCommands('').filter(({ words }) => !words.startsWith('terminal '));
  return [
    ...unlessUnknown(options.device.fault, [
      { words: 'show version', run: () => show(() => version(options)) },
      { words: 'show running-config', privileged: true, run: () => show(() => config(options, 'running')) },
      { words: 'show startup-config', privileged: true, run: () => show(() => config(options, 'startup')) },
      { words: 'show interfaces status', run: () => show(() => status(options)) },
      { words: 'show ip interface brief', run: () => show(() => addresses(options)) },
      { words: 'show inventory', run: () => show(() => inventory(options)) },
      { words: 'show clock', run: () => show(() => clock(options)) },
    ]),
    {
      words: 'terminal length <n>',
      run(state, [rows = '']) {
        state.rows = Number(rows);
        return say(rows === '0' ? 'Pagination disabled.\r\n' : `Pagination set to ${rows} lines.\r\n`);
      },
    },
    { words: 'terminal width <n>', run: (_, [columns]) => say(`Width set to ${columns} columns.\r\n`) },
    ...usual,
    {
      words: 'enable',
      run(state) {
        if (state.privileged) return say();
        return device.fault === 'no-enable' ? say('% Authorization denied\r\n') : { do: 'ask-secret' };
      },
    },
    {
      words: 'disable',
      privileged: true,
      run(state) {
        state.privileged = false;
        return say();
      },
    },
    { words: 'write memory', privileged: true, run: () => say('Copy completed successfully.\r\n') },
    { words: 'logout', run: () => ({ do: 'leave' }) },
  ];
}

function clock(options: CliOptions): string[] {
  const { day, time } = momentOf(options, 'clock');
  return [`${day} ${time} 2025`, 'Timezone: UTC', 'Clock source: NTP server (10.254.0.1)'];
}

function version(options: CliOptions): string[] {
  const mac = hex(portOf(options, 900).draw);
  return [
    `Arista ${MODEL}-F`,
    'Hardware version: 11.00',
    `Serial number: ${serialOf(options)}`,
    `Hardware MAC address: 001c.${mac.slice(0, 4)}.${mac.slice(4)}`,
    `System MAC address: 001c.${mac.slice(0, 4)}.${mac.slice(4)}`,
    '',
    `Software image version: ${RELEASE}`,
    'Architecture: x86_64',
    `Internal build version: ${RELEASE}-28837868.4283M`,
    'Internal build ID: 0b6a6ebf-9f8f-4b26-8f43-2d8a4d9d1b5f',
    '',
    'Uptime: 17 weeks, 3 days, 4 hours and 12 minutes',
    'Total memory: 8098984 kB',
    'Free memory: 6218372 kB',
    '',
  ];
}

function config(options: CliOptions, which: string): string[] {
  const { device, configLines } = options;
  const head = [
    `! Command: show ${which}-config`,
    `! device: ${device.name} (${MODEL}, EOS-${RELEASE})`,
    '!',
    `! boot system flash:/EOS-${RELEASE}.swi`,
    '!',
    'no aaa root',
    '!',
    `username admin privilege 15 role network-admin secret sha512 $6$${hex(portOf(options, 901).draw)}$${hex(portOf(options, 902).draw)}`,
    '!',
    'transceiver qsfp default-mode 4x10G',
    '!',
    'service routing protocols model multi-agent',
    '!',
    `hostname ${device.name}`,
    'ip name-server vrf default 10.254.0.2',
    '!',
    'ntp server 10.254.0.1',
    '!',
    'spanning-tree mode mstp',
    '!',
    'vlan 10-249',
    '!',
  ];
  const tail = [
    'interface Loopback0',
    `   ip address ${loopbackOf(options)}/32`,
    '!',
    'interface Management1',
    '   description out of band',
    '!',
    'ip routing',
    '!',
    'router ospf 1',
    `   router-id ${loopbackOf(options)}`,
    '   passive-interface default',
    '!',
    'banner motd',
    'Authorised access only. All sessions are logged.',
    'EOF',
    '!',
    ...(device.fault === 'no-end' ? [] : ['end']),
  ];
  const body = fill(head, configLines - tail.length, (index) => interfaceLines(portOf(options, index)));
  return [...body, ...tail];
}

function interfaceLines(port: Port): string[] {
  return [
    `interface Ethernet${port.number + 1}`,
    `   description ${port.description}`,
    ...(port.up ? [] : ['   shutdown']),
    ...(port.routed
      ? ['   no switchport', `   ip address ${port.address}/30`, '   ip ospf network point-to-point']
      : [`   switchport access vlan ${port.vlan}`, '   spanning-tree portfast']),
    '!',
  ];
}

function status(options: CliOptions): string[] {
  const rows = ports(options, 24).map((port) => {
    const name = port.description.slice(0, 24).padEnd(25);
    const state = (port.up ? 'connected' : 'disabled').padEnd(13);
    return `${`Et${port.number + 1}`.padEnd(11)}${name}${state}${(port.routed ? 'routed' : String(port.vlan)).padEnd(9)}full   10G    10GBASE-SR`;
  });
  return [
    'Port       Name                     Status       Vlan     Duplex Speed  Type         Flags Encapsulation',
    ...rows,
  ];
}

function addresses(options: CliOptions): string[] {
  const row = (name: string, address: string, up: boolean) =>
    `${name.padEnd(18)}${address.padEnd(23)}${(up ? 'up' : 'down').padEnd(13)}${(up ? 'up' : 'down').padEnd(17)}1500`;
  return [
    '                                                                              Address',
    'Interface         IP Address             Status       Protocol           MTU  Owner  ',
    '----------------- ---------------------- ------------ -------------- -------- -------',
    ...ports(options, 24).flatMap((port) =>
      port.routed ? [row(`Ethernet${port.number + 1}`, `${port.address}/30`, port.up)] : [],
    ),
    row('Loopback0', `${loopbackOf(options)}/32`, true),
    '',
  ];
}

function inventory(options: CliOptions): string[] {
  return [
    'System information',
    '    Model                    Description',
    '    ------------------------ ----------------------------------------------------',
    `    ${`${MODEL}-F`.padEnd(25)}48x25GbE SFP28 & 8x100GbE QSFP28 1RU`,
    '',
    '    HW Version  Serial Number  Mfg Date   Epoch',
    '    ----------- -------------- ---------- -----',
    `    11.00       ${serialOf(options).padEnd(15)}2021-06-02 01.00`,
    '',
    'System has 2 power supply slots',
    '    Slot Model            Serial Number',
    '    ---- ---------------- ----------------',
    `    1    PWR-500AC-F      ${serialOf(options, 1)}`,
    `    2    PWR-500AC-F      ${serialOf(options, 2)}`,
    '',
  ];
}
