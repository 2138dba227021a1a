// The running configuration of a simulated IOS device: about as long as asked, different on each device,
// the same on every run. A few carry what has fooled tools before: lines that look like a prompt,
// and text that is not ASCII.
import type { CliOptions } from './cli.js';
import { dice, fraction, pick } from './dice.js';
import { hex } from './facts.js';

export function renderIosConfig(options: CliOptions): string[] {
  const lines = ['Building configuration...', '', ''];
  const above = lines.length;
  lines.push(...head(options));
  addInterfaces(lines, options);
  lines.push(...tail(options));
  let size = 0;
  for (let at = above; at < lines.length; at++) size += (lines[at]?.length ?? 0) + 2;
  lines[above - 1] = `Current configuration : ${size} bytes`;
  if (options.device.fault !== 'no-end') lines.push('end', '');
  return lines;
}

function head({ device, seed }: CliOptions): string[] {
  const draw = (use: string) => dice(seed, device.number, use);
  const version = device.platform === 'cisco_xe' ? '17.9' : '15.7';
  return [
    '!',
    `! Last configuration change at ${clock(draw('changed'))} UTC Mon Mar 3 2025 by admin`,
    `! NVRAM config last updated at ${clock(draw('changed') + 61)} UTC Mon Mar 3 2025 by admin`,
    '!',
    `version ${version}`,
    'service timestamps debug datetime msec localtime show-timezone',
    'service timestamps log datetime msec localtime show-timezone',
    'service password-encryption',
    '!',
    `hostname ${device.name}`,
    '!',
    'boot-start-marker',
    'boot-end-marker',
    '!',
    `enable secret 9 $9$${hex(draw('s1'))}$${hex(draw('s2'))}${hex(draw('s3'))}${hex(draw('s4'))}`,
    '!',
    'aaa new-model',
    'aaa authentication login default local',
    'aaa authorization exec default local',
    'aaa session-id common',
    '!',
    'clock timezone CET 1 0',
    'ip domain name rehearsal.example',
    'no ip domain lookup',
    'ip cef',
    'spanning-tree mode rapid-pvst',
    'spanning-tree extend system-id',
    '!',
    `username admin privilege ${device.unprivileged ? 1 : 15} secret 9 $9$${hex(draw('u1'))}$${hex(draw('u2'))}`,
    '!',
    ...vlans(seed, device.number),
    'interface Loopback0',
    ` description router id of ${device.name}`,
    ` ip address 172.${16 + (device.number >>> 16)}.${(device.number >>> 8) & 255}.${device.number & 255} 255.255.255.255`,
    '!',
  ];
}

function vlans(seed: number, number: number): string[] {
  const lines: string[] = [];
  for (let index = 0; index < 12; index++) {
    const draw = dice(seed, number, `vlan ${index}`);
    lines.push(
      `vlan ${10 + index * 20 + (draw % 20)}`,
      ` name ${pick(VLAN_NAMES, draw >>> 8)}-${index}`,
      '!',
    );
  }
  return lines;
}

const VLAN_NAMES = ['USERS', 'VOICE', 'PRINTERS', 'CAMERAS', 'GUESTS', 'SERVERS', 'MGMT'] as const;

/** Interfaces until the configuration is as long as asked; what follows them has about 60 lines. */
function addInterfaces(lines: string[], { device, seed, configLines }: CliOptions): void {
  const room = lines.length + configLines - 150;
  for (let port = 0; lines.length < room; port++) {
    const draw = dice(seed, device.number, `port ${port}`);
    const name = `GigabitEthernet${Math.floor(port / 48)}/${Math.floor(port / 12) % 4}/${port % 12}`;
    lines.push(`interface ${name}`, ` description ${describePort(device.number, port, draw)}`);
    if (draw % 3 === 0) addRoutedPort(lines, device.number, port, draw);
    else addSwitchedPort(lines, draw);
  }
}

function describePort(number: number, port: number, draw: number): string {
  if (port === 3 && number % 16 === 5) return 'Richtung Z\xfcrich, B\xfcro 3';
  if (port === 3 && number % 16 === 6) return Buffer.from('Richtung Zürich, Büro 3').toString('latin1');
  return `to ${pick(NEIGHBOURS, draw >>> 4)}-${draw % 900} port ${port} circuit ${hex(draw)}`;
}

const NEIGHBOURS = ['access', 'printer', 'ap', 'camera', 'phone', 'server', 'wan'] as const;

function addRoutedPort(lines: string[], number: number, port: number, draw: number): void {
  lines.push(
    ' no switchport',
    ` ip address 10.${(number >>> 8) & 255}.${number & 255}.${(port * 4 + 1) & 255} 255.255.255.252`,
    ` ip access-group CUSTOMER-INGRESS-${draw % 900} in`,
    ' ip verify unicast source reachable-via rx allow-default',
    ` ip ospf cost ${10 + (draw % 90)}`,
    ' ip ospf network point-to-point',
    ` service-policy output QOS-WAN-${50 + (draw % 20) * 50}-MBIT`,
    '!',
  );
}

function addSwitchedPort(lines: string[], draw: number): void {
  lines.push(
    ` switchport access vlan ${10 + (draw % 240)}`,
    ' switchport mode access',
    ` switchport voice vlan ${300 + (draw % 10)}`,
    ` storm-control broadcast level ${5 + (draw % 50)}.00 ${2 + (draw % 3)}.00`,
    ' spanning-tree portfast',
    ' spanning-tree bpduguard enable',
    ` ip dhcp snooping limit rate ${20 + (draw % 80)}`,
    '!',
  );
}

function tail({ device, seed }: CliOptions): string[] {
  const { number } = device;
  const network = `10.${(number >>> 8) & 255}.${number & 255}`;
  const routes = Array.from({ length: 12 }, (_, index) => {
    const draw = dice(seed, number, `route ${index}`);
    return `ip route 192.168.${draw % 256}.0 255.255.255.0 ${network}.${2 + index * 4} name customer-${draw % 5000}`;
  });
  return [
    'router ospf 1',
    ` router-id 172.${16 + (number >>> 16)}.${(number >>> 8) & 255}.${number & 255}`,
    ' passive-interface default',
    ` network ${network}.0 0.0.0.255 area 0`,
    '!',
    'ip forward-protocol nd',
    'no ip http server',
    'no ip http secure-server',
    ...routes,
    'ip ssh version 2',
    '!',
    'ip access-list extended MGMT-IN',
    ' 10 permit tcp 10.254.0.0 0.0.255.255 any eq 22',
    ' 20 permit udp 10.254.0.0 0.0.255.255 any eq snmp',
    ' 30 deny   ip any any log',
    '!',
    `snmp-server community ${hex(dice(seed, number, 'community'))} RO`,
    `snmp-server location ${device.site || 'lab'}, rack ${dice(seed, number, 'rack') % 400}`,
    'snmp-server contact netops@rehearsal.example',
    '!',
    'control-plane',
    '!',
    ...banner(device.name, fraction(seed, number, 'decoy') < 0.25),
    'line con 0',
    ' logging synchronous',
    ' stopbits 1',
    'line vty 0 4',
    ' access-class MGMT-IN in',
    ' exec-timeout 30 0',
    ' transport input ssh',
    'line vty 5 15',
    ' transport input ssh',
    '!',
    `ntp server 10.254.0.${1 + (dice(seed, number, 'ntp') % 4)}`,
    'ntp server 10.254.0.9 prefer',
    '!',
  ];
}

/** A quarter of the devices show lines in their banner that look like their own prompt. */
function banner(name: string, decoy: boolean): string[] {
  const text = ['Authorised access only. All sessions are logged.'];
  if (decoy) text.push(`${name}#`, `${name}# show running-config`, 'end', `${name}>`);
  return ['banner motd ^C', ...text, '^C', '!'];
}

function clock(draw: number): string {
  const two = (value: number) => String(value).padStart(2, '0');
  return `${two(draw % 24)}:${two((draw >>> 5) % 60)}:${two((draw >>> 11) % 60)}`;
}
