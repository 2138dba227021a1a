// The command line of Cisco IOS XR: the place in the chassis before the name, and the time before every output
// until the session is told to leave it out.
import { type Cli, type CliOptions, type CliState, type Command, say, show } from './cli.js';
import { answerLine, caret, type Dialect, unlessUnknown, usualCommands } from './dialect.js';
import { fill, hex, loopbackOf, momentOf, type Port, portOf, ports, serialOf } from './facts.js';

const RELEASE = '7.5.2';

export function xrCli(options: CliOptions): Cli {
  const { name } = options.device;
  const { day, time } = momentOf(options, 'clock');
  const stamp = `${day} ${time}.417 UTC\r\n`;
  // A session of its own has a command line of its own.
  let timestamps = true;
  const dialect: Dialect = {
    commands: [
      ...xrCommands(options),
      {
        words: 'terminal exec prompt no-timestamp',
        run() {
          timestamps = false;
          return say();
        },
      },
    ],
    prompt: (state: CliState) => `RP/0/RP0/CPU0:${name}${state.configuring ? '(config)' : ''}#`,
    complain: (trouble, _text, column) => {
      if (trouble === 'ambiguous') return `${caret(column)}% Ambiguous command\r\n`;
      if (trouble === 'incomplete') return '% Incomplete command.\r\n';
      return `${caret(column)}% Invalid input detected at '^' marker.\r\n`;
    },
    stamp: () => (timestamps ? stamp : ''),
  };
  return {
    greeting: '\r\n\r\n',
    banner: '',
    software: 'Cisco-2.0',
    pager: { text: () => ' --More-- ', erase: `\r${' '.repeat(10)}\r` },
    rows: 24,
    refusal: { text: '', tries: 1 },
    prompt: dialect.prompt,
    answer: (line, state) => answerLine(dialect, line, state),
  };
}

function xrCommands(options: CliOptions): Command[] {
  return [
    ...unlessUnknown(options.device.fault, [
      { words: 'show version', run: () => show(() => version(options)) },
      { words: 'show running-config', run: () => show(() => config(options)) },
      { words: 'show ipv4 interface brief', run: () => show(() => addresses(options)) },
      { words: 'show interfaces description', run: () => show(() => descriptions(options)) },
      { words: 'show inventory', run: () => show(() => inventory(options)) },
      { words: 'show platform', run: () => show(() => platform()) },
      { words: 'show clock', run: () => show(() => [clock(options)]) },
    ]),
    ...usualCommands(''),
  ];
}

function clock(options: CliOptions): string {
  const { day, time } = momentOf(options, 'clock');
  return `${time}.419 UTC ${day} 2025`;
}

function version(options: CliOptions): string[] {
  return [
    `Cisco IOS XR Software, Version ${RELEASE}`,
    'Copyright (c) 2013-2022 by Cisco Systems, Inc.',
    '',
    'Build Information:',
    ' Built By     : builder',
    ' Built On     : Tue Apr 26 23:25:18 UTC 2022',
    ' Build Host   : iox-lnx-064',
    ' Workspace    : /auto/srcarchive14/prod/7.5.2/ncs5500/ws',
    ` Version      : ${RELEASE}`,
    ' Location     : /opt/cisco/XR/packages/',
    ' Label        : 7.5.2',
    '',
    'cisco NCS-5500 () processor',
    `System uptime is ${1 + (portOf(options, 900).draw % 50)} weeks 2 days 7 hours 14 minutes`,
    '',
  ];
}

function config(options: CliOptions): string[] {
  const { device, configLines } = options;
  const { day, time } = momentOf(options, 'changed');
  const head = [
    'Building configuration...',
    `!! IOS XR Configuration ${RELEASE}`,
    `!! Last configuration change at ${day} ${time} 2025 by netops`,
    '!',
    `hostname ${device.name}`,
    'clock timezone UTC 0',
    'logging console disable',
    'username netops',
    ' group root-lr',
    ` secret 10 $6$${hex(portOf(options, 901).draw)}$${hex(portOf(options, 902).draw)}`,
    '!',
    'line default',
    ' exec-timeout 30 0',
    ' transport input ssh',
    '!',
    'ntp',
    ' server 10.254.0.1',
    '!',
    'interface Loopback0',
    ` ipv4 address ${loopbackOf(options)} 255.255.255.255`,
    '!',
  ];
  const tail = [
    'router ospf 1',
    ` router-id ${loopbackOf(options)}`,
    ' area 0',
    '  interface Loopback0',
    '   passive enable',
    '  !',
    ' !',
    '!',
    'ssh server v2',
    ...(device.fault === 'no-end' ? [] : ['end', '']),
  ];
  const body = fill(head, configLines - tail.length, (index) => interfaceLines(portOf(options, index)));
  return [...body, ...tail];
}

function interfaceLines(port: Port): string[] {
  return [
    `interface ${nameOf(port)}`,
    ` description ${port.description}`,
    ...(port.routed
      ? [` ipv4 address ${port.address} 255.255.255.252`, ` service-policy output QOS-${port.vlan}`]
      : [' l2transport', '  encapsulation default', ' !']),
    ...(port.up ? [] : [' shutdown']),
    '!',
  ];
}

function nameOf(port: Port): string {
  return `TenGigE0/0/0/${port.number}`;
}

function addresses(options: CliOptions): string[] {
  const row = (name: string, address: string, up: boolean) =>
    `${name.padEnd(31)}${address.padEnd(16)}${(up ? 'Up' : 'Shutdown').padEnd(16)}${(up ? 'Up' : 'Down').padEnd(9)}default `;
  return [
    '',
    'Interface                      IP-Address      Status          Protocol Vrf-Name',
    row('Loopback0', loopbackOf(options), true),
    ...ports(options, 24).map((port) =>
      row(nameOf(port), port.routed ? port.address : 'unassigned', port.up),
    ),
  ];
}

function descriptions(options: CliOptions): string[] {
  return [
    '',
    'Interface          Status      Protocol    Description',
    '-'.repeat(80),
    ...ports(options, 24).map(
      (port) =>
        `${`Te0/0/0/${port.number}`.padEnd(19)}${(port.up ? 'up' : 'admin-down').padEnd(12)}${(port.up ? 'up' : 'admin-down').padEnd(12)}${port.description}`,
    ),
    '',
  ];
}

function inventory(options: CliOptions): string[] {
  return [
    'NAME: "0/RP0", DESCR: "NCS 5500 Route Processor"',
    `PID: NC55-RP           , VID: V02, SN: ${serialOf(options)}`,
    '',
    'NAME: "0/0", DESCR: "NCS 5500 24X100G line card"',
    `PID: NC55-24X100G-SE   , VID: V01, SN: ${serialOf(options, 1)}`,
    '',
  ];
}

function platform(): string[] {
  return [
    'Node              Type                       State             Config state',
    '-'.repeat(80),
    '0/0/CPU0          NC55-24X100G-SE            IOS XR RUN        NSHUT',
    '0/RP0/CPU0        NC55-RP(Active)            IOS XR RUN        NSHUT',
    '0/FT0             NC55-5508-FAN              OPERATIONAL       NSHUT',
  ];
}
