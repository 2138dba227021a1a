// What a simulated IOS device shows besides its configuration.
import type { CliOptions } from './cli.js';
import { dice } from './dice.js';

export function iosVersion({ device, seed }: CliOptions): string[] {
  const draw = dice(seed, device.number, 'version');
  const weeks = draw % 60;
  const xe = device.platform === 'cisco_xe';
  const release = xe ? '17.9.4a' : '15.7(3)M8';
  const model = xe ? 'C9300-48P' : 'CISCO2911/K9';
  const image = xe ? 'flash:packages.conf' : 'flash0:c2900-universalk9-mz.SPA.157-3.M8.bin';
  return [
    ...(xe ? [`Cisco IOS XE Software, Version ${release}`] : []),
    xe
      ? `Cisco IOS Software [Cupertino], Catalyst L3 Switch Software (CAT9K_IOSXE), Version ${release}, RELEASE SOFTWARE (fc3)`
      : `Cisco IOS Software, C2900 Software (C2900-UNIVERSALK9-M), Version ${release}, RELEASE SOFTWARE (fc1)`,
    'Technical Support: http://www.cisco.com/techsupport',
    'Copyright (c) 1986-2020 by Cisco Systems, Inc.',
    'Compiled Wed 12-Aug-20 10:22 by prod_rel_team',
    '',
    'ROM: System Bootstrap, Version 15.0(1r)M16, RELEASE SOFTWARE (fc1)',
    '',
    `${device.name} uptime is ${weeks} weeks, ${draw % 7} days, ${draw % 24} hours, ${draw % 60} minutes`,
    'System returned to ROM by power-on',
    `System image file is "${image}"`,
    'Last reload type: Normal Reload',
    'Last reload reason: power-on',
    '',
    `cisco ${model} (revision 1.0) with 483328K/40960K bytes of memory.`,
    `Processor board ID ${serial(seed, device.number)}`,
    '3 Gigabit Ethernet interfaces',
    '1 terminal line',
    'DRAM configuration is 64 bits wide with parity enabled.',
    '255K bytes of non-volatile configuration memory.',
    '250880K bytes of ATA System CompactFlash 0 (Read/Write)',
    '',
    'Configuration register is 0x2102',
    '',
  ];
}

/** As a device of today that nobody has hardened. */
export function iosSsh({ device, seed }: CliOptions): string[] {
  return [
    'SSH Enabled - version 2.0',
    'Authentication methods:publickey,keyboard-interactive,password',
    'Authentication Publickey Algorithms:x509v3-ssh-rsa,ssh-rsa',
    'Hostkey Algorithms:x509v3-ssh-rsa,ssh-rsa',
    'Encryption Algorithms:aes128-ctr,aes192-ctr,aes256-ctr',
    'MAC Algorithms:hmac-sha2-256,hmac-sha2-512,hmac-sha1',
    'KEX Algorithms:diffie-hellman-group14-sha1',
    'Authentication timeout: 120 secs; Authentication retries: 3',
    'Minimum expected Diffie Hellman key size : 2048 bits',
    `IOS Keys in SECSH format(ssh-rsa, base64 encoded): ${device.name}.rehearsal.example`,
    'Modulus Size : 2048 bits',
    `ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABAQ${dice(seed, device.number, 'host key')}`,
  ];
}

export function iosInterfaces({ device, seed }: CliOptions): string[] {
  const header = 'Interface                  IP-Address      OK? Method Status                Protocol';
  const rows = Array.from({ length: 12 }, (_, port) => {
    const draw = dice(seed, device.number, `port ${port}`);
    const routed = draw % 3 === 0;
    const address = routed
      ? `10.${(device.number >>> 8) & 255}.${device.number & 255}.${(port * 4 + 1) & 255}`
      : 'unassigned';
    const status = draw % 7 === 0 ? 'administratively down down' : 'up                    up';
    return `${`GigabitEthernet0/0/${port}`.padEnd(27)}${address.padEnd(16)}YES ${routed ? 'NVRAM ' : 'unset '} ${status}`;
  });
  return [header, ...rows];
}

export function iosDescriptions({ device, seed }: CliOptions): string[] {
  const header = 'Interface                      Status         Protocol Description';
  const rows = Array.from({ length: 12 }, (_, port) => {
    const draw = dice(seed, device.number, `port ${port}`);
    const status = draw % 7 === 0 ? 'admin down     down    ' : 'up             up      ';
    return `${`Gi0/0/${port}`.padEnd(31)}${status} circuit ${draw.toString(16).padStart(8, '0')}`;
  });
  return [header, ...rows];
}

export function iosInventory({ device, seed }: CliOptions): string[] {
  const model = device.platform === 'cisco_xe' ? 'C9300-48P' : 'CISCO2911/K9';
  return [
    `NAME: "Chassis", DESCR: "${model} chassis"`,
    `PID: ${model.padEnd(18)}, VID: V05  , SN: ${serial(seed, device.number)}`,
    '',
    'NAME: "Power Supply Module 0", DESCR: "AC Power Supply"',
    `PID: ${'PWR-2911-AC'.padEnd(18)}, VID: V03  , SN: ${serial(seed, device.number + 1_000_000)}`,
    '',
    '',
  ];
}

function serial(seed: number, number: number): string {
  return `FDO${(dice(seed, number, 'serial') % 36 ** 6).toString(36).toUpperCase().padStart(8, '0')}`;
}
