// What can be wrong with a simulated device, asked by name: whether a platform can have it, and how a sweep must
// end there.
import { type Expectation, KINDS, type Kind, type Stage, type Where } from './kinds.js';

export type { Expectation, Stage } from './kinds.js';
export type Fault = keyof typeof KINDS;

export const FAULTS: Readonly<Record<Fault, Kind>> = KINDS;
export const FAULT_NAMES = Object.keys(KINDS) as Fault[];

const PLATFORMS: Record<Where, readonly string[] | null> = {
  any: null,
  lines: ['cisco_ios', 'cisco_xe', 'cisco_nxos', 'cisco_xr', 'arista_eos', 'juniper_junos', 'frr'],
  inline: ['cisco_ios', 'cisco_xe', 'cisco_nxos', 'cisco_xr', 'arista_eos', 'frr'],
  marked: ['cisco_ios', 'cisco_xe', 'cisco_xr', 'arista_eos', 'frr'],
  ios: ['cisco_ios', 'cisco_xe'],
  eos: ['arista_eos'],
  enable: ['cisco_ios', 'cisco_xe', 'arista_eos'],
  exec: ['linux'],
};

export function isFault(word: string): word is Fault {
  return Object.hasOwn(KINDS, word);
}

/** Whether a device of the platform can have the fault. */
export function suits(fault: Fault, platform: string): boolean {
  return PLATFORMS[FAULTS[fault].where]?.includes(platform) ?? true;
}

/** How a sweep must end at a device of the platform with the fault. */
export function ending(fault: Fault, platform: string): { expect: Expectation; stage: Stage } {
  const { expect, stage } = FAULTS[fault];
  // Where commands run on channels of their own there is a command line only when such a channel is refused.
  const isCommand = stage === 'shell' && platform === 'linux' && fault !== 'refuse-channel';
  return { expect, stage: isCommand ? 'command' : stage };
}

/** How many platforms can have the fault. */
export function breadth(fault: Fault): number {
  return PLATFORMS[FAULTS[fault].where]?.length ?? Number.POSITIVE_INFINITY;
}

/** The kinds, one a line, with how a sweep ends there. */
export function describeFaults(): string {
  return FAULT_NAMES.map((name) => {
    const { expect, stage, meaning } = FAULTS[name];
    const end = stage === null ? expect : `${expect} (${stage})`;
    return `  ${name.padEnd(17)} ${end.padEnd(24)} ${meaning}\n`;
  }).join('');
}
