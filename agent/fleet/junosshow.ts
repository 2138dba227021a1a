// What a simulated Junos device shows besides its configuration.
import type { CliOptions } from './cli.js';
import { loopbackOf, momentOf, ports, serialOf } from './facts.js';

export function junosVersion({ device }: CliOptions): string[] {
  return [
    `Hostname: ${device.name}`,
    'Model: mx204',
    'Junos: 21.4R3-S2.3',
    'JUNOS OS Kernel 64-bit  [20221122.8bd5bc8_builder_stable_12_214]',
    'JUNOS OS libs [20221122.8bd5bc8_builder_stable_12_214]',
    'JUNOS OS runtime [20221122.8bd5bc8_builder_stable_12_214]',
    'JUNOS py extensions [20221216.024150_builder_junos_214_r3_s2]',
    'JUNOS mx modules [20221216.024150_builder_junos_214_r3_s2]',
  ];
}

export function junosInterfaces(options: CliOptions): string[] {
  const row = (name: string, up: boolean, address: string) =>
    [
      `${name.padEnd(24)}${(up ? 'up' : 'down').padEnd(6)}${up ? 'up' : 'down'}`,
      `${`${name}.0`.padEnd(24)}${(up ? 'up' : 'down').padEnd(6)}${(up ? 'up' : 'down').padEnd(5)}${address === '' ? 'eth-switch' : `inet     ${address}`}`,
    ].map((line) => line.trimEnd());
  return [
    'Interface               Admin Link Proto    Local                 Remote',
    ...ports(options, 24).flatMap((port) =>
      row(`ge-0/0/${port.number}`, port.up, port.routed ? `${port.address}/30` : ''),
    ),
    ...row('lo0', true, `${loopbackOf(options)}      --> 0/0`),
  ];
}

export function junosInventory(options: CliOptions): string[] {
  return [
    'Hardware inventory:',
    'Item             Version  Part number  Serial number     Description',
    `Chassis                                ${serialOf(options).padEnd(18)}JNP204 [MX204]`,
    `Routing Engine 0          BUILTIN      BUILTIN           RE-S-1600x8`,
    `CB 0             REV 24   750-069579   ${serialOf(options, 1).padEnd(18)}JNP204 [MX204]`,
    'FPC 0                     BUILTIN      BUILTIN           MPC',
  ];
}

export function junosClock(options: CliOptions): string[] {
  const now = momentOf(options, 'clock').time;
  const booted = momentOf(options, 'boot').time;
  return [
    `Current time: 2025-03-04 ${now} UTC`,
    'Time Source:  NTP CLOCK',
    `System booted: 2024-11-12 ${booted} UTC (16w0d 09:12 ago)`,
    `Last configured: 2025-03-03 ${momentOf(options, 'changed').time} UTC (1d 02:11 ago) by netops`,
    `${now.slice(0, 5)}AM  up 112 days,  9:12, 1 user, load averages: 0.31, 0.28, 0.27`,
  ];
}
