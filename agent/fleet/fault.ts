// What can be wrong with a simulated device, and how a sweep that runs the platform's default command
// must end there: a failure's kind, `suspect`, or `ok`.

/** The command lines, where a word of ours is only meaningful on some of them. */
const ROUTERS = ['cisco_ios', 'cisco_xe', 'frr'] as const;
const CISCO = ['cisco_ios', 'cisco_xe'] as const;

export const FAULTS = {
  refuse: { expect: 'refused', platforms: null, meaning: 'TCP is refused' },
  'hang-banner': { expect: 'timeout', platforms: null, meaning: 'TCP is accepted, then silence' },
  'host-key': { expect: 'host-key', platforms: null, meaning: 'another host key than the known one' },
  'hang-login': { expect: 'timeout', platforms: null, meaning: 'a login is never answered' },
  'drop-login': { expect: 'disconnected', platforms: null, meaning: 'closes right after the login' },
  auth: { expect: 'auth', platforms: null, meaning: 'every login is rejected' },
  'hang-prompt': { expect: 'timeout', platforms: null, meaning: 'no prompt after the login' },
  enable: { expect: 'enable', platforms: CISCO, meaning: 'the enable secret is refused' },
  'hang-output': { expect: 'timeout', platforms: null, meaning: 'half an output, then silence' },
  'drop-output': { expect: 'disconnected', platforms: null, meaning: 'half an output, then closed' },
  'cli-error': { expect: 'cli-error', platforms: ROUTERS, meaning: 'show commands are unknown' },
  'no-end': { expect: 'suspect', platforms: ROUTERS, meaning: 'a configuration without its end' },
  slow: { expect: 'ok', platforms: null, meaning: 'everything takes longer' },
  drip: { expect: 'ok', platforms: null, meaning: 'output byte by byte' },
} as const satisfies Record<string, { expect: string; platforms: readonly string[] | null; meaning: string }>;

export type Fault = keyof typeof FAULTS;
export type Expectation = 'ok' | (typeof FAULTS)[Fault]['expect'];

export const FAULT_NAMES = Object.keys(FAULTS) as Fault[];

export function isFault(word: string): word is Fault {
  return Object.hasOwn(FAULTS, word);
}

/** Whether a device of the platform can have the fault. */
export function suits(fault: Fault, platform: string): boolean {
  const platforms: readonly string[] | null = FAULTS[fault].platforms;
  return platforms === null || platforms.includes(platform);
}
