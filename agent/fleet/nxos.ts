// The command line of Cisco NX-OS: always privileged, a carriage return before each prompt, a terminal of 24 lines
// until told otherwise, and a running configuration without an end mark.
import { type Cli, type CliOptions, type Command, say, show } from './cli.js';
import { answerLine, caret, type Dialect, unlessUnknown, usualCommands } from './dialect.js';
import { fill, hex, loopbackOf, momentOf, type Port, portOf, ports, serialOf } from './facts.js';

const RELEASE = '9.3(10)';

export function nxosCli(options: CliOptions): Cli {
  const { name } = options.device;
  const dialect: Dialect = {
    commands: nxosCommands(options),
    prompt: (state) => `\r${name}${state.configuring ? '(config)' : ''}# `,
    complain: (trouble, _text, column) => {
      if (trouble === 'ambiguous') return `${caret(column)}% Ambiguous command at '^' marker.\r\n`;
      if (trouble === 'incomplete') return `${caret(column)}% Incomplete command at '^' marker.\r\n`;
      return `${caret(column)}% Invalid command at '^' marker.\r\n`;
    },
  };
  return {
    greeting: [
      'Cisco Nexus Operating System (NX-OS) Software',
      'TAC support: http://www.cisco.com/tac',
      'Copyright (C) 2002-2022, Cisco and/or its affiliates.',
      'All rights reserved.',
      '',
    ].join('\r\n'),
    banner: 'User Access Verification\r\n',
    software: 'OpenSSH_7.8',
    pager: { text: () => '\x1b[7m--More--\x1b[m', erase: '\r\x1b[K' },
    rows: 24,
    refusal: { text: '', tries: 1 },
    prompt: dialect.prompt,
    answer: (line, state) => answerLine(dialect, line, state),
  };
}

function nxosCommands(options: CliOptions): Command[] {
  return [
    ...unlessUnknown(options.device.fault, [
      { words: 'show version', run: () => show(() => version(options)) },
      { words: 'show running-config', run: () => show(() => config(options, 'running-config')) },
      { words: 'show startup-config', run: () => show(() => config(options, 'startup-config')) },
      { words: 'show interface brief', run: () => show(() => brief(options)) },
      { words: 'show interface status', run: () => show(() => status(options)) },
      { words: 'show ip interface brief', run: () => show(() => addresses(options)) },
      { words: 'show inventory', run: () => show(() => inventory(options)) },
      { words: 'show clock', run: () => show(() => [clock(options), 'Time source is NTP']) },
    ]),
    ...usualCommands('Enter configuration commands, one per line. End with CNTL/Z.\r\n'),
    { words: 'copy running-config startup-config', run: () => say('Copy complete.\r\n') },
  ];
}

function clock(options: CliOptions): string {
  const { day, time } = momentOf(options, 'clock');
  return `${time}.417 UTC ${day} 2025`;
}

function version(options: CliOptions): string[] {
  const { day, time } = momentOf(options, 'boot');
  return [
    'Cisco Nexus Operating System (NX-OS) Software',
    'TAC support: http://www.cisco.com/tac',
    'Documents: http://www.cisco.com/en/US/products/ps9372/tsd_products_support_series_home.html',
    'Copyright (c) 2002-2022, Cisco Systems, Inc. All rights reserved.',
    '',
    'Software',
    '  BIOS: version 05.45',
    ` NXOS: version ${RELEASE}`,
    '  BIOS compile time:  07/05/2021',
    '  NXOS image file is: bootflash:///nxos.9.3.10.bin',
    '  NXOS compile time:  6/2/2022 10:00:00 [06/02/2022 17:52:12]',
    '',
    '',
    'Hardware',
    '  cisco Nexus9000 C93180YC-EX chassis ',
    '  Intel(R) Xeon(R) CPU  @ 1.80GHz with 24569620 kB of memory.',
    `  Processor Board ID ${serialOf(options)}`,
    '',
    `  Device name: ${options.device.name}`,
    '  bootflash:   53298520 kB',
    'Kernel uptime is 112 day(s), 3 hour(s), 14 minute(s), 59 second(s)',
    '',
    `Last reset at 4711 usecs after ${day} ${time} 2024`,
    '  Reason: Reset Requested by CLI command reload',
    `  System version: ${RELEASE}`,
    '  Service: ',
    '',
    'plugin',
    '  Core Plugin, Ethernet Plugin',
    '',
  ];
}

function config(options: CliOptions, which: string): string[] {
  const { device, configLines } = options;
  const changed = momentOf(options, 'changed');
  const asked = momentOf(options, 'clock');
  const head = [
    '',
    `!Command: show ${which}`,
    `!Running configuration last done at: ${changed.day} ${changed.time} 2025`,
    `!Time: ${asked.day} ${asked.time} 2025`,
    '',
    `version ${RELEASE} Bios:version 05.45 `,
    `hostname ${device.name}`,
    `vdc ${device.name} id 1`,
    '  limit-resource vlan minimum 16 maximum 4094',
    '  limit-resource vrf minimum 2 maximum 4096',
    '',
    'feature ospf',
    'feature interface-vlan',
    'feature lacp',
    'feature lldp',
    '',
    `username admin password 5 $5$${hex(portOf(options, 900).draw)}$${hex(portOf(options, 901).draw)}  role network-admin`,
    'ip domain-lookup',
    'copp profile strict',
    `snmp-server user admin network-admin auth md5 0x${hex(portOf(options, 902).draw)} localizedkey`,
    'ntp server 10.254.0.1 use-vrf management',
    '',
    'vlan 1,10-249',
    '',
    'vrf context management',
    '  ip route 0.0.0.0/0 10.254.0.254',
    '',
  ];
  const tail = [
    'interface mgmt0',
    '  vrf member management',
    '',
    'interface loopback0',
    `  ip address ${loopbackOf(options)}/32`,
    '  ip router ospf 1 area 0.0.0.0',
    'line console',
    'line vty',
    'boot nxos bootflash:/nxos.9.3.10.bin ',
    'router ospf 1',
    `  router-id ${loopbackOf(options)}`,
    '',
    '',
  ];
  const body = fill(head, configLines - tail.length, (index) => interfaceLines(portOf(options, index)));
  return [...body, ...tail];
}

function interfaceLines(port: Port): string[] {
  return [
    `interface Ethernet1/${port.number + 1}`,
    `  description ${port.description}`,
    ...(port.routed
      ? ['  no switchport', `  ip address ${port.address}/30`, '  ip router ospf 1 area 0.0.0.0']
      : ['  switchport', `  switchport access vlan ${port.vlan}`, '  spanning-tree port type edge']),
    ...(port.up ? ['  no shutdown'] : []),
    '',
  ];
}

function brief(options: CliOptions): string[] {
  const rule = '-'.repeat(80);
  const rows = ports(options, 24).map((port) => {
    const vlan = port.routed ? '--' : String(port.vlan);
    const state = port.up ? 'up      none                        ' : 'down    Administratively down       ';
    return `Eth1/${String(port.number + 1).padEnd(9)}${vlan.padEnd(8)}eth  ${port.routed ? 'routed' : 'access'} ${state}10G(D) --`;
  });
  return [
    '',
    rule,
    'Ethernet        VLAN    Type Mode   Status  Reason                   Speed     Port',
    'Interface                                                                   Ch #',
    rule,
    ...rows,
    '',
  ];
}

function status(options: CliOptions): string[] {
  const rule = '-'.repeat(80);
  const rows = ports(options, 24).map((port) => {
    const name = port.description.slice(0, 18).padEnd(19);
    const vlan = (port.routed ? 'routed' : String(port.vlan)).padEnd(10);
    return `Eth1/${String(port.number + 1).padEnd(9)}${name}${(port.up ? 'connected' : 'disabled').padEnd(10)}${vlan}full    10G     10Gbase-SR`;
  });
  return [
    '',
    rule,
    'Port          Name               Status    Vlan      Duplex  Speed   Type',
    rule,
    ...rows,
  ];
}

function addresses(options: CliOptions): string[] {
  const rows = ports(options, 24)
    .filter(({ routed }) => routed)
    .map((port) => {
      const state = `protocol-${port.up ? 'up' : 'down'}/link-${port.up ? 'up' : 'down'}/admin-up`;
      return `${`Eth1/${port.number + 1}`.padEnd(21)}${port.address.padEnd(16)}${state}`;
    });
  return [
    '',
    'IP Interface Status for VRF "default"(1)',
    'Interface            IP Address      Interface Status',
    `${'Lo0'.padEnd(21)}${loopbackOf(options).padEnd(16)}protocol-up/link-up/admin-up`,
    ...rows,
  ];
}

function inventory(options: CliOptions): string[] {
  return [
    'NAME: "Chassis",  DESCR: "Nexus9000 C93180YC-EX chassis"         ',
    `PID: N9K-C93180YC-EX     ,  VID: V02 ,  SN: ${serialOf(options)}          `,
    '',
    'NAME: "Power Supply 1",  DESCR: "Nexus9000 C93180YC-EX chassis Power Supply"',
    `PID: NXA-PAC-650W-PE     ,  VID: V01 ,  SN: ${serialOf(options, 1)}          `,
    '',
  ];
}
